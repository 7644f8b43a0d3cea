"""Asynchronous report runs and how they end, smaller pages, and a large day by campaign."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import ConfigurationError, RetryError
from connectors.meta_ads.reports import pages, rows
from connectors.meta_ads.runs import MOST_FAILURES, REPORT_SECONDS, RUN_SECONDS
from connectors.meta_ads.streams import ACCOUNT_INSIGHTS, ADS_INSIGHTS
from tests.connectors.meta_ads.test_answers import WAITS, client_of, refused
from tests.connectors.scripted import Reply, Request, Script, scripted

FIRST, LAST = date(2026, 2, 1), date(2026, 2, 6)
MADE = Reply({"report_run_id": "99"})
ROW = Reply({"data": [{"date_start": "2026-02-01"}]})
DONE = Reply({"async_status": "Job Completed", "async_percent_completion": 100})
REDUCE = Reply({"error": {"message": "Please reduce the amount of data you're asking for", "code": 1}}, 500)


def state(status: str, percent: int, **more: Any) -> Reply:
    return Reply({"async_status": status, "async_percent_completion": percent, **more})


def started_ranges(meta: Script) -> list[dict[str, str]]:
    """The ranges of the report runs that were started."""
    return [request.body["time_range"] for request in meta.requests if request.method == "POST"]


@pytest.mark.parametrize(
    "waiting",
    [state("Job Completed", 97), state("Job Running", 100), state("Job Not Started", 0), state("Job Started", 0),
     Reply({"async_status": "Job Running", "async_percent_completion": None})],
)  # fmt: skip
def test_report_run_is_polled_until_completed_and_at_100_percent(waiting: Reply) -> None:
    with scripted(MADE, waiting, waiting, DONE, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
    assert WAITS == [2.0, 3.0]
    assert len(started_ranges(meta)) == 1


@pytest.mark.parametrize("end", ["Job Skipped", "Job Failed"])
def test_failed_or_skipped_report_run_is_started_once_more(end: str) -> None:
    with scripted(MADE, state(end, 0), MADE, DONE, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
    assert len(started_ranges(meta)) == 2


@pytest.mark.parametrize("end", ["Job Skipped", "Job Failed"])
def test_report_run_that_fails_twice_is_halved_by_days(end: str) -> None:
    with scripted(MADE, state(end, 0), MADE, state(end, 0), ROW, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 2
    ranges = [parse_qs(urlsplit(request.path).query).get("time_range") for request in meta.requests[-2:]]
    assert ranges == [['{"since":"2026-02-01","until":"2026-02-03"}'], ['{"since":"2026-02-04","until":"2026-02-06"}']]


def test_too_large_report_run_is_halved_without_a_second_try() -> None:
    failed = state("Job Failed", 0, error_code=100, error_subcode=1487534, error_message="too much")
    with scripted(MADE, failed, ROW, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 2
    assert len(started_ranges(meta)) == 1


def test_report_run_with_a_permanent_error_is_not_started_again() -> None:
    failed = state("Job Failed", 0, error_code=190, error_message="The session is invalid")
    with scripted(MADE, failed) as meta, pytest.raises(ConfigurationError, match="The session is invalid"):
        rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)
    assert len(started_ranges(meta)) == 1


def test_report_run_that_hangs_is_started_once_more_before_the_days_are_halved() -> None:
    with scripted(MADE, state("Job Running", 40)) as meta:
        client = client_of(meta)
        wait = client.transport.wait

        def until_given_up(seconds: float) -> None:
            wait(seconds)
            if sum(WAITS) >= RUN_SECONDS and len(meta.replies) == 1:
                meta.replies[:] = [state("Job Running", 40), MADE, DONE, ROW]

        client.transport.wait = until_given_up  # type: ignore[method-assign]
        assert len(rows(client, ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
        assert len(started_ranges(meta)) == 2
        assert started_ranges(meta)[0] == started_ranges(meta)[1]


@pytest.mark.parametrize("end", ["Job Running", "Job Failed", "Job Skipped"])
def test_runs_that_never_complete_end_with_a_message_in_bounded_time(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of days: the run and the runs of its halves all end in the same way; a few days are read at once."""

    def answer(request: Request) -> Reply:
        return MADE if request.method == "POST" else ROW if "/insights" in request.path else state(end, 40)

    with scripted(MADE) as meta:
        monkeypatch.setattr(meta, "next", lambda: answer(meta.requests[-1]))
        with pytest.raises(RetryError) as raised:
            rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, date(2026, 3, 2))
    message = str(raised.value)
    assert "The report account_insights, 2026-02-01 to 2026-03-02, of Meta ad account 7 of tenant acme" in message
    assert f"run 99, {end}" in message
    assert "run again later" in message
    assert len(started_ranges(meta)) <= MOST_FAILURES
    assert sum(WAITS) <= REPORT_SECONDS + 60
    assert len(meta.requests) < 500


@pytest.mark.parametrize(
    "passing",
    [REDUCE, Reply({"error": {"message": "Timeout", "code": 2, "error_subcode": 1504038}}, 500),
     refused(100, "Timeout", error_subcode=1504018)],
)  # fmt: skip
def test_passing_answer_that_a_report_is_too_large_is_retried(passing: Reply) -> None:
    with scripted(passing, passing, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, FIRST)) == 1
    assert len({request.path for request in meta.requests}) == 1
    assert WAITS == [2.0, 4.0]


def test_missing_report_run_raises_retry_error() -> None:
    missing = refused(100, "Unsupported get request. Object with ID '99' does not exist", error_subcode=33)
    for replies in ([MADE, missing], [MADE, DONE, missing]):
        with scripted(*replies) as meta, pytest.raises(RetryError, match="report run 99 is gone"):
            rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)


def test_too_large_page_is_requested_smaller_from_the_same_cursor() -> None:
    first = Reply({"data": [{"id": "1"}], "paging": {"cursors": {"after": "a"}, "next": "there"}})
    with scripted(first, *[REDUCE] * 6, Reply({"data": [{"id": "2"}]})) as meta:
        records = list(pages(client_of(meta), "act_7/ads", {"fields": "id"}, 100, least=1))
    assert records == [[b'{"id": "1"}'], [b'{"id": "2"}']]
    queries = [parse_qs(urlsplit(request.path).query) for request in meta.requests]
    assert [(query["limit"], query.get("after")) for query in queries] == [
        (["100"], None), *[(["100"], ["a"])] * 3, *[(["50"], ["a"])] * 3, (["25"], ["a"]),
    ]  # fmt: skip


def test_too_large_page_of_one_row_raises_retry_error() -> None:
    with scripted(REDUCE) as meta, pytest.raises(RetryError, match="reduce the amount of data"):
        list(pages(client_of(meta), "act_7/ads", {"fields": "id"}, 8, least=1))
    assert len(meta.requests) == 4 * 3, "each size is tried three times"


def test_result_of_a_run_is_read_in_smaller_pages_before_the_run_is_halved() -> None:
    with scripted(MADE, DONE, *[REDUCE] * 6, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
    assert len(started_ranges(meta)) == 1


def test_day_of_many_campaigns_is_requested_in_groups_with_short_urls() -> None:
    listed = Reply({"data": [{"id": str(120210000000000000 + number)} for number in range(1500)]})
    with scripted(*[REDUCE] * 3, listed, ROW) as meta:
        assert len(rows(client_of(meta), ADS_INSIGHTS, FIRST, FIRST)) == 30
    assert max(len(request.path) for request in meta.requests) < 4000
    queries = [parse_qs(urlsplit(request.path).query) for request in meta.requests]
    filters = [text for query in queries for text in query.get("filtering", [])]
    assert sum(text.count('"12021') for text in filters) == 1500
