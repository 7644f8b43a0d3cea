"""Pages of the Graph API. The last page has ``cursors.after`` too: only ``next`` says that more rows follow."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from simulator.apis.meta.errors import GraphError

DEFAULT_LIMIT, MAX_LIMIT = 25, 500
NO_ROWS = {"cursors": {"before": "MAZDZD", "after": "LTEZD"}}  # of an empty report, as recorded


def limit_of(params: dict[str, Any]) -> int:
    return int(params.get("limit", DEFAULT_LIMIT))


def page(rows: list[dict[str, Any]], params: dict[str, Any], url: str, *, same_cursor: bool = False) -> dict[str, Any]:
    """One page; ``same_cursor``: its cursor is that of the page before, and says that more rows follow."""
    try:
        first = int(base64.b64decode(params["after"])) + 1 if params.get("after") else 0
    except ValueError:
        raise GraphError("(#100) Invalid cursors values") from None
    shown = rows[first : first + max(1, min(limit_of(params), MAX_LIMIT))]
    if not shown:
        return {"data": []}
    last = first + len(shown) - 1
    more = same_cursor or last + 1 < len(rows)
    cursors = {"before": _cursor(first), "after": _cursor(max(0, first - 1) if same_cursor else last)}
    following = {"next": f"{url}?{urlencode(params | {'after': cursors['after']})}"} if more else {}
    return {"data": shown, "paging": {"cursors": cursors} | following}


def _cursor(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()
