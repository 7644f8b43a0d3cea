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
from connectors.shopify.client import Client, TooExpensiveError
from connectors.shopify.search import conditions
from connectors.sync.landing import LandedWindow

PAGE, PAGE_WITH_CHILDREN, INNER = 250, 50, 20
MOST = 20_000  # one query cannot page beyond 25,000 objects


class TooLargeError(RetryError):
    """An object has more children than a page shows."""


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Connection(msgspec.Struct, rename="camel"):
    nodes: list[msgspec.Raw]
    page_info: _PageInfo


def page_query(stream: Stream, window: Window, page: int) -> str:
    """The stream's query for one page, sorted by its cursor, so that a change while paging moves no object forward."""
    root = stream.query.split("%", 1)[0].strip()
    selected = " AND ".join((["action:destroy"] if root == "events" else []) + conditions(stream, window))
    text = f', query: "{selected}"' if selected else ""
    sort = f", sortKey: {stream.cursor.upper()}" if stream.cursor else ""
    return "query page($after: String) { " + stream.query % {
        "arguments": f"(first: {page}, after: $after{sort}{text})",
        "inner": f"(first: {INNER})", "shipping": "(first: 10, includeRemovals: true)",
        "open": "nodes {", "close": "} pageInfo { hasNextPage endCursor }",
    } + " }"  # fmt: skip


def land_by_pages(client: Client, stream: Stream, landed: LandedWindow, progress: Progress) -> None:
    """Land a window page by page and seal it; continues after the last page that has arrived.

    Raises TooLargeError when an object's children do not fit or too many objects changed, ContractError when the API's
    cursor does not advance.
    """
    page, count = PAGE_WITH_CHILDREN if stream.connections else PAGE, int(landed.manifest.state.get("done", "0"))
    after = landed.manifest.state.get("after") or None
    while True:
        try:
            data = client.execute(page_query(stream, landed.window, page), {"after": after})
        except TooExpensiveError:
            if page == 1:
                raise
            page //= 2
            continue
        except ContractError as error:
            if after is None or "cursor" not in str(error).lower():
                raise
            landed.restart()  # the saved cursor is no longer accepted: start the window again
            after, count = None, 0
            continue
        connection = msgspec.json.decode(next(iter(data.values())), type=_Connection)
        info = connection.page_info
        if info.has_next_page and (info.end_cursor is None or info.end_cursor == after):
            raise ContractError(
                f"stream {stream.name}: Shopify's page cursor does not advance; stopped to avoid an endless loop"
            )
        count += len(connection.nodes)
        if count > MOST and stream.cursor == "updated_at":
            raise TooLargeError(f"more than {MOST:,} {stream.name} changed: too many for pages")
        records = (record for node in connection.nodes for record in flatten(node, stream.connections))
        landed.write_part(records, after=info.end_cursor or "", done=str(count))
        progress(stream.name, count, None, "pages")
        if not info.has_next_page:
            break
        after = info.end_cursor
    landed.seal()


def flatten(node: bytes | msgspec.Raw, connections: dict[str, Any]) -> Iterator[bytes]:
    """A node and the nodes of its connections, each as a record of its own, as in a bulk file."""
    if not connections:
        yield bytes(node)
        return
    fields = msgspec.json.decode(node, type=dict[str, msgspec.Raw])
    children = {name: fields.pop(name) for name in connections if name in fields}
    yield msgspec.json.encode(fields)
    for name, raw in children.items():
        connection = msgspec.json.decode(raw, type=_Connection)
        if connection.page_info.has_next_page:
            raise TooLargeError(f"{bytes(fields['id']).decode()} has more {name} than a page shows")
        for child in connection.nodes:
            first, *rest = flatten(child, connections[name])
            yield b'{"__parentId":' + bytes(fields["id"]) + b"," + first[1:]
            yield from rest
