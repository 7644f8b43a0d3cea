"""Rows of parts that were converted (plain_records.py), typed already: of the one table of a stream with a place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.base import Table
from connectors.sync.casts import read, strict_cast


def view(paths: Sequence[Path], part: str) -> str:
    """SQL for the view `converted`: the rows of some parts, `part` being the SQL for a part's name."""
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"select *, {part} as landing_part from read_parquet([{listed}], filename = true)"


def rows_of(table: Table) -> str:
    """SQL for the table's columns, `landing_part` and `line` of the rows in the view `converted`."""
    columns = ", ".join(_column(table, column.name) for column in table.columns)
    return f"select {columns}, landing_part, line from converted"


def all_rows(table: Table, has_converted: bool) -> str:
    """SQL for the rows of a first load: the table's columns, `landing_part`, and `line` where equal rows are numbered.

    A text that cannot be typed is an error of the whole statement.
    """
    typed = ", ".join(f"{strict_cast(column)} as {column.name}" for column in table.columns)
    line = f"cast({table.place[1]} as bigint)" if table.place else "null::bigint"
    rows = f"select {typed}, r.landing_part, {line} as line from {table.source} where {table.where}"
    return f"{rows} union all by name {rows_of(table)}" if has_converted and table.place else rows


def has_repeated(table: Table, rows: str) -> str:
    """SQL for a row where a row may come more than once, by hashes, which are quicker to compare than rows."""
    same = ", ".join(table.key[:-1])
    return f"select 1 from (select hash({same}) as same from ({rows})) group by same having count(*) > 1 limit 1"


def repeated(table: Table, rows: str) -> str:
    """SQL for the numbers of rows that come more than once: `file`, `line`, `number`."""
    same = ", ".join(table.key[:-1])
    return (
        f"select file, line, row_number() over (partition by {same} order by line) as number from ({rows}) "
        f"where ({same}) in (select ({same}) from ({rows}) group by {same} having count(*) > 1)"
    )


def numbered(table: Table, rows: str) -> str:
    """SQL for rows of which those that come more than once have the numbers in the table `repeated`."""
    number = f"coalesce(n.number, 1) as {table.numbered}"
    return (
        f"select r.* replace ({number}) from ({rows}) as r left join repeated as n "
        "on n.file = r.file and n.line = r.line"
    )


def _column(table: Table, name: str) -> str:
    return f"{read(table, name)} as {name}" if name == table.numbered else name
