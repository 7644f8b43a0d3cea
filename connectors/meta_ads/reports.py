"""Insights of a range of days: all rows or none.

A few days are requested at once, more by an asynchronous run (runs.py). A report that is too large, or whose run fails
twice, is halved by days, a single day of ads by campaigns; what is still too large fails with its day. No filter on
measured values is ever used: such a filter has lost 40 % of the spend. The account's own report is never split by
campaigns: the list of campaigns leaves deleted ones out.
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
from connectors.meta_ads.runs import Runs
from connectors.meta_ads.streams.insights import ACTION_BREAKDOWNS, INSIGHTS, WINDOWS
from connectors.meta_ads.streams.objects import STATUSES
from connectors.sync.daily_reports import TooLargeError, rows_in_halves

AT_ONCE_DAYS = 3  # a longer range goes by an asynchronous run
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


class Listed(msgspec.Struct):
    """An object of a list."""

    id: str


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

    Raises RetryError when a single day is too large, or when its runs keep failing or take longer than their deadline.
    """
    runs = Runs(client, f"The report {stream.name}, {first} to {last},")
    return rows_in_halves(client.label, stream.name, partial(_rows_or_by_campaign, runs, stream), first, last)


def _rows_or_by_campaign(runs: Runs, stream: Stream, first: date, last: date) -> list[bytes]:
    """The rows at once; a single day of ads that is too large comes campaign by campaign."""
    client = runs.client
    try:
        return _rows(runs, stream, first, last)
    except TooLargeError:
        if first != last or INSIGHTS[stream.name] != "ad":
            raise
    params = {"fields": "id", "effective_status": msgspec.json.encode(STATUSES).decode()}
    listed = pages(client, f"act_{client.id}/campaigns", params, PAGE_OF_OBJECTS, least=1)
    campaigns = [decoded(row, Listed, client.label, "campaigns").id for page in listed for row in page]
    starts = range(0, len(campaigns), CAMPAIGNS_AT_ONCE)
    groups = (campaigns[start : start + CAMPAIGNS_AT_ONCE] for start in starts)
    return [row for group in groups for row in _by_campaigns(runs, stream, first, group)]


def _by_campaigns(runs: Runs, stream: Stream, day: date, campaigns: list[str]) -> list[bytes]:
    """The day's rows of some campaigns, which are halved while their rows are too many."""
    half = len(campaigns) // 2
    try:
        return _rows(runs, stream, day, day, campaigns)
    except TooLargeError:
        if not half:
            raise
    parts = (campaigns[:half], campaigns[half:])
    return [row for part in parts for row in _by_campaigns(runs, stream, day, part)]


def _rows(runs: Runs, stream: Stream, first: date, last: date, campaigns: list[str] | None = None) -> list[bytes]:
    runs.check()
    client = runs.client
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
        result = pages(client, f"{runs.completed(params)}/insights", {}, PAGE_OF_ROWS, LEAST_ROWS)
    return [record for page in result for record in page]
