"""Numbered pages of a list that may change while it is read.

A row that appears or disappears pushes others over a page's edge: they would come twice or never. So the announced
number of rows must stay the same over all pages, no row may come twice, and as many must arrive as were announced.
Otherwise the list is read again, and after ATTEMPTS an error is raised. No list is ever cut short.
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
    """The list, or None when it changed between its pages."""
    rows: dict[str, bytes] = {}
    number, total, arrived = 1, None, 0
    while True:
        query = {**params, "page": number, "page_size": size}
        page = decoded(client.get(endpoint, query), _Page, client.label, endpoint)
        if total is not None and page.page_info.total_number != total:
            return None
        total = page.page_info.total_number
        for row in page.rows:
            rows[key(bytes(row))] = bytes(row)
        arrived += len(page.rows)
        if number >= page.page_info.total_page:
            return list(rows.values()) if arrived == total == len(rows) else None
        number += 1
