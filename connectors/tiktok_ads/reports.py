"""Daily reports of a range of days, all their rows or none.

A request with days has at most 30 of them. One that is too large is halved; a single day that still is fails, named.
The integrated report leaves deleted objects out unless asked for all of them, and knows nothing of GMV Max.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from connectors.base import Stream
from connectors.errors import RetryError
from connectors.http import decoded
from connectors.sync.reader import Reader
from connectors.tiktok_ads.client import Client, NotGrantedError, RefusedError, TooLargeError
from connectors.tiktok_ads.pages import whole_list
from connectors.tiktok_ads.questions import known_shops
from connectors.tiktok_ads.streams.insights import DIMENSIONS, GMV_METRICS, METRICS, PROMOTIONS, SERVICES

LONGEST_DAYS = 30
_ALL_ADS = {"field_name": "ad_status", "filter_type": "IN", "filter_value": '["STATUS_ALL"]'}


class _Store(msgspec.Struct):
    store_id: str
    is_gmv_max_available: bool = False


class _Stores(msgspec.Struct):
    store_list: list[_Store]


class _Row(msgspec.Struct):
    dimensions: dict[str, str]


def stores(client: Client) -> frozenset[str]:
    """The ids of the shops that GMV Max may advertise."""
    endpoint = "gmv_max/store/list"
    told = decoded(client.get(endpoint, {"advertiser_id": client.id}), _Stores, client.who, endpoint)
    return frozenset(store.store_id for store in told.store_list if store.is_gmv_max_available)


def ad_rows(client: Client, stream: Stream, first: date, last: date) -> list[bytes]:
    """Rows of ads or of the advertiser from `first` to `last`, both included, each marked with its service."""
    level, dimension = DIMENSIONS[stream.name]
    found = []
    for service in SERVICES:
        asked: dict[str, object] = {
            "advertiser_id": client.id,
            "report_type": "BASIC",
            "data_level": f"{service}_{level}",
            "dimensions": [dimension, "stat_time_day"],
            "metrics": METRICS[stream.name],
        }
        if level == "AD":
            asked["filtering"] = [_ALL_ADS]
        rows = _rows(client, "report/integrated/get", asked, first, last)
        found += [marked(row, service=service) for row in rows]
    return found


def gmv_rows(
    client: Client, reader: Reader, stream: Stream, available: frozenset[str], first: date, last: date
) -> list[bytes]:
    """Rows of GMV Max from `first` to `last`, both included, each marked with its store and kind of promotion.

    A shop that has rows in staging is asked for also when GMV Max may no longer advertise it. If TikTok then tells
    nothing of it, its days stay as they are: a record says so instead of rows.
    """
    found = []
    # each known shop: whether staging holds any of these days of it
    held = {shop: bool(days) for shop, days in reader.rows(known_shops(stream.name), first=first, last=last)}
    for shop in sorted(available | held.keys()):
        try:
            rows = _of_shop(client, stream, shop, first, last)
        except (NotGrantedError, RefusedError):
            if shop in available:
                raise
            rows = []
        if not rows and shop not in available and held[shop]:
            client.warnings.add(
                f"{client.who}: GMV Max may no longer advertise the shop {shop}, and tells nothing of it: what it "
                "spent stays as it was read last."
            )
            rows = [msgspec.json.encode({"store_id": shop, "spared_from": str(first), "spared_to": str(last)})]
        found += rows
    return found


def _of_shop(client: Client, stream: Stream, shop: str, first: date, last: date) -> list[bytes]:
    _, dimension = DIMENSIONS[stream.name]
    found = []
    for promotion in PROMOTIONS:
        asked: dict[str, object] = {
            "advertiser_id": client.id,
            "store_ids": [shop],
            "dimensions": [dimension, "stat_time_day"],
            "metrics": GMV_METRICS,
            "filtering": {"gmv_max_promotion_types": [promotion]},
        }
        rows = _rows(client, "gmv_max/report/get", asked, first, last)
        found += [marked(row, store_id=shop, promotion_type=promotion) for row in rows]
    return found


def marked(record: bytes, **marks: str) -> bytes:
    """A record as received with marks in front: what the request said and the answer does not repeat."""
    return msgspec.json.encode(marks)[:-1] + b"," + record.lstrip()[1:]


def _rows(client: Client, endpoint: str, asked: Mapping[str, object], first: date, last: date) -> list[bytes]:
    """Every row of one report. Raises RetryError when a single day cannot be had."""
    if (last - first).days >= LONGEST_DAYS:
        end = first + timedelta(days=LONGEST_DAYS - 1)
        return [
            *_rows(client, endpoint, asked, first, end),
            *_rows(client, endpoint, asked, end + timedelta(days=1), last),
        ]
    try:
        return whole_list(client, endpoint, {**asked, "start_date": str(first), "end_date": str(last)}, _key)
    except TooLargeError as error:
        if first == last:
            raise RetryError(
                f"{client.who}: the report {endpoint} of {first} alone cannot be had ({error}). "
                "Nothing of it was loaded; run again later."
            ) from error
        middle = first + (last - first) // 2
        return [
            *_rows(client, endpoint, asked, first, middle),
            *_rows(client, endpoint, asked, middle + timedelta(days=1), last),
        ]


def _key(row: bytes) -> str:
    told = decoded(row, _Row, "TikTok", "a report")
    return repr(sorted(told.dimensions.items()))
