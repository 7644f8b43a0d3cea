"""Computes a report from the published build and writes it to a file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from semantic.errors import UnknownNameError
from semantic.reports import csv
from semantic.reports.fill import fill

FORMATS = ("csv",)


def run_report(published: Path, name: str, start: date, end: date, *, tenant: str | None = None) -> pa.Table:
    """The table of a report of one tenant from `start` to `end`, both included; see semantic/reports/table.py."""
    return fill(published, name, start, end, tenant=tenant, now=datetime.now(UTC)).table


def write_report(
    published: Path,
    name: str,
    start: date,
    end: date,
    *,
    folder: Path,
    tenant: str | None = None,
    format: str = "csv",
) -> Path:
    """Write a report to `<report>-<from>-<to>.<format>` in `folder`, complete or not at all. Returns its path."""
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    table = run_report(published, name, start, end, tenant=tenant)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return csv.write(folder / csv.file_name(name, start, end), table.column_names, rows)
