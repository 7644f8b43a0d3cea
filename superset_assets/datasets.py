"""Superset's datasets, made from the semantic catalog: one per mart, with its columns and the SQL of its metrics.

No file holds them: they are generated for each import, and the reviewed SQL is in tests/semantic/snapshots/metrics.sql.
"""

from typing import Any

from semantic.catalog import Catalog, Column, Mart, Metric
from semantic.compiler import badge_expression, expression
from superset_assets.names import CERTIFIED_BY, DATABASE, SCHEMA, asset_uuid

BADGE = "_badge"
BADGES = {"good": "● good", "watch": "▲ watch", "bad": "■ too high"}
"""What a badge says, by its meaning in the palette: not its colour alone."""
CURRENCY = {"symbol": "AUTO", "symbolPosition": "prefix"}  # of the rows themselves
FEW = 20  # customers: a share of fewer says little
WHOLE = ",.0f"
"""The format of sums of money: cents say nothing there. An average, or costs in parts of a cent, have the metric's own.
Exports have every place."""
QUIET, WITHOUT_NUMBERS = "Nothing needs you today", "No alert rule could be checked"
"""The row of `alerts` where no rule fires: some have their numbers, or none has."""
TEXTS = ("build_info", "kpis", "movers", "alerts", "outlook", "answer_variants")
"""Marts that are shown as they are, and have no metrics."""
# Columns that only charts need, with label and SQL. A mart's own column of the same name takes precedence. Two products
# may share a title, so the label carries the SKU. A funnel and a gauge show and sort their groups by one text.
_MONTH = (
    "SUBSTR('JanFebMarAprMayJunJulAugSepOctNovDec', "
    "3 * CAST(SUBSTR(CAST(date_month AS VARCHAR), 6, 2) AS INTEGER) - 2, 3) "
    "|| ' ' || SUBSTR(CAST(date_month AS VARCHAR), 1, 4)"
)
_PRODUCT = "product_title || ' · ' || COALESCE(NULLIF(SPLIT_PART(skus, ',', 1), ''), product_key)"
_GOODS = f"CASE WHEN product_key = '(no product)' THEN product_title ELSE {_PRODUCT} END"
_KIND = "CASE customer_kind WHEN 'new' THEN 'New customers' WHEN 'returning' THEN 'Returning' ELSE 'Guests' END"
_COMPARED = (
    "CASE comparison WHEN 'year' THEN 'the same days a year ago' WHEN 'none' THEN 'nothing' "
    "ELSE 'the period before' END"
)
_DURATION = (
    "CASE WHEN duration_seconds < 60 THEN CAST(duration_seconds AS VARCHAR) || ' s' "
    "WHEN duration_seconds < 3600 THEN CAST(CAST(FLOOR(duration_seconds / 60) AS BIGINT) AS VARCHAR) || ' min' "
    "ELSE CAST(CAST(FLOOR(duration_seconds / 3600) AS BIGINT) AS VARCHAR) || ' h ' "
    "|| CAST(MOD(CAST(FLOOR(duration_seconds / 60) AS BIGINT), 60) AS VARCHAR) || ' min' END"
)
_FIGURE = "REPLACE(label, ' (estimated)', '')"
# below how many seconds a time is given in which unit of how many seconds
_STEPS = ((120, 60, "minute"), (3600, 60, "minutes"), (7200, 3600, "hour"), (172800, 3600, "hours"),
          (10**12, 86400, "days"))  # fmt: skip


def _age(instant: str) -> str:
    """SQL for the time since a column's instant (UTC), in words: 2 minutes. It runs on DuckDB and PostgreSQL."""
    seconds = f"EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP AT TIME ZONE 'UTC') - {instant})"
    words = [
        f"WHEN {seconds} < {below} THEN CAST(CAST(FLOOR({seconds} / {length}) AS BIGINT) AS VARCHAR) || ' {unit}'"
        for below, length, unit in _STEPS
    ]
    return f"CASE WHEN {seconds} < 60 THEN 'less than a minute' {' '.join(words)} END"


def _letters(text: str) -> str:
    """SQL for a text of which a chart shows each letter: before a word joiner, `<` begins no tag.

    Tooltips are HTML, and a table leaves out the attributes of what looks like a tag.
    """
    return f"REPLACE({text}, '<', '<\N{WORD JOINER}')"


DIRECT = "Direct payments"  # payments without an order
CALCULATED = {
    "metrics_daily": {
        "where_label": ("Source", f"CASE revenue_source WHEN 'API' THEN '{DIRECT}' ELSE revenue_source END"),
        "channel_label": (
            "Channel",
            f"CASE channel WHEN 'API / direct' THEN '{DIRECT}' WHEN 'Account' THEN 'Stripe account' ELSE channel END",
        ),
    },
    "product_daily": {"product_label": ("Product", _letters(_PRODUCT))},
    "sessions_daily": {"source_label": ("Traffic source", _letters("traffic_source"))},
    "feature_daily": {"feature_label": ("Feature", _letters("feature"))},
    "customer_daily": {"customer_label": ("Customer", _letters("display_name"))},
    "spend": {"campaign_label": ("Campaign", _letters("campaign_name"))},
    "cohorts": {
        "size_label": (
            "Customers",
            f"CAST(customers AS VARCHAR) || CASE WHEN customers < {FEW} THEN ' · few' ELSE '' END",
        ),
    },
    "sales_detail": {
        "product_label": ("Product", _letters(_GOODS)),
        "customer_label": ("Customer", _letters("customer_name")),
        "source_label": ("Traffic source", _letters("traffic_source")),
        "campaign_label": ("Campaign", _letters("campaign")),
        "kind_label": ("Customers", _KIND),
        "placed_label": ("Placed on", "CAST(order_day AS VARCHAR)"),  # a text: a click into it filters by it
    },
    "assistant_now": {"window_label": ("Last hour", "'The last hour is ' || window_text || '.'")},
    "chat_messages": {
        "hour_label": ("Hour", "SUBSTR('0' || CAST(hour_of_day AS VARCHAR), LENGTH(CAST(hour_of_day AS VARCHAR)), 2)"),
    },
    "chat_sessions": {
        "started_label": ("Began", "SUBSTR(CAST(started_local AS VARCHAR), 1, 16)"),
        "duration_label": ("Duration", _DURATION),
        "rating_label": ("Rating", "COALESCE('★ ' || CAST(satisfaction AS VARCHAR), '')"),
    },
    "model_usage_daily": {"model_label": ("Model", _letters("model"))},
    "product_events": {
        "product_label": ("Product", _letters("product_title")),
    },
    "sales_bridge": {
        "stage_label": ("Subtotal", "CAST(stage_position AS VARCHAR) || ' · ' || stage"),
        "step_label": ("Step", "CAST(step_position AS VARCHAR) || ' · ' || step"),
    },
    "vault_sales": {
        "vault_label": ("Vault", _letters("vault_id")),
        "niche_label": ("Niche", _letters("niche")),
        "product_label": ("Product", _letters("product_name")),
        "style_label": ("AI style", _letters("ai_style")),
        "prompt_label": ("Prompt version", _letters("ai_prompt_version")),
        "reason_label": ("Reason", _letters("refund_reason")),
    },
    "vault_profit": {"niche_label": ("Niche", _letters("niche")), "category_label": ("Category", _letters("category"))},
    "vault_funnel": {"niche_label": ("Niche", _letters("niche")), "vault_label": ("Vault", _letters("vault_id"))},
    "ai_generations": {"version_label": ("AI version", _letters("ai_version"))},
    "mrr_monthly": {"month_label": ("Month", _MONTH)},
    "kpis": {
        "comparison_label": ("Compared with", _COMPARED),
        "figure_label": ("Figure", _FIGURE),
        "estimate_text": ("Certainty", f"CASE WHEN label = {_FIGURE} THEN '' ELSE 'estimated' END"),
    },
    "outlook": {"certainty_text": ("Certainty", "''")},
    "sales_trend": {"comparison_label": ("Compared with", _COMPARED)},
    "movers": {
        "comparison_label": ("Compared with", _COMPARED),
        "name_label": ("Name", _letters("name")),
    },
    "alerts": {
        "title_text": (
            "What",
            f"CASE title WHEN '{QUIET}' THEN '✓ ' WHEN '{WITHOUT_NUMBERS}' THEN '' ELSE '⚠ ' END || title",
        )
    },
    "build_info": {
        "trust_text": (
            "Data",
            f"COALESCE(REGEXP_REPLACE(trust, '(updated [0-9:]+ on [0-9]+ [A-Z][a-z]+ [0-9]+)', "
            f"'\\1, ' || {_age('as_of')} || ' ago'), trust, '')",
        ),
        "held_text": (
            "Held back",
            f"COALESCE('Newer data are held back, for ' || {_age('blocked_since')} || ' now: ' || blocked_reason, '')",
        ),
    },
}  # fmt: skip
IN_WORDS = {
    "vault_sales": {
        "customer_label": ("Customers", "customer_type"),
        "computed_label": ("By visits", "customer_type_computed"),
        "language_label": ("Language", "language"),
    },
    "assisted_orders": {"rule_label": ("Found by", "rule")},
    "product_events": {"event_label": ("Kind", "event_type")},
}
"""Columns that charts show in the words of the mart's YAML (`config.meta.words`): label and column by name."""
AGES = {"build_info": 30}
"""Seconds for which an answer is kept that says how old the data are; all others stay until the next publish."""
EXPORTED = {
    "date_day": "date",
    "customer_label": "display_name",
    "where_label": "revenue_source",
    "channel_label": "channel",
    "product_label": "name",
    "order_revenue": "revenue",
    "product_revenue": "revenue",
    "orders_placed": "order_count",
    "orders_completed": "order_count",
    "customer_orders": "order_count",
    "product_quantity": "qty_sold",
    "customer_spend": "total_spent",
    "refunded_amount": "refunded",
    "refunded_order_value": "refunded",
}
"""Names in a chart's CSV file, as in the reports, where server/export_columns.py adds the currency. Others stay."""
# A metric that only puts the rows of a chart, or the values of a filter, into their order: lowest first, or newest.
ORDERS = {
    "kpis": {"period_order": "MIN(period_position)"},
    "funnel_daily": {"step_order": "MIN(step_number)"},
    "mrr_monthly": {"month_order": "MAX(date_month)"},
    "vault_funnel": {"step_order": "MIN(step_number)"},
    "vault_sales": {"age_order": "MIN(COALESCE(days_since_sale, 1000000))"},
    "sales_detail": {"newest_first": "MAX(processed_at)"},
    "chat_sessions": {"newest_first": "MAX(started_at)"},
}


def generate(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """The dataset of each mart that has metrics, and of those in TEXTS, by mart name."""
    shown = {metric.mart for metric in catalog.metrics.values()} | set(TEXTS)
    marts = [mart for mart in catalog.marts.values() if mart.name in shown]
    return {mart.name: _dataset(catalog, mart) for mart in marts}


def calculated(mart: Mart) -> dict[str, tuple[str, str]]:
    """The columns that charts need and the mart does not have: label and SQL by name."""
    columns = CALCULATED.get(mart.name, {}) | {
        name: (label, _words(mart, of)) for name, (label, of) in IN_WORDS.get(mart.name, {}).items()
    }
    return {name: column for name, column in columns.items() if not mart.has(name)}


def _words(mart: Mart, name: str) -> str:
    """SQL for a column's values in words; a value without words stays."""
    pairs = next(column.words for column in mart.columns if column.name == name)
    cases = " ".join(f"WHEN '{value}' THEN '{text}'" for value, text in pairs)
    return f"CASE {name} {cases} ELSE {_letters(name)} END" if cases else _letters(name)


def _dataset(catalog: Catalog, mart: Mart) -> dict[str, Any]:
    metrics = [metric for metric in catalog.metrics.values() if metric.mart == mart.name and metric.kind != "other"]
    metrics.sort(key=lambda metric: metric.name)
    currency = CURRENCY if mart.has("currency") else None
    written = [_metric(metric, expression(catalog, metric.name), currency) for metric in metrics]
    written += [_badge(metric, badge_expression(catalog, metric.name)) for metric in metrics if metric.thresholds]
    written += [_order(name, sql) for name, sql in ORDERS.get(mart.name, {}).items()]
    return {
        "table_name": mart.name,
        "main_dttm_col": mart.time_column,
        "currency_code_column": "currency" if mart.has("currency") else None,
        "description": mart.description,
        "cache_timeout": AGES.get(mart.name),
        "schema": SCHEMA,
        "sql": None,
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": CERTIFIED_BY, "details": "Generated by Takings from its metrics"}},
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": asset_uuid("datasets", mart.name),
        "metrics": written,
        "columns": [*(_column(column) for column in mart.columns), *_calculated(mart)],
        "version": "1.0.0",
        "database_uuid": asset_uuid("databases", DATABASE),
    }


def _order(name: str, sql: str) -> dict[str, Any]:
    return {
        "metric_name": name,
        "verbose_name": "Order",
        "metric_type": None,
        "expression": sql,
        "description": "The order of what a chart or a filter shows.",
        "d3format": None,
        "currency": None,
        "extra": {},
        "warning_text": None,
    }


def _metric(metric: Metric, formula: str, currency: dict[str, str] | None = None) -> dict[str, Any]:
    whole = metric.unit == "money" and metric.adds_up and not metric.in_parts_of_a_cent
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label,
        "metric_type": None,
        "expression": formula,
        "description": metric.description,
        "d3format": WHOLE if whole else metric.format,
        "currency": currency if metric.unit == "money" else None,
        "extra": {
            "export": EXPORTED.get(metric.name, metric.name),
            "money": metric.unit == "money",
            "sum": metric.adds_up,
        },
        "warning_text": None,
    }


def _badge(metric: Metric, formula: str) -> dict[str, Any]:
    limits = dict(metric.thresholds or {})
    words = dict(zip(("green", "yellow", "red"), BADGES.values(), strict=True))
    cases = " ".join(f"WHEN '{colour}' THEN '{text}'" for colour, text in words.items())
    return _metric(metric, f"CASE {formula} {cases} END") | {
        "metric_name": metric.name + BADGE,
        "extra": {"export": metric.name + BADGE, "money": False, "sum": False},
        "verbose_name": "Rating",
        "description": f"{metric.label}: good up to {limits['green']:.0%}, watch up to {limits['yellow']:.0%}, "
        "too high above, on the unrounded value.",
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
        "extra": {"export": EXPORTED[column.name]} if column.name in EXPORTED else {},
    }


def _calculated(mart: Mart) -> list[dict[str, Any]]:
    description = "A label for charts, made of other columns."
    return [
        _column(Column(name, "varchar", description, label)) | {"expression": sql}
        for name, (label, sql) in calculated(mart).items()
    ]
