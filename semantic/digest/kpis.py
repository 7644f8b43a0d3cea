"""The headline figures of each period, beside those of the earlier one, in one query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from common.presets import Days
from semantic.compiler import compile_ranges
from semantic.digest import sells, words
from semantic.digest.periods import Case
from semantic.digest.sells import Sells
from semantic.warehouse import Build

KPIS = ("net_sales", "orders_placed", "aov", "ad_spend", "roas", "margin_after_ads")
"""The figures in their order."""
WITHOUT_ADS = ("net_sales", "orders_placed", "aov", "new_customers", "units_sold", "gross_profit")
"""Those of a shop that has no ad account: what advertising costs and brings is unknown there."""
OF_VAULTS = (
    "net_after_refunds",
    "vault_orders",
    "vault_aov",
    "vault_revenue",
    "vault_refunded_amount",
    "vault_refund_rate",
)
"""Those of a creator, whose event log has no costs."""
FIGURES = {Sells.GOODS_WITH_ADS: KPIS, Sells.GOODS: WITHOUT_ADS, Sells.VAULTS: OF_VAULTS}
MARGINS = ("margin_after_ads", "gross_profit")
ESTIMATED = ("sales_cost_assumed", "sales_cost_missing")
"""Sales whose cost is not certain: any of them makes a margin an estimate."""
Values = dict[str, Decimal | None]


def rows(build: Build, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    """The rows of the mart `kpis` for the build's tenant."""
    currency = build.currency()
    code = currency.code if currency else None
    kind = sells.of(build)
    figures, parts = FIGURES[kind], () if kind is Sells.VAULTS else ESTIMATED
    known = values(build, [*figures, *parts], {days for case in cases for days in (case.days.now, case.days.before)})
    for case in cases:
        now = known[case.days.now]
        before = known[case.days.before]
        if case.until:
            before = _vaults_until(build, case) if kind is Sells.VAULTS else _until(build, case)
        for position, name in enumerate(figures, start=1):
            metric, value, previous = build.catalog.metric(name), now[name], before.get(name)
            is_estimate = name in MARGINS and any(now[part] for part in ESTIMATED)
            change, tone = words.change(value, previous, metric, code), words.tone(value, previous, metric.good)
            yield {
                "tenant_id": build.tenant,
                "period": case.period,
                "period_position": case.position,
                "comparison": case.kind,
                "metric": name,
                "label": metric.label + (" (estimated)" if is_estimate else ""),
                "position": position,
                "unit": metric.unit,
                "first_day": case.days.now[0],
                "last_day": case.days.now[1],
                "previous_first_day": case.days.before[0],
                "previous_last_day": case.days.before[1],
                "value": value,
                "previous": previous,
                "difference": None if value is None or previous is None else value - previous,
                "good_direction": metric.good,
                "tone": tone,
                "value_text": words.amount(value, metric, code),
                "previous_text": words.amount(previous, metric, code),
                "change_text": change,
                **{f"{other}_text": change if other == tone else "" for other in ("good", "bad", "neutral")},
            }


def values(build: Build, metrics: Sequence[str], ranges: set[Days]) -> dict[Days, Values]:
    """Metrics of one mart over each of several ranges of days, in one query; unknown in a range without rows."""
    ordered = sorted(ranges)
    query = compile_ranges(build.catalog, metrics, ordered, tenant=build.tenant)
    answers: dict[Days, Values] = {days: dict.fromkeys(metrics) for days in ordered}
    for number, *row in build.rows(query):
        answers[ordered[number]] = dict(zip(metrics, map(exact, row), strict=True))
    return answers


def exact(value: Any) -> Decimal | None:
    """A number with at most six decimal places."""
    if value is None:
        return None
    return (Decimal(repr(value)) if isinstance(value, float) else Decimal(value)).quantize(Decimal("0.000001"))


def _until(build: Build, case: Case) -> Values:
    """The figures of the earlier day up to the time of case.until: those that come from orders and sales.

    Advertising and costs are known by day alone.
    """
    where = f"{build.own} AND date_day = DATE '{case.days.before[0]}'"
    instant = f"TIMESTAMP '{case.until:%Y-%m-%d %H:%M:%S}'"
    ((sales, orders, order_value, units),) = build.rows(
        f"""SELECT
            (SELECT SUM(net_sales_minor) FROM marts.revenue WHERE {where} AND happened_at <= {instant}),
            COUNT(*),
            SUM(gross_sales_minor - discounts_minor),
            (SELECT MAX(minor_units) FROM marts.metrics_daily WHERE {build.own})
        FROM marts.orders WHERE {where} AND processed_at <= {instant}"""
    )
    if not units:
        return {}
    return {
        "net_sales": exact(Decimal(int(sales or 0)) / units),
        "orders_placed": exact(orders),
        "aov": exact(Decimal(int(order_value)) / units / orders) if orders else None,
    }


def _vaults_until(build: Build, case: Case) -> Values:
    """The same for a creator. What was paid back since is not a figure of a part of a day."""
    ((orders, revenue, refunded, units),) = build.rows(
        f"""SELECT SUM(orders), SUM(revenue_minor), SUM(refunded_minor), MAX(minor_units) FROM marts.vault_sales
        WHERE {build.own} AND date_day = DATE '{case.days.before[0]}'
            AND happened_at <= TIMESTAMP '{case.until:%Y-%m-%d %H:%M:%S}'"""
    )
    if not units:
        return {}
    sold, returned = Decimal(int(revenue)) / units, Decimal(int(refunded)) / units
    return {
        "net_after_refunds": exact(sold - returned),
        "vault_orders": exact(orders),
        "vault_aov": exact(sold / int(orders)) if orders else None,
        "vault_revenue": exact(sold),
        "vault_refunded_amount": exact(returned),
    }
