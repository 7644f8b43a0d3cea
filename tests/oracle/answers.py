"""The rows that the charts of the dashboards must show, from the books: sums by group, divided last.

``METRICS`` is a second implementation of the definitions: a metric is a sum of columns, less other columns, divided by
another sum; money is in major units. Each answer gives rows in the order of the chart as {column: value}: exact amounts
and counts, ratios as fractions, None for a division by nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor
from typing import Any

from simulator import World
from tests.oracle import bridge, daily, tables, web

Pulls = tuple[datetime, ...]
Numbers = Mapping[str, Any]
Value = Fraction | Decimal | int | None
Rows = list[dict[str, Any]]
CENT, MICRO = 100, 10**6
SHOWN = {"API / direct": "Direct payments", "API": "Direct payments", "Account": "Stripe account"}
"""Words of charts for channels and sources whose names a shop owner would not know."""
REVENUE_SOURCES = {"Online store": "Shopify", "Point of sale": "Shopify", "Draft orders": "Shopify",
                   "Subscription renewals": "Shopify", "Marketplaces": "Marketplace", "Partnerships": "Partnerships",
                   "Other channels": "Other",
                   "API / direct": "API"}  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """``of`` plus ``also`` minus ``less``, divided by ``over``; ``unit`` stored units are one shown unit."""

    of: str
    less: tuple[str, ...] = ()
    over: str | None = None
    also: tuple[str, ...] = ()
    unit: int = 1

    def __call__(self, row: Numbers) -> Value:
        parts = [row.get(name) for name in (self.of, *self.also)]
        if all(part is None for part in parts) and self.of in row:
            return None
        amount = sum(part or 0 for part in parts) - sum(row.get(name) or 0 for name in self.less)
        if self.over is not None:
            denominator = row.get(self.over) or 0
            return Fraction(amount) / Fraction(denominator) / self.unit if denominator else None
        if self.unit == MICRO:
            return Fraction(amount, MICRO)
        return Decimal(amount) / self.unit if self.unit > 1 else amount


def money(of: str, *less: str, also: tuple[str, ...] = (), over: str | None = None) -> Metric:
    return Metric(f"{of}_minor", tuple(f"{name}_minor" for name in less), over,
                  tuple(f"{name}_minor" for name in also), CENT)  # fmt: skip


def share(of: str, over: str, *less: str, also: tuple[str, ...] = ()) -> Metric:
    return Metric(of, less, over, also)


def rounded(value: Any, places: int) -> Decimal | None:
    """As reports write it: half away from zero."""
    if value is None:
        return None
    exact = Fraction(value)
    shown = Decimal(exact.numerator) / Decimal(exact.denominator)
    return shown.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


PLAIN_MONEY = (
    "gross_sales", "discounts", "returns", "net_sales", "total_sales", "order_revenue", "refunded_order_value",
    "revenue_all_orders", "refunded_amount", "ad_spend", "cash_received", "cash_refunded", "cash_fees", "disputes",
    "payouts", "cash_other", "balance_change", "cost_of_goods", "operating_expenses", "net_burn", "trailing_burn",
    "cash_balance", "break_even_revenue",
)  # fmt: skip
COUNTS = (
    "orders_placed", "orders_completed", "orders_refunded", "orders_partially_refunded", "new_customers", "units_sold",
    "api_calls", "api_errors", "sessions", "visitors", "user_days",
)  # fmt: skip
METRICS: Mapping[str, Metric] = {
    **{name: money(name) for name in PLAIN_MONEY},
    **{name: Metric(name) for name in COUNTS},
    # of a day or a range
    "revenue": money("order_revenue", also=("direct_revenue",)),
    "aov": money("order_value", over="orders_placed"),
    "aov_all_orders": money("revenue_all_orders", over="orders_placed"),
    "gross_profit": money("net_sales", "cost_of_goods"),
    "gross_margin": share("net_sales_minor", "net_sales_minor", "cost_of_goods_minor"),
    "cost_coverage": share("sales_cost_recorded_minor", "net_sales_minor"),
    "cost_assumed_share": share("sales_cost_assumed_minor", "net_sales_minor"),
    "roas": share("net_sales_minor", "ad_spend_minor"),
    "roas_on_revenue": share("revenue_all_orders_minor", "ad_spend_minor"),
    "platform_roas": share("platform_purchase_value_minor", "ad_spend_minor"),
    "cac": money("ad_spend", over="new_customers"),
    "conversion_rate": share("orders_placed", "sessions"),
    "conversion_rate_by_users": share("orders_placed", "user_days"),
    "add_to_cart_rate_by_count": share("add_to_carts", "sessions"),
    "add_to_cart_rate": share("sessions_with_cart", "sessions"),
    "cart_abandonment": share("sessions_with_cart", "sessions_with_cart", "cart_sessions_ordered"),
    "api_error_rate": share("api_errors", "api_calls"),
    # advertising below the account
    "campaign_spend": Metric("spend_micros", unit=MICRO),
    "campaign_impressions": Metric("impressions"),
    "campaign_clicks": Metric("clicks"),
    "campaign_purchases": Metric("purchases"),
    "campaign_purchase_value": Metric("purchase_value_micros", unit=MICRO),
    "campaign_roas": share("purchase_value_micros", "spend_micros"),
    "campaign_cpc": Metric("spend_micros", over="clicks", unit=MICRO),
    "campaign_ctr": share("clicks", "impressions"),
    "campaign_cpa": Metric("spend_micros", over="purchases", unit=MICRO),
    # people
    "dau": Metric("active_users"),
    "mau": Metric("mau"),
    "stickiness": share("active_users", "mau"),
    "feature_use_count": Metric("feature_uses"),
    "feature_adoption": share("feature_users", "active_users"),
    "traffic_sessions": Metric("sessions"),
    "bridge_amount": money("amount"),
    "detail_net_sales": money("net_sales"),
    "detail_units_sold": Metric("units_sold"),
    "detail_units_returned": Metric("units_returned"),
    # subscriptions
    "mrr": money("closing_mrr"),
    "arr": money("arr"),
    **{f"{name}_mrr": money(f"{name}_mrr") for name in
       ("opening", "new", "reactivation", "expansion", "contraction", "churned", "fx")},
    "mrr_growth_rate": share("closing_mrr_minor", "opening_mrr_minor", "opening_mrr_minor"),
    "churn_rate": share("customers_churned", "customers_opening"),
    "mrr_to_target": share("closing_mrr_minor", "mrr_target_minor"),
    "churn_to_target": share("customers_churned", "customers_churn_target"),
    # months of money
    "mrr_target": money("mrr_target"),
    "subscribers_churned": Metric("customers_churned"),
    "subscribers_churn_target": Metric("churn_limit"),
    "monthly_income": money("income"),
    "monthly_result": money("nothing", "net_burn"),
    "monthly_operating_expenses": money("operating_expenses"),
    "monthly_fixed_expenses": money("fixed_expenses"),
    "runway_months": share("cash_balance_minor", "burning_minor"),
    "ltv_observed": money("net_revenue", over="customers"),
    "horizon_customers": Metric("customers"),
}  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """A tenant with the instants of its pulls; ``targets`` are those of its configuration."""

    world: World
    account: str
    pulls: Pulls
    targets: Mapping[str, Fraction]

    def table(self, mart: str) -> Mapping[Any, Numbers]:
        return tables.TABLES[mart].compute(self.world, self.account, self.pulls)


Answer = Callable[[Shop, date, date], Rows]


def values(row: Numbers, metrics: Sequence[str]) -> dict[str, Value]:
    return {name: METRICS[name](row) for name in metrics}


def grouped(rows: Sequence[tuple[Any, Numbers]]) -> dict[Any, dict[str, Any]]:
    """The sums of rows by group."""
    groups: dict[Any, dict[str, Any]] = {}
    for key, row in rows:
        sums = groups.setdefault(key, {})
        for name, amount in row.items():
            if isinstance(amount, int):
                sums[name] = sums.get(name, 0) + amount
    return groups


def _day_rows(shop: Shop, since: date, until: date) -> list[tuple[tuple[str, date, str], Numbers]]:
    table = daily.metrics_daily(shop.world, shop.account, shop.pulls)
    return [(key, row) for key, row in table.items() if since <= key[1] <= until]


def total(*metrics: str) -> Answer:
    """A card: one row over the range."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        return [values(daily.totals(shop.world, shop.account, since, until, shop.pulls), metrics)]

    return rows


def by_day(*metrics: str, point: Callable[[date], date] = lambda day: day) -> Answer:
    """A line: the days with a row, in order; or other points, each with the day that it begins with."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        groups = grouped([(point(day), row) for (_, day, _), row in _day_rows(shop, since, until)])
        return [{"date_day": day, **values(groups[day], metrics)} for day in sorted(groups)]

    return rows


def by_channel(*metrics: str) -> Answer:
    """Stripe's channels, highest first metric first."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        of_stripe = [(key[2], row) for key, row in _day_rows(shop, since, until) if key[0] == "stripe"]
        rows = [
            {"channel_label": SHOWN.get(channel, channel), **values(row, metrics)}
            for channel, row in grouped(of_stripe).items()
        ]
        return highest_first(rows, metrics[0])

    return rows


def by_revenue_source(metric: str) -> Answer:
    """Sources of revenue, highest first."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        groups = grouped([(source, row) for _, source, row in _revenue_rows(shop, since, until)])
        rows = [{"where_label": SHOWN.get(source, source), **values(row, (metric,))} for source, row in groups.items()]
        return highest_first(rows, metric)

    return rows


def by_day_and_revenue_source(metric: str) -> Answer:
    """Sources of revenue by day."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        groups = grouped([((day, source), row) for day, source, row in _revenue_rows(shop, since, until)])
        return [{"date_day": day, "where_label": SHOWN.get(source, source), **values(groups[day, source], (metric,))}
                for day, source in sorted(groups)]  # fmt: skip

    return rows


def _revenue_rows(shop: Shop, since: date, until: date) -> list[tuple[date, str, Numbers]]:
    """The shop's rows, and those of payments without an order: money of an order's payment is cash, not revenue."""
    return [
        (day, REVENUE_SOURCES[channel], row) for (source, day, channel), row in _day_rows(shop, since, until)
        if channel in REVENUE_SOURCES and (source == "shopify" or (source, channel) == ("stripe", "API / direct"))
    ]  # fmt: skip


def highest_first(rows: Rows, metric: str) -> Rows:
    """Sorted by a metric, highest first, then by name."""
    return sorted(rows, key=lambda row: (-(row[metric] or 0), [str(value) for value in row.values()]))


def of_mart(mart: str, groups: Mapping[str, int], *metrics: str, order: str | None = None, limit: int = 10_000,
            day: int | None = None) -> Answer:  # fmt: skip
    """A mart grouped by parts of its key: ``groups`` maps names to places in it, ``day`` is the place of the day."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        chosen = []
        for key, row in shop.table(mart).items():
            parts = key if isinstance(key, tuple) else (key,)
            if day is None or since <= parts[day] <= until:
                chosen.append((tuple(parts[place] for place in groups.values()), row))
        sums = grouped(chosen)
        answer: Rows = [{**dict(zip(groups, key, strict=True)), **values(sums[key], metrics)} for key in sorted(sums)]
        return (highest_first(answer, order) if order else answer)[:limit]

    return rows


def campaigns(*metrics: str) -> Answer:
    """Advertising by platform and name of the campaign, highest first metric first."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        groups = grouped([
            ((key[0], row["campaign_name"]), {name: amount for name, amount in row.items() if type(amount) is int})
            for key, row in shop.table("spend").items() if since <= key[-1] <= until
        ])  # fmt: skip
        answer = [{"platform": platform, "campaign_name": name, **values(row, metrics)}
                  for (platform, name), row in groups.items()]  # fmt: skip
        return highest_first(answer, metrics[0])[:100]

    return rows


def by_month(mart: str, *metrics: str, also: str | None = None) -> Answer:
    """Every month, independent of the range; ``also`` is a column that is shown with the month."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        table = shop.table(mart)
        columns = {month: {also: table[month][also]} if also else {} for month in table}
        return [{"date_month": month, **columns[month], **values(table[month], metrics)} for month in sorted(table)]

    return rows


def newest_month(mart: str, *metrics: str) -> Answer:
    """The current month, with the tenant's targets."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        table = shop.table(mart)
        month = max(table)
        allowed = shop.targets["churn_rate"] * table[month].get("customers_opening", 0)
        row = {
            **table[month], "mrr_target_minor": int(shop.targets["mrr"] * CENT),
            "customers_churn_target": allowed, "churn_limit": floor(allowed + Fraction(1, 2)),
        }  # fmt: skip
        return [{"month_label": f"{month:%b %Y}", **values(row, metrics)}]

    return rows


def steps(name: str) -> Answer:
    """The steps of a bridge by their position; a step of nothing is not shown."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        amounts: dict[tuple[int, int], int] = {}
        for (bridge_name, stage, step, day), row in shop.table("sales_bridge").items():
            if bridge_name == name and since <= day <= until:
                amounts[stage, step] = amounts.get((stage, step), 0) + row["amount_minor"]
        names = {places: step for step, places in bridge.STEPS.items() if step[0] == name}
        return [{"stage_label": f"{place[0]} · {names[place][1]}", "step_label": f"{place[1]} · {names[place][2]}",
                 "bridge_amount": Decimal(amount) / CENT}
                for place, amount in sorted(amounts.items())]  # fmt: skip

    return rows


STEPS = {"orders": web.ORDER_STEPS, "visits": web.VISIT_STEPS}


def funnel(name: str) -> Answer:
    """The steps of a funnel, in order, each with its share of the step before."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        counts = [0] * len(STEPS[name])
        for (funnel_name, step, day), row in shop.table("funnel_daily").items():
            if funnel_name == name and since <= day <= until:
                counts[step - 1] += row["step_count"]
        before = [0, *counts]
        return [{"step": step, "funnel_count": count,
                 "funnel_step_rate": Fraction(count, earlier) if earlier else None}
                for step, count, earlier in zip(STEPS[name], counts, before[:-1], strict=True)]  # fmt: skip

    return rows
