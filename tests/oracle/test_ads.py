"""The oracle of advertising: which pull read a day last, and the sums of the demo's ad accounts on every level."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from simulator import World, demo_world
from simulator.scenarios.ads.books import AdStats
from simulator.scenarios.ads.plan import CAMPAIGN, DELETED, LEVELS
from simulator.world import seconds
from tests.oracle import ads

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLY = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2026, 5, 1), end=END, orders=1_500)


def test_a_row_has_the_purchases_of_the_accounts_default_window() -> None:
    stats = AdStats(1_234_567, 900, 17, purchases={"default": (2, 50_000_000), "28d_click": (3, 70_000_000)})
    assert list(ads.stats_row(stats).values()) == [1_234_567, 900, 17, 2, 50_000_000]
    assert list(ads.gmv_max_row(stats).values()) == [1_234_567, 0, 0, 0, 0]
    assert list(ads.stats_row(AdStats(1, 2, 3)).values()) == [1, 2, 3, 0, 0]


@pytest.mark.parametrize(("micros", "minor"), [(0, 0), (4_999, 0), (5_000, 1), (14_999, 1), (15_000, 2)])
def test_micros_are_rounded_half_up_to_minor_units(micros: int, minor: int) -> None:
    assert ads.minor(micros, 2) == minor
    assert ads.minor(micros * 100, 0) == minor


def test_a_day_was_read_last_by_the_newest_pull_that_covers_it(demo: World) -> None:
    """The second pull reads from October 21 on: 28 days before the first pull, in the same month."""
    account, pulls = demo.ad_account("aurora", "meta"), (END - timedelta(days=2), END - timedelta(days=1))
    first, second = map(seconds, pulls)
    assert ads.readings(date(2026, 5, 1), account, pulls) == [first]
    assert ads.readings(date(2026, 10, 20), account, pulls) == [first]
    assert ads.readings(date(2026, 10, 21), account, pulls) == [first, second]
    assert ads.readings(date(2026, 11, 19), account, pulls) == [second]
    assert ads.readings(date(2026, 11, 20), account, pulls) == []


def test_the_first_pull_of_a_month_reads_thirteen_months(demo: World) -> None:
    """At 05:00 UTC it is still October in Los Angeles (Meta), but November in New York (TikTok)."""
    meta, tiktok = (demo.ad_account("aurora", platform) for platform in ("meta", "tiktok"))
    early, late = (datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC))
    assert ads.readings(date(2026, 5, 1), meta, (early, late)) == [seconds(early)]
    assert ads.readings(date(2026, 5, 1), tiktok, (early, late)) == [seconds(early), seconds(late)]


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_spend_is_the_same_on_every_level_to_the_micro(demo: World, account: str) -> None:
    pulls = (EARLY, EARLY + timedelta(days=20), END)
    sums = []
    for level in LEVELS:
        rows = ads.spend(demo, account, pulls, level).values()
        sums.append({name: sum(row[name] for row in rows) for name in ads.MEASURES})
    totals = [
        day.total()
        for platform in ads.PLATFORMS
        for day in ads.days(demo.ad_account(account, platform), pulls)
    ]  # fmt: skip
    expected = {name: sum(row[name] for row in totals) for name in ads.MEASURES}
    assert sums == [expected] * 3
    assert all(expected.values())


def test_the_spend_of_a_deleted_ad_stays_in_its_campaign(demo: World) -> None:
    """Meta removes a deleted ad from the breakdown of its past days: never read before, its spend has no ad; else it
    is as it was read then."""
    account = demo.ad_account("aurora", "meta")
    at = seconds(END)
    deleted = next(ad for ad in account.ads(at)
                   if ad.own_status(at) == DELETED and ad.at_level(CAMPAIGN).status(at) != DELETED)  # fmt: skip
    day, campaign = account.plan.day(deleted.created_at) + timedelta(days=3), deleted.at_level(CAMPAIGN)
    shown = account.plan.midnight(day + timedelta(days=4))
    before, after = ads.AccountDay(account, day, shown), ads.AccountDay(account, day, at)
    again = ads.AccountDay(account, day, at, (shown,))
    mine = next(key for key in before.rows() if key[2] == deleted.id)
    assert mine not in after.rows()
    assert again.rows()[mine] == before.rows()[mine]
    hidden = account.rows("ad", day, at, visible=False)[deleted]
    assert after.rows()[campaign.id, None, None]["spend_micros"] >= hidden.spend > 0
    for read in (after, again):
        rows = [row for key, row in read.rows().items() if key[0] == campaign.id]
        assert sum(row["spend_micros"] for row in rows) == account.rows(CAMPAIGN, day, at)[campaign].spend


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_a_days_cents_are_within_half_a_cent_of_its_micros(demo: World, account: str) -> None:
    rows = ads.marketing_daily(demo, account, (END,))
    for platform, (_, name) in ads.PLATFORMS.items():
        for day in ads.days(demo.ad_account(account, platform), (END,)):
            micros, row = day.total()["spend_micros"], rows.get((day.day, f"{name} Ads"), {})
            assert abs(row.get("ad_spend_minor", 0) * 10_000 - micros) <= 5_000
    assert {channel for _, channel in rows} == {"Meta Ads", "TikTok Ads"}
