"""Asynchronous report runs and how they may end; a large day that comes campaign by campaign."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import ConfigurationError, RetryError
from connectors.meta_ads.reports import RUN_SECONDS, pages, rows
from connectors.meta_ads.streams import ACCOUNT_INSIGHTS, ADS_INSIGHTS
from tests.connectors.meta_ads.test_answers import WAITS, client_of, refused
from tests.connectors.shopify.scripted import Reply, Script, scripted

FIRST, LAST = date(2026, 2, 1), date(2026, 2, 6)
MADE = Reply({"report_run_id": "99"})
ROW = Reply({"data": [{"date_start": "2026-02-01"}]})
DONE = Reply({"async_status": "Job Completed", "async_percent_completion": 100})
REDUCE = Reply({"error": {"message": "Please reduce the amount of data you're asking for", "code": 1}}, 500)


def state(status: str, percent: int, **more: Any) -> Reply:
    return Reply({"async_status": status, "async_percent_completion": percent, **more})


def begun(meta: Script) -> list[dict[str, str]]:
    """The ranges of the runs that were begun."""
    return [asked.body["time_range"] for asked in meta.asked if asked.method == "POST"]


@pytest.mark.parametrize(
    "waiting",
    [state("Job Completed", 97), state("Job Running", 100), state("Job Not Started", 0), state("Job Started", 0),
     Reply({"async_status": "Job Running", "async_percent_completion": None})],
)  # fmt: skip
def test_a_run_is_done_when_it_is_completed_and_at_a_hundred_percent(waiting: Reply) -> None:
    with scripted(MADE, waiting, waiting, DONE, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
    assert WAITS == [2.0, 3.0]
    assert len(begun(meta)) == 1


@pytest.mark.parametrize("end", ["Job Skipped", "Job Failed"])
def test_a_run_that_fails_or_is_skipped_is_begun_once_more(end: str) -> None:
    with scripted(MADE, state(end, 0), MADE, DONE, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
    assert len(begun(meta)) == 2


@pytest.mark.parametrize("end", ["Job Skipped", "Job Failed"])
def test_one_that_fails_twice_is_halved_by_days(end: str) -> None:
    with scripted(MADE, state(end, 0), MADE, state(end, 0), ROW, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 2
    asked = [parse_qs(urlsplit(each.path).query).get("time_range") for each in meta.asked[-2:]]
    assert asked == [['{"since":"2026-02-01","until":"2026-02-03"}'], ['{"since":"2026-02-04","until":"2026-02-06"}']]


def test_one_that_is_too_much_is_halved_without_a_second_try() -> None:
    failed = state("Job Failed", 0, error_code=100, error_subcode=1487534, error_message="too much")
    with scripted(MADE, failed, ROW, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 2
    assert len(begun(meta)) == 1


def test_one_that_fails_for_good_says_why_and_is_not_begun_again() -> None:
    failed = state("Job Failed", 0, error_code=190, error_message="The session is invalid")
    with scripted(MADE, failed) as meta, pytest.raises(ConfigurationError, match="The session is invalid"):
        rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)
    assert len(begun(meta)) == 1


def test_a_run_that_never_ends_is_given_up_once_and_halved() -> None:
    with scripted(MADE, state("Job Running", 40)) as meta:
        client = client_of(meta)
        wait = client.transport.wait

        def until_given_up(seconds: float) -> None:
            wait(seconds)
            if sum(WAITS) >= RUN_SECONDS:
                meta.replies[:] = [ROW]

        client.transport.wait = until_given_up  # type: ignore[method-assign]
        assert len(rows(client, ACCOUNT_INSIGHTS, FIRST, LAST)) == 2
    assert len(begun(meta)) == 1
    assert sum(WAITS) < RUN_SECONDS + 60


def test_a_run_that_is_gone_is_not_taken_for_an_account_that_is_not_there() -> None:
    gone = refused(100, "Unsupported get request. Object with ID '99' does not exist", error_subcode=33)
    for replies in ([MADE, gone], [MADE, DONE, gone]):
        with scripted(*replies) as meta, pytest.raises(RetryError, match="report run 99 is gone"):
            rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)


def test_a_page_that_is_too_much_is_asked_for_smaller_from_the_same_place() -> None:
    first = Reply({"data": [{"id": "1"}], "paging": {"cursors": {"after": "a"}, "next": "there"}})
    with scripted(first, REDUCE, REDUCE, Reply({"data": [{"id": "2"}]})) as meta:
        found = list(pages(client_of(meta), "act_7/ads", {"fields": "id"}, 100, least=1))
    assert found == [[b'{"id": "1"}'], [b'{"id": "2"}']]
    asked = [parse_qs(urlsplit(each.path).query) for each in meta.asked]
    assert [(each["limit"], each.get("after")) for each in asked] == [
        (["100"], None), (["100"], ["a"]), (["50"], ["a"]), (["25"], ["a"]),
    ]  # fmt: skip


def test_a_page_of_one_that_is_too_much_is_given_up() -> None:
    with scripted(REDUCE) as meta, pytest.raises(RetryError, match="reduce the amount of data"):
        list(pages(client_of(meta), "act_7/ads", {"fields": "id"}, 8, least=1))
    assert len(meta.asked) == 4


def test_the_result_of_a_run_is_asked_for_in_smaller_pages_before_the_run_is_halved() -> None:
    with scripted(MADE, DONE, REDUCE, REDUCE, ROW) as meta:
        assert len(rows(client_of(meta), ACCOUNT_INSIGHTS, FIRST, LAST)) == 1
    assert len(begun(meta)) == 1


def test_a_day_of_many_campaigns_is_asked_for_in_groups_whose_addresses_stay_short() -> None:
    listed = Reply({"data": [{"id": str(120210000000000000 + number)} for number in range(1500)]})
    with scripted(REDUCE, listed, ROW) as meta:
        assert len(rows(client_of(meta), ADS_INSIGHTS, FIRST, FIRST)) == 30
    assert max(len(each.path) for each in meta.asked) < 4000
    named = [each for asked in meta.asked for each in parse_qs(urlsplit(asked.path).query).get("filtering", [])]
    assert sum(each.count('"12021') for each in named) == 1500
