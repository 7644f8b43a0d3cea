"""Pull one advertiser: check it, then stream by stream land, load, move the cursor.

The first load brings the whole history that is asked for; each later one today and the days before it that may still
change, each day replaced whole. An interrupted pull goes on where it stopped; one that is repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from connectors.base import Progress, Pulled, Stream
from connectors.errors import ConfigurationError
from connectors.http import decoded
from connectors.sync.daily_reports import AdAccountPull, Calendar, Rows, known_zone, land_record
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext
from connectors.tiktok_ads import streams
from connectors.tiktok_ads.client import Client
from connectors.tiktok_ads.pages import whole_list
from connectors.tiktok_ads.reports import LONGEST_DAYS, ad_rows, gmv_rows, marked, stores
from connectors.tiktok_ads.settings import TikTokAdsSettings

HISTORY_DAYS = 730  # of a first load that is not told where to begin
ENABLED = "STATUS_ENABLE"


class _Advertiser(msgspec.Struct):
    advertiser_id: str
    timezone: str | None = None
    display_timezone: str | None = None
    status: str | None = None


class _Advertisers(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="list")


def pull(context: PullContext, settings: TikTokAdsSettings) -> Iterator[Pulled]:
    """Bring everything that is new in one advertiser, stream by stream; yields what each stream did.

    Without `since` in the settings the first load reads two years.

    Raises the errors of connectors.errors; what earlier streams brought is kept.
    """
    client = Client(context.account, context.transport, queries_a_second=float(settings.queries_a_second))
    context.staging.prepare(context.account.source, streams.STREAMS)
    raw, told = _check(client)
    zone = known_zone(client.who, told.display_timezone or told.timezone or "")
    shops = stores(client)
    calendar = Calendar(zone, settings.since, HISTORY_DAYS, settings.lookback_days)
    objects: dict[str, Land] = {name: partial(_land_objects, client, name, context.progress) for name in streams.LISTS}
    objects[streams.ADVERTISER.name] = partial(land_record, raw)
    reports = {
        stream.name: _rows(context, client, stream, shops)
        for stream in streams.STREAMS
        if stream.name in streams.REPORTS
    }
    guarded = {streams.ADVERTISER_INSIGHTS.name, streams.GMV_MAX_TOTALS.name}
    yield from AdAccountPull(context, client, calendar, objects, reports, LONGEST_DAYS, guarded).run(streams.STREAMS)


def _rows(context: PullContext, client: Client, stream: Stream, shops: frozenset[str]) -> Rows:
    if stream.name.startswith("gmv_max"):
        return partial(gmv_rows, client, context.reader, stream, shops)
    return partial(ad_rows, client, stream)


def _check(client: Client) -> tuple[bytes, _Advertiser]:
    """The advertiser's own words. One that is not enabled is read all the same, with a warning.

    Raises ConfigurationError when there is none.
    """
    fields = streams.ADVERTISER.query.split(",")
    endpoint = "advertiser/info"
    data = client.get(endpoint, {"advertiser_ids": [client.id], "fields": fields})
    for raw in decoded(data, _Advertisers, client.who, endpoint).rows:
        told = decoded(raw, _Advertiser, client.who, endpoint)
        if told.advertiser_id != client.id:
            continue
        if told.status != ENABLED:
            client.warnings.add(
                f"{client.who} is not enabled ({told.status}): its past days are read, new ones will hold nothing."
            )
        return bytes(raw), told
    raise ConfigurationError(f"{client.who}: the token may not see it. Check `account`.")


def _land_objects(client: Client, name: str, progress: Progress, landed: LandedWindow) -> None:
    """Every object of every kind, archived and deleted ones too."""
    landed.restart()
    if client.now > landed.window.end:  # it is taken up after an interruption
        landed.goes_on(client.now)
    for kind, endpoint, filtering, size, key in streams.LISTS[name]:
        params = {"advertiser_id": client.id, "filtering": filtering}
        rows = whole_list(client, endpoint, params, partial(_id, key), size)
        landed.write_part(marked(row, kind=kind) for row in rows)
        progress(name, landed.manifest.written, None, kind)
    landed.seal()


def _id(key: str, row: bytes) -> str:
    told = decoded(row, dict[str, msgspec.Raw], "TikTok", "a list of objects")
    return bytes(told.get(key, b"null")).decode()
