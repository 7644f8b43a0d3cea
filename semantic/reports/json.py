"""Writes a report as JSON: its table, figures and charts, what each metric means, and the facts about the numbers.

Money is text with all its places, "1234.50", since most readers make a float of a number; counts are whole numbers,
ratios numbers of six places, as `takings query` writes them. Dates are ISO 8601, unknown is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from semantic.query import as_written
from semantic.reports.content import ChartData, Content, Figure


def dump(content: Content) -> bytes:
    """The whole content, in UTF-8, one line per row."""
    return (_text(document(content), "") + "\n").encode("utf-8")


def document(content: Content) -> dict[str, Any]:
    """The content as plain objects."""
    return {
        "report": content.name,
        "title": content.title,
        "question": content.question,
        "tenant": {"id": content.tenant, "name": content.tenant_name, "time_zone": content.time_zone},
        "currency": {"code": content.currency.code, "digits": content.currency.digits},
        "from": content.days[0],
        "to": content.days[1],
        "rolling": content.rolling,
        "comparison": content.comparison and {"now": content.comparison.now, "before": content.comparison.before},
        "figures": [_figure(figure) for figure in content.figures],
        "columns": [_column(field) for field in content.table.schema],
        "rows": _rows(content.table),
        "charts": [_chart(chart) for chart in content.charts],
        "definitions": dict(content.definitions),
        "caveats": content.caveats,
        "as_of": content.as_of and content.as_of.replace(tzinfo=UTC),
        "reconciliation": content.reconciliation.as_dict(),
        "blocked": content.blocked or None,
        "run_id": content.run_id,
        "definitions_version": content.definitions_version,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "metric": figure.metric.name,
        "label": figure.metric.label,
        "unit": figure.metric.unit,
        "format": figure.metric.format,
        "value": _exact(figure.value, figure.metric.unit),
        "previous": _exact(figure.previous, figure.metric.unit),
        "change": _exact(figure.change, "ratio"),
        "badge": figure.badge,
        "days": figure.days,
    }


def _column(field: pa.Field) -> dict[str, Any]:
    about = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return {"name": field.name, **{key: about.get(key) for key in ("label", "unit", "format", "of", "show")}}


def _chart(chart: ChartData) -> dict[str, Any]:
    return {
        "kind": chart.chart.kind,
        "title": chart.chart.title,
        "metrics": chart.chart.metrics,
        "by": chart.chart.by,
        "rows": _rows(chart.table),
        "before": _rows(chart.before) if chart.before is not None else None,
    }


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    units = {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in table.schema}
    return [{name: _exact(value, units[name]) for name, value in row.items()} for row in table.to_pylist()]


def _exact(value: Any, unit: str) -> Any:
    """Money as text, a division in the places in which it is written."""
    if isinstance(value, float) and unit != "money":
        return as_written(value, unit, 0)
    return f"{value:f}" if unit == "money" and isinstance(value, Decimal) else value


def _text(value: Any, margin: str) -> str:
    """A value as JSON, an object of plain values on one line; json.dumps would turn decimals into floats."""
    inner = margin + "  "
    match value:
        case Mapping():
            parts = [f"{json.dumps(key, ensure_ascii=False)}: {_text(item, inner)}" for key, item in value.items()]
            if not any(isinstance(item, Mapping | list | tuple) for item in value.values()):
                return "{" + ", ".join(parts) + "}"
            opening, closing = "{", "}"
        case list() | tuple():
            parts, opening, closing = [_text(item, inner) for item in value], "[", "]"
        case _:
            return _plain(value)
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{margin}{closing}" if parts else opening + closing


def _plain(value: str | bool | float | Decimal | date | None) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):  # also a time
        return f'"{value.isoformat()}"'
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
