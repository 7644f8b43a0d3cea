"""Failures of Meta: one clear error each, retries where they help, empty tables for an account without ads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import Transport
from connectors.meta_ads.client import SLOW_SECONDS, STOP_SECONDS, Client
from simulator import Fault, SimulatorServer, World
from tests.connectors.meta_ads.pulling import ADS, END, START, TOTALS, Place, totals
from tests.connectors.scripted import Reply, scripted
from tests.sampling import sample, sample_of_sets


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"secret": "EAAB_wrong"}, "the access token is not accepted"),
        ({"account": "999"}, "there is no such ad account, or the token may not see it"),
        ({"version": "v19.0"}, "no longer serves version v19.0 .* Update Takings"),
    ],
)
def test_wrong_configuration_raises_one_error_and_loads_nothing(
    settings: dict[str, Any], text: str, place: Place, server: SimulatorServer
) -> None:
    with pytest.raises(ConfigurationError, match=text) as raised:
        place.pull(server, **settings)
    assert "EAAB_wrong" not in str(raised.value)
    assert len(server.log) == 1, "one request only"
    assert not any(place.tables().values())


def test_missing_permission_is_in_the_error(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("denied", on="ads_read", times=None))
    with pytest.raises(ConfigurationError, match=r"lacks the permission ads_read .* Grant ads_read"):
        place.pull(server)


def test_permission_revoked_during_a_pull_keeps_the_loaded_tables(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("api_error", on="meta:ads", code=200, status=403, message="(#200) no"))
    with pytest.raises(ConfigurationError, match="ads_read"):
        place.pull(server)
    assert place.rows("select count(*) from meta_ads.campaigns")[0][0] > 3
    place.pull(server)
    assert place.rows("select count(*) from meta_ads.ads")[0][0] > 10


@pytest.mark.parametrize("refused", sample(["meta:campaigns", "meta:ads"], "meta:ads"))
def test_account_totals_are_loaded_when_ads_cannot_be_read(
    refused: str, world: World, place: Place, server: SimulatorServer
) -> None:
    server.faults.add(Fault("api_error", on=refused, times=None, code=200, status=403, message="(#200) no"))
    with pytest.raises(ConfigurationError, match="ads_read"):
        place.pull(server)
    assert place.rows(TOTALS) == totals(world.ad_account("aurora", "meta"), place.as_of("account_insights"))


def test_account_without_ads_gives_empty_tables(place: Place, server: SimulatorServer) -> None:
    server.set_now(datetime(START.year, START.month, START.day, tzinfo=UTC) - timedelta(days=2))
    results = place.pull(server, since=None)
    assert {result.landed for stream, result in results.items() if stream != "account"} == {0}
    tables = place.tables()
    assert [name for name, rows in tables.items() if rows] == ["account"]
    server.set_now(END)
    place.pull(server)
    assert place.rows("select min(date_day) from meta_ads.account_insights") != [(None,)]


def test_disabled_account_is_read_with_a_warning(world: World, place: Place, server: SimulatorServer) -> None:
    books = world.ad_account("aurora", "meta")
    books.status = "DISABLED"
    try:
        results = place.pull(server, since=END.date())
    finally:
        books.status = "ACTIVE"
    assert "is disabled (account_status 2): its past days are read" in results["account_insights"].warnings[0]
    assert place.rows("select count(*) from meta_ads.account_insights") == [(1,)]


def test_upgraded_api_version_is_a_warning(place: Place, server: SimulatorServer) -> None:
    results = place.pull(server, since=END.date(), version="v22.0")
    (warning,) = results["account_insights"].warnings
    assert "auto-upgraded to v24.0 as v22.0 has been deprecated" in warning


def test_throttled_request_waits_as_long_as_the_usage_header_says(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("throttled", on="meta:campaigns", seconds=300))
    results = place.pull(server, since=END.date())
    assert place.waits == [300.0]
    assert results["campaigns"].waited == 300.0


def test_endless_throttling_raises_retry_error(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("throttled", times=None, seconds=60))
    with pytest.raises(RetryError, match="still throttles after"):
        place.pull(server)


@pytest.mark.parametrize(("usage", "pause"), [(80, None), (86, SLOW_SECONDS), (97, STOP_SECONDS)])
def test_requests_slow_down_before_the_usage_limit_is_reached(
    usage: int, pause: float | None, place: Place, server: SimulatorServer
) -> None:
    server.meta.usage = usage
    place.pull(server, since=END.date())
    assert set(place.waits) == ({pause} if pause else set())


@pytest.mark.parametrize(
    ("code", "subcode", "message"),
    [(1, 0, "An unknown error occurred"), (2, 1504043, "Service temporarily unavailable"),
     (100, 0, "Cannot include frequency in summary param because it was not there")],
)  # fmt: skip
def test_temporary_error_is_retried(
    code: int, subcode: int, message: str, place: Place, server: SimulatorServer
) -> None:
    server.faults.add(Fault("api_error", on="meta:insights", times=2, code=code, subcode=subcode, message=message))
    place.pull(server, since=END.date())
    assert len(place.waits) == 2
    assert place.rows("select count(*) from meta_ads.account_insights") == [(1,)]


@pytest.mark.parametrize(
    ("code", "subcode"), sample_of_sets([(2, 1504042), (2, 1504041), (100, 0), (2500, 0)], (2, 1504042), (2500, 0))
)
def test_permanent_error_is_not_retried(code: int, subcode: int, place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("api_error", on="meta:insights", times=None, code=code, subcode=subcode, message="no"))
    with pytest.raises(ContractError, match=f"code {code}, subcode {subcode}"):
        place.pull(server, since=END.date())
    assert place.waits == []


@pytest.mark.parametrize("kind", ["error", "cut", "truncated"])
def test_broken_response_is_retried(kind: str, place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault(kind, on="meta:run_insights", times=2))
    place.pull(server)
    assert len(place.waits) == 2
    assert place.rows("select count(distinct date_day) from meta_ads.ads_insights")[0][0] > 60


def test_too_large_report_is_halved_until_it_fits(place: Place, server: SimulatorServer, tmp_path: Path) -> None:
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    server.meta.most_rows = 60
    place.pull(server)
    assert place.rows(ADS) == whole.rows(ADS)


def test_too_large_day_of_ads_is_read_by_campaign_and_the_account_is_not(
    place: Place, server: SimulatorServer, tmp_path: Path
) -> None:
    since = END.date() - timedelta(days=5)
    whole = Place(tmp_path / "whole")
    whole.pull(server, since=since)
    server.meta.most_rows = 6
    server.log.clear()
    place.pull(server, since=since)
    assert place.rows(ADS) == whole.rows(ADS)
    split = {request.parameters["level"] for request in server.log if "filtering" in request.parameters}
    assert split == {"ad"}


def test_too_large_pages_of_objects_are_requested_smaller(
    place: Place, server: SimulatorServer, tmp_path: Path
) -> None:
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    server.meta.most_objects = 12
    server.log.clear()
    place.pull(server)
    for table in ("campaigns", "ad_sets", "ads"):
        actual, expected = ({row[4:] for row in pulled.tables()[table]} for pulled in (place, whole))
        assert actual == expected
    sizes = [request.parameters["limit"] for request in server.log if request.resources == ("meta:ads",)]
    assert sizes[:11] == [*["100"] * 3, *["50"] * 3, *["25"] * 3, "12", "12"], "pages stay smaller"


def test_too_large_single_day_raises_retry_error_with_the_day(place: Place, server: SimulatorServer) -> None:
    server.meta.most_rows = 3
    with pytest.raises(
        RetryError, match=r"report ads_insights of .* for 2026-01-\d\d cannot be read: a single day is too large"
    ):
        place.pull(server)
    assert place.rows("select count(*) from meta_ads.ads_insights") == [(0,)]


def test_failed_report_run_is_started_again_and_a_slow_one_is_polled(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("job_failed", on="meta:insights"))
    server.meta.job_polls = 3
    place.pull(server)
    assert place.waits[:3] == [2.0, 3.0, 4.5]
    ranges = [request.parameters["time_range"] for request in server.log if request.resources == ("meta:insights",)]
    assert ranges[0] == ranges[1] != ranges[2]
    assert place.rows("select count(distinct date_day) from meta_ads.ads_insights")[0][0] > 60


def test_repeated_cursor_raises_contract_error(place: Place, server: SimulatorServer) -> None:
    server.faults.add(Fault("same_cursor", on="meta:ads", times=None))
    with pytest.raises(ContractError, match="page cursor does not advance"):
        place.pull(server)


def test_empty_page_with_next_is_not_the_last_page(tmp_path: Path) -> None:
    from connectors.meta_ads.reports import pages

    def page(*ids: str, after: str, more: bool) -> Reply:
        paging: dict[str, Any] = {"cursors": {"before": "x", "after": after}}
        return Reply({"data": [{"id": key} for key in ids], "paging": paging | ({"next": "there"} if more else {})})

    with scripted(
        page("1", after="a", more=True), page(after="b", more=True), page("2", after="c", more=False)
    ) as meta:
        client = Client(Account("acme", "meta_ads", "7", meta.url, "secret"), Transport(("secret",)))
        records = [record for batch in pages(client, "act_7/ads", {"fields": "id"}, 100) for record in batch]
    assert records == [b'{"id": "1"}', b'{"id": "2"}']
    assert [request.path.split("after=")[1:] for request in meta.requests] == [[], ["a"], ["b"]]


def test_token_is_in_no_url(place: Place) -> None:
    with scripted(Reply({"data": []})) as meta:
        client = Client(Account("acme", "meta_ads", "7", meta.url, "EAAB_secret"), Transport(("EAAB_secret",)))
        client.get("act_7/ads", {"fields": "id"})
    (request,) = meta.requests
    assert "EAAB_secret" not in request.path
    assert request.headers["Authorization"] == "Bearer EAAB_secret"
