"""Subscriptions of the shop by month, from the orders that renew them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from simulator import World
from tests.oracle.cash import StripeAccount
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.subscriptions import following

CHANNEL = "Subscription renewals"


def shop_subscriptions(
    world: World, account: str, today: date, at: datetime, at_stripe: Collection[int] = ()
) -> dict[date, dict[str, int]]:
    """Rows by month, from the first renewal to the month of today, which reaches back to the same day before.

    ``at_stripe`` are the ids of orders that are periods of a subscription at Stripe.
    """
    renewals = [order for order in counted_orders(world.books(account, at)) if order.channel == CHANNEL]
    counted = [order for order in renewals if order.is_valid and order.order.id not in at_stripe]
    table: dict[date, dict[str, int]] = {}
    month = min((order.order_day for order in renewals), default=following(today)).replace(day=1)
    while month <= today:
        end = min(following(month) - timedelta(days=1), today)
        of_month = [order for order in counted if month_before(end) <= order.order_day <= end]
        table[month] = {
            "shop_mrr_minor": sum(order.sum_of("gross_sales") - order.sum_of("discounts") for order in of_month),
            "shop_subscribers": len({order.buyer for order in of_month}),
            "subscription_order_totals_minor": sum(_totals(renewals, month)),
        }
        month = following(month)
    return table


def month_before(end: date) -> date:
    """The first day of the month that ends on a day: the whole month for a month's last day."""
    day = end + timedelta(days=1)
    month = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    return month.replace(day=min(day.day, (following(month) - timedelta(days=1)).day))


def _totals(renewals: list[OrderFacts], month: date) -> list[int]:
    return [order.order_total for order in renewals if order.order_day.replace(day=1) == month]


def orders_at_stripe(world: World, account: str, at: datetime, subscribers: Collection[tuple[str, date]]) -> set[int]:
    """The orders that a customer paid at Stripe in a month in which they subscribe there."""
    return {
        cash.order.order.id for cash in StripeAccount(world, account, at).entries()
        if cash.order is not None and cash.charge is not None
        and (cash.charge["customer"], cash.order.order_day.replace(day=1)) in subscribers
    }  # fmt: skip
