"""An advertiser pulled many times: restated days, deleted ads, interruptions. Staging equals its books."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import ContractError, RetryError
from simulator import Fault, SimulatorServer, World, serve
from simulator.world import seconds
from tests.connectors.tiktok_ads.pulling import (
    ADS,
    CAMPAIGNS,
    END,
    GMV,
    START,
    TOTALS,
    Place,
    ads,
    campaigns,
    gmv,
    totals,
)
from tests.sampling import sample

FIRST = END - timedelta(days=24)
STEPS = [("aurora", 149), ("aurora", 77), ("nordlicht", 77)]
"""Shop, and hours between two pulls."""
SPENT = "select date_day, store_id, promotion_type, cost_micros from tiktok_ads.gmv_max_totals order by all"


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
    books = world.ad_account(place.shop, "tiktok")
    assert place.rows(ADS) == ads(books, place.readings["ads_insights"])
    assert place.rows(TOTALS) == totals(books, place.as_of("advertiser_insights"))
    assert place.rows(GMV) == gmv(books, place.readings["gmv_max_insights"])
    assert place.rows(CAMPAIGNS) == campaigns(books, place.readings["campaign_insights"])
    assert place.rows("select count(*) from takings.rejects") == [(0,)]


def test_first_load_equals_the_books_on_every_day(world: World, place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    assert_equals_books(place, world)
    kinds = place.rows("select distinct service_type from tiktok_ads.ads_insights order by 1")
    assert kinds == [("AUCTION",), ("RESERVATION",)]
    assert place.rows("select count(distinct promotion_type) from tiktok_ads.gmv_max_totals") == [(2,)]


def test_pulls_at_odd_hours_equal_the_books_of_each_days_last_read(world: World, stepped: Place) -> None:
    assert_equals_books(stepped, world)
    books, as_of = world.ad_account(stepped.shop, "tiktok"), stepped.as_of("ads_insights")
    assert len(set(as_of.values())) > 2, "old days are not read again"
    late = books.plan.day(seconds(END)) - timedelta(days=28)
    assert {at for day, at in as_of.items() if day >= late} == {seconds(END)}


def test_two_reports_together_have_all_spend_of_the_account(
    world: World, place: Place, server: SimulatorServer
) -> None:
    place.pull(server)
    books, at = world.ad_account("aurora", "tiktok"), seconds(END)
    spend = dict(
        place.rows("""select date_day, sum(micros)::bigint from (
        select date_day, spend_micros as micros from tiktok_ads.advertiser_insights
        union all select date_day, cost_micros from tiktok_ads.gmv_max_totals) group by date_day""")
    )
    assert spend == {day: total.spend for day in books.days(at) if (total := books.total(day, at))}


def test_spend_without_a_row_is_the_unallocated_spend_of_the_books(
    world: World, place: Place, server: SimulatorServer
) -> None:
    place.pull(server)
    books, at = world.ad_account("aurora", "tiktok"), seconds(END)
    unallocated = dict(
        place.rows("""select date_day, sum(micros)::bigint from (
        select date_day, spend_micros as micros from tiktok_ads.advertiser_insights
        union all select date_day, -spend_micros from tiktok_ads.ads_insights) group by date_day""")
    )
    hidden = {day: sum(row.spend for ad, row in books.rows("ad", day, at, visible=False).items()
                       if ad.kind != "gmv_max") for day in unallocated}  # fmt: skip
    assert unallocated == hidden
    assert any(unallocated.values())
    shop = place.rows("""select (select sum(cost_micros) from tiktok_ads.gmv_max_totals)
        - (select sum(cost_micros) from tiktok_ads.gmv_max_insights)""")
    days = books.days(at)
    assert shop[0][0] == sum(
        row.spend for day in days for row in books.rows("campaign", day, at, ["gmv_max"], visible=False).values()
    )
    assert shop[0][0] > 0


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


def test_interrupted_load_resumes_after_the_last_landed_part(
    place: Place, server: SimulatorServer, tmp_path: Path
) -> None:
    server.faults.add(Fault("error", on="tiktok:report/integrated/get", status=502, times=None, skip=2))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()
    server.log.clear()
    server.set_now(END + timedelta(hours=1))
    place.pull(server)
    starts = [request.parameters["start_date"] for request in server.log if "report" in request.resources[0]]
    assert starts[0] == str(START + timedelta(days=30))
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    assert place.rows(ADS) == whole.rows(ADS)


@pytest.mark.deep
def test_staging_is_rebuilt_from_the_landing_zone_without_requests(place: Place, server: SimulatorServer) -> None:
    server.set_now(FIRST)
    place.pull(server)
    server.set_now(END)
    place.pull(server)
    before = place.tables()
    (place.root / "staging.duckdb").unlink()
    server.log.clear()
    place.pull(server)
    assert place.tables() == before
    assert not [request for request in server.log if "report" in request.resources[0]]


def test_objects_of_every_kind_have_the_names_of_the_books(world: World, stepped: Place) -> None:
    books, at = world.ad_account(stepped.shop, "tiktok"), seconds(END)
    objects = {row[0]: row[1:] for row in stepped.rows("""
        select campaign_id, name, kind from tiktok_ads.campaigns
        union all select ad_group_id, name, kind from tiktok_ads.ad_groups
        union all select ad_id, name, kind from tiktok_ads.ads""")}  # fmt: skip
    nodes = [node for level in ("campaign", "group", "ad") for node in books.nodes(level, at)]
    expected = {node.id: node.name(at) for node in nodes if node.level == "campaign" or node.kind != "gmv_max"}
    known = {key: name for key, (name, _) in objects.items()}
    assert known == {key: expected[key] for key in known}
    assert {kind for _, kind in objects.values()} >= {"AUCTION", "RESERVATION_RF", "SMART_PLUS", "STANDARD",
                                                    "PRODUCT_GMV_MAX", "LIVE_GMV_MAX"}  # fmt: skip
    alive = {node.id for node in nodes if node.status(at) not in ("DELETED", "PURGED") and node.id in expected}
    assert alive <= known.keys()
    smart = stepped.rows("select count(*), count(updated_at) from tiktok_ads.ads where kind = 'SMART_PLUS'")
    assert smart[0][0] > 0
    assert smart[0][1] == 0, "they have no time of change, and stay"


def test_advertiser_row_has_currency_time_zone_and_status(world: World, stepped: Place) -> None:
    books = world.ad_account(stepped.shop, "tiktok")
    staged = stepped.rows("select advertiser_id, currency, time_zone, status from tiktok_ads.advertiser")
    assert staged == [(books.id, books.currency, books.time_zone, "STATUS_ENABLE")]


@pytest.mark.parametrize("refused", sample([None, 40001, 40002], None, 40001))
def test_store_no_longer_available_for_gmv_max_keeps_its_past_spend(
    refused: int | None, world: World, place: Place, server: SimulatorServer
) -> None:
    place.pull(server)
    before, spent = place.rows(GMV), place.rows(SPENT)
    server.tiktok.unavailable = set(world.ad_account("aurora", "tiktok").stores)
    if refused:
        server.faults.add(Fault("api_error", on="tiktok:gmv_max/report/get", times=None, code=refused, message="no"))
    server.set_now(END + timedelta(days=3))
    results = place.pull(server)
    if refused:
        assert (place.rows(GMV), place.rows(SPENT)) == (before, spent)
        assert results["gmv_max_totals"].changed == 0
        assert "may no longer advertise the shop" in results["gmv_max_totals"].warnings[0]
    else:  # the report still has the store
        assert_equals_books(place, world)
        assert results["gmv_max_totals"].warnings == ()
    past_rows = place.rows(GMV)
    (place.root / "staging.duckdb").unlink()
    place.pull(server)
    assert place.rows(GMV) == past_rows, "a replay of the landing zone keeps it too"


def test_store_with_an_empty_report_keeps_its_past_spend(world: World, place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    spent = place.rows(SPENT)
    server.tiktok.unavailable = set(world.ad_account("aurora", "tiktok").stores)
    server.tiktok.silent = True
    server.set_now(END + timedelta(days=3))
    place.pull(server)
    assert place.rows(SPENT) == spent


def test_refused_report_of_an_available_store_stops_the_pull(place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    spent = place.rows(SPENT)
    server.faults.add(Fault("api_error", on="tiktok:gmv_max/report/get", times=None, code=40002, message="no"))
    server.set_now(END + timedelta(days=3))
    with pytest.raises(ContractError, match="no"):
        place.pull(server)
    assert place.rows(SPENT) == spent
