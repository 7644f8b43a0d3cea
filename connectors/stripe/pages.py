"""Lists by `created`, page by page, and the records that land: an object, and the objects of the list inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec

from connectors.base import Progress
from connectors.errors import ContractError
from connectors.http import decoded
from connectors.stripe.client import (
    PAGE,
    RETRY_OR_UPDATE,
    Client,
    Head,
    Listed,
    LostCursorError,
    Page,
    Params,
    VanishedError,
)
from connectors.stripe.streams import Feed
from connectors.sync.landing import LandedWindow
from connectors.sync.parts import Parts

H = TypeVar("H", Head, Listed)
MOST_PAGES = 1_000  # of objects that were created in the same second, or that belong to one object


def land_pages(
    client: Client,
    resource: str,
    params: Params,
    since: datetime | None,
    landed: LandedWindow,
    records_of: Callable[[msgspec.Raw, Listed], Iterable[bytes]],
    progress: Progress,
) -> None:
    """Land a list of the window, from where it stopped; the window is not sealed."""
    state = landed.manifest.state
    count = int(state.get("done", "0"))
    with Parts(landed) as parts:
        for page, heads in pages(client, resource, params, since, landed.window.end, dict(state)):
            if heads:
                records = [record for raw, head in zip(page, heads, strict=True) for record in records_of(raw, head)]
                ids, last, count = [head.id for head in heads], heads[-1], count + len(heads)
                parts.add(records, ids, after=last.id, before=str(last.created), done=str(count))
                progress(resource, count, None, "pages")


def pages(
    client: Client,
    resource: str,
    params: Params,
    since: datetime | None,
    until: datetime,
    state: dict[str, str] | None = None,
) -> Iterator[tuple[list[msgspec.Raw], list[Listed]]]:
    """Every page of a list by `created`, newest first, after the place that `state` names: its records and their heads.

    When the object that a page would start after has been deleted, the list continues by time from there.
    Raises ContractError when a page repeats an earlier one, or the pages do not advance in time.
    """
    after, before = (state or {}).get("after"), int((state or {}).get("before") or int(until.timestamp()))
    ends, at_once, bound = {after}, 0, int(until.timestamp())
    while True:
        query = [("limit", str(PAGE)), ("created[lte]", str(bound)), *params]
        query += [("created[gte]", str(int(since.timestamp())))] if since else []
        query += [("starting_after", after)] if after else []
        try:
            page = client.page(resource, query)
        except LostCursorError:
            if after is None:
                raise
            after, bound = None, before
            continue
        heads = [head_of(raw, Listed) for raw in page.data]
        yield page.data, heads
        if not page.has_more:
            return
        last = heads[-1] if heads else None
        at_once = at_once + 1 if last and last.created == before else 0
        if last is None or last.id in ends or at_once > MOST_PAGES:
            raise _endless(f"stream {resource} of {client.label}")
        after, before = last.id, last.created
        ends.add(after)


def _endless(place: str) -> ContractError:
    return ContractError(f"Stopped reading {place}", "Stripe's pages do not advance", RETRY_OR_UPDATE)


def head_of(raw: msgspec.Raw, kind: type[H] = Head) -> H:  # type: ignore[assignment]
    """A record's id and time. Raises ContractError when it has none."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise ContractError(
            f"Stripe sent a record without a readable id and time ({error})", "", RETRY_OR_UPDATE
        ) from error


def flatten(client: Client, feed: Feed, raw: msgspec.Raw) -> Iterator[bytes]:
    """An object, and the objects of the list inside it as records of their own with `__parentId`.

    When the object does not show all of them, all are requested: what it shows need not be the first page of their
    list. An object that vanishes meanwhile is left out.
    """
    if feed.children is None:
        yield bytes(raw)
        return
    identity, fields = head_of(raw).id, msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    if feed.children not in fields:
        raise ContractError(
            f"Stream {feed.stream.name} of {client.label} cannot be read",
            f"{identity} came without its {feed.children}",
            RETRY_OR_UPDATE,
        )
    shown = decoded(fields.pop(feed.children), Page, client.label, f"{feed.children} of {identity}")
    try:
        children = _all_children(client, feed, identity) if shown.has_more else shown.data
    except VanishedError:
        return
    for child in children:
        head_of(child)
    yield msgspec.json.encode(fields)
    for child in children:
        yield b'{"__parentId":' + bytes(fields["id"]) + b"," + bytes(child).lstrip()[1:]


def _all_children(client: Client, feed: Feed, identity: str) -> list[msgspec.Raw]:
    """The children of an object by their own list, from its start, each id once."""
    path, params = f"invoices/{quote(identity, safe='')}/lines", list[tuple[str, str]]()
    if feed.children == "items":
        path, params = "subscription_items", [("subscription", identity), ("expand[]", "data.discounts")]
    children, after = dict[str, msgspec.Raw](), list[tuple[str, str]]()
    for _ in range(MOST_PAGES):
        page, known = client.page(path, [("limit", str(PAGE)), *params, *after]), len(children)
        for raw in page.data:
            children.setdefault(head_of(raw).id, raw)
        if not page.has_more:
            return list(children.values())
        if len(children) == known:
            break
        after = [("starting_after", head_of(page.data[-1]).id)]
    raise _endless(f"{path} of {identity} of {client.label}")
