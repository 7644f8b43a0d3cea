"""What every answer of TikTok's is wrapped in, and how its parameters are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

REQUEST_ID = "202611201912340102030405060708090A"
LARGEST_PAGE = 1000


class TikTokError(Exception):
    """An error answer: HTTP 200 with a code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def wrapped(data: Any, code: int = 0, message: str = "OK") -> dict[str, Any]:
    return {"code": code, "message": message, "request_id": REQUEST_ID, "data": data}


def decoded(params: Mapping[str, str], name: str, default: Any = None) -> Any:
    """A parameter written as JSON. Raises TikTokError as the API does."""
    text = params.get(name)
    if text is None:
        return default
    try:
        return json.loads(text)
    except ValueError:
        raise TikTokError(40002, f"{name}: Invalid JSON") from None


def number(params: Mapping[str, str], name: str, default: int, most: int | None = None) -> int:
    text = params.get(name, str(default))
    if not text.isdigit() or int(text) < 1 or (most and int(text) > most):
        raise TikTokError(40002, f"{name}: Must be between 1 and {most or 'infinity'}")
    return int(text)


def paged(rows: Sequence[Any], params: Mapping[str, str], moved: bool = False) -> dict[str, Any]:
    """One page of rows; ``moved``: a row has come in front of all others since the page before."""
    page, size = number(params, "page", 1), number(params, "page_size", 10, LARGEST_PAGE)
    total = len(rows) + moved
    first = (page - 1) * size - moved
    info = {"page": page, "page_size": size, "total_number": total, "total_page": -(-total // size)}
    return {"list": list(rows[max(0, first) : first + size]), "page_info": info}
