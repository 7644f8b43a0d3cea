"""Failures of TikTok: one clear error each, retries where they help, empty tables for an advertiser without ads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import Transport
from connectors.tiktok_ads import pages
from connectors.tiktok_ads.client import Client
from simulator import Fault, SimulatorServer, World
from tests.connectors.scripted import Reply, scripted
from tests.connectors.tiktok_ads.pulling import ADS, END, START, TOTALS, Place, totals
from tests.sampling import sample

REPORT = "tiktok:report/integrated/get"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"secret": "act.wrong"}, "the access token is not accepted"),
        ({"account": "999"}, "does not show the advertiser"),
        ({"account": "7000000000000000002"}, "lacks a permission: No permission to operate advertiser"),
        ({"version": "v1.2"}, "no longer serves this request: .*v1.2.* Update Takings"),
    ],
)
def test_wrong_configuration_raises_one_error_and_loads_nothing(
    settings: dict[str, Any], text: str, place: Place, server: SimulatorServer
) -> None:
    with pytest.raises(ConfigurationError, match=text) as raised:
        place.pull(server, **settings)
    assert "act.wrong" not in str(raised.value)
    assert len(server.log) == 1, "one request only"
    assert not any(place.tables().values())


def test_base_url_without_the_api_is_in_the_error(place: Place, server: SimulatorServer) -> None:
    with pytest.raises(ConfigurationError, match="Check `base_url`"):
        place.pull(server, base_url=f"{server.url}/elsewhere")


def test_missing_permission_is_in_the_error_and_loaded_tables_stay(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("denied", on="reporting", times=None))
    with pytest.raises(ConfigurationError, match=r"lacks the scope Reporting .* Grant the app"):
        place.pull(server)
    assert place.rows("select count(*) from tiktok_ads.advertiser") == [(1,)]


def test_advertiser_totals_are_loaded_when_ads_cannot_be_read(
    world: World, place: Place, server: SimulatorServer
) -> None:
    for refused in ("tiktok:campaign/get", "tiktok:smart_plus/ad/get"):
        server.faults.add(Fault("api_error", on=refused, times=None, code=40001, message="no"))
        with pytest.raises(ConfigurationError, match="lacks a permission: no"):
            place.pull(server)
        server.faults.clear()
    books = world.ad_account("aurora", "tiktok")
    assert place.rows(TOTALS) == totals(books, place.as_of("advertiser_insights"))
    assert place.rows("select count(*) from tiktok_ads.gmv_max_totals")[0][0] > 5


def test_advertisers_of_one_token_share_its_pace() -> None:
    with scripted(Reply({"code": 0, "message": "OK", "request_id": "1", "data": {}})) as tiktok:
        waits: list[float] = []
        for key, secret in (("7", "act.shared"), ("8", "act.shared"), ("9", "act.other")):
            account = Account("acme", "tiktok_ads", key, tiktok.url, secret)
            Client(account, Transport((secret,), sleep=waits.append), queries_a_second=0.1).get("x", {})
    assert len(waits) == 1
    assert 9 < waits[0] <= 10


def test_advertiser_without_ads_gives_empty_tables(place: Place, server: SimulatorServer) -> None:
    server.set_now(datetime(START.year, START.month, START.day, tzinfo=UTC) - timedelta(days=2))
    place.pull(server, since=None)
    assert [name for name, rows in place.tables().items() if rows] == ["advertiser"]
    server.set_now(END)
    place.pull(server)
    assert place.rows("select min(date_day) from tiktok_ads.advertiser_insights") == [(START,)]


def test_disabled_advertiser_is_read_with_a_warning(world: World, place: Place, server: SimulatorServer) -> None:
    books = world.ad_account("aurora", "tiktok")
    books.status = "DISABLED"
    try:
        results = place.pull(server, since=END.date())
    finally:
        books.status = "ACTIVE"
    assert "is not enabled (STATUS_DISABLE): its past days are read" in results["ads_insights"].warnings[0]
    assert place.rows("select count(*) from tiktok_ads.advertiser_insights")[0][0] > 0


def test_throttled_request_waits_seconds_and_then_minutes(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("throttled", on=REPORT, times=3))
    place.pull(server)
    assert place.pauses == [1.0, 5.0, 300.0]


def test_endless_throttling_raises_retry_error(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("throttled", times=None))
    with pytest.raises(RetryError, match="still throttles after"):
        place.pull(server)


def test_requests_are_paced_below_the_lowest_tier(place: Place, server: SimulatorServer) -> None:
    place.pull(server, queries_a_second=8.0, since=END.date())
    assert sum(wait <= 0.125 for wait in place.waits) > 5, "eight per second"
    assert 0.125 < max(place.waits) <= 0.25, "four per second for the GMV Max report: TikTok allows 240 per minute"


CODES = [20001, 40200, 40201, 50000, 50002, 51010, 52102, 53103, 60001]


@pytest.mark.parametrize("code", sample(CODES, 20001, 50000, 60001))
def test_temporary_error_is_retried(code: int, place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("api_error", on=REPORT, times=2, code=code))
    place.pull(server, since=END.date())
    assert place.pauses == [1.0, 2.0]


def test_partial_success_raises_retry_error_and_loads_nothing(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("api_error", on=REPORT, times=None, code=20001, message="Partial success"))
    with pytest.raises(RetryError, match=r"Partial success \(code 20001\)"):
        place.pull(server)
    assert place.rows("select count(*) from tiktok_ads.ads_insights") == [(0,)]


def test_invalid_parameter_is_not_retried(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("api_error", on=REPORT, code=40002, message="metrics: nonsense"))
    with pytest.raises(ContractError, match="metrics: nonsense"):
        place.pull(server)
    assert place.pauses == []


@pytest.mark.parametrize("kind", sample(["error", "cut", "truncated"], "truncated"))
def test_broken_response_is_retried(kind: str, place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault(kind, on=REPORT, times=2))
    place.pull(server)
    assert len(place.pauses) == 2
    assert place.rows("select count(distinct date_day) from tiktok_ads.ads_insights")[0][0] > 55


def test_too_large_query_is_halved_until_it_fits(place: Place, server: SimulatorServer, tmp_path: Path) -> None:
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    server.tiktok.most_rows = 30
    place.pull(server)
    assert place.rows(ADS) == whole.rows(ADS)


def test_too_large_single_day_raises_retry_error_with_the_day(place: Place, server: SimulatorServer) -> None:
    server.tiktok.most_rows = 3
    with pytest.raises(
        RetryError,
        match=r"report report/integrated/get of .* for 2026-\d\d-\d\d cannot be read: a single day is too large",
    ):
        place.pull(server)


@pytest.mark.parametrize("skip", sample([0, 1, 2], 1))
def test_list_that_changed_between_pages_is_read_again(
    skip: int, monkeypatch: pytest.MonkeyPatch, place: Place, server: SimulatorServer, tmp_path: Path
) -> None:
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    monkeypatch.setattr("connectors.tiktok_ads.reports.whole_list", smaller_pages)
    server.faults.add(Fault("moved", on=REPORT, skip=skip))
    place.pull(server)
    assert place.rows(ADS) == whole.rows(ADS)
    assert place.pauses == [2.0]


def smaller_pages(*arguments: Any) -> list[bytes]:
    return pages.whole_list(*arguments, size=20)


def test_list_that_keeps_changing_raises_retry_error(
    monkeypatch: pytest.MonkeyPatch, place: Place, server: SimulatorServer
) -> None:
    monkeypatch.setattr("connectors.tiktok_ads.reports.whole_list", smaller_pages)
    for skip in range(1, 40, 2):
        server.faults.add(Fault("moved", on=REPORT, skip=skip))
    with pytest.raises(RetryError, match="changed between its pages, 4 times in a row"):
        place.pull(server)
    assert place.rows("select count(*) from tiktok_ads.ads_insights") == [(0,)]


def test_token_is_in_no_url() -> None:
    with scripted(Reply({"code": 0, "message": "OK", "request_id": "1", "data": {}})) as tiktok:
        account = Account("acme", "tiktok_ads", "7", tiktok.url, "act.secret")
        Client(account, Transport(("act.secret",))).get("advertiser/info", {"advertiser_ids": ["7"]})
    (request,) = tiktok.requests
    assert request.path == "/open_api/v1.3/advertiser/info/?advertiser_ids=%5B%227%22%5D"
    assert request.headers["Access-Token"] == "act.secret"
