"""Computes a report from the published build and writes it to a file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from semantic.reports.brand import Brand
from semantic.reports.fill import fill
from semantic.reports.formats import format_of, save


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
    format_of(format)
    content = fill(published, name, start, end, tenant=tenant, now=datetime.now(UTC))
    return save(content, Brand(content.tenant_name), format, folder)
