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
from connectors.stripe.client import PAGE, Client, Params
from connectors.stripe.pages import Parts, flat, head_of, land_pages
from connectors.stripe.streams import Feed
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging

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
    state, staging, progress = landed.manifest.state, context.staging, context.progress
    if until > landed.window.end:
        landed.goes_on(until)
    whole = reads_all(landed.window) or "whole" in state
    if not whole and "after" not in state:
        ids = _changed(client, staging, feed, landed.window, state.get("fetched", ""))
        whole = len(ids) > FEW and len(ids) > _held(client, staging, feed) // PAGE
        if whole:  # a list of all takes fewer requests
            landed.remember(whole="yes")
        else:
            _fetch(client, feed, ids, landed, progress, "fetched")
    listed = _sweep(client, feed, None if whole else sweeps_from(landed.window, feed.lookback), landed, progress)
    if feed.used:
        ids = [each for each in _named(client, staging, feed.used, state.get("used", "")) if each not in listed]
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


def _changed(client: Client, staging: Staging, feed: Feed, window: Window, behind: str) -> list[str]:
    """Ids behind one, in order: a resumed window goes on after those that have arrived.

    A discount's event names the customer and the subscription that it changes.
    """
    named = {"customer": "customer_id", "subscription": "subscription_id"}.get(feed.kind, "null")
    start = window.start - LATE if window.start else window.end
    stale = f"union all {feed.stale}" if feed.stale else ""
    scope = [client.account.tenant_id, client.account.account]
    rows = staging.db.execute(
        f"""select distinct identity from (
            select case when object_type = ? then object_id
                when object_type = 'discount' then {named} end as identity
            from stripe.events
            where tenant_id = ? and source_account = ? and created_at >= ? and created_at <= ?
            {stale})
        where identity > ? order by identity""",
        [feed.kind, *scope, _naive(start), _naive(window.end), *(scope if feed.stale else []), behind],
    ).fetchall()
    return [row[0] for row in rows]


def _named(client: Client, staging: Staging, sql: str, behind: str) -> list[str]:
    """Ids behind one, in order, that other rows of staging name."""
    rows = staging.db.execute(
        f"select distinct identity from ({sql}) where identity > ? order by identity",
        [client.account.tenant_id, client.account.account, behind],
    ).fetchall()
    return [row[0] for row in rows]


def _held(client: Client, staging: Staging, feed: Feed) -> int:
    """How many objects of a feed staging holds."""
    table = feed.stream.tables[0].name
    row = staging.db.execute(
        f"select count(*) from stripe.{table} where tenant_id = ? and source_account = ?",
        [client.account.tenant_id, client.account.account],
    ).fetchone()
    return int(row[0]) if row else 0


def _sweep(
    client: Client, feed: Feed, since: datetime | None, landed: LandedWindow, progress: Progress
) -> set[str]:  # fmt: skip
    """The feed's lists, one after the other. Returns the ids that came, where the feed asks for others besides."""
    expand: Params = [("expand[]", f"data.{name}") for name in feed.expand]
    state, listed = landed.manifest.state, set[str]()

    def records_of(raw: msgspec.Raw) -> Iterable[bytes]:
        if feed.used:
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
