"""Lists by `created`, page by page, and what lands of them: an object, and the objects of the list inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from urllib.parse import quote

import msgspec

from connectors.base import Progress
from connectors.errors import ContractError
from connectors.stripe.client import PAGE, Client, Head, LostCursorError, Page, Params, VanishedError
from connectors.stripe.streams import Feed
from connectors.sync.landing import LandedWindow

RECORDS_A_PART = 2_000


class Parts:
    """Gathers records and writes them as parts of a good size; what an error leaves behind is written too.

    Use as a context manager. `state` says where to go on behind the records that it comes with.
    """

    def __init__(self, landed: LandedWindow) -> None:
        self.landed, self.records, self.state = landed, list[bytes](), dict[str, str]()

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self._write()

    def add(self, records: Iterable[bytes], **state: str) -> None:
        self.records += records
        self.state |= state
        if len(self.records) >= RECORDS_A_PART:
            self._write()

    def _write(self) -> None:
        records, state = self.records, self.state
        self.records, self.state = [], {}
        if records:
            self.landed.write_part(records, **state)
        elif state:
            self.landed.remember(**state)


def land_pages(
    client: Client,
    resource: str,
    asked: Params,
    since: datetime | None,
    landed: LandedWindow,
    records_of: Callable[[msgspec.Raw], Iterable[bytes]],
    progress: Progress,
) -> None:
    """A list of the window, from where it stopped; it is not sealed."""
    state = landed.manifest.state
    done = int(state.get("done", "0"))
    with Parts(landed) as parts:
        for page in pages(client, resource, asked, since, landed.window.end, dict(state)):
            if page.data:
                last, done = head_of(page.data[-1]), done + len(page.data)
                records = [record for raw in page.data for record in records_of(raw)]
                parts.add(records, after=last.id, before=str(last.created), done=str(done))
                progress(resource, done, None, "pages")


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
    after, before = (state or {}).get("after"), int((state or {}).get("before") or int(until.timestamp()))
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


def flat(client: Client, feed: Feed, raw: msgspec.Raw) -> Iterator[bytes]:
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
    path, asked = f"invoices/{quote(identity, safe='')}/lines", list[tuple[str, str]]()
    if feed.children == "items":
        path, asked = "subscription_items", [("subscription", identity), ("expand[]", "data.discounts")]
    page = inside
    while page.has_more:
        last = head_of(page.data[-1]).id if page.data else ""
        page = client.page(path, [("limit", str(PAGE)), *asked, ("starting_after", last)])
        if not page.data or head_of(page.data[-1]).id == last:
            raise ContractError(f"{path} of {identity}: Stripe's pages do not move on; stopped before an endless loop")
        yield from page.data
