"""A window of a stream: the objects that events name, fetched anew, and a sweep by `created` besides.

Events alone have lost refunds for others, and say nothing of balance transactions; a sweep alone sees no change of an
old object. So each window does both, looks back 90 days once a week, and reads everything once a month or when the
events of the last 30 days no longer reach back to its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.base import Progress, Window
from connectors.errors import ContractError
from connectors.stripe import questions
from connectors.stripe.client import PAGE, Client, Params
from connectors.stripe.pages import Parts, flat, head_of, land_pages
from connectors.stripe.streams import Feed
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.reader import Reader

EVENTS_REACH = timedelta(days=29)  # Stripe keeps them for 30
LATE = timedelta(hours=1)  # events may arrive behind newer ones
WEEKLY = timedelta(days=90)
FEW = 500  # so many are fetched one by one, however short the list of all is


def reads_all(window: Window) -> bool:
    """Whether a window reads its streams whole: the first, the first of a month, one that events do not cover."""
    if window.start is None or window.end - window.start > EVENTS_REACH:
        return True
    return (window.start.year, window.start.month) != (window.end.year, window.end.month)


def sweeps_from(window: Window, lookback: timedelta) -> datetime | None:
    """Objects created since then are read by the window's sweep; None for all."""
    if window.start is None or reads_all(window):
        return None
    week_began = window.start.isocalendar()[:2] != window.end.isocalendar()[:2]
    return window.start - (max(WEEKLY, lookback) if week_began else lookback)


def land_feed(context: PullContext, client: Client, feed: Feed, until: datetime, landed: LandedWindow) -> None:
    """Bring a window and seal it; goes on where an interrupted one stopped.

    `until` is when the pull looks: what a resumed window still brings is as it is then, not as it was at its end.
    """
    state, reader, progress = landed.manifest.state, context.reader, context.progress
    if until > landed.window.end:
        landed.goes_on(until)
    whole = reads_all(landed.window) or "whole" in state
    if not whole and "after" not in state:
        ids = _changed(reader, feed, landed.window, state.get("fetched", ""))
        whole = len(ids) > FEW and len(ids) > reader.count(feed.stream.tables[0].name) // PAGE
        if whole:  # a list of all takes fewer requests
            landed.remember(whole="yes")
        else:
            _fetch(client, feed, ids, landed, progress, "fetched")
    listed = _sweep(client, feed, None if whole else sweeps_from(landed.window, feed.lookback), landed, progress)
    if feed.unknown:
        ids = [each for each in _in_order(reader.rows(feed.unknown), state.get("used", "")) if each not in listed]
        _fetch(client, feed, ids, landed, progress, "used")
    landed.seal()


def _fetch(
    client: Client, feed: Feed, ids: list[str], landed: LandedWindow, progress: Progress, mark: str
) -> None:  # fmt: skip
    """Objects one by one, as they are now; deleted ones are left to the deletions."""
    name = feed.stream.name
    with Parts(landed) as parts:
        for place, identity in enumerate(ids, 1):
            body = client.one(name, identity, feed.expand)
            if body is None and not feed.deletable and not client.is_test:
                raise ContractError(
                    f"stream {name}: Stripe tells of {identity}, but does not find it, and a {feed.kind} is never "
                    "deleted. Nothing of the stream was loaded. Check that the key is still of the same account."
                )
            parts.add(flat(client, feed, msgspec.Raw(body)) if body else (), **{mark: identity})
            progress(name, place, len(ids), "changed")


def _changed(reader: Reader, feed: Feed, window: Window, behind: str) -> list[str]:
    """Ids behind one, in order: a resumed window goes on after those that have arrived."""
    start = window.start - LATE if window.start else window.end
    changed = reader.rows(questions.CHANGED, kind=feed.kind, since=_naive(start), until=_naive(window.end))
    return _in_order(changed + (reader.rows(feed.out_of_date) if feed.out_of_date else []), behind)


def _in_order(rows: list[tuple[str | None]], behind: str) -> list[str]:
    """The distinct ids behind one."""
    return sorted({identity for (identity,) in rows if identity and identity > behind})


def _sweep(
    client: Client, feed: Feed, since: datetime | None, landed: LandedWindow, progress: Progress
) -> set[str]:  # fmt: skip
    """The feed's lists, one after the other. Returns the ids that came, where the feed asks for others besides."""
    expand: Params = [("expand[]", f"data.{name}") for name in feed.expand]
    state, listed = landed.manifest.state, set[str]()

    def records_of(raw: msgspec.Raw) -> Iterable[bytes]:
        if feed.unknown:
            listed.add(head_of(raw).id)
        return flat(client, feed, raw)

    for number, params in enumerate(feed.sweeps):
        if number > int(state.get("sweep", "0")):
            landed.remember(sweep=str(number), after="", before="")
        if number == int(state.get("sweep", "0")):
            land_pages(client, feed.stream.name, [*params, *expand], since, landed, records_of, progress)
    return listed


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
