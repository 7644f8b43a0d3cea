"""Writes the definitions in the form of the Apache Ossie core specification (before: Open Semantic Interchange).

https://github.com/apache/ossie, core-spec/spec.md and ossie-schema.json, version 0.2.0.dev0. A mart is a dataset, a
column a field. A metric is the one expression that every answer of Takings is computed with, its columns qualified by
the mart: the guards against several currencies and against adding up what is not additive are part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from semantic.catalog import Catalog, Column, Mart, Metric
from semantic.compiler import expression

VERSION = "0.2.0.dev0"
DIALECT, VENDOR = "ANSI_SQL", "TAKINGS"
TYPES = {
    "varchar": "String", "text": "String", "string": "String", "smallint": "Integer", "integer": "Integer",
    "bigint": "Integer", "hugeint": "Integer", "boolean": "Boolean", "date": "Date", "time": "Time",
    "timestamp": "DateTime", "timestamptz": "DateTimeTz", "double": "Float",
}  # fmt: skip
_NAME = re.compile(r"'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_]*")


def dumps(catalog: Catalog, names: Iterable[str] = ()) -> str:
    """The document as YAML, the same text for the same definitions. Raises a SemanticError."""
    import yaml  # noqa: PLC0415 (only this format needs it)

    return str(yaml.safe_dump(document(catalog, names), sort_keys=False, allow_unicode=True, width=118))


def document(catalog: Catalog, names: Iterable[str] = ()) -> dict[str, Any]:
    """All marts and metrics, or the metrics of these names and their marts. What is in `missing` is left out.

    Raises UnknownNameError, or CompileError for a name that is in `missing`.
    """
    left_out = missing(catalog)
    metrics = [catalog.metric(name) for name in names]
    marts = {metric.mart for metric in metrics} or set(catalog.marts)
    metrics = metrics or [metric for metric in catalog.metrics.values() if metric.name not in left_out]
    model = {
        "name": "takings",
        "description": "Orders, products, customers, payments, advertising and visits of the tenants of Takings.",
        "ai_context": {
            "instructions": "Rows of one tenant have its tenant_id: filter by it. Amounts are in units of the tenant's "
            "currency. An empty value is unknown, not zero. Never add up metrics; ask their expression again."
        },
        "datasets": [_dataset(mart) for name, mart in sorted(catalog.marts.items()) if name in marts],
        "metrics": [_metric(catalog, metric) for metric in sorted(metrics, key=lambda metric: metric.name)],
        "custom_extensions": [_extension({"definitions_version": catalog.version})],
    }
    return {"version": VERSION, "semantic_model": [model], "dialects": [DIALECT], "vendors": [VENDOR]}


def missing(catalog: Catalog) -> dict[str, str]:
    """The metrics that are not an expression over one mart, and why."""
    return {metric.name: metric.expr for metric in catalog.metrics.values() if metric.kind == "other"}


def _dataset(mart: Mart) -> dict[str, Any]:
    return {
        "name": mart.name,
        "source": f"marts.{mart.name}",
        "description": mart.description,
        "fields": [_field(mart, column) for column in mart.columns],
    }


def _field(mart: Mart, column: Column) -> dict[str, Any]:
    """`dimension` marks what metrics can be grouped by."""
    field: dict[str, Any] = {"name": column.name, "expression": _expression(column.name)}
    if column.name == mart.time_column or column.name in mart.dimensions:
        field["dimension"] = {"is_time": column.name == mart.time_column}
    field |= {"label": column.label, "description": column.description}
    kind = TYPES.get(column.type.lower(), "Decimal" if column.type.lower().startswith("decimal") else "")
    return field | ({"datatype": kind} if kind else {})


def _metric(catalog: Catalog, metric: Metric) -> dict[str, Any]:
    mart = catalog.marts[metric.mart]
    context: dict[str, Any] = {"synonyms": [metric.label]}
    columns = [mart.time_grain or "day" if name == mart.time_column else name for name in metric.non_additive_over]
    if columns:
        context["instructions"] = f"Not additive: ask by {' and '.join(columns)} too. Over several it is empty."
    about = {
        "label": metric.label, "unit": metric.unit, "format": metric.format, "good": metric.good, "dataset": mart.name,
        "non_additive_over": list(metric.non_additive_over),
        "thresholds": metric.thresholds and dict(metric.thresholds),
    }  # fmt: skip
    return {
        "name": metric.name,
        "expression": _expression(qualified(expression(catalog, metric.name), mart)),
        "description": metric.description,
        "datatype": {"money": "Float" if metric.kind == "ratio" else "Decimal", "count": "Integer"}.get(
            metric.unit, "Float"
        ),
        "ai_context": context,
        "custom_extensions": [_extension(about)],
    }


def qualified(sql: str, mart: Mart) -> str:
    """An expression with the mart's name before each of its columns; texts in quotes stay as they are."""
    return _NAME.sub(lambda match: f"{mart.name}.{match[0]}" if mart.has(match[0]) else match[0], sql)


def _expression(sql: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": DIALECT, "expression": sql}]}


def _extension(data: Mapping[str, Any]) -> dict[str, str]:
    return {"vendor_name": VENDOR, "data": json.dumps(data, ensure_ascii=False, sort_keys=True)}
