"""Insights of a range of days, all its rows or none.

A few days are asked for at once, more by an asynchronous run. A report that is too much, or whose run fails twice, is
halved by days, a single day of ads by campaigns; what still is too much fails, named. Nothing that was measured is ever
filtered: such a filter has been seen to lose 40 % of the spend. The account's own day is never split by campaigns:
those that are listed leave deleted ones out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.base import Stream
from connectors.errors import ContractError, RetryError
from connectors.http import decoded
from connectors.meta_ads.client import Client
from connectors.meta_ads.errors import GraphError, TooMuchError, refusal
from connectors.meta_ads.streams.insights import ACTION_BREAKDOWNS, INSIGHTS, WINDOWS
from connectors.meta_ads.streams.objects import STATUSES

AT_ONCE_DAYS = 3  # a longer range goes by an asynchronous run
RUNS, POLL_SECONDS, LONGEST_POLL, RUN_SECONDS = 2, 2.0, 30.0, 1800.0
PAGE_OF_OBJECTS, PAGE_OF_ROWS, LEAST_ROWS = 100, 500, 25
CAMPAIGNS_AT_ONCE = 50  # they are named in the address, and servers take only so long a one


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


class _Made(msgspec.Struct):
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
    """The pages below a path. Only `paging.next` says that there is more; an empty page is not the end.

    A page that is too much is asked for smaller, down to `least` rows, then TooMuchError is raised. Raises
    ContractError when a cursor comes again.
    """
    seen: set[str] = set()
    params = {**params, "limit": str(limit)}
    while True:
        try:
            page = decoded(client.get(path, params), _Page, client.who, path)
        except TooMuchError:
            limit //= 2
            if limit < (least or limit + 1):
                raise
            params["limit"] = str(limit)
            continue
        yield [bytes(record) for record in page.data]
        if page.paging is None or not page.paging.next:
            return
        after = (page.paging.cursors and page.paging.cursors.after) or _after(page.paging.next)
        if not after or after in seen:
            raise ContractError(
                f"{client.who}: the page cursor of {path.rsplit('/', 1)[-1]} does not move on; stopped "
                "before an endless loop"
            )
        seen.add(after)
        params["after"] = after


def _after(url: str) -> str:
    """The cursor in the address of the next page: there are answers that name it nowhere else."""
    return dict(parse_qsl(urlsplit(url).query)).get("after", "")


def rows(client: Client, stream: Stream, first: date, last: date) -> list[bytes]:
    """Every row of a stream's report from `first` to `last`, both included.

    Raises RetryError when a single day cannot be had.
    """
    try:
        return _rows(client, stream, first, last)
    except TooMuchError as error:
        if first == last:
            return _of_day(client, stream, first, error)
        middle = first + (last - first) // 2
        return rows(client, stream, first, middle) + rows(client, stream, middle + timedelta(days=1), last)


def _of_day(client: Client, stream: Stream, day: date, error: TooMuchError) -> list[bytes]:
    """A day that is too much at once: its ads campaign by campaign."""
    try:
        if INSIGHTS[stream.name] != "ad":
            raise error
        params = {"fields": "id", "effective_status": msgspec.json.encode(STATUSES).decode()}
        listed = pages(client, f"act_{client.id}/campaigns", params, PAGE_OF_OBJECTS, least=1)
        campaigns = [decoded(row, _Campaign, client.who, "campaigns").id for page in listed for row in page]
        starts = range(0, len(campaigns), CAMPAIGNS_AT_ONCE)
        groups = (campaigns[start : start + CAMPAIGNS_AT_ONCE] for start in starts)
        return [row for group in groups for row in _by_campaigns(client, stream, day, group)]
    except TooMuchError as last:
        raise RetryError(
            f"{client.who}: the report {stream.name} of {day} alone cannot be had ({last}). "
            "Nothing of it was loaded; run again later."
        ) from last


def _by_campaigns(client: Client, stream: Stream, day: date, campaigns: list[str]) -> list[bytes]:
    """The day's rows of some campaigns, halved until they fit."""
    half = len(campaigns) // 2
    try:
        return _rows(client, stream, day, day, campaigns)
    except TooMuchError:
        if not half:
            raise
    parts = (campaigns[:half], campaigns[half:])
    return [row for part in parts for row in _by_campaigns(client, stream, day, part)]


def _rows(client: Client, stream: Stream, first: date, last: date, campaigns: list[str] | None = None) -> list[bytes]:
    asked: dict[str, str] = {
        "level": INSIGHTS[stream.name],
        "fields": stream.query,
        "time_increment": "1",
        "time_range": msgspec.json.encode({"since": str(first), "until": str(last)}).decode(),
        "action_attribution_windows": msgspec.json.encode(WINDOWS).decode(),
        "action_breakdowns": msgspec.json.encode(ACTION_BREAKDOWNS).decode(),
    }
    if campaigns is not None:
        only = [{"field": "campaign.id", "operator": "IN", "value": campaigns}]
        asked["filtering"] = msgspec.json.encode(only).decode()
    if (last - first).days < AT_ONCE_DAYS:
        found = pages(client, f"act_{client.id}/insights", asked, PAGE_OF_ROWS)
    else:
        found = pages(client, f"{_run(client, asked)}/insights", {}, PAGE_OF_ROWS, LEAST_ROWS)
    return [record for page in found for record in page]


def _run(client: Client, asked: dict[str, str]) -> str:
    """The id of a run that has completed.

    One that fails without a reason is begun once more, then TooMuchError is raised, as for one that is too much or does
    not end. One that fails for good raises what `refusal` makes of its reason.
    """
    said = ""
    for _ in range(RUNS):
        path = f"act_{client.id}/insights"
        made = decoded(client.post(path, asked), _Made, client.who, path)
        pause, waited = POLL_SECONDS, 0.0
        while waited < RUN_SECONDS:
            run = decoded(client.get(made.report_run_id), _Run, client.who, "a report run")
            if run.async_status == "Job Completed" and run.async_percent_completion == 100:
                return made.report_run_id
            if run.async_status in ("Job Failed", "Job Skipped"):
                break
            client.transport.wait(pause)
            waited, pause = waited + pause, min(LONGEST_POLL, pause * 1.5)
        else:
            raise TooMuchError(f"{client.who}: a report run did not end within {RUN_SECONDS / 60:.0f} minutes")
        said = client.transport.redact(run.error_message or run.async_status)
        error = GraphError(said, run.error_code, run.error_subcode)
        if error.too_much:
            break
        if error.code and not error.throttled and not error.transient:
            raise refusal(error, client.id, client.version)
    raise TooMuchError(f"{client.who}: a report run ended as {said}")
