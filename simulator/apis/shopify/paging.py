"""Pages of connections: cursors are keys in root connections, positions in nested ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from simulator.apis.shopify.errors import refused

MAX_FIRST = 250


@dataclass
class Page:
    """A page of a connection: its nodes, the cursor of each node, and whether there are rows after and before it."""

    nodes: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool

    def field(self, name: str) -> Any:
        """``nodes``, ``edges`` or ``pageInfo``."""
        if name == "nodes":
            return self.nodes
        if name == "edges":
            return [{"node": node, "cursor": cursor} for node, cursor in zip(self.nodes, self.cursors, strict=True)]
        return {
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
            "startCursor": self.cursors[0] if self.cursors else None,
            "endCursor": self.cursors[-1] if self.cursors else None,
        }


def encode(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def decode(cursor: str) -> list[Any]:
    """The three parts of a cursor. Raises GraphQLError when it is not a cursor of this API."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        parts = None
    if not isinstance(parts, list) or len(parts) != 3:
        raise _invalid_cursor()
    return parts


def checked_first(first: int | None, last: int | None) -> int:
    """The page size. Raises GraphQLError when it is missing or out of range."""
    if last is not None:
        raise refused("The simulator pages forwards: use first and after.")
    if first is None:
        raise refused("you must provide one of first or last")
    if first < 0 or first > MAX_FIRST:
        raise refused(f"first must be between 0 and {MAX_FIRST}, not {first}")
    return first


def page_of_list(items: Sequence[Any], args: dict[str, Any]) -> Page:
    """A page of a nested connection."""
    first = checked_first(args.get("first"), args.get("last"))
    items = items[::-1] if args.get("reverse") else items
    start = 0
    if args.get("after") is not None:
        _, _, position = decode(args["after"])
        start = int(position) + 1
    nodes = items[start : start + first]
    cursors = [encode("list", None, start + offset) for offset in range(len(nodes))]
    return Page(nodes, cursors, start + first < len(items), start > 0)


def page_of_keys(rows: Sequence[tuple[Any, int, Any]], sort: str, args: dict[str, Any]) -> Page:
    """A page of a root connection; ``rows`` are (sort value, id, object) in ascending order.

    The cursor is the key of the page's last row, so that no row is skipped when an earlier row moves behind it.
    """
    first = checked_first(args.get("first"), args.get("last"))
    reverse = bool(args.get("reverse"))
    rows = rows[::-1] if reverse else rows
    start = 0
    if args.get("after") is not None:
        cursor_sort, value, number = decode(args["after"])
        if cursor_sort != sort or type(value) is not type(rows[0][0] if rows else value):
            raise _invalid_cursor()
        after = (value, number)
        behind = (place for place, row in enumerate(rows) if ((row[:2] < after) if reverse else (row[:2] > after)))
        start = next(behind, len(rows))
    chosen = rows[start : start + first]
    cursors = [encode(sort, value, number) for value, number, _ in chosen]
    return Page([node for _, _, node in chosen], cursors, start + first < len(rows), start > 0)


def _invalid_cursor() -> GraphQLError:
    return refused("Invalid cursor for current pagination sort.")
