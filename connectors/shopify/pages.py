"""A stream by pages: what changed since the last pull.

A page is landed in the form of a bulk file (each child is a record of its own with `__parentId`), so that the same SQL
reads both. Records are cut out of the page without being decoded. When the children of a parent do not fit into the
page, the whole window goes by bulk instead: `TooLargeError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from connectors.base import Progress, Stream, Window
from connectors.errors import ContractError, RetryError
from connectors.http import decoded
from connectors.shopify.client import Client, TooExpensiveError
from connectors.shopify.search import conditions
from connectors.sync.landing import LandedWindow
from connectors.sync.parts import Parts

PAGE, PAGE_WITH_CHILDREN, INNER = 250, 50, 20
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


class _Nodes(msgspec.Struct):
    nodes: list[_Node]


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
        "inner": f"(first: {inner})", "shipping": f"(first: {min(10, inner)}, includeRemovals: true)",
        "open": "nodes {", "close": "} pageInfo { hasNextPage endCursor }",
    } + " }"  # fmt: skip


def land_by_pages(client: Client, stream: Stream, landed: LandedWindow, progress: Progress) -> None:
    """Land a window page by page and seal it; continues after the last page that was written.

    Raises TooLargeError when an object's children do not fit, a single object costs too much or too many objects
    changed; ContractError when the API's cursor does not advance.
    """
    with Parts(landed) as parts:
        _land(client, stream, landed, parts, progress)
    landed.seal()


def _land(client: Client, stream: Stream, landed: LandedWindow, parts: Parts, progress: Progress) -> None:
    page, count = PAGE_WITH_CHILDREN if stream.connections else PAGE, int(landed.manifest.state.get("done", "0"))
    after, inner, root = landed.manifest.state.get("after") or None, INNER, root_of(stream)
    seen, began_again = {after}, False
    while True:
        try:
            query = page_query(stream, landed.window, page, inner)
            connection = client.read(root, _Connection, query, {"after": after})
        except TooExpensiveError as error:
            if page > 1:
                page //= 2
            elif stream.connections and inner > 1:
                inner //= 2
            else:
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
        seen.add(info.end_cursor)
        count += len(connection.nodes)
        if count > MOST and root != "events":
            raise TooLargeError(f"more than {MOST:,} {stream.name} changed: too many for pages")
        ids = [client.decoded(node, _Node, f"{root}.nodes").id for node in connection.nodes]
        records = [record for node in connection.nodes for record in flatten(node, stream.connections, client.label)]
        parts.add(records, ids, after=info.end_cursor or "", done=str(count))
        progress(stream.name, count, None, "pages")
        if not info.has_next_page:
            return
        after = info.end_cursor


def flatten(node: bytes | msgspec.Raw, connections: dict[str, Any], label: str) -> Iterator[bytes]:
    """A node and the nodes of its connections, each as a record of its own, as in a bulk file. `label` is the shop."""
    if not connections:
        yield bytes(node)
        return
    fields = decoded(node, dict[str, msgspec.Raw], label, "a node")
    children = {name: fields.pop(name) for name in connections if name in fields}
    yield msgspec.json.encode(fields)
    for name, raw in children.items():
        connection = decoded(raw, _Connection, label, name)
        if connection.page_info.has_next_page:
            raise TooLargeError(f"{bytes(fields['id']).decode()} has more {name} than a page shows")
        decoded(raw, _Nodes, label, name)
        parent = b'{"__parentId":' + bytes(fields["id"]) + b","
        for child in connection.nodes:
            first, *rest = flatten(child, connections[name], label) if connections[name] else (bytes(child),)
            yield parent + first[1:]
            yield from rest
