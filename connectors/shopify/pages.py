"""A stream by pages: what changed since the last pull.

A page is landed in the form of a bulk file (each child is a record of its own with `__parentId`), so that the same SQL
reads both. Records are cut out of the page without being decoded. When the children of a parent do not fit into the
page, its objects are requested again, fewer of them with more children each. When they do not fit either, the whole
window is loaded by a bulk operation: `TooLargeError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.base import Progress, Stream, Window
from connectors.errors import ContractError, RetryError
from connectors.http import Decoder
from connectors.shopify.client import Client, TooExpensiveError
from connectors.shopify.search import conditions
from connectors.sync.landing import LandedWindow
from connectors.sync.parts import Parts

PAGE, PAGE_WITH_CHILDREN, INNER = 250, 50, 20
LARGER = (100, 250)  # children of each object, where INNER are not all; 250 is Shopify's most
MOST = 20_000  # one query cannot page beyond 25,000 objects
MOST_PAGES = 2_000  # of a stream that cannot go by bulk


class TooLargeError(RetryError):
    """Pages cannot bring the window; a bulk operation can."""


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Connection(msgspec.Struct, rename="camel"):
    nodes: list[msgspec.Raw]
    page_info: _PageInfo


class _Node(msgspec.Struct):
    id: str


_FIELDS = Decoder(dict[str, msgspec.Raw])
_CONNECTION = Decoder(_Connection)
_NODE = Decoder(_Node)
_BEGINS_WITH_ID = re.compile(rb'\{\s*("__typename"\s*:\s*"\w+"\s*,\s*)?"id"\s*:\s*"').match
"""How a node begins whose id is there: as requested, its type and its id come first."""


def root_of(stream: Stream) -> str:
    """The field of the query that lists the stream's objects."""
    return stream.query.split("%", 1)[0].strip()


def page_query(stream: Stream, window: Window, page: int, inner: int = INNER) -> str:
    """The stream's query for one page, sorted by its cursor, so that a change while paging moves no object forward.

    A page has `page` objects with `inner` children each.
    """
    root = root_of(stream)
    selected = " AND ".join((["action:destroy"] if root == "events" else []) + conditions(stream, window))
    text = f', query: "{selected}"' if selected else ""
    sort = f", sortKey: {stream.cursor.upper()}" if stream.cursor else ""
    return "query page($after: String) { " + stream.query % {
        "arguments": f"(first: {page}, after: $after{sort}{text})",
        "inner": f"(first: {inner})", "shipping": f"(first: {max(1, inner // 2)}, includeRemovals: true)",
        "open": "nodes {", "close": "} pageInfo { hasNextPage endCursor }",
    } + " }"  # fmt: skip


@dataclass
class _Size:
    """How many objects a page has, with how many children each.

    `usual` is the size that comes back when `until` objects have arrived, None for a page of the usual size.
    """

    page: int
    inner: int
    usual: tuple[int, int] | None = None
    until: int = 0

    def reduce(self) -> bool:
        """A cheaper page; False where there is none that has all children."""
        if self.page > 1:
            self.page //= 2
        elif self.inner > 1 and not self.usual:
            self.inner //= 2
        else:
            return False
        return True

    def enlarge(self, until: int) -> bool:
        """Fewer objects with more children each, until so many objects have arrived; False for the largest."""
        inner = next((inner for inner in LARGER if inner > self.inner), None)
        if inner is None:
            return False
        if self.usual is None:
            self.usual, self.until = (self.page, self.inner), until
        self.page, self.inner = max(1, self.page * self.inner // inner), inner
        return True

    def arrived(self, count: int) -> None:
        """So many objects of the window have arrived."""
        if self.usual and count >= self.until:
            (self.page, self.inner), self.usual = self.usual, None


def land_by_pages(client: Client, stream: Stream, landed: LandedWindow, progress: Progress) -> None:
    """Land a window page by page and seal it; continues after the last page that was written.

    Raises TooLargeError when an object's children do not fit into the largest page, a single object costs too much or
    too many objects changed; ContractError when the API's cursor does not advance.
    """
    with Parts(landed) as parts:
        _land(client, stream, landed, parts, progress)
    landed.seal()


def _land(client: Client, stream: Stream, landed: LandedWindow, parts: Parts, progress: Progress) -> None:
    size = _Size(PAGE_WITH_CHILDREN, INNER) if stream.connections else _Size(PAGE, 1)
    count, after = int(landed.manifest.state.get("done", "0")), landed.manifest.state.get("after") or None
    root, seen, began_again = root_of(stream), {after}, False
    while True:
        try:
            query = page_query(stream, landed.window, size.page, size.inner)
            connection = client.read(root, _Connection, query, {"after": after})
        except TooExpensiveError as error:
            if not size.reduce():
                raise TooLargeError(f"{error.what} even for a single object of {stream.name}", error.why) from error
            continue
        except ContractError as error:
            if after is None or began_again or "cursor" not in str(error).lower():
                raise
            parts.drop()
            landed.restart()  # Shopify rejects the saved cursor: start the window again, once
            after, count, seen, began_again = None, 0, {None}, True
            continue
        info = connection.page_info
        if info.has_next_page and (info.end_cursor in seen or len(seen) > MOST_PAGES):
            raise ContractError(
                f"{client.label}: Shopify's page cursor of stream {stream.name} does not advance; stopped to avoid an "
                "endless loop"
            )
        if count + len(connection.nodes) > MOST and root != "events":
            raise TooLargeError(f"more than {MOST:,} {stream.name} changed: too many for pages")
        ids, records = list[str](), list[bytes]()
        try:
            for node in connection.nodes:
                ids.append(_NODE.decode(node, client.label, f"{root}.nodes").id)
                flatten(node, stream.connections, client.label, records)
        except TooLargeError:
            if not size.enlarge(count + len(connection.nodes)):
                raise
            continue
        seen.add(info.end_cursor)
        count += len(connection.nodes)
        size.arrived(count)
        parts.add(records, ids, after=info.end_cursor or "", done=str(count))
        progress(stream.name, count, None, "pages")
        if not info.has_next_page:
            return
        after = info.end_cursor


def flatten(node: bytes | msgspec.Raw, connections: dict[str, Any], label: str, records: list[bytes]) -> None:
    """Add a node and the nodes of its connections to `records`, each as a record of its own, as in a bulk file.

    `label` is the shop. Raises TooLargeError when a connection has more nodes than the page shows, ContractError when
    a node has another shape than requested.
    """
    if not connections:
        records.append(bytes(node))
        return
    fields = _FIELDS.decode(node, label, "a node")
    children = {name: fields.pop(name) for name in connections if name in fields}
    if "id" not in fields:
        _NODE.decode(node, label, "a node")
    records.append(msgspec.json.encode(fields))
    parent = b'{"__parentId":' + bytes(fields["id"]) + b","
    for name, raw in children.items():
        connection = _CONNECTION.decode(raw, label, name)
        if connection.page_info.has_next_page:
            raise TooLargeError(f"{bytes(fields['id']).decode()} has more {name} than a page shows")
        for child in connection.nodes:
            place = len(records)
            flatten(child, connections[name], label, records)
            record = records[place]
            if not _BEGINS_WITH_ID(record):
                _NODE.decode(child, label, name)
            records[place] = parent + record[1:]
