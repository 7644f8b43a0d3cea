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
    cutter = Cutter(stream.connections, client.label)
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
        records = list[bytes]()
        try:
            ids = [cutter.cut(bytes(node), records, f"{root}.nodes") for node in connection.nodes]
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


class Cutter:
    """Cuts nodes into records, as in a bulk file: the node, and the nodes of its connections with its id.

    `connections` are those of the stream, `label` is the shop.
    """

    def __init__(self, connections: dict[str, Any], label: str) -> None:
        self.label, self.connections = label, {name: Cutter(below, label) for name, below in connections.items()}
        inside = [(name, msgspec.Raw, msgspec.Raw(b"")) for name in connections]
        self._node = Decoder(msgspec.defstruct("Node", [("id", str), *inside]))

    def cut(self, node: bytes, records: list[bytes], what: str = "a node") -> str:
        """Add the node and those below it to `records`; returns its id.

        Raises TooLargeError when a connection has more nodes than the page shows, ContractError when a node has another
        shape than requested.
        """
        fields: Any = self._node.decode(node, self.label, what)
        identity: str = fields.id
        shown = {name: raw for name in self.connections if (raw := bytes(getattr(fields, name)))}
        records.append(_without(node, shown))
        parent = b'{"__parentId":' + msgspec.json.encode(identity) + b","
        for name, raw in shown.items():
            connection = _CONNECTION.decode(raw, self.label, name)
            if connection.page_info.has_next_page:
                raise TooLargeError(f"{identity} has more {name} than a page shows")
            below = self.connections[name]
            for child in map(bytes, connection.nodes):
                place = len(records)
                if below.connections:
                    below.cut(child, records, name)
                    records[place] = parent + records[place][1:]
                    continue
                if not _BEGINS_WITH_ID(child):
                    _NODE.decode(child, self.label, name)
                records.append(parent + child[1:])
        return identity


def _without(node: bytes, connections: dict[str, bytes]) -> bytes:
    """A node without its connections, which are its last fields, as requested, or somewhere."""
    end = b"".join(b',"' + name.encode() + b'":' + raw for name, raw in connections.items()) + b"}"
    if node.endswith(end):
        return node[: -len(end)] + b"}"
    fields = msgspec.json.decode(node, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: raw for name, raw in fields.items() if name not in connections})
