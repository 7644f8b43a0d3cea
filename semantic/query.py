"""Answers questions: metrics by periods and dimensions, as an Arrow table.

    ask(Path(".takings/published"), ["net_sales", "orders_placed"], by=["month"], tenant="aurora")

Money is in units of the tenant's currency, as decimals exact to the minor unit (advertising by campaign or ad: to the
millionth, since its rows are parts of a cent). Ratios, also of money (aov), are floats, not rounded. The schema's
metadata names build, tenant and currency, each field's metadata its unit. `render` writes a table, CSV or JSON.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

from common.comparison import Comparison
from semantic.catalog import Catalog, Metric
from semantic.compiler import NO_FILTERS, compile_query
from semantic.errors import UnknownNameError
from semantic.filters import Filters
from semantic.reports import csv
from semantic.warehouse import Build, Published, open_build

FORMATS = ("table", "csv", "json")
PARTS_OF_A_CENT = pa.decimal128(32, 6)
"""A ratio of amounts that are counted in parts of a cent."""


def ask(
    published: Published,
    metrics: Sequence[str],
    by: Sequence[str] = (),
    *,
    start: date | None = None,
    end: date | None = None,
    filters: Filters = NO_FILTERS,
    order: Sequence[str] = (),
    limit: int | None = None,
    tenant: str | None = None,
    definitions: Catalog | None = None,
) -> pa.Table:
    """Metrics of the published build, one row per combination of `by`, sorted by it; `start` and `end` included.

    `by`: at most one of day, week, month, quarter, year, and any dimensions that the metrics share. `filters`: values
    of such dimensions, {"channel": ["Online store"]}. `order`: names, "-net_sales" for the largest first. With several
    tenants in the build name one, or ask by tenant_id. `definitions` replace those of the build. Raises a
    SemanticError that says what to do.
    """
    every = tenant is None and "tenant_id" in by
    with open_build(published, tenant, every=every, definitions=definitions) as build:
        return answer(build, metrics, by=by, start=start, end=end, filters=filters, order=order, limit=limit)


def answer(
    build: Build,
    metrics: Sequence[str],
    *,
    by: Sequence[str] = (),
    labels: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
    filters: Filters = NO_FILTERS,
    order: Sequence[str] = (),
    limit: int | None = None,
    only: str | None = None,
    beside: Comparison | None = None,
) -> pa.Table:
    """The same for a build that is already open, with all arguments of compile_query."""
    sql = compile_query(
        build.catalog, metrics, by=by, labels=labels, start=start, end=end, tenant=build.tenant,
        filters=filters, order=order, limit=limit, only=only, beside=beside,
    )  # fmt: skip
    return _describe(build.table(sql), build)


def _describe(table: pa.Table, build: Build) -> pa.Table:
    """Give money the decimal places of its currency, and name build, tenant and currency in the metadata."""
    currency, as_of = build.currency(), build.as_of()
    words = _words(table, build)
    for number, name in enumerate(table.column_names):
        metric = build.catalog.metrics.get(name)
        if metric is None:
            if name in words:
                field = table.schema.field(number).with_metadata({"words": json.dumps(words[name])})
                table = table.set_column(number, field, table.column(number))
            continue
        kind, column = type_of(metric), table.column(number)
        if currency and metric.unit == "money" and pa.types.is_decimal(kind) and not metric.micros:
            kind = pa.decimal128(38, currency.digits)
        field, column = pa.field(name, kind), column if column.type == kind else column.cast(kind)
        table = table.set_column(
            number, field.with_metadata({"unit": metric.unit, "label": metric.label, "format": metric.format}), column
        )
    facts = {
        "run_id": build.run_id,
        "definitions": build.catalog.version,
        "as_of": f"{as_of.isoformat()}Z" if as_of else "",
        "tenant": build.tenant or "",
        "currency": currency.code if currency else "",
        "digits": str(currency.digits) if currency else "",
    }
    return table.replace_schema_metadata(facts)


def type_of(metric: Metric) -> pa.DataType:
    """The type of a metric as the compiler has it on DuckDB, money in any currency: PostgreSQL does not tell how many
    places a computed decimal has."""
    if metric.kind == "ratio" and metric.in_parts_of_a_cent:
        return PARTS_OF_A_CENT
    if not metric.adds_up:
        return pa.float64()
    if metric.unit != "money":
        return pa.int64()
    return pa.decimal128(38, 6 if metric.micros else 3)


def _words(table: pa.Table, build: Build) -> dict[str, dict[str, str]]:
    """What people read in place of values, by column of the metrics' marts."""
    metrics = [build.catalog.metrics[name] for name in table.column_names if name in build.catalog.metrics]
    marts = [build.catalog.marts[metric.mart] for metric in metrics]
    return {column.name: dict(column.words) for mart in marts for column in mart.columns if column.words}


def render(table: pa.Table, format: str = "table") -> str:
    """An answer as text: `table` for a terminal, `csv` (RFC 4180) and `json` for programs.

    Dates are ISO 8601, money has its currency's decimal places and is text in JSON, ratios have six; an empty value is
    empty, in JSON null.
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    facts = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    digits = int(facts["digits"]) if facts.get("digits") else 3
    metadata = [table.schema.field(name).metadata or {} for name in table.column_names]
    units = [item.get(b"unit", b"").decode() for item in metadata]
    formats = [item.get(b"format", b"").decode() for item in metadata]
    rows = [
        [as_written(value, unit, digits) for value, unit in zip(row, units, strict=True)]
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True)
    ]
    if format == "csv":
        return csv.dumps(table.column_names, rows)
    if format == "json":
        objects = [
            {name: plain(value, unit, digits) for name, value, unit in zip(table.column_names, row, units, strict=True)}
            for row in rows
        ]
        lines = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in objects)
        return f"[\n{lines}\n]\n" if objects else "[]\n"
    return _terminal(table.column_names, units, formats, rows, facts)


def as_written(value: Any, unit: str, digits: int) -> Any:
    """A value as it is written: decimals of money unchanged, floats of money rounded half up to the minor unit, ratios
    to six places, dates as ISO text."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal) and unit == "money":
        return value
    if isinstance(value, float | Decimal):
        exact = Decimal(repr(value)) if isinstance(value, float) else value
        return rounded(exact, digits if unit == "money" else 6)
    return value


def rounded(value: Decimal, places: int) -> Decimal:
    """A number with so many decimal places, rounded half up."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def plain(value: Any, unit: str, digits: int) -> Any:
    """A value as JSON has it: money is text with all its places, since most readers make a float of a number."""
    written = as_written(value, unit, digits)
    if isinstance(written, Decimal):
        return f"{written:f}" if unit == "money" else float(written)
    return written


def _terminal(
    names: Sequence[str],
    units: Sequence[str],
    formats: Sequence[str],
    rows: Sequence[Sequence[Any]],
    facts: dict[str, str],
) -> str:
    """A table for a terminal with thousands separators; its caption names tenant, currency, time and run."""
    from rich.console import Console  # noqa: PLC0415  (only this format needs it, for 0.1 s)
    from rich.table import Table  # noqa: PLC0415

    about = [f"in {facts['currency']}" if facts.get("currency") else "", f"as of {facts.get('as_of') or 'unknown'}"]
    caption = ", ".join(part for part in [facts.get("tenant", ""), *about, f"run {facts.get('run_id', '')}"] if part)
    table = Table(caption=caption, caption_justify="left")
    for name, unit in zip(names, units, strict=True):
        table.add_column(name, justify="right" if unit else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(shown(*cell) for cell in zip(row, units, formats, strict=True)))
    width = max(80, sum(max([len(n), *(len(str(r[i])) + 6 for r in rows)]) + 3 for i, n in enumerate(names)) + 1)
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False, color_system=None)
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def shown(value: Any, unit: str, format: str) -> str:
    """A value for people: a ratio in percent where the metric's format is a percentage (ROAS and months are not)."""
    if value is None:
        return ""
    if unit == "ratio":
        if format.endswith("%"):
            return f"{value * 100:.2f} %"
        return f"{value:,.2f}" + "×" * format.startswith("$")
    return f"{value:,}" if unit else str(value)
