"""A late event changes the days and months that it concerns, in every mart, and no others.

A small world is synced at eight instants and built at six of them. After each build every row is compared with the
oracle, and so is the set of rows that changed since the build before.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator import World, demo_world, serve
from simulator.scenarios.payments import payment_books
from tests import shared_cache
from tests.end_to_end.sources import FiveSources, Shops
from tests.end_to_end.test_the_books import columns, read
from tests.oracle.tables import TABLES

OPENED = date(2026, 1, 20)
LOOKS = [
    datetime(2026, 2, 26, 12, tzinfo=UTC),  # everything so far; an order is edited seven hours later
    datetime(2026, 2, 28, 22, 30, tzinfo=UTC),  # before the month ends in Berlin and New York
    datetime(2026, 3, 6, 8, tzinfo=UTC),
    datetime(
        2026, 3, 9, 15, tzinfo=UTC
    ),  # the fourth members came back, of one shop on the 6th, of the other on the 9th
    datetime(2026, 3, 15, 12, tzinfo=UTC),  # a refund of each shop has failed, on the 14th and the 11th
    datetime(2026, 3, 31, 21, 30, tzinfo=UTC),
    datetime(2026, 4, 30, 21, 30, tzinfo=UTC),
    datetime(2026, 5, 12, 12, tzinfo=UTC),  # an order of January was refunded in the meantime
]
BUILDS = [0, 2, 3, 4, 6, 7]  # after which looks the marts are built
ALWAYS = ("metrics_daily", "spend", "cash", "mrr_monthly", "customer_mrr")  # something of these moves in every build
CHECKED = (*ALWAYS, "orders", "product_daily", "customer_daily", "order_charges", "finance_monthly", "funnel_daily",
           "sessions_daily", "activity_daily")  # fmt: skip
Numbers = dict[Any, dict[str, int]]


def solid(rows: Any) -> Numbers:
    """Whole numbers that are not zero; names, flags and rates are left out."""
    numbers = {
        key: {name: value for name, value in row.items() if type(value) is int and value} for key, row in rows.items()
    }
    return {key: row for key, row in numbers.items() if row}


def changed(before: Numbers, after: Numbers) -> set[Any]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@dataclass
class Spring:
    """The marts' numbers after each build."""

    world: World
    numbers_after: dict[tuple[str, str, int], Numbers] = field(default_factory=dict)
    titles_after: dict[int, dict[str, str]] = field(default_factory=dict)

    def expected(self, account: str, mart: str, build: int) -> Numbers:
        return solid(TABLES[mart].compute(self.world, account, tuple(LOOKS[: BUILDS[build] + 1])))

    def moved(self, account: str, mart: str, build: int) -> set[Any]:
        """Keys of rows that differ between this build and the one before it."""
        return changed(self.numbers_after[account, mart, build - 1], self.numbers_after[account, mart, build])


def sync_and_build(world: World, account: str, folder: Path) -> None:
    """Sync one shop at each look; keep what was published after each build."""
    place = FiveSources(folder / "installation")
    with serve(world, now=LOOKS[0]) as server:
        place.configure_all(server, [account])
        for number, now in enumerate(LOOKS):
            if number not in BUILDS:
                place.pull_at(server, now)
                continue
            place.at(server, now)
            place.run()
            shutil.copytree(place.current, folder / str(number))


@pytest.fixture(scope="module", params=["aurora", pytest.param("nordlicht", marks=pytest.mark.deep)])
def account(request: pytest.FixtureRequest) -> str:
    """The shop; the other one has another currency, another zone, and the same events on other days."""
    return str(request.param)


@pytest.fixture(scope="module")
def spring(account: str) -> Spring:
    world = demo_world(seed=11, start=OPENED, end=LOOKS[-1], orders=600)
    folder = shared_cache.entry(
        f"what-changes-{account}",
        f"11 600 {OPENED} {LOOKS} {BUILDS}",
        lambda folder: sync_and_build(world, account, folder),
    )
    spring = Spring(world)
    for build, number in enumerate(BUILDS):
        shops = Shops(world, FiveSources(folder), tuple(LOOKS[: number + 1]), folder / str(number))
        spring.titles_after[build] = dict(shops.rows(account, "products", ("product_key", "product_title")))
        for mart in CHECKED:
            names = columns(TABLES[mart].compute(world, account, shops.pulls))
            spring.numbers_after[account, mart, build] = solid(read(shops, account, mart, TABLES[mart], names))
    return spring


@pytest.mark.parametrize("mart", CHECKED)
def test_every_row_equals_the_oracle_after_each_build(spring: Spring, account: str, mart: str) -> None:
    for build in range(len(BUILDS)):
        numbers_after, expected = spring.numbers_after[account, mart, build], spring.expected(account, mart, build)
        wrong = sorted(changed(numbers_after, expected), key=str)
        assert not wrong, (build, [(key, numbers_after.get(key), expected.get(key)) for key in wrong[:5]])


@pytest.mark.parametrize("mart", CHECKED)
def test_only_rows_with_an_event_change(spring: Spring, account: str, mart: str) -> None:
    touched = [changed(spring.expected(account, mart, build - 1), spring.expected(account, mart, build))
               for build in range(1, len(BUILDS))]  # fmt: skip
    assert any(touched)
    for build, expected in enumerate(touched, 1):
        assert spring.moved(account, mart, build) == expected
        if mart in ALWAYS:
            assert expected
        if mart in ALWAYS and build in (2, 3):
            assert len(expected) < len(spring.numbers_after[account, mart, build]) / 2, "most past rows do not change"


def local(at: int, account: str, spring: Spring) -> date:
    zone = ZoneInfo(spring.world.shop(account).time_zone)
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


IN_AURORA = pytest.mark.parametrize("account", ["aurora"], indirect=True)
"""In the other shop it happens on days between which nothing is built."""


def of_scenario(spring: Spring, account: str, look: int, scenario: str) -> dict[int, Any]:
    """Orders of a scenario that exist at a look, by id."""
    orders = spring.world.books(account, LOOKS[look]).orders
    return {order.id: order for order in orders if order.scenario.startswith(scenario)}


def placed(spring: Spring, account: str, build: int, day: date) -> int:
    rows = spring.numbers_after[account, "metrics_daily", build]
    return sum(row.get("orders_placed", 0) for (_, row_day, _), row in rows.items() if row_day == day)


@IN_AURORA
def test_edit_on_the_next_day_changes_the_days_of_the_edit(spring: Spring, account: str) -> None:
    (order,), (edited,) = (of_scenario(spring, account, look, "edit_does_all").values() for look in (0, 2))
    assert (len(order.edits), len(edited.edits)) == (0, 2)
    days = {day for source, day, _ in spring.moved(account, "metrics_daily", 1) if source == "shopify"}
    assert {local(edit.happened_at, account, spring) for edit in edited.edits} <= days


@IN_AURORA
def test_deleted_order_no_longer_counts_on_its_day(spring: Spring, account: str) -> None:
    before, after = (of_scenario(spring, account, look, "deleted") for look in (6, 7))
    assert before and not before.keys() & after.keys()
    days = [local(order.processed_at, account, spring) for order in before.values()]
    for day in days:
        assert placed(spring, account, 5, day) == placed(spring, account, 4, day) - days.count(day)


@IN_AURORA
def test_imported_order_counts_on_the_day_on_which_it_was_placed(spring: Spring, account: str) -> None:
    before, after = (of_scenario(spring, account, look, "imported") for look in (4, 6))
    (number,) = after.keys() - before.keys()
    day = local(after[number].processed_at, account, spring)
    assert day < OPENED
    keys = [spring.numbers_after[account, "metrics_daily", build].keys() for build in (3, 4)]
    assert [any(("shopify", day) == key[:2] for key in of_build) for of_build in keys] == [False, True]


@IN_AURORA
def test_renamed_product_shows_its_new_title(spring: Spring, account: str) -> None:
    before, after = spring.titles_after[1], spring.titles_after[2]
    renamed = {key for key, title in after.items() if title != before.get(key, title)}
    assert len(renamed) == 1
    assert after[renamed.pop()].endswith("(2nd edition)")


def test_the_world_contains_the_clock_change_of_the_time_zone(spring: Spring, account: str) -> None:
    clock_change = {"aurora": date(2026, 3, 8), "nordlicht": date(2026, 3, 29)}[account]
    assert clock_change in {day for _, day, _ in spring.numbers_after[account, "metrics_daily", 5]}


def test_returning_subscriber_changes_only_the_month_of_the_return(spring: Spring, account: str) -> None:
    """The fourth subscriber came at the end of January, left in February and returned in March."""
    key = f"cus_{account}m00003"
    assert spring.moved(account, "mrr_monthly", 2) == {date(2026, 3, 1)}
    assert (key, date(2026, 3, 1)) in spring.moved(account, "customer_mrr", 2)
    assert {month for _, month in spring.moved(account, "customer_mrr", 2)} == {date(2026, 3, 1)}
    rows = spring.numbers_after[account, "customer_mrr", 2]
    assert rows[key, date(2026, 2, 1)] == {"movement_mrr_minor": -1900}
    assert rows[key, date(2026, 3, 1)] == {"mrr_minor": 1900, "movement_mrr_minor": 1900}
    assert spring.numbers_after[account, "mrr_monthly", 2][date(2026, 3, 1)]["reactivation_mrr_minor"] == 1900


def test_failed_refund_changes_the_day_of_the_failure_and_not_the_day_of_the_refund(
    spring: Spring, account: str
) -> None:
    entries = payment_books(spring.world, account, LOOKS[4]).entries
    since = int(LOOKS[3].timestamp())
    (failed,) = [each for each in entries if each.type == "refund_failure" and each.created > since]
    (refund,) = [each for each in entries if each.type == "refund" and each.source == failed.source]
    days = {day for source, day, _ in spring.moved(account, "metrics_daily", 3) if source == "stripe"}
    assert local(failed.created, account, spring) in days
    assert local(refund.created, account, spring) not in days
    assert failed.id in spring.moved(account, "cash", 3)
    assert refund.id not in spring.moved(account, "cash", 3)


def test_dispute_changes_the_days_on_which_money_moves(spring: Spring, account: str) -> None:
    """What is on the balance never changes: a dispute of March leaves the charge of February as it was."""
    since = int(LOOKS[4].timestamp())
    entries = {each.id: each for each in payment_books(spring.world, account).entries}
    moved = spring.moved(account, "cash", 4)
    assert all(entries[key].created > since for key in moved)
    disputes = [entries[key] for key in moved if entries[key].reporting_category in ("dispute", "dispute_reversal")]
    assert {each.reporting_category for each in disputes} == {"dispute", "dispute_reversal"}
    days = {day for source, day, _ in spring.moved(account, "metrics_daily", 4) if source == "stripe"}
    assert {local(each.created, account, spring) for each in disputes} <= days
    assert min(days) >= local(since, account, spring)


def test_late_refund_changes_its_own_day_and_the_day_of_the_order(spring: Spring, account: str) -> None:
    order = next(each for each in spring.world.books(account).orders if each.scenario == "late_refund")
    refunded = local(order.refunds[0].processed_at, account, spring)
    ordered = local(order.processed_at, account, spring)
    assert (refunded - ordered).days > 60
    moved = spring.moved(account, "metrics_daily", 4)
    assert {day for source, day, _ in moved if source == "shopify"} >= {ordered, refunded}
    before, after = (
        sum(row.get("refunds_by_order_date_minor", 0) for (source, day, _), row in
            spring.numbers_after[account, "metrics_daily", build].items() if (source, day) == ("shopify", ordered))
        for build in (3, 4)
    )  # fmt: skip
    assert after - before >= sum(each.amount for each in order.refunds[0].transactions) > 0


def test_restated_advertising_day_changes_only_itself(spring: Spring, account: str) -> None:
    """Between 9 and 15 March, of one month: days since, and some of the 28 before them; none that is older."""
    moved = {key[-1] for key in spring.moved(account, "spend", 3)}
    first = LOOKS[3].date() - timedelta(days=29)
    past = {day for day in moved if day < LOOKS[3].date() - timedelta(days=2)}
    assert past, "some day of the past has been restated"
    assert min(moved) >= first
    moved_rows = {(day, channel) for source, day, channel in spring.moved(account, "metrics_daily", 3)
            if source in ("meta_ads", "tiktok_ads")}  # fmt: skip
    assert {day for day, _ in moved_rows} <= moved, "an ad that is deleted moves its rows, and not the account's day"
    assert {day for day, _ in moved_rows} & past
    still = {LOOKS[3].date() - timedelta(days=back) for back in range(2, 28)} - moved
    assert still, "and some has not"
