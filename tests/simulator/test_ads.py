"""The books of ad accounts: additive to the micro at every level, restated for weeks, with a stable past."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from simulator import World, demo_world
from simulator.books import DAY, HOUR
from simulator.scenarios.ads.books import AdAccount, AdStats
from simulator.scenarios.ads.plan import LEVELS
from simulator.world import seconds

START, END = date(2026, 1, 15), datetime(2026, 3, 20, 10, tzinfo=UTC)
ACCOUNTS = [(shop, platform) for shop in ("aurora", "nordlicht") for platform in ("meta", "tiktok")]


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=11, start=START, end=END, orders=4_000)


@pytest.fixture(params=ACCOUNTS, ids="-".join)
def account(world: World, request: pytest.FixtureRequest) -> AdAccount:
    return world.ad_account(*request.param)


def additive(*rows: AdStats) -> tuple[object, ...]:
    """The sums of everything but reach, which is not additive."""
    total = AdStats()
    for row in rows:
        total.add(row)
    purchases = {window: pair for window, pair in sorted(total.purchases.items()) if pair != (0, 0)}
    return total.spend, total.impressions, total.clicks, total.link_clicks, total.carts, purchases


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("days_before", [0, 20, 40])
def test_shown_rows_and_the_unallocated_rest_add_up_to_the_accounts_total(
    account: AdAccount, level: str, days_before: int
) -> None:
    at = seconds(END - timedelta(days=days_before))
    hidden = 0
    for day in account.days(at):
        total = account.total(day, at) or AdStats()
        rest = account.unallocated(level, day, at)
        assert additive(*account.rows(level, day, at).values(), rest) == additive(total)
        hidden += rest.spend
    assert hidden > 0 or days_before > 0, "until the end something was deleted at each level"


def test_breakdown_rows_have_fractions_of_a_cent(account: AdAccount) -> None:
    rows = [row for day in account.days(seconds(END)) for row in account.rows("ad", day, seconds(END)).values()]
    assert sum(row.spend % 10_000 != 0 for row in rows) > len(rows) / 2


def test_a_day_is_restated_for_28_days_and_not_afterwards(account: AdAccount) -> None:
    day = START + timedelta(days=20)
    end = account.plan.midnight(day + timedelta(days=1))
    by_age = [additive(account.total(day, end + age * DAY) or AdStats()) for age in range(40)]
    changed = [age for age in range(1, 40) if by_age[age] != by_age[age - 1]]
    assert changed, "the day is never restated"
    assert max(changed) > 5
    assert max(changed) <= 28
    assert by_age[28] == by_age[39]


def test_a_days_spend_grows_by_the_hour(account: AdAccount) -> None:
    day = START + timedelta(days=20)
    begin = account.plan.midnight(day)
    spend = [(account.total(day, begin + hour * HOUR) or AdStats()).spend for hour in range(24)]
    assert spend[0] == 0
    assert spend == sorted(set(spend))


def test_a_later_end_of_the_world_does_not_change_earlier_days(world: World) -> None:
    longer = demo_world(seed=11, start=START, end=END + timedelta(days=30), orders=4_000)
    for shop, platform in ACCOUNTS:
        one, other = world.ad_account(shop, platform), longer.ad_account(shop, platform)
        other.total(START, seconds(longer.end))  # reads the later orders first
        for day in one.days(seconds(END)):
            rows = {node.id: row for node, row in one.rows("ad", day, seconds(END)).items()}
            assert rows == {node.id: row for node, row in other.rows("ad", day, seconds(END)).items()}
            assert one.total(day, seconds(END)) == other.total(day, seconds(END))


def test_another_seed_gives_other_stats() -> None:
    first, second = (demo_world(seed=seed, start=START, end=END, orders=50).ads[0] for seed in (1, 2))
    assert first.total(START, seconds(END)) != second.total(START, seconds(END))


def test_both_platforms_report_some_of_the_same_orders(world: World) -> None:
    at = seconds(END)
    for shop in ("aurora", "nordlicht"):
        meta, tiktok = (
            {purchase.order for purchase in world.ad_account(shop, platform).attributed_purchases(at)}
            for platform in ("meta", "tiktok")
        )
        orders = {order.id for order in world.history(shop).orders}
        assert meta & tiktok
        assert meta - tiktok
        assert tiktok - meta
        assert meta | tiktok < orders


def test_an_attributed_purchase_has_the_value_of_the_order_when_it_was_placed(world: World) -> None:
    account = world.ad_account("aurora", "meta")
    purchases = {purchase.order: purchase for purchase in account.attributed_purchases(seconds(END))}
    orders = [order for order in world.history("aurora").orders if order.id in purchases and not order.test]
    for order in orders:
        cents = sum(
            line.quantity * line.unit_price - sum(discount.amount for discount in line.discounts)
            for line in order.lines
        )
        assert purchases[order.id].value == cents * 10_000
        assert purchases[order.id].reported_at > order.created_at


def test_ads_are_renamed_paused_archived_and_deleted(account: AdAccount) -> None:
    at = seconds(END)
    nodes = [node for level in LEVELS for node in account.nodes(level, at)]
    assert any(node.name(at) != node.names[0][1] for node in nodes)
    deleted = {"DELETED"} if account.platform == "meta" else {"PURGED"}
    assert {"ACTIVE", "PAUSED", "ARCHIVED"} | deleted <= {node.status(at) for node in nodes}
    assert len({node.id for node in nodes}) == len(nodes)


def test_some_accounts_have_another_time_zone_than_their_shop(world: World) -> None:
    zones = {account.time_zone for account in world.ads}
    assert len(zones) == 4
    assert any(account.time_zone != account.history.shop.time_zone for account in world.ads)
    assert any(account.time_zone == account.history.shop.time_zone for account in world.ads)
