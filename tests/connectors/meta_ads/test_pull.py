"""An ad account pulled many times: restated days, deleted ads, interruptions. Staging equals its books."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import RetryError
from simulator import Fault, SimulatorServer, World, serve
from simulator.scenarios.ads.plan import AD, CAMPAIGN
from simulator.world import seconds
from tests.connectors.meta_ads.pulling import (
    ADS,
    BOUGHT,
    CAMPAIGNS,
    END,
    START,
    TOTALS,
    Place,
    ads,
    campaigns,
    purchases,
    shown,
    totals,
)  # fmt: skip
from tests.sampling import sample

FIRST = END - timedelta(days=24)
STEPS = [("aurora", 149), ("aurora", 77), ("nordlicht", 77)]
"""Shop, and hours between two pulls."""


@pytest.fixture(scope="module", params=sample(STEPS, ("aurora", 149)))
def stepped(world: World, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Place:
    """A first load, then a pull every 149 hours, or every 77."""
    place, now = Place(tmp_path_factory.mktemp("steps"), request.param[0]), FIRST
    with serve(world, now=now) as server:
        place.pull(server)
        while now < END:
            now = min(END, now + timedelta(hours=request.param[1]))
            server.set_now(now)
            place.pull(server)
    return place


def assert_equals_books(place: Place, world: World) -> None:
    """Staging equals the books as of the last read of each day."""
    books = world.ad_account(place.shop, "meta")
    readings = place.readings["ads_insights"]
    assert place.rows(ADS) == ads(books, readings)
    assert place.rows(BOUGHT) == purchases(books, readings)
    assert place.rows(CAMPAIGNS) == campaigns(books, place.readings["campaign_insights"])
    assert place.rows(TOTALS) == totals(books, place.as_of("account_insights"))
    assert place.rows("select count(*) from takings.rejects") == [(0,)]


def test_first_load_equals_the_books_on_every_day(world: World, place: Place, server: SimulatorServer) -> None:
    place.pull(server, since=None)
    assert_equals_books(place, world)
    first, last, read = place.rows("select min(date_day), max(date_day), count(distinct date_day) from "
                                   "meta_ads.account_insights")[0]  # fmt: skip
    assert (first, read) == (START, (last - first).days + 1)
    assert min(place.as_of("ads_insights")) < END.date() - timedelta(days=1000), (
        "all days of Meta's retention were requested"
    )


def test_pulls_at_odd_hours_equal_the_books_of_each_days_last_read(world: World, stepped: Place) -> None:
    assert_equals_books(stepped, world)
    books = world.ad_account(stepped.shop, "meta")
    as_of = stepped.as_of("ads_insights")
    assert len(set(as_of.values())) > 3, "old days are not read again"
    late = books.plan.day(seconds(END)) - timedelta(days=28)
    assert {at for day, at in as_of.items() if day >= late} == {seconds(END)}


def test_deleted_ads_keep_the_rows_that_they_had_and_campaigns_keep_all_their_spend(
    world: World, stepped: Place
) -> None:
    """Ads that were deleted before the first pull have no rows; the campaign's own report has their spend."""
    books = world.ad_account(stepped.shop, "meta")
    readings = stepped.readings["ads_insights"]
    rows = shown(books, AD, readings)
    deleted = {(day, ad.id) for day, ad in rows if ad not in books.rows(AD, day, readings[day][-1])}
    assert deleted
    assert deleted <= set(stepped.rows("select date_day, ad_id from meta_ads.ads_insights"))
    rest = {key: stats.spend for key, (stats, _) in shown(books, CAMPAIGN, readings).items()}
    for (day, ad), (stats, _) in rows.items():
        rest[day, ad.at_level(CAMPAIGN)] -= stats.spend
    expected = {(day, campaign.id): spend for (day, campaign), spend in rest.items()}
    assert {(day, key): spend for day, key, spend in stepped.rows("""
        select c.date_day, c.campaign_id, max(c.spend_micros) - coalesce(sum(a.spend_micros), 0)
        from meta_ads.campaign_insights as c left join meta_ads.ads_insights as a using (date_day, campaign_id)
        group by c.date_day, c.campaign_id""")} == expected  # fmt: skip
    assert any(spend > 0 for spend in expected.values())


def test_days_outside_the_lookback_keep_their_last_values(world: World, stepped: Place) -> None:
    books, as_of = world.ad_account(stepped.shop, "meta"), stepped.as_of("ads_insights")
    old = [day for day, at in as_of.items() if day >= START and at < seconds(END)]
    rows = stepped.rows("select count(*) from meta_ads.ads_insights where date_day = any(?)", [old])
    assert rows[0][0] >= sum(len(books.rows("ad", day, seconds(END))) for day in old)


@pytest.mark.deep  # the conformance kit repeats and replays a smaller account
def test_repeated_pull_changes_no_table_and_lands_nothing(place: Place, server: SimulatorServer) -> None:
    place.pull(server, "first")
    before, parts = place.tables(), len(list((place.root / "landing").rglob("*.zst")))
    server.set_now(END + timedelta(minutes=20))
    results = place.pull(server, "second")
    assert {stream: (result.changed, result.rejected) for stream, result in results.items()} == dict.fromkeys(
        results, (0, 0)
    )
    assert place.tables() == before
    assert len(list((place.root / "landing").rglob("*.zst"))) == parts


def test_lookback_of_one_day_changes_two_days_only(world: World, place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    before = {row[:2]: row for row in place.rows(ADS)}
    server.set_now(END + timedelta(hours=2))
    place.pull(server, lookback_days=1)
    today = world.ad_account("aurora", "meta").plan.day(seconds(END))
    changed = {row[0] for row in place.rows(ADS) if before.get(row[:2]) != row}
    assert changed <= {today, today - timedelta(days=1)}
    assert today in changed
    assert_equals_books(place, world)


def test_since_sets_the_first_day(place: Place, server: SimulatorServer) -> None:
    since = END.date() - timedelta(days=10)
    place.pull(server, since=since)
    assert place.rows("select min(date_day) from meta_ads.ads_insights") == [(since,)]
    assert min(place.as_of("ads_insights")) == since


def test_interrupted_load_resumes_after_the_last_landed_part(
    world: World, place: Place, server: SimulatorServer, tmp_path: Path
) -> None:
    server.faults.add(Fault("error", on="meta:run_insights", status=502, times=None, skip=1))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()
    server.log.clear()
    server.set_now(END + timedelta(hours=1))
    place.pull(server)
    runs = [request.parameters["time_range"] for request in server.log if request.resources == ("meta:insights",)]
    assert str(START) not in runs[0]
    assert place.rows("select count(distinct date_day) from meta_ads.ads_insights")[0][0] > 60
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    assert place.rows(ADS) == whole.rows(ADS)
    assert place.rows(BOUGHT) == whole.rows(BOUGHT)


@pytest.mark.deep
def test_staging_is_rebuilt_from_the_landing_zone_without_requests(
    world: World, place: Place, server: SimulatorServer
) -> None:
    server.set_now(FIRST)
    place.pull(server)
    server.set_now(END)
    place.pull(server)
    before, as_of = place.tables(), place.as_of("ads_insights")
    (place.root / "staging.duckdb").unlink()
    server.log.clear()
    place.pull(server)
    assert place.tables() == before
    assert place.as_of("ads_insights") == as_of
    assert not [request for request in server.log if request.resources[0] in ("meta:insights", "meta:run_insights")]


def test_purchases_have_a_row_per_action_type_and_window(place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    windows = {row[0] for row in place.rows("select distinct action_window from meta_ads.ads_actions")}
    assert windows == {"default", "1d_click", "7d_click", "28d_click", "1d_view"}
    types = place.rows(
        "select count(distinct action_type) from meta_ads.ads_actions where action_type like '%purchase%'"
    )
    assert types == [(5,)]
    without = place.rows("""select count(*) from meta_ads.account_actions as a where action_type = 'omni_purchase'
        and action_window = '28d_click' and not exists (select 1 from meta_ads.account_actions as d
        where d.date_day = a.date_day and d.action_type = a.action_type and d.action_window = 'default')""")
    assert without[0][0] > 0, "some actions have windows but no value for the default window"


def test_purchases_of_the_account_equal_the_books(world: World, place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    books = world.ad_account("aurora", "meta")
    rows = place.rows("""select date_day, action_count::bigint, value_micros from meta_ads.account_actions
        where action_type = 'omni_purchase' and action_window = 'default' order by 1""")
    expected = [(day, *total.purchases["default"]) for day in books.days(seconds(END))
                if (total := books.total(day, seconds(END))) and "default" in total.purchases]  # fmt: skip
    assert rows == expected
    assert all(count > 0 and value > 0 for _, count, value in rows)


def test_objects_keep_their_names_when_renamed_archived_or_deleted(world: World, stepped: Place) -> None:
    books = world.ad_account(stepped.shop, "meta")
    nodes = {node.id: node for level in ("campaign", "group", "ad") for node in books.nodes(level, seconds(END))}
    rows = stepped.rows("""select campaign_id, name, effective_status from meta_ads.campaigns
        union all select ad_set_id, name, effective_status from meta_ads.ad_sets
        union all select ad_id, name, effective_status from meta_ads.ads""")
    assert {key: name for key, name, _ in rows} == {key: node.name(seconds(END)) for key, node in nodes.items()}
    assert {"ACTIVE", "PAUSED", "CAMPAIGN_PAUSED", "ARCHIVED", "DELETED"} == {status for *_, status in rows}
    renamed = stepped.rows("""select count(*) from (select campaign_id from meta_ads.campaign_history
        group by campaign_id having count(distinct name) > 1)""")
    assert renamed[0][0] >= 1


def test_account_row_has_currency_time_zone_and_status(stepped: Place, world: World) -> None:
    books = world.ad_account(stepped.shop, "meta")
    staged = stepped.rows("select account_id, currency, time_zone, account_status from meta_ads.account")
    assert staged == [(books.id, books.currency, books.time_zone, 1)]


def test_spend_is_integer_micros_and_equals_the_books(place: Place, server: SimulatorServer, world: World) -> None:
    place.pull(server)
    kinds = place.rows("""select distinct data_type from duckdb_columns() where schema_name = 'meta_ads'
        and (column_name like '%micros' or data_type in ('DOUBLE', 'FLOAT'))""")
    assert kinds == [("BIGINT",)]
    books, at = world.ad_account("aurora", "meta"), seconds(END)
    spent = sum(total.spend for day in books.days(at) if (total := books.total(day, at)))
    assert place.rows("select sum(spend_micros) from meta_ads.account_insights") == [(Decimal(spent),)]
