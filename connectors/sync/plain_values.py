"""SQL for one field of a record: its typed value, and whether the value is plain.

A value is plain when it is written in the form in which it is loaded, or nearly so: what is not plain is read by
`RecordReader`. `written` is the SQL for the text of the value; a number of JSON comes as its shortest text.
"""

from __future__ import annotations

from connectors.contracts.currencies import CURRENCIES
from connectors.contracts.fields import Field, Kind
from connectors.contracts.values import NO_ID, Clock
from connectors.sync.load import literal

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""What Python's strip() removes."""
MONEY = (Kind.USD, Kind.AMOUNT)
DECIMALS = (*MONEY, Kind.COST, Kind.SECONDS, Kind.MILLISECONDS, Kind.DECIMAL)
_NUMBER = r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?"
_INSTANT = r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)?"
_JSON_WORDS = frozenset({"true", "false", "nan", "inf", "-inf", "infinity", "-infinity"})
"""What values of JSON that are no texts are read as, in lower case."""


def typed(field: Field, written: str, clock: Clock) -> str:
    """SQL for the value of the staging column; null where it cannot be typed."""
    value = f"nullif({written}, '')"
    kinds = {
        Kind.FLAG: f"{value} in ('true', 'True')",
        Kind.INSTANT: _utc(written, clock),
        Kind.COUNT: f"try_cast({written} as bigint)",
        Kind.USD: f"try_cast({written} as decimal(24, 6))",
        Kind.AMOUNT: f"try_cast({written} as decimal(24, 6))",
        Kind.DAY: f"try_cast({written} as date)",
        Kind.MILLISECONDS: f"cast(try_cast({written} as decimal(18, 0)) as bigint)",
        Kind.SECONDS: f"cast(try_cast({written} as decimal(18, 6)) * 1000000 as bigint)",
        Kind.COST: f"cast(try_cast({written} as decimal(18, 6)) * 1000000 as bigint)",
    }
    return kinds.get(field.kind, value)


def is_usual(field: Field, written: str, clock: Clock, is_private: bool, has_quotes: bool) -> str:
    """SQL for whether a value, not null, of a line in the usual form (line_forms.py) and of ASCII is plain, by few
    conditions. A text in quotes is what it says. A value that fails may still be plain.
    """
    name = field.loaded_as
    if field.kind in (Kind.ID, Kind.TEXT) and has_quotes:
        conditions = [f"strlen({written}) <= {field.longest}"]
        if not is_private:
            conditions += [f"({written} >= '!' or {written} = '')", f"not ends_with({written}, ' ')"]
        if field.kind is Kind.ID:
            conditions.append(_is_id(written))
        return " and ".join(conditions)
    if field.kind in (Kind.COUNT, *DECIMALS):
        form = "0|[1-9][0-9]{0,11}" if field.kind is Kind.COUNT else _form_of(field)
        scale = 1_000_000 if field.kind in (Kind.SECONDS, Kind.COST) else 1
        return (
            f"{name} >= {field.least * scale} and {name} < {field.most * scale} and strlen({written}) <= 16 "
            f"and regexp_full_match({written}, '{form}')"
        )
    if is_private:
        return is_plain_private(field, written, of_json=True)
    return f"({written} = '' or {_form(field, written, clock, of_json=True)})"


def canonical(field: Field, written: str, clock: Clock) -> str:
    """SQL for the text that `RecordReader` gives of a plain value, null for none; `field.loaded_as` is its column."""
    if field.kind is Kind.INSTANT:
        in_utc = f"when strlen({written}) = 20 then replace({written}, ' ', 'T')"  # it ends with Z
        if str(clock.zone) == "UTC":
            in_utc += f" when strlen({written}) = 19 then replace({written}, ' ', 'T') || 'Z'"
        whole = f"replace(cast({field.loaded_as} as varchar), ' ', 'T')"
        parts = f"strftime({field.loaded_as}, '%Y-%m-%dT%H:%M:%S.%f')"
        has_parts = f"contains({written}, '.') and epoch_us({field.loaded_as}) % 1000000 <> 0"
        return f"case {in_utc} when {has_parts} then {parts} || 'Z' else {whole} || 'Z' end"
    if field.kind in MONEY:
        value = f"nullif({written}, '')"
        has_zeros = f"ends_with({value}, '0') and contains({value}, '.')"
        return f"case when {has_zeros} then rtrim(rtrim({value}, '0'), '.') else {value} end"
    return f"cast({field.loaded_as} as varchar)"


def is_plain(field: Field, written: str, clock: Clock, of_json: bool) -> str:
    """SQL for whether a value is plain; true for none."""
    return f"coalesce({written} is null or {written} = '' or ({_form(field, written, clock, of_json)}), false)"


def _form(field: Field, written: str, clock: Clock, of_json: bool) -> str:
    """SQL for whether a value that is there is plain; it may be null for one that is not."""
    words = ", ".join(literal(word) for word in field.words)
    number = f"length({written}) <= 16 and try_cast({written} as decimal(24, 9)) between {field.least} and {field.most}"
    forms = {
        Kind.ID: _is_text(field, written, of_json),
        Kind.TEXT: _is_text(field, written, of_json),
        Kind.WORD: f"{written} in ({words or 'null'})",
        Kind.COUNTRY: f"regexp_full_match({written}, '[A-Z]{{2}}')",
        Kind.CURRENCY: f"{written} in ({', '.join(map(literal, sorted(CURRENCIES)))})",
        Kind.FLAG: f"{written} in ('true', 'false', 'True', 'False')",
        Kind.DAY: f"regexp_full_match({written}, '20\\d\\d-\\d\\d-\\d\\d') and {field.loaded_as} is not null",
        Kind.INSTANT: _is_instant(field, written, clock),
        Kind.COUNT: f"{number} and regexp_full_match({written}, '0|[1-9][0-9]{{0,11}}')",
    }
    return forms.get(field.kind, f"{number} and regexp_full_match({written}, {literal(_form_of(field))})")


def is_plain_private(field: Field, written: str, of_json: bool) -> str:
    """SQL for whether a private text is plain: blanks around it are kept."""
    exact = f" and {_is_exact(written)}" if of_json else ""
    return (
        f"coalesce(length({written}) <= {field.longest} and not contains({written}, chr(0)){exact}, "
        f"{written} is null)"
    )  # fmt: skip


def length(written: str) -> str:
    """SQL for the number of characters of a private text; null for a blank one."""
    return f"case when ascii({written}) between 33 and 126 then length({written}) when {is_blank(written)} then null " \
           f"else length({written}) end"  # fmt: skip


def is_blank(written: str) -> str:
    """SQL for whether a text has nothing but blanks."""
    return f"trim({written}, {literal(BLANKS)}) = ''"


def _is_text(field: Field, written: str, of_json: bool) -> str:
    """SQL for whether a text is loaded as it is."""
    thorough = [_is_trimmed(field, written)]
    if field.kind is Kind.ID:
        thorough.append(_is_id(written))
    if of_json:
        thorough.append(_is_exact(written))
    return " and ".join(thorough)


def _form_of(field: Field) -> str:
    sign = "-?" if field.least < 0 else ""
    return sign + (_NUMBER.replace("1,9", "1,6") if field.kind in MONEY else _NUMBER)


def _is_none_of(words: frozenset[str], written: str) -> str:
    """SQL for whether a text is none of some words in lower case; few texts have to be compared."""
    if not words:
        return "true"
    lengths = ", ".join(map(str, sorted({*map(len, words)})))
    listed = ", ".join(map(literal, sorted(words)))
    return f"case when strlen({written}) in ({lengths}) then lower({written}) not in ({listed}) else true end"


def _is_trimmed(field: Field, written: str) -> str:
    """SQL for whether a text has no blanks around it and a length that it may have."""
    ends = f"ascii({written}) between 33 and 126 and ascii(right({written}, 1)) between 33 and 126"
    return (
        f"length({written}) <= {field.longest} and not contains({written}, chr(0)) "
        f"and case when {ends} then true else trim({written}, {literal(BLANKS)}) = {written} end"
    )


def _is_id(written: str) -> str:
    """SQL for whether a text is an id, and is loaded as it is."""
    return (
        f"{_is_none_of(NO_ID, written)} and case when ends_with({written}, '0') then not contains({written}, '.') "
        "else true end"
    )


def _is_exact(written: str) -> str:
    """SQL for whether a value of JSON has the text that it was written as: not an object, a list, true and false, or
    a word such as Infinity; a number only where it is whole."""
    return (
        f"left({written}, 1) not in (chr(123), '[') and {_is_none_of(_JSON_WORDS, written)} "
        f"and case when ascii({written}) between 43 and 57 then not regexp_full_match({written}, '[-+0-9.eE]+') "
        f"or regexp_full_match({written}, '0|-?[1-9][0-9]{{0,17}}') else true end"
    )


def _is_instant(field: Field, written: str, clock: Clock) -> str:
    """SQL for whether a text is a time, not long ago and not in the future."""
    return f"regexp_full_match({written}, {literal(_INSTANT)}) and {_is_past(field, written, clock)}"


def _is_past(field: Field, written: str, clock: Clock) -> str:
    latest = literal(clock.latest.isoformat(sep=" "))
    return (
        f"{written} >= '2000-01-02' and {written} < '2099-12-30' and {field.loaded_as} <= cast({latest} as timestamp)"
    )


def _utc(written: str, clock: Clock) -> str:
    """SQL for a time in UTC: one without a zone is a local time of the clock's zone. Few texts need a conversion."""
    zone, bare = str(clock.zone), f"try_cast(rtrim({written}, 'Z') as timestamp)"
    local = bare if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {bare}))"
    has_offset = f"substr({written}, length({written}) - 5, 1) in ('+', '-')"
    with_offset = f"timezone('UTC', try_cast({written} as timestamptz))"
    return f"case when ends_with({written}, 'Z') then {bare} when {has_offset} then {with_offset} else {local} end"
