"""The oracle of recurring revenue: every scenario of the demo's subscribers, and movements, counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator import World, demo_world
from simulator.books import DAY
from simulator.scenarios.payments import payment_books
from simulator.scenarios.payments.books import StripeObject
from simulator.scenarios.payments.scenarios import SCENARIOS
from simulator.world import seconds
from tests.oracle import subscriptions

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = list(SCENARIOS)


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2025, 10, 16), end=END, orders=300)


def subscribers(world: World, scenario: str) -> list[StripeObject]:
    """The subscribers of a scenario, oldest first; the number in the id says which scenario a subscriber has."""
    prefix, turn = "cus_auroram", NAMES.index(scenario)
    customers = payment_books(world, "aurora").ledger.objects["customer"]
    members = [customer for customer in customers if customer.id.startswith(prefix)]
    return [member for member in members if int(member.id.removeprefix(prefix)) % len(NAMES) == turn]


def mrr(world: World, scenario: str, days: int, pulled: int | None = None) -> int:
    """The MRR of a scenario's first subscriber, days after the start; as billed, if first pulled on a later day."""
    subscriber = subscribers(world, scenario)[0]
    at, first_pull = subscriber.created + days * DAY, pulled and subscriber.created + pulled * DAY
    return subscriptions.mrr_by_customer(payment_books(world, "aurora"), at, first_pull).get(subscriber.id, 0)


@pytest.mark.parametrize(
    ("scenario", "by_day"),
    [
        ("plain", {0: 1900, 200: 1900}),
        ("trial_converts", {5: 0, 13: 0, 15: 1900}),
        ("trial_canceled", {5: 0, 10: 0, 20: 0}),
        ("reactivated", {19: 1900, 21: 0, 37: 0, 39: 1900}),
        ("upgraded", {16: 1900, 18: 3900}),
        ("downgraded", {44: 3900, 46: 1900}),
        ("failed_and_canceled", {24: 1900, 40: 1900, 51: 0}),  # past_due counts
        ("failed_and_paid", {34: 1900, 40: 1900}),
        ("paused", {11: 1900, 13: 0, 74: 0, 76: 1900}),
        ("deleted", {32: 1900, 35: 0}),
        ("forever_coupon", {1: 1425}),  # 25 % off 19.00
        ("once_coupon", {0: 1900, 1: 1900}),
        ("repeating_coupon", {1: 1900, 120: 1900}),
        ("customer_coupon", {1: 1600}),  # 3.00 off
        ("item_coupon", {1: 1425 + 3900}),
        ("patron", {1: 0}),
        ("yearly", {1: 1583}),  # 190.00 / 12 = 15.8333
        ("quarterly", {1: 1800}),  # 54.00 / 3
        ("weekly", {1: 10833, 61: 0}),  # 2 × 12.50 × 52 / 12 = 108.3333
        ("team", {1: 5 * 900 + 2 * 700, 41: 5 * 900 + 15 * 700 + 3 * 500, 101: 4 * 900}),
        ("metered", {40: 0}),
        ("tax_inclusive", {1: 2000}),  # 23.80 contain 19 % tax
        ("cancels_at_period_end", {11: 1900, 32: 0}),
        ("cancellation_revoked", {15: 1900, 60: 1900}),
        ("one_off_invoice", {9: 1900}),
        ("default_tax_rates", {1: 2000}),
        (
            "coupon_and_customer_coupon",
            {1: 1900, 88: 1900, 120: 1600},
        ),  # the customer's coupon applies after the subscription's
        ("two_coupons", {1: 1200}),  # 3.00 off 19.00, then 25 % off 16.00
    ],
)
def test_the_mrr_of_a_subscriber(demo: World, scenario: str, by_day: dict[int, int]) -> None:
    assert {day: mrr(demo, scenario, day) for day in by_day} == by_day


@pytest.mark.parametrize(
    ("scenario", "by_day"),
    [
        ("upgraded", {16: 1900, 18: 3900}),  # a higher price shows at once, by its prorations
        ("downgraded", {46: 3900, 63: 1900}),  # the first period at the lower price begins after two months
        (
            "paused",
            {13: 1900, 32: 0, 76: 0, 93: 1900},
        ),  # the second invoice is void, the fourth is paid
        ("team", {41: 16_500, 101: 16_500, 124: 3600}),
        ("reactivated", {21: 0, 39: 1900}),
        ("trial_converts", {13: 0, 15: 1900}),
        ("failed_and_canceled", {40: 1900, 51: 0}),
        ("coupon_and_customer_coupon", {10: 1600}),  # the subscription's coupon had ended by the first pull
    ],
)
def test_mrr_before_the_first_pull_is_as_billed(demo: World, scenario: str, by_day: dict[int, int]) -> None:
    assert {day: mrr(demo, scenario, day, pulled=200) for day in by_day} == by_day


def test_coupons_before_the_first_pull_are_those_of_the_first_pull(demo: World) -> None:
    assert [mrr(demo, "coupon_and_customer_coupon", 10, pulled=day) for day in (60, 120)] == [1900, 1600]


def test_every_scenario_is_counted_by_hand() -> None:
    (mark,) = [mark for mark in test_the_mrr_of_a_subscriber.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert [scenario for scenario, _ in mark.args[1]] == NAMES


JAN, FEB, MAR, APR, MAY = (date(2026, month, 1) for month in range(1, 6))
TABLE = {
    JAN: {"ann": 1900, "bob": 1000},
    FEB: {"ann": 3900, "bob": 1000, "cyd": 500},
    MAR: {"ann": 1900, "cyd": 500},
    APR: {"ann": 1900, "bob": 700},
    MAY: {"ann": 1900, "bob": 700},
}


def test_movements_of_a_table_of_five_months() -> None:
    """Bob cancels in March and comes back in April at another price: the whole new price is a reactivation."""
    rows = {month: {name: value for name, value in row.items() if value} for month, row in
             subscriptions.monthly(TABLE).items()}  # fmt: skip
    assert rows[JAN] == {"closing_mrr_minor": 2900, "new_mrr_minor": 2900, "customers_closing": 2, "customers_new": 2}
    assert rows[FEB] == {"opening_mrr_minor": 2900, "expansion_mrr_minor": 2000, "new_mrr_minor": 500,
                          "closing_mrr_minor": 5400, "customers_opening": 2, "customers_new": 1,
                          "customers_closing": 3}  # fmt: skip
    assert rows[MAR] == {"opening_mrr_minor": 5400, "contraction_mrr_minor": -2000, "churn_mrr_minor": -1000,
                          "closing_mrr_minor": 2400, "customers_opening": 3, "customers_churn": 1,
                          "customers_closing": 2}  # fmt: skip
    assert rows[APR] == {"opening_mrr_minor": 2400, "churn_mrr_minor": -500, "reactivation_mrr_minor": 700,
                          "closing_mrr_minor": 2600, "customers_opening": 2, "customers_reactivation": 1,
                          "customers_churn": 1, "customers_closing": 2}  # fmt: skip
    assert rows[MAY] == {"opening_mrr_minor": 2600, "closing_mrr_minor": 2600, "customers_opening": 2,
                          "customers_closing": 2}  # fmt: skip


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_opening_mrr_and_movements_add_up_to_closing_mrr(demo: World, account: str) -> None:
    rows = subscriptions.monthly(subscriptions.mrr_by_month(demo, account))
    assert len(rows) == 14
    names = ("new", "reactivation", "churn", "expansion", "contraction")
    for row in rows.values():
        change = sum(row[f"{name}_mrr_minor"] for name in names)
        assert row["opening_mrr_minor"] + change == row["closing_mrr_minor"]
        new_customers = row["customers_new"] + row["customers_reactivation"] - row["customers_churn"]
        assert row["customers_opening"] + new_customers == row["customers_closing"]
    for name in names:
        assert any(row[f"{name}_mrr_minor"] for row in rows.values()), name


def test_a_month_ends_at_the_tenants_midnight_and_the_current_one_now(demo: World) -> None:
    zone = ZoneInfo("America/New_York")
    assert subscriptions.month_end(JAN, zone, seconds(END)) == seconds(datetime(2026, 2, 1, 4, 59, 59, tzinfo=UTC))
    assert subscriptions.month_end(date(2026, 11, 1), zone, seconds(END)) == seconds(END)
    early = subscriptions.mrr_by_month(demo, "aurora", END - timedelta(days=100))
    late = subscriptions.mrr_by_month(demo, "aurora")
    assert list(early)[-1] == date(2026, 8, 1)
    assert all(early[month] == late[month] for month in list(early)[:-1])
