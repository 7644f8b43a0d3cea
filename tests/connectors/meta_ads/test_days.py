"""The days that a pull reads: given days, an earlier `since`, the monthly look back. Other days do not change."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Days
from connectors.errors import ConfigurationError, RetryError
from connectors.meta_ads.pull import RETENTION_MONTHS
from connectors.sync import daily_reports
from simulator import Fault, SimulatorServer, World
from simulator.apis.meta.errors import GraphError
from simulator.apis.meta.insights import parse
from simulator.world import seconds
from tests.connectors.meta_ads.pulling import ADS, END, START, TOTALS, Place, ads, totals
from tests.sampling import sample

LATER = END + timedelta(days=3)
SOME: Days = (date(2026, 2, 10), date(2026, 2, 12))


def requested_ranges(server: SimulatorServer) -> set[str]:
    """The ranges of days of the requested reports."""
    return {request.parameters["time_range"] for request in server.log if "time_range" in request.parameters}


def cursor(place: Place) -> list[tuple[object, ...]]:
    return place.rows("select stream, loaded_until from takings.cursors order by 1")


def test_pull_of_given_days_reads_these_days_only(world: World, place: Place, server: SimulatorServer) -> None:
    early = datetime(2026, 2, 20, 12, tzinfo=UTC)
    server.set_now(early)
    place.pull(server)
    before, reached = place.rows(ADS), cursor(place)
    server.set_now(END)
    server.log.clear()
    results = place.pull(server, "again", days=SOME)
    assert set(results) == {"ads_insights", "campaign_insights", "account_insights"}
    assert requested_ranges(server) == {f'{{"since":"{SOME[0]}","until":"{SOME[1]}"}}'}
    assert cursor(place) == reached, "the next pull continues where the last one ended"
    as_of = place.as_of("ads_insights")
    assert {day for day, at in as_of.items() if at == seconds(END)} == {
        SOME[0], SOME[0] + timedelta(days=1), SOME[1],
    }  # fmt: skip
    assert place.rows(ADS) == ads(world.ad_account("aurora", "meta"), place.readings["ads_insights"])
    changed = {row[0] for row in set(place.rows(ADS)) ^ set(before)}
    assert changed
    assert changed <= set(as_of)
    assert all(SOME[0] <= day <= SOME[1] for day in changed)


def test_pull_of_given_days_does_not_change_the_next_lookback(
    world: World, place: Place, server: SimulatorServer, tmp_path: Path
) -> None:
    other = Place(tmp_path / "other")
    server.set_now(END - timedelta(days=9))
    place.pull(server)
    other.pull(server)
    server.set_now(END - timedelta(days=1))
    place.pull(server, days=SOME)
    server.set_now(END)
    place.pull(server)
    other.pull(server)
    actual, expected = place.as_of("ads_insights"), other.as_of("ads_insights")
    assert {day: at for day, at in actual.items() if day > SOME[1]} == {
        day: at for day, at in expected.items() if day > SOME[1]
    }
    assert len(set(actual.values())) == 3


def test_pull_of_given_days_before_the_first_load_does_not_shorten_it(place: Place, server: SimulatorServer) -> None:
    place.pull(server, days=SOME)
    assert {row[0] for row in place.rows("select distinct date_day from meta_ads.account_insights")} == {
        SOME[0], SOME[0] + timedelta(days=1), SOME[1],
    }  # fmt: skip
    place.pull(server)
    assert place.rows("select min(date_day) from meta_ads.account_insights") == [(START,)]


def test_given_days_outside_metas_retention_are_skipped_with_a_warning(place: Place, server: SimulatorServer) -> None:
    results = place.pull(server, days=(date(2020, 1, 1), date(2020, 1, 2)))
    assert "of the days 2020-01-01 to 2020-01-02 none can be read" in results["ads_insights"].warnings[0]
    assert requested_ranges(server) == set()
    results = place.pull(server, days=(END.date() - timedelta(days=1), END.date() + timedelta(days=30)))
    assert f"only {END.date() - timedelta(days=1)} to {END.date()}" in results["ads_insights"].warnings[0]


def test_earlier_since_loads_the_additional_days_once(world: World, place: Place, server: SimulatorServer) -> None:
    late = date(2026, 3, 1)
    place.pull(server, since=late)
    assert place.rows("select min(date_day) from meta_ads.ads_insights") == [(late,)]
    server.set_now(END + timedelta(minutes=5))
    server.log.clear()
    place.pull(server, since=START, lookback_days=0)
    first = f'{{"since":"{START}"'
    assert any(text.startswith(first) for text in requested_ranges(server))
    assert sorted(place.as_of("ads_insights"))[0] == START
    assert place.rows(ADS) == ads(world.ad_account("aurora", "meta"), place.readings["ads_insights"])
    server.set_now(END + timedelta(minutes=9))
    server.log.clear()
    place.pull(server, since=START, lookback_days=0)
    assert not any(text.startswith(first) for text in requested_ranges(server)), "the days are loaded once"


def test_first_pull_of_a_month_reads_thirteen_months_again(place: Place, server: SimulatorServer) -> None:
    server.set_now(datetime(2026, 2, 27, 12, tzinfo=UTC))
    place.pull(server)
    server.set_now(datetime(2026, 2, 28, 12, tzinfo=UTC))
    place.pull(server)
    old = place.as_of("ads_insights")[START]
    server.set_now(datetime(2026, 3, 1, 12, tzinfo=UTC))
    place.pull(server)
    assert place.as_of("ads_insights")[START] > old
    assert min(place.as_of("ads_insights")) == START, "no day before `since`"


def test_lost_staging_is_rebuilt_with_the_days_that_were_pulled_again(place: Place, server: SimulatorServer) -> None:
    server.set_now(datetime(2026, 2, 20, 12, tzinfo=UTC))
    place.pull(server)
    server.set_now(END - timedelta(days=1))
    place.pull(server, days=SOME)
    server.set_now(END)
    before, as_of, reached = place.tables(), place.as_of("ads_insights"), cursor(place)
    (place.root / "staging.duckdb").unlink()
    server.log.clear()
    place.pull(server, days=(END.date(), END.date()))
    assert requested_ranges(server) == {f'{{"since":"{END.date()}","until":"{END.date()}"}}'}
    for table in ("ads_insights", "account_insights", "ads_actions", "account_actions"):
        mine = [row for row in place.tables()[table] if END.date() not in row]
        assert mine == [row for row in before[table] if END.date() not in row]
    assert {day: at for day, at in place.as_of("ads_insights").items() if day in as_of} == as_of
    assert [row for row in reached if "insights" in str(row[0])] == cursor(place)


@pytest.mark.parametrize("later", sample([25, 60], 60))
def test_first_load_resumed_after_weeks_stays_within_metas_retention(
    later: int, world: World, place: Place, server: SimulatorServer
) -> None:
    server.faults.add(Fault("api_error", on="meta:insights", code=200, status=403, message="(#200) no"))
    with pytest.raises(ConfigurationError, match="ads_read"):
        place.pull(server, since=None)
    server.set_now(END + timedelta(days=later))
    place.pull(server, since=None)
    assert place.rows(ADS) == ads(world.ad_account("aurora", "meta"), place.readings["ads_insights"])
    read = sorted(place.as_of("account_insights"))
    assert read[-1] - read[0] == timedelta(days=len(read) - 1)
    assert read[-1] >= END.date() + timedelta(days=later - 1)


def test_resumed_pull_of_given_days_skips_days_outside_metas_retention(
    world: World, place: Place, server: SimulatorServer
) -> None:
    old = START - timedelta(days=1040)
    server.faults.add(Fault("error", on="meta:insights", status=502, times=None))
    with pytest.raises(RetryError):
        place.pull(server, days=(old, old + timedelta(days=2)))
    server.faults.clear()
    server.set_now(END + timedelta(days=60))
    place.pull(server)
    assert place.rows(TOTALS) == totals(world.ad_account("aurora", "meta"), place.as_of("account_insights"))
    assert old not in place.as_of("account_insights")


def test_pull_resumed_after_25_days_equals_the_books_of_that_day(
    world: World, place: Place, server: SimulatorServer
) -> None:
    place.pull(server)
    server.set_now(END + timedelta(days=1))
    server.faults.add(Fault("error", on="meta:ads", status=502, times=None))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()
    server.set_now(END + timedelta(days=26))
    place.pull(server)
    books, late = world.ad_account("aurora", "meta"), seconds(END + timedelta(days=26))
    assert place.rows(ADS) == ads(books, place.readings["ads_insights"])
    assert place.rows(TOTALS) == totals(books, place.as_of("account_insights"))
    began = place.rows(
        """select distinct known_from from meta_ads.ad_history
        where ad_id = any(select ad_id from meta_ads.ads where created_at > ?)""",
        [END + timedelta(days=2)],
    )
    assert {seconds(at) for (at,) in began} == {late}, "not the day on which the pull stopped"


def test_empty_report_of_given_days_deletes_their_rows(
    place: Place, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.pull(server)
    server.set_now(END + timedelta(days=1))
    monkeypatch.setattr("simulator.apis.meta.insights.rows", lambda *_: [])
    with pytest.raises(RetryError):
        place.pull(server)
    place.pull(server, days=(START, END.date()))
    assert place.rows(TOTALS) == []
    place.pull(server)


def test_large_reports_are_requested_in_fewer_days_at_once(
    place: Place, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = Place(tmp_path / "whole")
    whole.pull(server)
    monkeypatch.setattr(daily_reports, "ROWS_PER_PART", 60)
    place.pull(server)
    assert place.rows(ADS) == whole.rows(ADS)
    held = dict(place.rows("select date_day, count(*) from meta_ads.ads_insights group by 1"))
    server.set_now(END + timedelta(hours=2))
    server.log.clear()
    place.pull(server)
    reports = [request.parameters for request in server.log if request.parameters.get("level") == "ad"]
    spans = [json.loads(report["time_range"]) for report in reports]
    days = [(date.fromisoformat(span["since"]), date.fromisoformat(span["until"])) for span in spans]
    assert len(days) > 3
    for first, last in days:
        assert first == last or sum(count for day, count in held.items() if first <= day <= last) <= 90


@pytest.mark.parametrize(
    ("today", "earliest"),
    [("2026-11-29", "2023-10-29"), ("2026-01-31", "2022-12-31"), ("2026-03-31", "2023-03-01"),
     ("2027-03-29", "2024-02-29"), ("2026-01-15", "2022-12-15")],
)  # fmt: skip
def test_meta_keeps_37_calendar_months(today: str, earliest: str, server: SimulatorServer) -> None:
    """The simulator refuses a day before, as Meta does with error 3018; it counts the months by itself."""
    calendar = daily_reports.Calendar(ZoneInfo("UTC"), None, None, retention_months=RETENTION_MONTHS)
    last, first = date.fromisoformat(today), calendar.first(date.fromisoformat(today))
    assert str(first) == earliest
    parse(range_of(first, last), last)
    with pytest.raises(GraphError, match="37 months"):
        parse(range_of(first - timedelta(days=1), last), last)


def range_of(first: date, last: date) -> dict[str, str]:
    return {"time_range": json.dumps({"since": str(first), "until": str(last)})}
