"""Subscriptions of a shop that are few enough to count."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.oracle import renewals
from tests.oracle.shop import Corner


def test_month_until_today_begins_after_the_same_day_of_the_month_before() -> None:
    days = {
        date(2026, 3, 15): date(2026, 2, 16),
        date(2026, 3, 30): date(2026, 2, 28),
        date(2026, 4, 30): date(2026, 4, 1),
        date(2026, 2, 28): date(2026, 2, 1),
        date(2026, 1, 1): date(2025, 12, 2),
    }
    assert {end: renewals.month_before(end) for end in days} == days


def test_renewals_of_a_month_are_goods_after_discounts_and_totals_are_whole() -> None:
    """The first order is a period of a subscription at Stripe, the last renewal was cancelled."""
    corner = Corner()
    for number, (day, customer, cancelled) in enumerate((
        ("2026-01-20", corner.ann, False), ("2026-02-20", corner.ann, False), ("2026-02-10", corner.bob, False),
        ("2026-03-12", corner.bob, False), ("2026-03-13", corner.bob, True),
    )):  # fmt: skip
        order = corner.order(f"{day}T15:00:00", customer, corner.line(corner.cup, 1, 1000 + number), paid=1000)
        order.source = "subscription_contract"
        order.cancelled_at = order.processed_at + 60 if cancelled else order.cancelled_at
    corner.order("2026-03-12T15:00:00", corner.ann, corner.line(corner.mug, 1, 2000), paid=2500)
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    first = corner.history.orders[0].id
    assert renewals.shop_subscriptions(corner.world(), "corner", date(2026, 3, 15), at, {first}) == {
        date(2026, 1, 1): {"shop_mrr_minor": 0, "shop_subscribers": 0, "subscription_order_totals_minor": 1000},
        date(2026, 2, 1): {"shop_mrr_minor": 2000, "shop_subscribers": 2, "subscription_order_totals_minor": 2000},
        date(2026, 3, 1): {"shop_mrr_minor": 2000, "shop_subscribers": 2, "subscription_order_totals_minor": 2000},
    }
