"""Which mart is held against which books: its key, and what computes it after pulls at some instants.

Every function takes (world, account, pulls), the pulls' instants oldest first, and gives rows by key; only the columns
that it speaks of are compared.
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
from tests.oracle import ads, cash, daily, finance, marts, subscriptions, web

Pulls = tuple[datetime, ...]
Rows = dict[Any, dict[str, Any]]
MONEY_OF_A_MONTH = (
    "net_sales", "shipping", "adjustments", "direct_revenue", "direct_refunds", "income", "cost_of_goods", "ad_spend",
    "processing_fees", "disputes", "variable_expenses", "fixed_expenses", "operating_expenses", "contribution_margin",
    "net_burn",
)  # fmt: skip
Compute = Callable[[World, str, Pulls], Mapping[Any, Mapping[str, Any]]]


@dataclass(frozen=True)
class Table:
    """``where`` leaves out rows that the books do not speak of, ``name`` is the mart's where it is not the table's."""

    key: tuple[str, ...]
    compute: Compute
    where: str = "true"
    mart: str | None = None


def as_of_the_last(function: Callable[[World, str, datetime], Any]) -> Compute:
    """Of books that only need to know when the last pull was."""
    return lambda world, account, pulls: function(world, account, pulls[-1])


def _zone(world: World, account: str) -> ZoneInfo:
    return ZoneInfo(world.shop(account).time_zone)


def spend(world: World, account: str, pulls: Pulls) -> Rows:
    """With the names that its objects have now."""
    names = ads.names(world, account, pulls)
    return {
        key: {**row, "campaign_name": names[key[1]] if key[1] else ads.NOBODY, "is_unallocated": key[1] is None}
        for key, row in ads.spend(world, account, pulls).items()
    }


def sessions_daily(world: World, account: str, pulls: Pulls) -> Rows:
    zone, told = _zone(world, account), web.events(world, account, pulls[-1])
    found = web.sessions_daily(told, zone).items()
    return {("files", day, source): {**row, "is_counted": True} for (day, source), row in found}


def sessions(world: World, account: str, pulls: Pulls) -> Rows:
    """Visits by who came when."""
    zone = _zone(world, account)
    return {
        (datetime.fromtimestamp(each.events[0].at, ZoneInfo("UTC")).replace(tzinfo=None), each.person): {
            "date_day": each.day(zone), "traffic_source": each.source, "page_views": each.count("page_view"),
            "has_cart": each.has("add_to_cart"), "has_checkout": each.has("checkout_started"),
            "has_order": each.has("order_submitted"), "order_id": each.order,
        }
        for each in web.sessions(web.events(world, account, pulls[-1]))
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
    table = subscriptions.worths(world, account, pulls[-1], pulls[0])
    return {
        key: {"mrr_minor": now, "movement_mrr_minor": by, "movement": how or "unchanged"}
        for key, (now, how, by) in subscriptions.moved(table).items()
    }


def mrr_monthly(world: World, account: str, pulls: Pulls) -> Rows:
    """As the mart tells it: what was lost as a positive number."""
    zone, first, found = _zone(world, account), seconds(pulls[0]), dict[date, dict[str, Any]]()
    rows = subscriptions.monthly(subscriptions.worths(world, account, pulls[-1], pulls[0])).items()
    for month, row in rows:
        found[month] = {
            **{name: row[name] for name in ("opening_mrr_minor", "new_mrr_minor", "reactivation_mrr_minor",
                                            "expansion_mrr_minor", "closing_mrr_minor", "customers_opening",
                                            "customers_new", "customers_closing")},
            "contraction_mrr_minor": -row["contraction_mrr_minor"], "churned_mrr_minor": -row["churn_mrr_minor"],
            "customers_reactivated": row["customers_reactivation"], "customers_churned": row["customers_churn"],
            "fx_mrr_minor": 0, "arr_minor": 12 * row["closing_mrr_minor"],

            "is_estimated": subscriptions.month_end(month, zone, seconds(pulls[-1])) < first,
        }  # fmt: skip
    return found


def ltv_horizons(world: World, account: str, pulls: Pulls) -> Rows:
    return {**finance.ltv_horizons(world, account, today(world, account, pulls), pulls[-1])}


def finance_monthly(world: World, account: str, pulls: Pulls) -> Rows:
    """Burn and break-even look at the last three whole months, the projection at the last six."""
    now, found = today(world, account, pulls), dict[date, dict[str, Any]]()
    table, balances = daily.months(world, account, pulls), daily.balances(world, account, pulls[-1])
    for month, of in table.items():
        is_complete = subscriptions.following(month) <= now
        whole = [each for each in table if (each <= month if is_complete else each < month)]
        last_three = [table[each] for each in whole[-3:]]
        burn, goal = finance.mean([each.net_burn for each in last_three]), finance.break_even(last_three)
        last_day = min(now, subscriptions.following(month) - timedelta(days=1))
        cash_held, rate = finance.cash_at(balances, last_day), of.margin_rate
        lasts, steps = finance.runway(cash_held, burn), None
        if goal is not None:
            steps = finance.reaches([table[each].income for each in whole[-6:]], 0 if is_complete else 1, goal)
        found[month] = {
            **{f"{name}_minor": getattr(of, name) for name in MONEY_OF_A_MONTH},
            "is_complete": is_complete, "cash_balance_minor": cash_held,
            "trailing_burn_minor": None if burn is None else subscriptions.away_from_zero(burn),
            "burning_minor": None if burn is None else max(0, subscriptions.away_from_zero(burn)),
            "runway_months": None if lasts is None else Decimal(floor(lasts * 100)) / 100,
            "contribution_margin_rate": rate and Decimal(subscriptions.away_from_zero(rate * 10**6)) / 10**6,
            "break_even_revenue_minor": None if goal is None else subscriptions.away_from_zero(goal),
            "break_even_month": None if steps is None else _later(month, steps),
        }  # fmt: skip
    return found


def _later(month: date, count: int) -> date:
    place = month.month - 1 + count
    return date(month.year + place // 12, place % 12 + 1, 1)


TABLES: dict[str, Table] = {
    "metrics_daily": Table(("source", "date_day", "channel"), daily.metrics_daily),
    "product_daily": Table(("product_key", "date_day"), as_of_the_last(marts.product_daily)),
    "customer_daily": Table(("customer_key", "date_day"), as_of_the_last(marts.customer_daily)),
    "cohorts": Table(("cohort_month", "month_number"), as_of_the_last(marts.cohorts)),
    "orders": Table(("order_id",), as_of_the_last(marts.order_rows)),
    "refunds": Table(("refund_id",), as_of_the_last(marts.refund_rows)),
    "cash": Table(("balance_transaction_id",), as_of_the_last(cash.cash_rows)),
    "order_charges": Table(("charge_id",), as_of_the_last(cash.order_charges)),
    "spend": Table(("platform", "campaign_id", "ad_set_id", "ad_id", "date_day"), spend),
    "sessions": Table(("started_at", "user_key"), sessions),
    "sessions_daily": Table(("source", "date_day", "traffic_source"), sessions_daily, "is_counted"),
    "funnel_daily": Table(("funnel", "step_number", "date_day"), funnel_daily),
    "activity_daily": Table(("date_day",), activity_daily),
    "feature_daily": Table(("feature", "date_day"), feature_daily),
    "customer_mrr": Table(("customer_id", "date_month"), customer_mrr),
    "mrr_monthly": Table(("date_month",), mrr_monthly),
    "finance_monthly": Table(("date_month",), finance_monthly),
    "ltv_horizons": Table(("cohort_month", "horizon_days"), ltv_horizons),
}
