"""Customers of the shop by month (active, lost), and what each has brought in and is likely to.

A customer is active on a day if an order of theirs is less than the tenant's number of days old.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction

from simulator import World
from tests.oracle.configuration import INACTIVE_AFTER
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.finance import orders_by_buyer
from tests.oracle.subscriptions import away_from_zero, following

Row = dict[str, int | str | bool | date | None]


def customers_monthly(world: World, account: str, today: date, at: datetime) -> dict[date, Row]:
    """Rows by month, until the month of today."""
    days, table = INACTIVE_AFTER[account], dict[date, Row]()
    buyers = known_buyers(world, account, at)
    first = min(orders[0].order_day for orders in buyers.values())
    month, before = first.replace(day=1), set[str]()
    while month <= today:
        end = min(following(month) - timedelta(days=1), today)
        active = {
            buyer for buyer, orders in buyers.items()
            if any(0 <= (end - order.order_day).days < days for order in orders)
        }  # fmt: skip
        new = {buyer for buyer, orders in buyers.items() if month <= orders[0].order_day <= end}
        table[month] = {
            "is_complete": following(month) <= today, "inactive_after_days": days,
            "customers_opening": len(before), "customers_new": len(new),
            "customers_returned": len(active - before - new), "customers_closing": len(active),
            "customers_lost": len(before - active) if (end - first).days >= days else None,
        }  # fmt: skip
        month, before = following(month), active
    return table


def known_buyers(world: World, account: str, at: datetime) -> Mapping[str, list[OrderFacts]]:
    """The orders of each buyer who can be recognized, oldest first."""
    return orders_by_buyer(order for order in counted_orders(world.books(account, at)) if order.has_known_buyer)


def customer_ltv(world: World, account: str, today: date, at: datetime) -> dict[str, Row]:
    """Rows by buyer. The next year of a buyer is the mean of what their like of a year ago have brought in since."""
    buyers, year_ago = known_buyers(world, account, at), today - timedelta(days=365)
    groups: dict[tuple[int, int], list[int]] = {}
    for orders in buyers.values():
        if place := _place(orders, year_ago):
            since = sum(order.net_revenue for order in orders if year_ago < order.order_day <= today)
            groups.setdefault(place, []).append(since)
    is_young = all(orders[0].order_day > year_ago for orders in buyers.values())
    rows: dict[str, Row] = {}
    for buyer, orders in buyers.items():
        place = _place(orders, today)
        similar = groups.get(place, []) if place else []
        revenue = sum(order.net_revenue for order in orders)
        next_year = away_from_zero(Fraction(sum(similar), len(similar))) if len(similar) >= 30 else None
        reason = "The first order is less than a year old" if is_young else "Fewer than 30 similar customers a year ago"
        rows[buyer] = {
            "first_order_day": orders[0].order_day, "last_order_day": orders[-1].order_day, "customers": 1,
            "orders": len(orders), "net_revenue_minor": revenue, "similar_customers": len(similar),
            "customers_predicted": int(next_year is not None), "next_year_minor": next_year,
            "predicted_ltv_minor": None if next_year is None else revenue + next_year,
            "no_prediction_because": reason if next_year is None else None,
        }  # fmt: skip
    return rows


def _place(orders: list[OrderFacts], day: date) -> tuple[int, int] | None:
    """How many orders (up to three) a buyer had on a day, and in which span of time before it the newest was."""
    ages = [(day - order.order_day).days for order in orders if order.order_day <= day]
    return (min(len(ages), 3), sum(min(ages) > limit for limit in (90, 180, 365))) if ages else None
