"""Insights of a range of days: all rows or none.

A few days are requested at once, more by an asynchronous run. A report that is too large, or whose run fails twice, is
halved by days, a single day of ads by campaigns; what is still too large fails with its day. No filter on measured
values is ever used: such a filter has lost 40 % of the spend. The account's own report is never split by campaigns:
the list of campaigns leaves deleted ones out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.base import Stream
from connectors.errors import ContractError
from connectors.http import decoded
from connectors.meta_ads.client import Client
from connectors.meta_ads.errors import GraphError, refusal
from connectors.meta_ads.streams.insights import ACTION_BREAKDOWNS, INSIGHTS, WINDOWS
from connectors.meta_ads.streams.objects import STATUSES
from connectors.sync.daily_reports import TooLargeError, rows_in_halves

AT_ONCE_DAYS = 3  # a longer range goes by an asynchronous run
RUNS, POLL_SECONDS, LONGEST_POLL, RUN_SECONDS = 2, 2.0, 30.0, 1800.0
PAGE_OF_OBJECTS, PAGE_OF_ROWS, LEAST_ROWS = 100, 500, 25
CAMPAIGNS_AT_ONCE = 50  # the URL names them, and servers limit its length


class _Cursors(msgspec.Struct):
    after: str | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors | None = None
    next: str | None = None


class _Page(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: _Paging | None = None


class _Campaign(msgspec.Struct):
    id: str


class _StartedRun(msgspec.Struct):
    report_run_id: str


class _Run(msgspec.Struct):
    async_status: str
    async_percent_completion: int | None = None
    error_message: str | None = None
    error_code: int | None = None
    error_subcode: int | None = None


def pages(
    client: Client, path: str, params: dict[str, str], limit: int, least: int | None = None
) -> Iterator[list[bytes]]:
    """The pages below a path. Only `paging.next` says that there is another one; an empty page is not the end.

    A page that is too large is requested smaller, down to `least` rows, then TooLargeError is raised. Raises
    ContractError when a cursor repeats.
    """
    cursors: set[str] = set()
    params = {**params, "limit": str(limit)}
    while True:
        try:
            page = decoded(client.get(path, params), _Page, client.label, path)
        except TooLargeError:
            limit //= 2
            if limit < (least or limit + 1):
                raise
            params["limit"] = str(limit)
            continue
        yield [bytes(record) for record in page.data]
        if page.paging is None or not page.paging.next:
            return
        after = (page.paging.cursors and page.paging.cursors.after) or _after(page.paging.next)
        if not after or after in cursors:
            raise ContractError(
                f"Stopped reading {path.rsplit('/', 1)[-1]} of {client.label}",
                "Meta's page cursor does not advance",
                "Run again later; if the error persists, update Takings",
            )
        cursors.add(after)
        params["after"] = after


def _after(url: str) -> str:
    """The cursor in the URL of the next page: some responses name it nowhere else."""
    return dict(parse_qsl(urlsplit(url).query)).get("after", "")


def rows(client: Client, stream: Stream, first: date, last: date) -> list[bytes]:
    """Every row of a stream's report from `first` to `last`, both included.

    Raises RetryError when a single day is too large.
    """
    return rows_in_halves(client.label, stream.name, partial(_rows_or_by_campaign, client, stream), first, last)


def _rows_or_by_campaign(client: Client, stream: Stream, first: date, last: date) -> list[bytes]:
    """The rows at once; a single day of ads that is too large comes campaign by campaign."""
    try:
        return _rows(client, stream, first, last)
    except TooLargeError:
        if first != last or INSIGHTS[stream.name] != "ad":
            raise
    params = {"fields": "id", "effective_status": msgspec.json.encode(STATUSES).decode()}
    listed = pages(client, f"act_{client.id}/campaigns", params, PAGE_OF_OBJECTS, least=1)
    campaigns = [decoded(row, _Campaign, client.label, "campaigns").id for page in listed for row in page]
    starts = range(0, len(campaigns), CAMPAIGNS_AT_ONCE)
    groups = (campaigns[start : start + CAMPAIGNS_AT_ONCE] for start in starts)
    return [row for group in groups for row in _by_campaigns(client, stream, first, group)]


def _by_campaigns(client: Client, stream: Stream, day: date, campaigns: list[str]) -> list[bytes]:
    """The day's rows of some campaigns, which are halved while their rows are too many."""
    half = len(campaigns) // 2
    try:
        return _rows(client, stream, day, day, campaigns)
    except TooLargeError:
        if not half:
            raise
    parts = (campaigns[:half], campaigns[half:])
    return [row for part in parts for row in _by_campaigns(client, stream, day, part)]


def _rows(client: Client, stream: Stream, first: date, last: date, campaigns: list[str] | None = None) -> list[bytes]:
    params: dict[str, str] = {
        "level": INSIGHTS[stream.name],
        "fields": stream.query,
        "time_increment": "1",
        "time_range": msgspec.json.encode({"since": str(first), "until": str(last)}).decode(),
        "action_attribution_windows": msgspec.json.encode(WINDOWS).decode(),
        "action_breakdowns": msgspec.json.encode(ACTION_BREAKDOWNS).decode(),
    }
    if campaigns is not None:
        only = [{"field": "campaign.id", "operator": "IN", "value": campaigns}]
        params["filtering"] = msgspec.json.encode(only).decode()
    if (last - first).days < AT_ONCE_DAYS:
        result = pages(client, f"act_{client.id}/insights", params, PAGE_OF_ROWS)
    else:
        result = pages(client, f"{_run(client, params)}/insights", {}, PAGE_OF_ROWS, LEAST_ROWS)
    return [record for page in result for record in page]


def _run(client: Client, params: dict[str, str]) -> str:
    """The id of a report run that has completed.

    A run that fails without a reason is started once more, then TooLargeError is raised, as for one that is too large
    or does not end. A run with a permanent error raises the exception that `refusal` makes of it.
    """
    status = ""
    for _ in range(RUNS):
        path = f"act_{client.id}/insights"
        run_id = decoded(client.post(path, params), _StartedRun, client.label, path).report_run_id
        pause, waited = POLL_SECONDS, 0.0
        while waited < RUN_SECONDS:
            run = decoded(client.get(run_id), _Run, client.label, "a report run")
            if run.async_status == "Job Completed" and run.async_percent_completion == 100:
                return run_id
            if run.async_status in ("Job Failed", "Job Skipped"):
                break
            client.transport.wait(pause)
            waited, pause = waited + pause, min(LONGEST_POLL, pause * 1.5)
        else:
            raise TooLargeError(
                f"Report run {run_id} of {client.label} failed", f"it did not end within {RUN_SECONDS / 60:.0f} minutes"
            )
        status = client.transport.redact(run.error_message or run.async_status)
        error = GraphError(status, run.error_code, run.error_subcode)
        if error.too_large:
            break
        if error.code and not error.throttling and not error.retryable:
            raise refusal(error, client.label, client.version)
    raise TooLargeError(f"Report run {run_id} of {client.label} failed", f"it ended as {status}")
