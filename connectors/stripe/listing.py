"""A window of a stream: the objects that events name, fetched anew, and a sweep by `created` besides.

Events alone have lost refunds for others, and say nothing of balance transactions; a sweep alone sees no change of an
old object. So each window does both, looks back 90 days once a week, and reads everything once a month or when the
events of the last 30 days no longer reach back to its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from connectors.base import Progress, Window
from connectors.errors import ContractError
from connectors.landing import LandedWindow
from connectors.staging import Staging
from connectors.stripe.client import PAGE, Client, Head, LostCursorError, Page, Params, VanishedError
from connectors.stripe.streams import Feed

EVENTS_REACH = timedelta(days=29)  # Stripe keeps them for 30
LATE = timedelta(hours=1)  # events may arrive behind newer ones
WEEKLY = timedelta(days=90)
FETCHED_A_PART = 50


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


def land_feed(client: Client, staging: Staging, feed: Feed, landed: LandedWindow, progress: Progress) -> None:
    """Bring a window and seal it; goes on where an interrupted one stopped."""
    if not reads_all(landed.window) and "after" not in landed.manifest.state:
        _fetch_changed(client, staging, feed, landed, progress)
    _sweep(client, feed, landed, progress)
    landed.seal()


def _fetch_changed(client: Client, staging: Staging, feed: Feed, landed: LandedWindow, progress: Progress) -> None:
    """The objects that the window's events name, as they are now; deleted ones are left to the deletions."""
    start, name = landed.window.start, feed.stream.name
    ids = _changed(client, staging, feed, landed.window, landed.manifest.state.get("fetched", "")) if start else []
    for place in range(0, len(ids), FETCHED_A_PART):
        chunk = ids[place : place + FETCHED_A_PART]
        found = (client.one(name, identity, feed.expand) for identity in chunk)
        records = [record for body in found if body for record in _flat(client, feed, msgspec.Raw(body))]
        landed.write_part(records, fetched=chunk[-1])
        progress(name, place + len(chunk), len(ids), "changed")


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


def _sweep(client: Client, feed: Feed, landed: LandedWindow, progress: Progress) -> None:
    expand: Params = [("expand[]", f"data.{name}") for name in feed.expand]
    since, state = sweeps_from(landed.window, feed.lookback), landed.manifest.state
    asked = [*feed.params, *expand]
    for page in pages(client, feed.stream.name, asked, since, landed.window.end, dict(state)):
        records = [record for raw in page.data for record in _flat(client, feed, raw)]
        if page.data:
            last = head_of(page.data[-1])
            done = int(state.get("done", "0")) + len(page.data)
            landed.write_part(records, after=last.id, before=str(last.created), done=str(done))
            progress(feed.stream.name, done, None, "pages")


def pages(
    client: Client,
    resource: str,
    asked: Params,
    since: datetime | None,
    until: datetime,
    state: dict[str, str] | None = None,
) -> Iterator[Page]:
    """Every page of a list by `created`, newest first, after the place that `state` names.

    When the object that a page would start after has been deleted, the list goes on by time from where it was.
    """
    after, before = (state or {}).get("after"), int((state or {}).get("before", int(until.timestamp())))
    last, bound = after, int(until.timestamp())
    while True:
        params = [("limit", str(PAGE)), ("created[lte]", str(bound)), *asked]
        params += [("created[gte]", str(int(since.timestamp())))] if since else []
        params += [("starting_after", after)] if after else []
        try:
            page = client.page(resource, params)
        except LostCursorError:
            after, bound = None, before
            continue
        yield page
        if not page.has_more:
            return
        head = head_of(page.data[-1]) if page.data else None
        if head is None or (head.id == last and after is not None):
            raise ContractError(f"stream {resource}: Stripe's pages do not move on; stopped before an endless loop")
        after, before, last = head.id, head.created, head.id


def head_of(raw: msgspec.Raw) -> Head:
    """A record's id and time. Raises ContractError when it has none."""
    try:
        return msgspec.json.decode(raw, type=Head)
    except msgspec.ValidationError as error:
        raise ContractError(f"Stripe handed over a record without a readable id and time: {error}") from error


def _flat(client: Client, feed: Feed, raw: msgspec.Raw) -> Iterator[bytes]:
    """An object and the objects of the list inside it as records of their own, with `__parentId`.

    Those that do not fit into the object are asked for; an object that vanishes meanwhile is left out.
    """
    if feed.children is None:
        yield bytes(raw)
        return
    fields, identity = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]), head_of(raw).id
    if feed.children not in fields:
        raise ContractError(f"stream {feed.stream.name}: {identity} came without its {feed.children}")
    inside = msgspec.json.decode(fields.pop(feed.children), type=Page)
    try:
        rest = list(_rest(client, feed, identity, inside))
    except VanishedError:
        return
    yield msgspec.json.encode(fields)
    for child in (*inside.data, *rest):
        yield b'{"__parentId":' + bytes(fields["id"]) + b"," + bytes(child).lstrip()[1:]


def _rest(client: Client, feed: Feed, identity: str, inside: Page) -> Iterator[msgspec.Raw]:
    path, asked = f"invoices/{identity}/lines", list[tuple[str, str]]()
    if feed.children == "items":
        path, asked = "subscription_items", [("subscription", identity), ("expand[]", "data.discounts")]
    page = inside
    while page.has_more:
        after = ("starting_after", head_of(page.data[-1]).id)
        page = client.page(path, [("limit", str(PAGE)), *asked, after])
        yield from page.data


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
