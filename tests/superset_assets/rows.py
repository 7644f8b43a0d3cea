"""Rows of marts for charts to draw: every column of the contract has a value, by its name and type.

Amounts are made up and always the same; RANGES has the columns whose amounts must fit together (a share of something).
Names contain the tenant's canary, so that a name of the other tenant is visible wherever it appears.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from semantic.catalog import Catalog, Column, Mart

RANGES = {
    "sessions": (900, 1400), "visitors": (700, 890), "sessions_with_cart": (200, 400), "api_calls": (4000, 9000),
    "sessions_reached_checkout": (120, 190), "sessions_ordered": (60, 100), "cart_sessions_ordered": (60, 100),
    "add_to_carts": (300, 500), "api_errors": (0, 40), "clicks": (200, 900), "impressions": (20000, 90000),
    "purchases": (4, 30), "platform_purchases": (4, 30), "active_users": (300, 420), "daily_users": (200, 290),
    "user_days": (200, 290), "mau": (1500, 1800), "feature_users": (20, 200), "customers_churned": (1, 9),
    "customers_opening": (100, 140), "customers_closing": (100, 140), "customers_churn_target": (4, 8),
    "closing_mrr_minor": (1500000, 1900000),
    "arr_minor": (18000000, 22000000), "opening_mrr_minor": (1500000, 1900000), "mrr_target_minor": (1800000, 2000000),
    "fx_mrr_minor": (-9000, 9000), "cost_of_goods_minor": (90000, 200000), "disputes_minor": (0, 9000),
    "messages_without_cost": (0, 1), "messages_without_cost_today": (0, 1), "rated_sessions": (10, 20),
    "rating_points": (50, 70), "sessions_with_order": (4, 90), "assisted_orders": (4, 90),
    "duration_seconds": (30, 900), "satisfaction": (1, 5), "cash_fees_minor": (1000, 9000),
    "cash_balance_minor": (4000000, 9000000),
}  # fmt: skip
MONTHS = "(SELECT CAST(date_trunc('month', current_date) - to_months(m) AS DATE) AS date_month FROM range(14) AS t (m))"
# the groups of a mart: one row of each per day (or month)
CASES = "(VALUES ('7d', 3), ('30d', 5)) AS p (period, period_position), (VALUES ('prior'), ('year')) AS v (comparison)"
WITH_NONE = CASES.replace("('year')", "('year'), ('none')")
GROUPS = {
    "kpis": f"{WITH_NONE}, (VALUES ('net_sales', 'Net sales', 1), ('orders_placed', 'Orders placed', 2), "
    "('aov', 'Average order value', 3), ('ad_spend', 'Ad spend', 4), ('roas', 'ROAS (blended)', 5), "
    "('margin_after_ads', 'Margin after ads (estimated)', 6)) AS k (metric, label, position)",
    "sales_trend": f"(SELECT date_day FROM days WHERE date_day > current_date - 30), {WITH_NONE}",
    "movers": f"{CASES}, (VALUES ('Product', 'Down Jacket', 1), ('Product', 'Headlamp', 2), "
    "('Channel', 'Online store', 1), ('Campaign', 'Spring', 1)) AS m (kind, name, position)",
    "annotations": "(SELECT current_date - a AS first_day, current_date - b AS last_day, kind FROM (VALUES "
    "(12, 9, 'promotion'), (4, 4, 'event'), (1, 1, 'alert')) AS v (a, b, kind))",
    "alerts": "(VALUES (1), (2)) AS a (position)",
    "outlook": "(VALUES (1, 'Cash grows by'), (2, 'Cash runs out')) AS o (position, label)",
    "spend": "days, (VALUES ('Meta', 'Spring'), ('Meta', 'Always on'), ('TikTok', 'Spring'), "
    "('TikTok', '(deleted or unallocated)')) AS c (platform, campaign)",
    "sales_detail": "days, (VALUES (1, 'Canada', 'Online store', 'new'), (2, 'Canada', 'Point of sale', 'returning'), "
    "(3, 'Germany', 'Online store', 'guest')) AS c (number, country, channel, customer_kind)",
    "sessions_daily": "days, (VALUES ('direct'), ('meta'), ('google'), ('newsletter')) AS c (traffic_source)",
    "activity_daily": "days",
    "assistant_daily": "days, (VALUES ('A'), ('B')) AS c (variant)",
    "assistant_now": "(SELECT current_date AS today)",
    "answer_variants": "(VALUES ('7d', 1), ('30d', 2), ('90d', 3)) AS c (period, period_position)",
    "assisted_orders": "days, (VALUES ('visit', 1), ('customer', 2), ('click', 3)) AS c (rule, number)",
    "chat_messages": "days, (VALUES (9, 1), (13, 2), (21, 3)) AS c (hour_of_day, number)",
    "chat_sessions": "days, (VALUES (1), (2)) AS c (number)",
    "model_usage_daily": "days, (VALUES ('gpt-4o', 'answer'), ('gpt-4o-mini', 'answer'), "
    "('text-embedding-3-small', 'embedding')) AS c (model, usage)",
    "product_events": "days, (VALUES ('recommended', 'Tent', 1), ('inquired', 'Tent', 2), ('clicked', 'Lamp', 3)) "
    "AS c (event_type, product, number)",
    "vault_sales": "days, (VALUES "
    "('purchase', 5, 'AI Tools', 'vault_3', 'Toolkit', 'corporate', 'v2', 'en', 'United States', 'Northern America', "
    "'first_time', NULL, NULL, '09:00'), "
    "('purchase', 3, 'Wellness', 'vault_2', 'Mornings', 'playful', 'v2', 'pt', 'Portugal', 'Southern Europe', "
    "'repeat', NULL, NULL, '18:00'), "
    "('purchase', 1, 'Wellness', 'vault_1', 'Planner', 'minimal', 'v1', 'en', 'Germany', 'Western Europe', "
    "'first_time', NULL, NULL, '21:00'), "
    "('refund', 2, 'AI Tools', 'vault_3', 'Toolkit', 'corporate', 'v2', 'en', 'United States', 'Northern America', "
    "'first_time', 'quality', '1 to 7 days', '10:00'), "
    "('refund', 1, 'Wellness', 'vault_2', 'Mornings', 'playful', 'v2', 'pt', 'Portugal', 'Southern Europe', "
    "'repeat', 'bought by mistake', '0 days', '19:00')) AS c (entry, number, niche, vault_id, product_name, ai_style, "
    "ai_prompt_version, language, country, region, customer_type, refund_reason, refund_age, hour_of_day)",
    "vault_profit": "days, (VALUES ('AI Tools', 'vault_3', 'Toolkit', 'advertising', 4), "
    "('Wellness', 'vault_2', 'Mornings', 'design', 3)) AS c (niche, vault_id, product_name, category, number)",
    "vault_funnel": "days, (VALUES ('AI Tools', 'vault_3', 1, 'Visit', 80), ('AI Tools', 'vault_3', 2, 'Cart', 20), "
    "('AI Tools', 'vault_3', 3, 'Purchase', 9), ('AI Tools', 'vault_3', 4, 'Refund', 1), "
    "('Wellness', 'vault_2', 1, 'Visit', 50), ('Wellness', 'vault_2', 2, 'Cart', 14), "
    "('Wellness', 'vault_2', 3, 'Purchase', 5), ('Wellness', 'vault_2', 4, 'Refund', 1)) "
    "AS c (niche, vault_id, step_number, step, number)",
    "ai_generations": "days, (VALUES ('gpt-4', 1), ('gpt-4o', 2), ('gpt-4o', 3), ('gpt-4.1', 4)) "
    "AS c (ai_version, number)",
    "events": "days, (VALUES ('page_view'), ('feature_used')) AS c (event_name)",
    "feature_daily": "days, (VALUES ('wishlist'), ('returns portal'), ('size guide')) AS c (feature)",
    "mrr_monthly": MONTHS,
    "customers_monthly": MONTHS,
    "customer_ltv": f"(SELECT date_month AS first_order_day FROM {MONTHS})",
    "finance_monthly": MONTHS,
    "ltv_horizons": f"(SELECT date_month AS cohort_month FROM {MONTHS}), "
    "(VALUES (30), (90), (365)) AS c (horizon_days)",
    "funnel_daily": "days, (VALUES ('orders', 1, 'Sessions Started'), ('orders', 2, 'Sessions Completed'), "
    "('orders', 3, 'Orders Confirmed'), ('orders', 4, 'Orders Shipped'), ('visits', 1, 'Visited'), "
    "('visits', 2, 'Cart'), ('visits', 3, 'Checkout'), ('visits', 4, 'Ordered'), ('visits', 5, 'Shipped'), "
    "('web', 1, 'Sessions'), ('web', 2, 'Added to cart'), ('web', 3, 'Reached checkout'), ('web', 4, 'Ordered')) "
    "AS c (funnel, step_number, step)",
    "sales_bridge": "days, (VALUES ('total_sales', 1, 'Net sales', 1, 'Gross sales'), "
    "('total_sales', 1, 'Net sales', 2, 'Returns'), ('total_sales', 2, 'Total sales', 1, 'Taxes'), "
    "('net_sales', 1, 'All orders', 1, 'Completed orders'), ('net_sales', 2, 'Net sales', 1, 'Taxes')) "
    "AS b (bridge, stage_position, stage, step_position, step)",
    "metrics_daily": "days, (VALUES ('meta_ads', 'Meta Ads', 'None'), ('tiktok_ads', 'TikTok Ads', 'None'), "
    "('files', 'Online store', 'None'), ('stripe', 'Online store', 'Shopify'), "
    "('stripe', 'API / direct', 'API')) AS c (source, channel, revenue_source)",
}
_FIGURE = "1000 * period_position + 100 * (ascii(comparison) % 2) + position"  # another one for each case
NAMED = {
    "kpis": {
        **dict.fromkeys(("value", "previous", "difference"), _FIGURE),
        "value_text": f"'$' || format('{{:,}}', {_FIGURE})".replace("{", "{{").replace("}", "}}"),
        "good_text": "CASE WHEN comparison <> 'none' AND position % 3 = 1 THEN '▲ 12.3 % from $4,321' ELSE '' END",
        "bad_text": "CASE WHEN comparison <> 'none' AND position % 3 = 2 THEN '▼ 4.5 % from $4,321' ELSE '' END",
        "neutral_text": "CASE WHEN comparison <> 'none' AND position % 3 = 0 THEN '▲ 1.0 % from $4,321' ELSE '' END",
    },
    "sales_trend": {"previous_minor": "CASE WHEN comparison <> 'none' THEN 400000 + 1000 * day(date_day) END"},
    "movers": {**dict.fromkeys(("value", "previous", "difference"), "position"), "name": "name || ' {canary}'"},
    "annotations": {"title": "kind || ' {canary}'"},
    "spend": {"campaign_name": "CASE WHEN campaign LIKE '(%' THEN campaign ELSE campaign || ' {canary}' END"},
    "assistant_now": {"window_text": "'13:05 to 14:05 on 30 Nov 2026'"},
    "chat_sessions": {
        "session_id": "strftime(date_day, '%Y%m%d') || number || ' {canary}'",
        "started_at": "date_day + number * INTERVAL 1 HOUR",
        "started_local": "date_day + number * INTERVAL 1 HOUR",
    },
    "product_events": {"product_title": "product || ' {canary}'", "product_key": "product"},
    "vault_sales": {
        "niche": "niche || ' {canary}'",
        "days_since_sale": "CASE refund_age WHEN '0 days' THEN 0 WHEN '1 to 7 days' THEN 4 END",
        "orders": "CASE entry WHEN 'purchase' THEN number ELSE 0 END",
        "revenue_minor": "CASE entry WHEN 'purchase' THEN number * (3000 + 100 * day(date_day)) ELSE 0 END",
        "refunds": "CASE entry WHEN 'refund' THEN number ELSE 0 END",
        "refunded_minor": "CASE entry WHEN 'refund' THEN number * (1500 + 10 * day(date_day)) ELSE 0 END",
        "orders_refunded": "CASE entry WHEN 'purchase' THEN number // 5 ELSE 0 END",
        "refunds_without_sale": "0", "refunds_without_day": "0", "contradicted_orders": "0",
        "deliveries_known": "CASE entry WHEN 'purchase' THEN number ELSE 0 END",
        "deliveries_made": "CASE entry WHEN 'purchase' THEN number - day(date_day) // 28 ELSE 0 END",
        "first_time_orders": "CASE WHEN entry = 'purchase' AND customer_type = 'first_time' THEN number ELSE 0 END",
        "repeat_orders": "CASE WHEN entry = 'purchase' AND customer_type = 'repeat' THEN number ELSE 0 END",
    },
    "vault_profit": {
        "niche": "niche || ' {canary}'", "revenue_minor": "number * (3000 + 100 * day(date_day))",
        "refunded_minor": "number * (300 + 10 * day(date_day))", "costs_minor": "number * (500 + 10 * day(date_day))",
        "profit_minor": "number * (2200 + 80 * day(date_day))",
    },
    "vault_funnel": {
        "niche": "niche || ' {canary}'", "step_count": "number", "previous_count": "CASE step WHEN 'Visit' THEN NULL "
        "WHEN 'Cart' THEN number * 4 ELSE number * 2 END", "visits": "CASE step WHEN 'Visit' THEN number ELSE 0 END",
        "conversions": "CASE step WHEN 'Purchase' THEN number ELSE 0 END",
    },
    "ai_generations": {
        "generations": "1", "successes": "CASE WHEN (day(date_day) + number) % 13 = 0 THEN 0 ELSE 1 END",
        "failures": "CASE WHEN (day(date_day) + number) % 13 = 0 THEN 1 ELSE 0 END",
        "latency_seconds": "0.5 * number + 0.05 * day(date_day)",
    },
    "feature_daily": {"feature": "feature || ' {canary}'"},
    "sales_detail": {
        "order_id": "strftime(date_day, '%Y%m%d') || number",
        "order_name": "'#' || strftime(date_day, '%Y%m%d') || number",
        "order_day": "date_day",
        "processed_at": "date_day + number * INTERVAL 1 HOUR",
        "product_key": "'p' || number % 2",
    },
    "sessions_daily": {"traffic_source": "CASE traffic_source WHEN 'direct' THEN traffic_source "
                       "ELSE traffic_source || '-{canary}' END"},
    "funnel_daily": {"step_count": "7000 // (step_number * step_number + 1) + day(date_day)"},
}  # fmt: skip
KEYS = {"tenant_id", "source", "channel", "date_day", "currency", "minor_units"}
# the columns of metrics_daily that shop.sql fills
SALES = set(re.findall(r"\w+", Path(__file__).with_name("shop.sql").read_text().split("INSERT INTO ")[1])) - KEYS


def statements(catalog: Catalog, tenant: str, currency: str, canary: str) -> Iterator[str]:
    """One insert for each mart of GROUPS, after `shop.sql` has created the days; every column gets a value."""
    for name in GROUPS.keys() & catalog.marts.keys():
        mart = catalog.marts[name]
        own = {"tenant_id": f"'{tenant}'", "currency": f"'{currency}'", "minor_units": "100"}
        own |= {column: text.format(canary=canary) for column, text in NAMED.get(name, {}).items()}
        columns = [item for item in mart.columns if name != "metrics_daily" or item.name not in SALES]
        shown = ", ".join(f"{own.get(item.name) or _value(mart, item, canary)} AS {item.name}" for item in columns)
        yield f"INSERT INTO marts.{name} BY NAME SELECT {shown} FROM {GROUPS[name]}"
    if catalog.marts["metrics_daily"].has("revenue_source"):
        yield "UPDATE marts.metrics_daily SET revenue_source = 'Shopify' WHERE source = 'shopify'"


def _value(mart: Mart, column: Column, canary: str) -> str:
    """A column of the group as it is, any other column by its type."""
    kind, group = column.type.upper(), GROUPS[mart.name]
    if column.name == mart.time_column or re.search(rf"\b{column.name}\b", group):
        return column.name
    if kind == "BOOLEAN":
        return "true"
    if kind.startswith("DATE"):
        return "current_date"
    if kind.startswith("TIMESTAMP"):
        return "localtimestamp"
    if kind == "VARCHAR":
        return f"'{column.name} {canary}'"
    usual = (200000, 900000) if column.name.endswith("_minor") else (50, 900)
    low, high = (2 * 10**9, 9 * 10**9) if column.name.endswith("_micros") else RANGES.get(column.name, usual)
    number = f"r(concat_ws('/', '{column.name}', {_salt(mart)}), {low}, {high})"
    return f"CAST({number} AS {kind})"


def _salt(mart: Mart) -> str:
    """The columns that distinguish the rows of a mart."""
    parts = (
        "platform",
        "campaign",
        "feature",
        "source",
        "channel",
        "horizon_days",
        "step",
        "funnel",
        "traffic_source",
        "event_name",
        "number",
        "variant",
        "model",
    )
    time = mart.time_column or "period"
    return ", ".join([time, *(name for name in parts if re.search(rf"\b{name}\b", GROUPS[mart.name]))])
