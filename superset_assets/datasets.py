"""Superset's datasets, made from the semantic catalog: one per mart, with its columns and the SQL of its metrics.

No file holds them: they are generated for each import, and the reviewed SQL is in tests/semantic/snapshots/metrics.sql.
"""

from typing import Any

from semantic.catalog import Catalog, Column, Mart, Metric
from semantic.compiler import badge_expression, expression
from superset_assets.names import CERTIFIED_BY, DATABASE, SCHEMA, asset_uuid

BADGE = "_badge"
# Columns that only charts need, with label and SQL. A mart's own column of the same name takes precedence. Two products
# may share a title, so the label carries the SKU. A funnel and a gauge show and sort their groups by one text.
_MONTH = "SUBSTR(CAST(date_month AS VARCHAR), 1, 7)"
_PRODUCT = "product_title || ' · ' || COALESCE(NULLIF(SPLIT_PART(skus, ',', 1), ''), product_key)"
CALCULATED = {
    "product_daily": {"product_label": ("Product", _PRODUCT)},
    "funnel_daily": {"step_label": ("Step", "CAST(step_number AS VARCHAR) || ' · ' || step")},
    "mrr_monthly": {"month_label": ("Month", _MONTH)},
    # A big number takes its format from the first column: Superset would format a text as a date.
    "finance_monthly": {"month_number": ("Month", f"CAST(REPLACE({_MONTH}, '-', '') AS INTEGER)")},
}


def generate(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """The dataset of each mart that has metrics, and of `build_info`, which says how fresh they are, by mart name."""
    with_metrics = {metric.mart for metric in catalog.metrics.values()}
    marts = [mart for mart in catalog.marts.values() if mart.name in with_metrics or mart.name == "build_info"]
    return {mart.name: _dataset(catalog, mart) for mart in marts}


def calculated(mart: Mart) -> dict[str, tuple[str, str]]:
    """The columns that charts need and the mart does not have: label and SQL by name."""
    return {name: column for name, column in CALCULATED.get(mart.name, {}).items() if not mart.has(name)}


def _dataset(catalog: Catalog, mart: Mart) -> dict[str, Any]:
    metrics = [metric for metric in catalog.metrics.values() if metric.mart == mart.name and metric.kind != "other"]
    metrics.sort(key=lambda metric: metric.name)
    written = [_metric(metric, expression(catalog, metric.name)) for metric in metrics]
    written += [_badge(metric, badge_expression(catalog, metric.name)) for metric in metrics if metric.thresholds]
    return {
        "table_name": mart.name,
        "main_dttm_col": mart.time_column,
        "currency_code_column": "currency" if mart.has("currency") else None,
        "description": mart.description,
        "cache_timeout": 60,
        "schema": SCHEMA,
        "sql": None,
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": CERTIFIED_BY, "details": "Made from semantic/metrics"}},
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": asset_uuid("datasets", mart.name),
        "metrics": written,
        "columns": [*(_column(column) for column in mart.columns), *_calculated(mart)],
        "version": "1.0.0",
        "database_uuid": asset_uuid("databases", DATABASE),
    }


def _metric(metric: Metric, formula: str) -> dict[str, Any]:
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label,
        "metric_type": None,
        "expression": formula,
        "description": metric.description,
        "d3format": metric.format,
        "currency": None,
        "extra": {},
        "warning_text": None,
    }


def _badge(metric: Metric, formula: str) -> dict[str, Any]:
    limits = dict(metric.thresholds or {})
    return _metric(metric, formula) | {
        "metric_name": metric.name + BADGE,
        "verbose_name": "Badge",
        "description": f"{metric.label}: green up to {limits['green']:.0%}, yellow up to {limits['yellow']:.0%}, "
        "red above, on the unrounded value.",
        "d3format": None,
    }


def _column(column: Column) -> dict[str, Any]:
    kind = column.type.upper()
    return {
        "column_name": column.name,
        "verbose_name": column.label,
        "is_dttm": kind.startswith(("DATE", "TIMESTAMP")),
        "is_active": True,
        "type": kind,
        "advanced_data_type": None,
        "groupby": not column.name.endswith("_minor"),
        "filterable": True,
        "expression": None,
        "description": column.description,
        "python_date_format": None,
        "extra": {},
    }


def _calculated(mart: Mart) -> list[dict[str, Any]]:
    description = "A label for charts, made of other columns."
    return [
        _column(Column(name, "varchar", description, label)) | {"expression": sql}
        for name, (label, sql) in calculated(mart).items()
    ]
