"""Pull one ad account: check it, then stream by stream land, load, move the cursor.

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
from connectors.meta_ads import streams
from connectors.meta_ads.client import VERSION, Client
from connectors.meta_ads.reports import PAGE_OF_OBJECTS, pages, rows
from connectors.pulling import pull_stream
from connectors.staging import Staging
from connectors.transport import Transport

LOOKBACK_DAYS = 28  # a day is restated for so long
RETENTION_DAYS = 37 * 30  # Meta keeps 37 months, and refuses a range that begins before
CHUNK_DAYS = 30  # landed part by part
ACTIVE = 1
STATUSES = {2: "disabled", 3: "unsettled", 7: "under review", 8: "about to be settled", 9: "in its grace period",
            100: "about to be closed", 101: "closed"}  # fmt: skip


class _AdAccount(msgspec.Struct):
    account_id: str
    currency: str
    timezone_name: str
    account_status: int


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
) -> Iterator[Pulled]:
    """Bring everything that is new in one ad account, stream by stream; yields what each stream did.

    `since` is the first day of the first load (None: all that Meta keeps). Raises the errors of connectors.errors;
    what earlier streams brought is kept.
    """
    client = Client(account, transport or Transport((account.secret,)), version)
    staging.prepare(account.source, streams.STREAMS)
    raw = client.get(f"act_{client.id}", {"fields": streams.ACCOUNT.query})
    zone = _check(client, raw)
    until = client.now
    for stream in streams.STREAMS:
        land: Callable[[LandedWindow], None]
        if stream.name in streams.INSIGHTS:
            land = partial(_land_days, client, stream, zone, since, lookback_days, progress)
        elif stream is streams.ACCOUNT:
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


def _check(client: Client, raw: bytes) -> ZoneInfo:
    """The account's zone. An account that is not active is read all the same: its past days stand; a warning says so.

    Raises ConfigurationError when the account has no zone that is known here.
    """
    told = msgspec.json.decode(raw, type=_AdAccount)
    if told.account_status != ACTIVE:
        client.warnings.add(
            f"Meta ad account {client.id} is {STATUSES.get(told.account_status, 'not active')} (account_status "
            f"{told.account_status}): its past days are read, new ones will hold nothing."
        )
    try:
        return ZoneInfo(told.timezone_name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"Meta ad account {client.id}: its time zone {told.timezone_name!r} is not known here. Update the system's "
            "time zones (tzdata), then run again."
        ) from None


def _land_record(record: bytes, landed: LandedWindow) -> None:
    landed.restart()
    landed.write_part([record])
    landed.seal(rows=1)


def _land_objects(client: Client, stream: Stream, progress: Progress, landed: LandedWindow) -> None:
    """Every object of a kind, archived ones too; deleted ones are asked for by name."""
    landed.restart()
    statuses = msgspec.json.encode(stream.connections["effective_status"]).decode()
    params = {"fields": stream.query, "effective_status": statuses}
    for page in pages(client, f"act_{client.id}/{streams.EDGES[stream.name]}", params, PAGE_OF_OBJECTS):
        landed.write_part(page)
        progress(stream.name, landed.manifest.written, None, "pages")
    landed.seal()


def _land_days(
    client: Client,
    stream: Stream,
    zone: ZoneInfo,
    since: date | None,
    lookback_days: int,
    progress: Progress,
    landed: LandedWindow,
) -> None:
    """The days of a window, a part for each chunk of them; goes on behind the last chunk that has arrived."""
    if landed.manifest.days is None:
        landed.cover(*_days(landed, zone, since, lookback_days))
    if landed.manifest.days is None:
        raise ContractError(f"stream {stream.name}: a window without days")
    first, last = landed.manifest.days
    day = date.fromisoformat(landed.manifest.state.get("next_day", str(first)))
    while day <= last:
        end = min(last, day + timedelta(days=CHUNK_DAYS - 1))
        landed.write_part(rows(client, stream, day, end), next_day=str(end + timedelta(days=1)))
        progress(stream.name, (end - first).days + 1, (last - first).days + 1, "days")
        day = end + timedelta(days=1)
    landed.seal()


def _days(landed: LandedWindow, zone: ZoneInfo, since: date | None, lookback_days: int) -> tuple[date, date]:
    """First and last day of a window, in the account's zone: what may have changed since the window before it."""
    last = landed.manifest.end.astimezone(zone).date()
    earliest = last - timedelta(days=RETENTION_DAYS)
    if landed.manifest.start is None:
        return min(last, max(earliest, since or earliest)), last
    before = landed.manifest.start.astimezone(zone).date()
    return max(earliest, before - timedelta(days=lookback_days)), last
