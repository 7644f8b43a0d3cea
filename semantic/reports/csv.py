"""Writes CSV: RFC 4180, UTF-8 with a byte order mark (for Excel), safe to open in a spreadsheet.

A text that a spreadsheet would read as a formula (it starts with = + - @, also wide ones, a tab or a line break) gets a
leading apostrophe; numbers, also negative ones, stay numbers. A file gets its name only when it is complete.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from semantic.reports import files

Cell = str | int | Decimal | float | date | bool | None
BYTE_ORDER_MARK = "\ufeff"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def dumps(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as RFC 4180 text, without the byte order mark: CRLF after each line, quotes where needed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([text(name) for name in header])
    writer.writerows([text(cell) for cell in row] for row in rows)
    return out.getvalue()


def text(cell: Cell) -> str:
    """A cell's text: dates in ISO 8601, decimals without exponent, an empty text for None."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
        case Decimal():
            return f"{cell:f}"
        case datetime() | date():
            return cell.isoformat()
    return str(cell)


def file_name(report: str, start: date, end: date, extension: str = "csv") -> str:
    """`<report>-<from>-<to>.csv`, of letters, digits and hyphens only."""
    stem = re.sub(r"[^a-z0-9]+", "-", report.lower()).strip("-") or "report"
    return f"{stem}-{start.isoformat()}-{end.isoformat()}.{extension}"


def encode(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A file's bytes: the byte order mark, then the rows."""
    return (BYTE_ORDER_MARK + dumps(header, rows)).encode("utf-8")


def of_table(table: pa.Table) -> bytes:
    """A table as a file's bytes: the names of its columns, then its rows."""
    return encode(table.column_names, zip(*(column.to_pylist() for column in table.columns), strict=True))


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Path:
    """Write a CSV file, complete or not at all. Raises WriteError."""
    return files.write(path, encode(header, rows))
