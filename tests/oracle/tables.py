"""The marts that the oracle computes: each one's key and the function that gives its rows.

Every function takes (world, account, pulls), with the instants of the pulls oldest first, and returns rows by key. A
comparison covers only the columns of these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from simulator import World
from simulator.world import seconds
from tests.oracle import ads, bridge, cash, customers, daily, detail, finance, marts, renewals, subscriptions, web

Pulls = tuple[datetime, ...]
Rows = dict[Any, dict[str, Any]]
MONTHLY_AMOUNTS = (
    "net_sales", "shipping", "adjustments", "direct_revenue", "direct_refunds", "income", "cost_of_goods", "ad_spend",
    "processing_fees", "disputes", "variable_expenses", "fixed_expenses", "operating_expenses", "contribution_margin",
    "net_burn",
)  # fmt: skip
Compute = Callable[[World, str, Pulls], Mapping[Any, Mapping[str, Any]]]


@dataclass(frozen=True)
class Table:
    """``where`` selects the rows that the oracle computes, ``mart`` is the mart's name if not the table's."""

    key: tuple[str, ...]
    compute: Compute
    where: str = "true"
    mart: str | None = None


def as_of_last_pull(function: Callable[[World, str, datetime], Any]) -> Compute:
    """A table that depends only on the last pull."""
    return lambda world, account, pulls: function(world, account, pulls[-1])


def _zone(world: World, account: str) -> ZoneInfo:
    return ZoneInfo(world.shop(account).time_zone)


def spend(world: World, account: str, pulls: Pulls) -> Rows:
    """With the current names of campaigns."""
    names, without_ads = ads.names(world, account, pulls), ads.gmv_max_campaigns(world, account, pulls)
    return {
        key: {
            **row,
            "campaign_name": names[key[1]] if key[1] else ads.UNALLOCATED,
            "is_unallocated": key[3] is None and key[1] not in without_ads,
        }
        for key, row in ads.spend(world, account, pulls).items()
    }


def sessions_daily(world: World, account: str, pulls: Pulls) -> Rows:
    rows = web.sessions_daily(web.events(world, account, pulls[-1]), _zone(world, account))
    return {("files", day, source): {**row, "is_counted": True} for (day, source), row in rows.items()}


def sessions(world: World, account: str, pulls: Pulls) -> Rows:
    """Sessions by begin and person."""
    zone = _zone(world, account)
    return {
        (datetime.fromtimestamp(session.events[0].at, ZoneInfo("UTC")).replace(tzinfo=None), session.person): {
            "date_day": session.day(zone), "traffic_source": session.source, "page_views": session.count("page_view"),
            "has_cart": session.has("add_to_cart"), "has_checkout": session.has("checkout_started"),
            "has_order": session.has("order_submitted"), "order_id": session.order,
        }
        for session in web.sessions(web.events(world, account, pulls[-1]))
    }  # fmt: skip


def funnel_daily(world: World, account: str, pulls: Pulls) -> Rows:
    return {key: {"step_count": count} for key, count in web.funnel_daily(world, account, pulls[-1]).items()}


def activity_daily(world: World, account: str, pulls: Pulls) -> Mapping[date, Mapping[str, int]]:
    return web.activity_daily(web.events(world, account, pulls[-1]), _zone(world, account))


def feature_daily(world: World, account: str, pulls: Pulls) -> Rows:
    return {**web.feature_daily(web.events(world, account, pulls[-1]), _zone(world, account))}


def today(world: World, account: str, pulls: Pulls) -> date:
    """The tenant's day of the last pull."""
    return pulls[-1].astimezone(_zone(world, account)).date()


def customer_mrr(world: World, account: str, pulls: Pulls) -> Rows:
    table = subscriptions.mrr_by_month(world, account, pulls[-1], pulls[0])
    return {
        key: {"mrr_minor": now, "movement_mrr_minor": change, "movement": kind or "unchanged"}
        for key, (now, kind, change) in subscriptions.movements(table).items()
    }


def mrr_monthly(world: World, account: str, pulls: Pulls) -> Rows:
    """Losses are positive numbers, as in the mart; with the subscriptions of the shop."""
    zone, first, rows = _zone(world, account), seconds(pulls[0]), dict[date, dict[str, Any]]()
    months = subscriptions.monthly(subscriptions.mrr_by_month(world, account, pulls[-1], pulls[0]))
    for month, row in months.items():
        rows[month] = {
            **{name: row[name] for name in ("opening_mrr_minor", "new_mrr_minor", "reactivation_mrr_minor",
                                            "expansion_mrr_minor", "closing_mrr_minor", "customers_opening",
                                            "customers_new", "customers_closing")},
            "contraction_mrr_minor": -row["contraction_mrr_minor"], "churned_mrr_minor": -row["churn_mrr_minor"],
            "customers_reactivated": row["customers_reactivation"], "customers_churned": row["customers_churn"],
            "fx_mrr_minor": 0, "arr_minor": 12 * row["closing_mrr_minor"],
            "is_estimated": subscriptions.month_end(month, zone, seconds(pulls[-1])) < first,
        }  # fmt: skip
    at_stripe = renewals.orders_at_stripe(world, account, pulls[-1], customer_mrr(world, account, pulls).keys())
    now = today(world, account, pulls)
    for month, amounts in renewals.shop_subscriptions(world, account, now, pulls[-1], at_stripe).items():
        rows[month] = {"is_estimated": False, **rows.get(month, {}), **amounts,
                       "shop_arr_minor": 12 * amounts["shop_mrr_minor"]}  # fmt: skip
    return rows


def ltv_horizons(world: World, account: str, pulls: Pulls) -> Rows:
    return {**finance.ltv_horizons(world, account, today(world, account, pulls), pulls[-1])}


def customers_monthly(world: World, account: str, pulls: Pulls) -> Rows:
    return {**customers.customers_monthly(world, account, today(world, account, pulls), pulls[-1])}


def customer_ltv(world: World, account: str, pulls: Pulls) -> Rows:
    return {**customers.customer_ltv(world, account, today(world, account, pulls), pulls[-1])}


def finance_monthly(world: World, account: str, pulls: Pulls) -> Rows:
    """Burn and break-even use the last three complete months, the projection the last six."""
    now, rows = today(world, account, pulls), dict[date, dict[str, Any]]()
    months, balances = daily.months(world, account, pulls), daily.balances(world, account, pulls[-1])
    for month, amounts in months.items():
        is_complete = subscriptions.following(month) <= now
        complete = [months[other] for other in months if (other <= month if is_complete else other < month)]
        burn, goal = finance.mean([past.net_burn for past in complete[-3:]]), finance.break_even(complete[-3:])
        last_day = min(now, subscriptions.following(month) - timedelta(days=1))
        balance, rate = finance.cash_at(balances, last_day), amounts.margin_rate
        runway, steps = finance.runway(balance, burn), None
        if goal is not None:
            steps = finance.reaches([past.income for past in complete[-6:]], 0 if is_complete else 1, goal)
        rows[month] = {
            **{f"{name}_minor": getattr(amounts, name) for name in MONTHLY_AMOUNTS},
            "is_complete": is_complete, "cash_balance_minor": balance,
            "trailing_burn_minor": None if burn is None else subscriptions.away_from_zero(burn),
            "burning_minor": None if burn is None else max(0, subscriptions.away_from_zero(burn)),
            "runway_months": None if runway is None else Decimal(floor(runway * 100)) / 100,
            "contribution_margin_rate": rate and Decimal(subscriptions.away_from_zero(rate * 10**6)) / 10**6,
            "break_even_revenue_minor": None if goal is None else subscriptions.away_from_zero(goal),
            "break_even_month": None if steps is None else _months_later(month, steps),
        }  # fmt: skip
    return rows


def _months_later(month: date, count: int) -> date:
    place = month.month - 1 + count
    return date(month.year + place // 12, place % 12 + 1, 1)


TABLES: dict[str, Table] = {
    "metrics_daily": Table(("source", "date_day", "channel"), daily.metrics_daily),
    "product_daily": Table(("product_key", "date_day"), as_of_last_pull(marts.product_daily)),
    "customer_daily": Table(("customer_key", "date_day"), as_of_last_pull(marts.customer_daily)),
    "cohorts": Table(("cohort_month", "month_number"), as_of_last_pull(marts.cohorts)),
    "orders": Table(("order_id",), as_of_last_pull(marts.order_rows)),
    "sales_detail": Table(("order_id", "product_key", "date_day"), detail.sales_detail),
    "customer_ltv": Table(("customer_key",), customer_ltv),
    "customers_monthly": Table(("date_month",), customers_monthly),
    "refunds": Table(("refund_id",), as_of_last_pull(marts.refund_rows)),
    "cash": Table(("balance_transaction_id",), as_of_last_pull(cash.cash_rows)),
    "order_charges": Table(("charge_id",), as_of_last_pull(cash.order_charges)),
    "spend": Table(("platform", "campaign_id", "ad_set_id", "ad_id", "date_day"), spend),
    "sessions": Table(("started_at", "user_key"), sessions),
    "sessions_daily": Table(("source", "date_day", "traffic_source"), sessions_daily, "is_counted"),
    "sales_bridge": Table(
        ("bridge", "stage_position", "step_position", "date_day"), as_of_last_pull(bridge.sales_bridge)
    ),
    "funnel_daily": Table(("funnel", "step_number", "date_day"), funnel_daily),
    "activity_daily": Table(("date_day",), activity_daily),
    "feature_daily": Table(("feature", "date_day"), feature_daily),
    "customer_mrr": Table(("customer_id", "date_month"), customer_mrr),
    "mrr_monthly": Table(("date_month",), mrr_monthly),
    "finance_monthly": Table(("date_month",), finance_monthly),
    "ltv_horizons": Table(("cohort_month", "horizon_days"), ltv_horizons),
}
