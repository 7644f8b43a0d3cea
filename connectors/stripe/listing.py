"""One window of a stream: fetch again the objects that events name, then sweep the list by `created`.

Events alone have left out refunds, and there are none for balance transactions; a sweep alone misses changes of old
objects. So each window does both. It looks back 90 days once a week, and reads everything once a month or when the
events of the last 30 days do not reach back to its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.base import Progress, Window
from connectors.errors import ContractError, RetryError
from connectors.stripe import questions
from connectors.stripe.client import PAGE, Client, Listed, Params
from connectors.stripe.pages import flatten, land_pages
from connectors.stripe.streams import Feed
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.parts import Parts
from connectors.sync.reader import Reader

EVENTS_REACH = timedelta(days=29)  # Stripe keeps them for 30
LATE = timedelta(hours=1)  # events may arrive after newer ones
WEEKLY = timedelta(days=90)
VERIFIED = 100  # of the oldest objects that a list lacks are requested, to see whether they exist
FEW = 500  # up to so many objects are fetched one by one, however short the whole list is


def reads_all(window: Window) -> bool:
    """Whether a window reads its streams whole: the first, the first of a month, one that events do not cover."""
    if window.start is None or window.end - window.start > EVENTS_REACH:
        return True
    return (window.start.year, window.start.month) != (window.end.year, window.end.month)


def sweeps_from(window: Window, lookback: timedelta) -> datetime | None:
    """The window's sweep reads objects created since this instant; None for all."""
    if window.start is None or reads_all(window):
        return None
    week_began = window.start.isocalendar()[:2] != window.end.isocalendar()[:2]
    return window.start - (max(WEEKLY, lookback) if week_began else lookback)


def land_feed(context: PullContext, client: Client, feed: Feed, until: datetime, landed: LandedWindow) -> None:
    """Land a window and seal it; an interrupted one continues where it stopped.

    `until` is the time of this pull: records that a resumed window still lands are as of then, not of its end.
    """
    state, reader, progress = landed.manifest.state, context.reader, context.progress
    if until > landed.window.end:
        landed.resumed_at(until)
    whole = reads_all(landed.window) or "whole" in state
    if not whole and "after" not in state:
        ids = _changed(reader, feed, landed.window, state.get("fetched", ""))
        whole = len(ids) > FEW and len(ids) > reader.count(feed.stream.tables[0].name) // PAGE
        if whole:  # the whole list takes fewer requests
            landed.remember(whole="yes")
        else:
            _fetch(client, feed, ids, landed, progress, "fetched")
    since = None if whole else sweeps_from(landed.window, feed.lookback)
    listed = _sweep(client, feed, since, landed, progress, reader)
    if feed.unknown:
        unknown = _sorted_after(reader.rows(feed.unknown), state.get("used", ""))
        _fetch(client, feed, [identity for identity in unknown if identity not in listed], landed, progress, "used")
    landed.seal()


def _fetch(
    client: Client, feed: Feed, ids: list[str], landed: LandedWindow, progress: Progress, state_key: str
) -> None:  # fmt: skip
    """Land objects one by one, as they are now; deleted ones are left to the stream of deletions."""
    name = feed.stream.name
    with Parts(landed) as parts:
        for number, identity in enumerate(ids, 1):
            body = client.retrieve(name, identity, feed.expand)
            if body is None and not feed.deletable and not client.is_test:
                raise ContractError(
                    f"Stream {name} of {client.label} was not loaded",
                    f"Stripe named {identity}, but does not find it, and a {feed.kind} is never deleted",
                    "Check that the key still belongs to the same account",
                )
            parts.add(flatten(client, feed, msgspec.Raw(body)) if body else (), **{state_key: identity})
            progress(name, number, len(ids), "changed")


def _changed(reader: Reader, feed: Feed, window: Window, after: str) -> list[str]:
    """Ids of changed objects after one id, sorted: a resumed window continues after those that have arrived."""
    start = window.start - LATE if window.start else window.end
    changed = reader.rows(questions.CHANGED, kind=feed.kind, since=_naive(start), until=_naive(window.end))
    return _sorted_after(changed + (reader.rows(feed.out_of_date) if feed.out_of_date else []), after)


def _sorted_after(rows: list[tuple[str | None]], after: str) -> list[str]:
    """The distinct ids after one id."""
    return sorted({identity for (identity,) in rows if identity and identity > after})


def _sweep(
    client: Client, feed: Feed, since: datetime | None, landed: LandedWindow, progress: Progress, reader: Reader
) -> set[str]:  # fmt: skip
    """Land the feed's lists, one after the other. Returns the ids that they had, for a feed with unknown objects."""
    expand: Params = [("expand[]", f"data.{name}") for name in feed.expand]
    state, listed, oldest = landed.manifest.state, set[str](), int(landed.window.end.timestamp())

    def records_of(raw: msgspec.Raw, head: Listed) -> Iterable[bytes]:
        nonlocal oldest
        oldest = min(oldest, head.created)
        if feed.unknown:
            listed.add(head.id)
        return flatten(client, feed, raw)

    for number, params in enumerate(feed.sweeps):
        if number > int(state.get("sweep", "0")):
            landed.remember(sweep=str(number), after="", before="")
        if number == int(state.get("sweep", "0")):
            land_pages(client, feed.stream.name, [*params, *expand], since, landed, records_of, progress)
    if since is None and landed.window.start is not None and feed.lists_all:
        _check_end(client, feed, oldest, landed, reader)
    return listed


def _check_end(client: Client, feed: Feed, oldest: int, landed: LandedWindow, reader: Reader) -> None:
    """Compare the oldest object of whole lists with the oldest in staging: `has_more: false` may come too early.

    Raises RetryError when the lists ended before objects that Stripe still has; warns when an earlier list did.
    """
    name, table, window = feed.stream.name, feed.stream.tables[0], landed.window
    missing = reader.rows(questions.older_than(table), kind=feed.kind, oldest=oldest)
    for (identity,) in missing[:VERIFIED]:
        if client.retrieve(name, identity) is not None:
            landed.restart()
            raise ended_early(client, name, identity)
    stored = reader.first(questions.oldest(table))
    swept = (window.start or window.end) - WEEKLY - feed.lookback
    if oldest < min(stored[0] if stored and stored[0] is not None else oldest + 1, int(swept.timestamp())):
        client.warnings.append(
            f"{client.label}: {name} since {datetime.fromtimestamp(max(0, oldest), UTC):%Y-%m-%d} came only now. "
            "An earlier list ended too early, so numbers of that time were too small until now. Nothing has to be done."
        )


def ended_early(client: Client, name: str, identity: str) -> RetryError:
    """The error for a list that lacks an object that exists."""
    return RetryError(
        f"The list of {name} of {client.label} ended too early",
        f"it lacks {identity}, which exists",
        "Nothing of it was loaded; run again later",
    )


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
