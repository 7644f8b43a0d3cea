"""Convert the plain rows of a file of records to a part of the landing zone in Parquet, typed as staging has them.

A row is plain when it is written in the form in which it is loaded, or nearly so (plain_values.py). This is a quick
judge, not a second reading: a row that is not plain, or that may be not, is left to `RecordReader`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from common import database
from connectors.contracts.fields import Contract
from connectors.contracts.tables import content_hash
from connectors.contracts.values import Clock
from connectors.sync import plain_values
from connectors.sync.casts import SQL_TYPES
from connectors.sync.line_forms import LineForm
from connectors.sync.load import literal

MEMORY = "1GB"
LONGEST = 1_000_000  # bytes of a line
_CHECKS = {
    "chat_sessions": "ended_at is null or ended_at >= started_at",
    "chat_messages": "(input_tokens is null or coalesce(cached_tokens, 0) <= input_tokens) "
    "and (output_tokens is null or coalesce(reasoning_tokens, 0) <= output_tokens)",
    "product_events": "true",
    "vault_costs": "true",
    "event_log": "funnel_stage <> 'purchase' or sale_amount is not null",
}
"""The contracts' own checks."""


@dataclass(frozen=True)
class Lines:
    """A file of one object of JSON per line. The lines are numbered from `first`; without it each begins with its
    number and the character 1."""

    path: Path
    first: int | None = None


@dataclass(frozen=True)
class Converted:
    """What a conversion did: the rows that were written, how many of them have which unknown field, and the lines that
    are not plain, with their numbers."""

    rows: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    others: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True)
class PlainRecords:
    """Converts parts of one file, which records name `file`. `unknown` are fields that the contract does not have: they
    are kept in the landing zone."""

    contract: Contract
    clock: Clock
    keep_text: bool
    file: str
    unknown: tuple[str, ...] = ()

    def convert_lines(self, lines: Lines, form: LineForm, target: Path) -> Converted:
        """Write the plain rows to `target`; no file is written where there are none. `form` is that of most lines.

        Raises ValueError where the file is not text in UTF-8.
        """
        try:
            with _database() as db:
                source = _numbered(lines)
                rows = self._copy(db, self._of_json(source, form), target)
                doubts = f"select line from {_parquet(target)} where doubt"
                count = int(db.execute(f"select count(*) from ({doubts})").fetchall()[0][0])
                others = []
                if count:
                    others = db.execute(
                        f"select line, json_text from ({source}) where line in ({doubts}) "
                        "and json_text is not null order by line"
                    ).fetchall()
                    _drop_doubts(db, target, rows > count)
                unknown = self._count_unknown(db, target)
        except duckdb.Error as error:
            target.unlink(missing_ok=True)
            if "No space left" in str(error):
                raise
            raise ValueError(str(error)) from error
        return Converted(rows - count, unknown, others)

    def convert_csv(self, path: Path, header: Sequence[str], target: Path) -> Converted | None:
        """Write the rows of a CSV to `target`, None where a single one is not plain: then nothing is written."""
        try:
            with _database() as db:
                rows = self._copy(db, self._of_csv(path, header), target)
                if rows and db.execute(f"select 1 from {_parquet(target)} where doubt limit 1").fetchone() is None:
                    return Converted(rows, dict.fromkeys(self.unknown, rows))
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise
        target.unlink(missing_ok=True)
        return None

    def _copy(self, db: duckdb.DuckDBPyConnection, select: str, target: Path) -> int:
        options = "format parquet, compression zstd, compression_level 1"
        rows = db.execute(f"copy ({select}) to {literal(str(target))} ({options})").fetchall()
        return int(rows[0][0])

    def _count_unknown(self, db: duckdb.DuckDBPyConnection, target: Path) -> dict[str, int]:
        if not self.unknown or not target.exists():
            return {}
        counts = ", ".join(f'count(more."{name}")' for name in self.unknown)
        counted = db.execute(f"select {counts} from {_parquet(target)}").fetchall()[0]
        return {name: count for name, count in zip(self.unknown, counted, strict=True) if count}

    def _of_json(self, source: str, form: LineForm) -> str:
        names = [field.name for field in self.contract.fields]
        if not {*names, *self.unknown}.issuperset(form.keys):
            form = LineForm()  # no object has the usual fields
        shape = ", ".join(
            [f'"{name}":"VARCHAR"' for name in names] + [f'"{name}":"JSON"' for name in self.unknown]
        )  # fmt: skip
        written = ", ".join(
            [f'record."{name}" as written_{name}' for name in names]
            + [
                f"coalesce(record.\"{name}\", case when {_has(name, form.keys)} then 'null' end) as other_{number}"
                for number, name in enumerate(self.unknown)
            ]
        )
        known = f"[{', '.join(map(literal, (*names, *self.unknown)))}]"
        as_written = form.line({name: f'record."{name}"' for name in form.keys})
        is_usual = (
            "strlen(json_text) = length(json_text) and not contains(json_text, '\\') "
            f"and coalesce({as_written} = json_text, false)"
        )
        return self._typed(
            f"select *, {written} from (select *, case when not is_usual then try(json_keys(json_text)) end as keys "
            f"from (select *, {is_usual if form.keys else 'false'} as is_usual from (select line, json_text, "
            f"try(from_json(json_text, {literal('{' + shape + '}')})) as record from ({source}))))",
            {one.name for one in self.contract.fields},
            form,
            [f"list_has_all({known}, keys)", "list_unique(keys) = len(keys)"],
        )

    def _of_csv(self, path: Path, header: Sequence[str]) -> str:
        listed = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header)
        known = set(header) & self.contract.by_name.keys()
        columns = ", ".join(
            f'"{name}" as ' + (f"written_{name}" if name in known else f"other_{self.unknown.index(name)}")
            for name in header
        )
        return self._typed(
            f"select row_number() over () + 1 as line, {columns} from read_csv("
            f"{literal(str(path))}, header = true, delim = ',', quote = '\"', escape = '\"', auto_detect = false, "
            f"strict_mode = true, max_line_size = {LONGEST}, columns = {{{listed}}})",
            known,
        )

    def _typed(self, rows: str, present: set[str], form: LineForm | None = None, of_json: Sequence[str] = ()) -> str:
        """SQL for the staging columns, the row's number and `doubt`: whether the row is not plain. `form` is that of
        lines of JSON, `of_json` are the conditions for an object that has not this form."""
        columns = {name: f"cast(null as {SQL_TYPES.get(kind, kind)})" for name, kind in self.contract.columns.items()}
        plain, usual, texts = list[str](), list[str](), dict[str, str]()
        for one in (one for one in self.contract.fields if one.name in present):
            written, is_private = f"written_{one.name}", one.name == self.contract.private
            if form and one.name in form.keys:
                value = plain_values.is_usual(one, written, self.clock, is_private, one.name in form.texts)
                usual.append(f"({written} is null or {value})" if one.name in form.nullable else value)
            if is_private:
                columns[f"{one.name}_length"] = plain_values.length(written)
                if self.keep_text:
                    columns[one.loaded_as] = f"case when {plain_values.is_blank(written)} then null else {written} end"
                plain.append(plain_values.is_plain_private(one, written, form is not None))
                continue
            value = plain_values.typed(one, written, self.clock)
            if one.name == f"{self.contract.private}_length" and self.contract.private in present:
                value = f"coalesce({columns[one.loaded_as]}, {value})"
            columns[one.loaded_as] = value
            texts[one.loaded_as] = plain_values.canonical(one, written, self.clock)
            if one.name in self.contract.texts_kept:
                columns[f"{one.name}_text"] = texts[f"{one.name}_text"] = f"nullif({written}, '')"
            plain.append(plain_values.is_plain(one, written, self.clock, form is not None))
        typed = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
        judged = [" and ".join(plain)]
        if form is not None:
            all_plain = " and ".join([*plain, *self._is_strict(), *of_json])
            all_usual = " and ".join(["is_usual", *usual])
            judged = [f"case when {all_usual} then true else {all_plain} end", f"strlen(json_text) <= {LONGEST}"]
            judged += self._are_simple()
        judged += [f"{one.loaded_as} is not null" for one in self.contract.fields if one.required]
        judged.append(f"({_CHECKS[self.contract.name]})")
        identity = more = ""
        if self.contract.key is None:
            ordered = [texts.get(name, "null") for name in self.contract.columns]
            identity = f"{content_hash(ordered)} as row_hash, "
        if self.unknown:
            packed = ", ".join(f'"{name}" := other_{number}' for number, name in enumerate(self.unknown))
            more = f", struct_pack({packed}) as more"
        return (
            f"select {literal(self.file)} as file, line, {identity}{', '.join(columns)}{more}, "
            f"not coalesce({' and '.join(judged)}, false) as doubt from (select *, {typed} from ({rows}))"
        )

    def _is_strict(self) -> list[str]:
        """Conditions for an object that every reader of JSON reads in the same way: no comma at its end, no number
        that is longer than the text that is read of it."""
        ends = "ends_with(json_text, chr(125))" + "".join(
            f" and not ends_with(json_text, {before} || chr(125))" for before in ("','", "' '", "chr(9)")
        )
        conditions = [ends]
        if numbers := [one for one in self.contract.fields if one.kind in plain_values.DECIMALS]:
            absent = " and ".join(f"written_{one.name} is null" for one in numbers)
            conditions.append(
                f"case when {absent} then true else not regexp_matches(json_text, ':\\s*-?[0-9.]{{17}}') end"
            )
        return conditions

    def _are_simple(self) -> list[str]:
        """Conditions for unknown fields that are no object, no list and no word that is not JSON."""
        return [
            f"coalesce(left(other_{number}, 1) not in (chr(123), '[') and lower(other_{number}) not in "
            "('nan', 'inf', '-inf', 'infinity', '-infinity'), true)"
            for number in range(len(self.unknown))
        ]


def _database() -> duckdb.DuckDBPyConnection:
    db = database.connect()
    db.execute("set TimeZone = 'UTC'")
    db.execute(f"set memory_limit = '{MEMORY}'")
    db.execute("set disabled_optimizers = 'in_clause'")  # it makes a join of each list of words
    return db


def _numbered(lines: Lines) -> str:
    """SQL for the lines of a file with their numbers."""
    numbered = lines.first is None
    columns = "{'line': 'BIGINT', 'json_text': 'VARCHAR'}" if numbered else "{'json_text': 'VARCHAR'}"
    source = (
        f"read_csv({literal(str(lines.path))}, delim = chr(1), quote = '', escape = '', comment = '', header = false, "
        f"auto_detect = false, new_line = '\\n', max_line_size = {LONGEST + 100}, columns = {columns})"
    )
    number = "line" if numbered else f"row_number() over () + {(lines.first or 1) - 1} as line"
    return f"select {number}, json_text from {source}"


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _has(name: str, keys: Sequence[str]) -> str:
    """SQL for whether an object of JSON has an unknown field, with a value or with null."""
    return f"case when is_usual then {str(name in keys).lower()} else list_contains(keys, {literal(name)}) end"


def _drop_doubts(db: duckdb.DuckDBPyConnection, target: Path, has_rows: bool) -> None:
    """Leave only the plain rows in a part."""
    if not has_rows:
        target.unlink()
        return
    partial = target.with_name(target.name + ".tmp")
    db.execute(
        f"copy (from {_parquet(target)} where not doubt) to {literal(str(partial))} (format parquet, compression zstd)"
    )
    partial.replace(target)
