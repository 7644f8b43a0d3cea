"""Pull one advertiser: check it, then land and load each stream and move its cursor.

Which days of the reports are read: connectors/sync/daily_reports.py. An interrupted pull continues where it stopped; a
repeated one changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from connectors.base import Progress, Pulled, Stream
from connectors.errors import ConfigurationError
from connectors.http import decoded
from connectors.sync.daily_reports import (
    AdAccountPull,
    Calendar,
    Rows,
    account_zone,
    begin_objects,
    inactive_warning,
    land_record,
)
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext
from connectors.tiktok_ads import streams
from connectors.tiktok_ads.client import VERSION, Client
from connectors.tiktok_ads.guards import guards
from connectors.tiktok_ads.pages import whole_list
from connectors.tiktok_ads.reports import LONGEST_DAYS, ad_rows, gmv_rows, stores, with_fields
from connectors.tiktok_ads.settings import TikTokAdsSettings

HISTORY_DAYS = 730  # of a first load without `since`
ENABLED = "STATUS_ENABLE"


class _Advertiser(msgspec.Struct):
    advertiser_id: str
    timezone: str | None = None
    display_timezone: str | None = None
    status: str | None = None


class _Advertisers(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="list")


def pull(context: PullContext, settings: TikTokAdsSettings, version: str = VERSION) -> Iterator[Pulled]:
    """Pull everything that is new in one advertiser; yields the result of each stream.

    Without `since` in the settings the first load reads two years.

    Raises the errors of connectors.errors; streams that were loaded before stay loaded.
    """
    client = Client(context.account, context.transport, version, float(settings.queries_a_second))
    context.staging.prepare(context.account.source, streams.STREAMS)
    raw, advertiser = _check(client)
    zone = account_zone(client.label, advertiser.display_timezone or advertiser.timezone or "")
    shops = stores(client)
    calendar = Calendar(zone, settings.since, HISTORY_DAYS, settings.lookback_days)
    listed: dict[str, set[str]] = {}
    objects: dict[str, Land] = {
        name: partial(_land_objects, client, name, context.progress, listed) for name in streams.LISTS
    }
    objects[streams.ADVERTISER.name] = partial(land_record, raw)
    reports = {
        stream.name: _rows(context, client, stream, shops)
        for stream in streams.STREAMS
        if stream.name in streams.REPORTS
    }
    checks = guards(client.label, context.reader, partial(_listed_now, client, listed))
    yield from AdAccountPull(context, client, calendar, objects, reports, LONGEST_DAYS, checks).run(streams.STREAMS)


def _rows(context: PullContext, client: Client, stream: Stream, shops: frozenset[str]) -> Rows:
    if stream.name.startswith("gmv_max"):
        return partial(gmv_rows, client, context.reader, stream, shops)
    return partial(ad_rows, client, stream)


def _check(client: Client) -> tuple[bytes, _Advertiser]:
    """The advertiser as TikTok describes it. One that is not enabled is pulled all the same, with a warning.

    Raises ConfigurationError when the token cannot see it.
    """
    fields = streams.ADVERTISER.query.split(",")
    endpoint = "advertiser/info"
    data = client.get(endpoint, {"advertiser_ids": [client.id], "fields": fields})
    for raw in decoded(data, _Advertisers, client.label, endpoint).rows:
        advertiser = decoded(raw, _Advertiser, client.label, endpoint)
        if advertiser.advertiser_id != client.id:
            continue
        if advertiser.status != ENABLED:
            client.warnings.add(inactive_warning(client.label, f"not enabled ({advertiser.status})"))
        return bytes(raw), advertiser
    raise ConfigurationError(f"{client.label} was not pulled", "the token may not see it", "Check `account`")


def _listed_now(client: Client, listed: dict[str, set[str]], name: str) -> set[str]:
    """The ids in a list of objects; requested once where this pull does not read the list, as for given days.

    Then objects that are deleted are left out.
    """
    if name not in listed:
        objects = [pair for _, rows in _objects(client, name) for pair in rows]
        listed[name] = {key for row, key in objects if "DELETE" not in _field("secondary_status", row)}
    return listed[name]


def _land_objects(
    client: Client, name: str, progress: Progress, listed: dict[str, set[str]], landed: LandedWindow
) -> None:
    """Land every object of every kind, archived and deleted ones too; their ids are added to `listed`."""
    begin_objects(client, landed)
    ids = listed[name] = set()
    for kind, rows in _objects(client, name):
        landed.write_part(with_fields(row, kind=kind) for row, _ in rows)
        ids.update(key for _, key in rows)
        progress(name, landed.manifest.written, None, kind)
    landed.seal()


def _objects(client: Client, name: str) -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """Every object of a list with its id, kind by kind."""
    for kind, endpoint, filtering, size, key in streams.LISTS[name]:
        params = {"advertiser_id": client.id, "filtering": filtering}
        rows = whole_list(client, endpoint, params, partial(_field, key), size)
        yield kind, [(row, _field(key, row)) for row in rows]


def _field(key: str, row: bytes) -> str:
    value = decoded(row, dict[str, Any], "TikTok", "a list of objects").get(key)
    return "" if value is None else str(value)
