"""Daily reports of a range of days: all rows or none.

A request with days has at most 30 of them. A range that is too large is halved; a single day that is too large fails
with its day. The integrated report leaves deleted objects out unless they are requested, and does not have GMV Max.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial

import msgspec

from connectors.base import Stream
from connectors.http import decoded
from connectors.sync.daily_reports import rows_in_halves
from connectors.sync.reader import Reader
from connectors.tiktok_ads.client import Client, NotGrantedError, RefusedError
from connectors.tiktok_ads.pages import whole_list
from connectors.tiktok_ads.questions import known_shops
from connectors.tiktok_ads.streams.insights import DIMENSIONS, PROMOTIONS, SERVICES

LONGEST_DAYS = 30
_STATUS_FIELDS = {"AD": "ad_status", "CAMPAIGN": "campaign_status"}


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
    listed = decoded(client.get(endpoint, {"advertiser_id": client.id}), _Stores, client.label, endpoint).store_list
    return frozenset(store.store_id for store in listed if store.is_gmv_max_available)


def ad_rows(client: Client, stream: Stream, first: date, last: date) -> list[bytes]:
    """Rows of ads, of campaigns or of the advertiser from `first` to `last`, both included, each with its service."""
    level, dimension = DIMENSIONS[stream.name]
    result = []
    for service in SERVICES:
        params: dict[str, object] = {
            "advertiser_id": client.id,
            "report_type": "BASIC",
            "data_level": f"{service}_{level}",
            "dimensions": [dimension, "stat_time_day"],
            "metrics": stream.query.split(","),
        }
        if level in _STATUS_FIELDS:
            everything = {"filter_type": "IN", "filter_value": '["STATUS_ALL"]'}
            params["filtering"] = [{"field_name": _STATUS_FIELDS[level], **everything}]
        rows = _rows(client, "report/integrated/get", params, first, last)
        result += [with_fields(row, service=service) for row in rows]
    return result


def gmv_rows(
    client: Client, reader: Reader, stream: Stream, available: frozenset[str], first: date, last: date
) -> list[bytes]:
    """Rows of GMV Max from `first` to `last`, both included, each with its store and kind of promotion.

    A shop that has rows in staging is requested even if GMV Max may no longer advertise it. If TikTok then reports
    nothing for it, its days stay as they are: one record says so in place of rows.
    """
    result = []
    stored = reader.rows(known_shops(stream.name), first=first, last=last)
    known = {shop: bool(days) for shop, days, _ in stored}  # whether staging has rows of it for these days
    shares = {shop: share or 0 for shop, _, share in stored}
    for shop in sorted(available | known.keys()):
        try:
            rows = _shop_rows(client, stream, shop, first, last)
        except (NotGrantedError, RefusedError):
            if shop in available:
                raise
            rows = []
        if not rows and shop not in available and known[shop]:
            client.warnings.add(
                f"{client.label}, {first} to {last}: GMV Max may no longer advertise the shop {shop}, and TikTok "
                f"reports nothing for it. Its spend, {shares[shop]:.1%} of GMV Max in these days, stays as it was read "
                "last. If the shop was taken away by mistake, grant it to GMV Max again"
            )
            rows = [msgspec.json.encode({"store_id": shop, "spared_from": str(first), "spared_to": str(last)})]
        result += rows
    return result


def _shop_rows(client: Client, stream: Stream, shop: str, first: date, last: date) -> list[bytes]:
    _, dimension = DIMENSIONS[stream.name]
    result = []
    for promotion in PROMOTIONS:
        params: dict[str, object] = {
            "advertiser_id": client.id,
            "store_ids": [shop],
            "dimensions": [dimension, "stat_time_day"],
            "metrics": stream.query.split(","),
            "filtering": {"gmv_max_promotion_types": [promotion]},
        }
        rows = _rows(client, "gmv_max/report/get", params, first, last)
        result += [with_fields(row, store_id=shop, promotion_type=promotion) for row in rows]
    return result


def with_fields(record: bytes, **fields: str) -> bytes:
    """A record as received, with fields in front that the request names and the response does not repeat."""
    return msgspec.json.encode(fields)[:-1] + b"," + record.lstrip()[1:]


def _rows(client: Client, endpoint: str, params: Mapping[str, object], first: date, last: date) -> list[bytes]:
    """Every row of one report. Raises RetryError when a single day is too large."""
    if (last - first).days >= LONGEST_DAYS:
        end = first + timedelta(days=LONGEST_DAYS - 1)
        return [
            *_rows(client, endpoint, params, first, end),
            *_rows(client, endpoint, params, end + timedelta(days=1), last),
        ]
    return rows_in_halves(client.label, endpoint, partial(_rows_at_once, client, endpoint, params), first, last)


def _rows_at_once(client: Client, endpoint: str, params: Mapping[str, object], first: date, last: date) -> list[bytes]:
    return whole_list(client, endpoint, {**params, "start_date": str(first), "end_date": str(last)}, _key)


def _key(row: bytes) -> str:
    return repr(sorted(decoded(row, _Row, "TikTok", "a report").dimensions.items()))
