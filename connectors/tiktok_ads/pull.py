"""Pull one advertiser: check it, then stream by stream land, load, move the cursor.

The first load brings the whole history that is asked for; each later one today and the days before it that may still
change, each day replaced whole. An interrupted pull goes on where it stopped; one that is repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connectors.base import Account, Progress, Pulled, Stream, no_progress
from connectors.errors import ConfigurationError, ContractError
from connectors.landing import LandedWindow, Landing
from connectors.pulling import pull_stream
from connectors.staging import Staging
from connectors.tiktok_ads import streams
from connectors.tiktok_ads.client import QUERIES_A_SECOND, VERSION, Client
from connectors.tiktok_ads.pages import whole_list
from connectors.tiktok_ads.reports import LONGEST_DAYS, ad_rows, gmv_rows, marked, stores
from connectors.transport import Transport

LOOKBACK_DAYS = 28  # a day is restated for so long
HISTORY_DAYS = 730  # of a first load that is not told where to begin
ENABLED = "STATUS_ENABLE"


class _Advertiser(msgspec.Struct):
    advertiser_id: str
    timezone: str = ""
    display_timezone: str = ""
    status: str = ""


class _Advertisers(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(default_factory=list, name="list")


def pull(
    account: Account,
    landing: Landing,
    staging: Staging,
    run_id: str,
    progress: Progress = no_progress,
    transport: Transport | None = None,
    *,
    since: date | None = None,
    lookback_days: int = LOOKBACK_DAYS,
    version: str = VERSION,
    queries_a_second: float = QUERIES_A_SECOND,
) -> Iterator[Pulled]:
    """Bring everything that is new in one advertiser, stream by stream; yields what each stream did.

    `since` is the first day of the first load (None: two years ago). Raises the errors of connectors.errors; what
    earlier streams brought is kept.
    """
    client = Client(account, transport or Transport((account.secret,)), version, queries_a_second)
    staging.prepare(account.source, streams.STREAMS)
    raw, zone = _check(client)
    until, shops = client.now, stores(client)
    for stream in streams.STREAMS:
        land: Callable[[LandedWindow], None]
        if stream.name in streams.REPORTS:
            gmv = stream.name.startswith("gmv_max")
            rows = partial(gmv_rows, client, stream, shops) if gmv else partial(ad_rows, client, stream)
            land = partial(_land_days, stream, rows, zone, since, lookback_days, progress)
        elif stream is streams.ADVERTISER:
            land = partial(_land_record, raw)
        else:
            land = partial(_land_objects, client, stream, progress)
        calls, waited = client.transport.calls, client.transport.waited
        done = pull_stream(account, landing, staging, stream, until, run_id, land)
        yield replace(
            done,
            calls=client.transport.calls - calls,
            waited=client.transport.waited - waited,
            warnings=tuple(sorted(client.warnings)),
        )


def _check(client: Client) -> tuple[bytes, ZoneInfo]:
    """The advertiser's own words, and its zone. One that is not enabled is read all the same, with a warning.

    Raises ConfigurationError when there is none, or its zone is not known here.
    """
    fields = streams.ADVERTISER.query.split(",")
    data = client.get("advertiser/info", {"advertiser_ids": [client.id], "fields": fields})
    found = msgspec.json.decode(data, type=_Advertisers).rows
    if not found:
        raise ConfigurationError(f"TikTok advertiser {client.id}: the token may not see it. Check `account`.")
    told = msgspec.json.decode(found[0], type=_Advertiser)
    if told.status != ENABLED:
        client.warnings.add(
            f"TikTok advertiser {client.id} is not enabled ({told.status}): its past days are read, new ones will hold "
            "nothing."
        )
    name = told.display_timezone or told.timezone
    try:
        return bytes(found[0]), ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"TikTok advertiser {client.id}: its time zone {name!r} is not known here. Update the system's time zones "
            "(tzdata), then run again."
        ) from None


def _land_record(record: bytes, landed: LandedWindow) -> None:
    landed.restart()
    landed.write_part([record])
    landed.seal(rows=1)


def _land_objects(client: Client, stream: Stream, progress: Progress, landed: LandedWindow) -> None:
    """Every object of every kind, archived and deleted ones too."""
    landed.restart()
    for kind, endpoint, filtering, size, key in streams.LISTS[stream.name]:
        params = {"advertiser_id": client.id, "filtering": filtering}
        rows = whole_list(client, endpoint, params, partial(_id, key), size)
        landed.write_part(marked(row, kind=kind) for row in rows)
        progress(stream.name, landed.manifest.written, None, kind)
    landed.seal()


def _id(key: str, row: bytes) -> str:
    return bytes(msgspec.json.decode(row, type=dict[str, msgspec.Raw]).get(key, b"null")).decode()


def _land_days(
    stream: Stream,
    rows: Callable[[date, date], list[bytes]],
    zone: ZoneInfo,
    since: date | None,
    lookback_days: int,
    progress: Progress,
    landed: LandedWindow,
) -> None:
    """The days of a window, a part for each 30 of them; goes on behind the last part that has arrived."""
    if landed.manifest.days is None:
        landed.cover(*_days(landed, zone, since, lookback_days))
    if landed.manifest.days is None:
        raise ContractError(f"stream {stream.name}: a window without days")
    first, last = landed.manifest.days
    day = date.fromisoformat(landed.manifest.state.get("next_day", str(first)))
    while day <= last:
        end = min(last, day + timedelta(days=LONGEST_DAYS - 1))
        landed.write_part(rows(day, end), next_day=str(end + timedelta(days=1)))
        progress(stream.name, (end - first).days + 1, (last - first).days + 1, "days")
        day = end + timedelta(days=1)
    landed.seal()


def _days(landed: LandedWindow, zone: ZoneInfo, since: date | None, lookback_days: int) -> tuple[date, date]:
    """First and last day of a window, in the advertiser's zone: what may have changed since the window before it."""
    last = landed.manifest.end.astimezone(zone).date()
    if landed.manifest.start is None:
        return min(last, since or last - timedelta(days=HISTORY_DAYS)), last
    return landed.manifest.start.astimezone(zone).date() - timedelta(days=lookback_days), last
