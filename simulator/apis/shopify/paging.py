"""Connections: keyset cursors at the root, places in a list below it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

MAX_FIRST = 250


def refuse(message: str, code: str = "BAD_REQUEST") -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


@dataclass
class Page:
    """A page of a connection: nodes, the cursor of each, and whether more follow or went before."""

    nodes: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


def encode(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def decode(cursor: str) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        found = None
    if not isinstance(found, list) or len(found) != 3:
        raise refuse("Invalid cursor for current pagination sort.")
    return found


def checked_first(first: int | None, last: int | None) -> int:
    if last is not None:
        raise refuse("The simulator pages forwards: use first and after.")
    if first is None:
        raise refuse("you must provide one of first or last")
    if first < 0 or first > MAX_FIRST:
        raise refuse(f"first must be between 0 and {MAX_FIRST}, not {first}")
    return first


def page_of_list(items: Sequence[Any], args: dict[str, Any]) -> Page:
    """A page of a nested connection."""
    first = checked_first(args.get("first"), args.get("last"))
    items = items[::-1] if args.get("reverse") else items
    start = 0
    if args.get("after") is not None:
        _, _, place = decode(args["after"])
        start = int(place) + 1
    chosen = items[start : start + first]
    cursors = [encode("list", None, start + place) for place in range(len(chosen))]
    return Page(chosen, cursors, start + first < len(items), start > 0)


def page_of_keys(keys: Sequence[tuple[Any, int, Any]], sort: str, args: dict[str, Any]) -> Page:
    """A page of a root connection: ``keys`` are (sort value, id, object), already in order.

    The cursor is the key of the last row, so rows that move behind it meanwhile are not skipped.
    """
    first = checked_first(args.get("first"), args.get("last"))
    backwards = bool(args.get("reverse"))
    found = [(value, number, it) for value, number, it in keys]
    if backwards:
        found.reverse()
    start = 0
    if args.get("after") is not None:
        of, value, number = decode(args["after"])
        if of != sort or type(value) is not type(found[0][0] if found else value):
            raise refuse("Invalid cursor for current pagination sort.")
        after = (value, number)
        behind = [place for place, row in enumerate(found) if ((row[:2] < after) if backwards else (row[:2] > after))]
        start = behind[0] if behind else len(found)
    chosen = found[start : start + first]
    cursors = [encode(sort, value, number) for value, number, _ in chosen]
    return Page([it for _, _, it in chosen], cursors, start + first < len(found), start > 0)
