"""Numbered pages of a list that may move while it is read.

A row that comes or goes pushes others over a page's edge: they would come twice or never. So the announced number of
rows must stay the same over all pages, no row may come twice, and as many must arrive as were announced; otherwise the
list is read anew, and after some attempts given up. Nothing is ever cut short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from connectors.errors import RetryError
from connectors.http import decoded
from connectors.tiktok_ads.client import Client

ATTEMPTS = 4
PAGE = 1000


class _PageInfo(msgspec.Struct):
    total_number: int
    total_page: int


class _Page(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="list")
    page_info: _PageInfo


def whole_list(
    client: Client, endpoint: str, params: Mapping[str, object], key: Callable[[bytes], str], size: int = PAGE
) -> list[bytes]:
    """Every row of a paged list, as it stood at one time; `key` tells rows apart. Raises RetryError when it moves."""
    for attempt in range(ATTEMPTS):
        if attempt:
            client.transport.wait(2.0**attempt)
        rows = _once(client, endpoint, params, key, size)
        if rows is not None:
            return rows
    raise RetryError(
        f"{client.who}: {endpoint} changed between its pages, {ATTEMPTS} times in a row. Nothing of "
        "it was loaded; run again later."
    )


def _once(
    client: Client, endpoint: str, params: Mapping[str, object], key: Callable[[bytes], str], size: int
) -> list[bytes] | None:
    """The list, or None when it moved."""
    found: dict[str, bytes] = {}
    number, total, came = 1, None, 0
    while True:
        asked = {**params, "page": number, "page_size": size}
        page = decoded(client.get(endpoint, asked), _Page, client.who, endpoint)
        if total is not None and page.page_info.total_number != total:
            return None
        total = page.page_info.total_number
        for row in page.rows:
            found[key(bytes(row))] = bytes(row)
        came += len(page.rows)
        if number >= page.page_info.total_page:
            return list(found.values()) if came == total == len(found) else None
        number += 1
