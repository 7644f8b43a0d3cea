"""Numbered pages of a list that may change while it is read.

A row that appears or disappears pushes others over a page's edge: they would come twice or never. So the announced
number of rows must stay the same over all pages, no row may come twice, and as many must arrive as were announced.
Otherwise the list is read again, and after ATTEMPTS an error is raised. No list is ever cut short, and none goes on for
ever: the number of pages must be the one that the number of rows makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from connectors.errors import ContractError, RetryError
from connectors.http import decoded
from connectors.tiktok_ads.client import RETRY_OR_UPDATE, Client

ATTEMPTS = 4
PAGE = 1000


class _PageInfo(msgspec.Struct):
    total_number: int
    total_page: int
    page_size: int | None = None


class _Page(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="list")
    page_info: _PageInfo


def whole_list(
    client: Client, endpoint: str, params: Mapping[str, object], key: Callable[[bytes], str], size: int = PAGE
) -> list[bytes]:
    """Every row of a paged list as of one time; `key` identifies a row. Raises RetryError when it keeps changing."""
    for attempt in range(ATTEMPTS):
        if attempt:
            client.transport.wait(2.0**attempt)
        rows = _read_once(client, endpoint, params, key, size)
        if rows is not None:
            return rows
    raise RetryError(
        f"{client.label} cannot be read",
        f"{endpoint} changed between its pages, {ATTEMPTS} times in a row",
        "Nothing of it was loaded; run again later",
    )


def _read_once(
    client: Client, endpoint: str, params: Mapping[str, object], key: Callable[[bytes], str], size: int
) -> list[bytes] | None:
    """The list, or None when it changed between its pages. Raises ContractError for an impossible number of pages."""
    rows: dict[str, bytes] = {}
    number, total = 1, None
    while True:
        query = {**params, "page": number, "page_size": size}
        page = decoded(client.get(endpoint, query), _Page, client.label, endpoint)
        last = _last_page(client, endpoint, page.page_info, size)
        if total is not None and page.page_info.total_number != total:
            return None
        total = page.page_info.total_number
        before = len(rows)
        rows |= {key(bytes(row)): bytes(row) for row in page.rows}
        if len(rows) != before + len(page.rows):  # a row comes twice
            return None
        if number >= last:
            return list(rows.values()) if len(rows) == total else None
        if not page.rows:
            return None
        number += 1


def _last_page(client: Client, endpoint: str, info: _PageInfo, size: int) -> int:
    """The number of the last page, 1 for an empty list."""
    size = info.page_size or size
    pages = -(-info.total_number // size) if size > 0 else -1
    if info.total_number < 0 or max(1, info.total_page) != max(1, pages):
        raise ContractError(
            f"{client.label} cannot be read",
            f"{endpoint} announces {info.total_page} pages of {size} rows for {info.total_number} rows, which is "
            "impossible",
            RETRY_OR_UPDATE,
        )
    return max(1, pages)
