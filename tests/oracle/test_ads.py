"""Spend on a plan small enough to count, what is read when, and the sums of the demo's ad accounts on every level."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from simulator import World, demo_world
from simulator.scenarios.ads.books import AdStats
from simulator.scenarios.ads.plan import DELETED, LEVELS
from simulator.world import seconds
from tests.oracle import ads

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLY = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2026, 5, 1), end=END, orders=1_500)


def test_what_a_row_tells_is_in_the_accounts_own_window() -> None:
    numbers = AdStats(1_234_567, 900, 17, purchases={"default": (2, 50_000_000), "28d_click": (3, 70_000_000)})
    assert list(ads.told(numbers).values()) == [1_234_567, 900, 17, 2, 50_000_000]
    assert list(ads.told_of_gmv_max(numbers).values()) == [1_234_567, 0, 0, 0, 0]
    assert list(ads.told(AdStats(1, 2, 3)).values()) == [1, 2, 3, 0, 0]


@pytest.mark.parametrize(("micros", "minor"), [(0, 0), (4_999, 0), (5_000, 1), (14_999, 1), (15_000, 2)])
def test_micros_become_cents_once_halves_up(micros: int, minor: int) -> None:
    assert ads.minor(micros, 2) == minor
    assert ads.minor(micros * 100, 0) == minor


def test_a_day_is_as_it_was_last_read(demo: World) -> None:
    """The second pull reads from 23 October on: 28 days before the first, both of one month."""
    account, pulls = demo.ad_account("aurora", "meta"), (END - timedelta(days=2), END - timedelta(days=1))
    assert ads.read_at(date(2026, 5, 1), account, pulls) == seconds(pulls[0])
    assert ads.read_at(date(2026, 10, 20), account, pulls) == seconds(pulls[0])
    assert ads.read_at(date(2026, 10, 21), account, pulls) == seconds(pulls[1])
    assert ads.read_at(date(2026, 11, 19), account, pulls) == seconds(pulls[1])
    assert ads.read_at(date(2026, 11, 20), account, pulls) is None


def test_the_first_pull_of_a_month_reads_thirteen_months(demo: World) -> None:
    """At five in the morning UTC it is still October in Los Angeles, and November in New York."""
    at_meta, at_tiktok = (demo.ad_account("aurora", platform) for platform in ("meta", "tiktok"))
    early, late = (datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC))
    assert ads.read_at(date(2026, 5, 1), at_meta, (early, late)) == seconds(early)
    assert ads.read_at(date(2026, 5, 1), at_tiktok, (early, late)) == seconds(late)


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_spend_is_the_same_on_every_level_to_the_micro(demo: World, account: str) -> None:
    pulls = (EARLY, EARLY + timedelta(days=20), END)
    sums = []
    for level in LEVELS:
        rows = ads.spend(demo, account, pulls, level).values()
        sums.append({name: sum(row[name] for row in rows) for name in ads.MEASURES})
    totals = [
        each.total()
        for platform in ads.PLATFORMS
        for each in ads.days(demo.ad_account(account, platform), pulls)
    ]  # fmt: skip
    whole = {name: sum(row[name] for row in totals) for name in ads.MEASURES}
    assert sums == [whole] * 3
    assert all(whole.values())


def test_a_deleted_ads_spend_stays_in_the_total_and_is_nobodys(demo: World) -> None:
    """At Meta an ad that is deleted is gone from the breakdown of its past days; from then on nobody explains it."""
    account = demo.ad_account("aurora", "meta")
    at = seconds(END)
    gone = next(ad for ad in account.ads(at) if ad.own_status(at) == DELETED)
    day = account.plan.day(gone.created_at) + timedelta(days=3)
    before = ads.Day(account, day, account.plan.midnight(day + timedelta(days=4)))
    after = ads.Day(account, day, at)
    assert gone.id in {key[2] for key in before.rows()}
    assert gone.id not in {key[2] for key in after.rows()}
    lost = account.rows("ad", day, at, visible=False)[gone]
    assert after.rows()[None, None, None]["spend_micros"] >= lost.spend > 0


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_a_days_cents_are_within_half_a_cent_of_its_micros(demo: World, account: str) -> None:
    found = ads.marketing_daily(demo, account, (END,))
    for platform, (_, name) in ads.PLATFORMS.items():
        for each in ads.days(demo.ad_account(account, platform), (END,)):
            micros, row = each.total()["spend_micros"], found.get((each.day, f"{name} Ads"), {})
            assert abs(row.get("ad_spend_minor", 0) * 10_000 - micros) <= 5_000
    assert {channel for _, channel in found} == {"Meta Ads", "TikTok Ads"}
