"""Convert a file of records whose every row is plain, in one statement of DuckDB, to a part of the landing zone.

A row is plain when it is written in the form in which it is loaded, or nearly so. This is a quick judge, not a second
reading: where a single row is not plain, nothing is converted and `RecordReader` reads the file, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from connectors.contracts.fields import Contract, Field, Kind
from connectors.contracts.values import NO_ID, Clock
from connectors.sync.load import literal

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""What Python's strip() removes."""
MEMORY = "1GB"
_NUMBER = r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?"
_INSTANT = r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)?"
_CHECKS = {
    "chat_sessions": "ended_at is null or rtrim(ended_at, 'Z') >= rtrim(started_at, 'Z')",
    "chat_messages": "(input_tokens is null or coalesce(cached_tokens::bigint, 0) <= input_tokens::bigint) "
    "and (output_tokens is null or coalesce(reasoning_tokens::bigint, 0) <= output_tokens::bigint)",
    "product_events": "true",
    "event_log": "funnel_stage <> 'purchase' or sale_amount is not null",
}
"""The contracts' own checks; a contract without an entry is read row by row."""


def convert(path: Path, name: str, header: Sequence[str] | None, contract: Contract, clock: Clock, keep_text: bool,
            target: Path) -> int | None:  # fmt: skip
    """Write the rows of a file to `target` as landed records; returns their number, None where a row is not plain.

    `name` is the file as records name it, `header` the columns of a CSV, None for JSON lines.
    """
    try:
        with duckdb.connect() as db:
            db.execute("set TimeZone = 'UTC'")
            db.execute(f"set memory_limit = '{MEMORY}'")
            if header is None and not _has_only_fields(db, path, contract):
                return None
            db.execute(f"copy ({_select(path, name, header, contract, clock, keep_text)}) to {literal(str(target))} "
                       "(format parquet, compression zstd)")  # fmt: skip
            rows, doubts = db.execute(
                f"select count(*), count(*) filter (doubt) from read_parquet({literal(str(target))})"
            ).fetchall()[0]
    except duckdb.Error:
        rows, doubts = 0, 1
    if doubts or not rows:
        target.unlink(missing_ok=True)
        return None
    return int(rows)


def _has_only_fields(db: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> bool:
    """Whether no object of JSON has a field that the contract has not."""
    fields = ", ".join(literal(field.name) for field in contract.fields)
    lines = (
        f"read_csv({literal(str(path))}, delim = chr(1), quote = '', escape = '', header = false, auto_detect = false, "
        "columns = {'line': 'VARCHAR'}, max_line_size = 2000000)"
    )
    others = f"select 1 from {lines} where not list_has_all([{fields}], json_keys(line)) limit 1"
    return db.execute(others).fetchone() is None


def _select(path: Path, name: str, header: Sequence[str] | None, contract: Contract, clock: Clock,
            keep_text: bool) -> str:  # fmt: skip
    present = {field.name for field in contract.fields} & set(header if header is not None else contract.by_name)
    names = header if header is not None else [field.name for field in contract.fields]
    listed = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in names)
    if header is None:
        source = (
            f"read_json({literal(str(path))}, format = 'newline_delimited', columns = {{{listed}}}, "
            "maximum_object_size = 1000000)"
        )
    else:
        source = (
            f"read_csv({literal(str(path))}, header = true, delim = ',', quote = '\"', escape = '\"', "
            f"auto_detect = false, strict_mode = true, max_line_size = 1000000, columns = {{{listed}}})"
        )
    columns, plain = dict.fromkeys(contract.columns, "cast(null as varchar)"), list[str]()
    for field in contract.fields:
        if field.name in present:
            plain.append(_loaded(field, contract, clock, keep_text, header is None, columns))
    typed = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
    row = ", ".join(f"{column} := {column}" for column in contract.columns)
    required = [f"{field.loaded_as} is not null" for field in contract.fields if field.required]
    judged = " and ".join(["plain", *required, f"({_CHECKS[contract.name]})"])
    unknown = [column for column in header or () if column not in contract.by_name]
    more = ", ".join(f'"{column}" := "{column}"' for column in unknown)
    others = f", struct_pack({more}) as more" if unknown else ""
    carried = "".join(f', "{column}"' for column in unknown)
    return (
        f"select 'row' as kind, {literal(name)} as file, struct_pack({row}) as row{others}, "
        f"not coalesce({judged}, false) as doubt "
        f"from (select {typed}, {' and '.join(plain)} as plain{carried} from {source})"
    )


def _loaded(
    field: Field, contract: Contract, clock: Clock, keep_text: bool, of_json: bool, columns: dict[str, str]
) -> str:
    """Set what a field is loaded as in `columns`; returns the condition that its value is plain."""
    value = f"nullif({field.name}, '')"
    exact = _exact(field.name) if of_json and field.kind in (Kind.ID, Kind.TEXT) else "true"
    if field.name == contract.private:
        blank = f"trim({field.name}, {literal(BLANKS)}) = ''"
        columns[f"{field.name}_length"] = f"case when {blank} then null else cast(length({field.name}) as varchar) end"
        if keep_text:
            columns[field.loaded_as] = f"case when {blank} then null else {field.name} end"
        short = f"length({field.name}) <= {field.longest}"
        return f"coalesce({short} and {exact} and not contains({field.name}, chr(0)), true)"
    if field.name == f"{contract.private}_length" and columns[field.loaded_as] != "cast(null as varchar)":
        columns[field.loaded_as] = f"coalesce({columns[field.loaded_as]}, {value})"
    elif field.kind is Kind.INSTANT:
        columns[field.loaded_as] = _instant_text(field.name, clock)
        if field.name in contract.texts_kept:
            columns[f"{field.name}_text"] = value
    else:
        columns[field.loaded_as] = _text_of(field).format(value)
    return f"coalesce({value} is null or ({_is_plain(field, clock)} and {exact}), false)"


def _text_of(field: Field) -> str:
    """SQL for what a plain value is loaded as, with {} for the value."""
    if field.kind is Kind.FLAG:
        return "lower({0})"
    if field.kind is Kind.USD:
        return "case when contains({0}, '.') then rtrim(rtrim({0}, '0'), '.') else {0} end"
    if field.kind in (Kind.SECONDS, Kind.COST, Kind.MILLISECONDS):
        parts = 1 if field.kind is Kind.MILLISECONDS else 1_000_000
        return f"cast(cast(round(try_cast({{0}} as decimal(24, 9)) * {parts}, 0) as bigint) as varchar)"
    return "{0}"


def _is_plain(field: Field, clock: Clock) -> str:
    """SQL for whether a value, not blank, is in the one form."""
    name, words = field.name, ", ".join(literal(word) for word in field.words)
    number = f"length({name}) <= 16 and try_cast({name} as decimal(24, 9)) between {field.least} and {field.most}"
    forms = {
        Kind.ID: f"{_trimmed(field)} and {_is_id(name)}",
        Kind.TEXT: _trimmed(field),
        Kind.WORD: f"{name} in ({words or 'null'})",
        Kind.COUNTRY: f"regexp_full_match({name}, '[A-Z]{{2}}')",
        Kind.FLAG: f"{name} in ('true', 'false', 'True', 'False')",
        Kind.INSTANT: _is_instant(name, clock),
        Kind.COUNT: f"{number} and regexp_full_match({name}, '0|[1-9][0-9]{{0,11}}')",
        Kind.USD: f"{number} and regexp_full_match({name}, {literal(_NUMBER.replace('1,9', '1,6'))})",
    }
    return forms.get(field.kind, f"{number} and regexp_full_match({name}, {literal(_NUMBER)})")


def _trimmed(field: Field) -> str:
    """SQL for whether a text has no blanks around it and a length that it may have."""
    name = field.name
    ends = f"ascii({name}) between 33 and 126 and ascii(right({name}, 1)) between 33 and 126"
    return (
        f"length({name}) <= {field.longest} and not contains({name}, chr(0)) "
        f"and case when {ends} then true else trim({name}, {literal(BLANKS)}) = {name} end"
    )


def _is_id(name: str) -> str:
    """SQL for whether a text is an id, and is loaded as it is."""
    words, lengths = ", ".join(map(literal, sorted(NO_ID))), ", ".join(str(length) for length in {*map(len, NO_ID)})
    return (
        f"case when length({name}) in ({lengths}) then lower({name}) not in ({words}) else true end "
        f"and case when right({name}, 1) = '0' then not contains({name}, '.') else true end"
    )


def _is_instant(name: str, clock: Clock) -> str:
    """SQL for whether a text is a time, not long ago and not in the future."""
    latest = literal(clock.latest.isoformat(sep=" "))
    short = " and ".join(
        f"substr({name}, {place}, 1) in ({marks})"
        for place, marks in ((5, "'-'"), (8, "'-'"), (11, "'T', ' '"), (14, "':'"), (17, "':'"))
    )
    digits = " and ".join(f"substr({name}, {place}, 1) between '0' and '9'" for place in (6, 9, 12, 15, 18))
    return (
        f"case when length({name}) = 19 or (length({name}) = 20 and right({name}, 1) = 'Z') "
        f"then {short} and {digits} and substr({name}, 12, 2) < '24' and substr({name}, 18, 2) < '60' "
        f"else regexp_full_match({name}, {literal(_INSTANT)}) end "
        f"and {name} >= '2000-01-02' and {name} < '2099-12-30' and {_utc(name, clock)} <= cast({latest} as timestamp)"
    )


def _exact(name: str) -> str:
    """SQL for whether a value of JSON has the text that it was written as: not an object, a list, true and false, or
    a word such as Infinity; a number only where it is whole."""
    return (
        f"left({name}, 1) not in (chr(123), '[') "
        f"and lower({name}) not in ('true', 'false', 'nan', 'inf', '-inf', 'infinity', '-infinity') "
        f"and case when ascii({name}) between 43 and 57 then not regexp_full_match({name}, '[-+0-9.eE]+') "
        f"or regexp_full_match({name}, '0|-?[1-9][0-9]{{0,17}}') else true end"
    )


def _utc(name: str, clock: Clock) -> str:
    """SQL for a time in UTC: one without a zone is a local time of the clock's zone."""
    zone = literal(str(clock.zone))
    has_zone = f"right({name}, 1) = 'Z' or substr({name}, length({name}) - 5, 1) in ('+', '-')"
    return (
        f"timezone('UTC', case when {has_zone} "
        f"then try_cast({name} as timestamptz) else timezone({zone}, try_cast({name} as timestamp)) end)"
    )


def _instant_text(name: str, clock: Clock) -> str:
    at = _utc(name, clock)
    whole = f"replace(cast({at} as varchar), ' ', 'T')"
    parts = f"strftime({at}, '%Y-%m-%dT%H:%M:%S.%f')"
    return f"case when contains({name}, '.') and epoch_us({at}) % 1000000 <> 0 then {parts} else {whole} end || 'Z'"
