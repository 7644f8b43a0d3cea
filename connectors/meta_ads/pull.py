"""Pull one ad account: check it, then stream by stream land, load, move the cursor.

The first load brings the whole history that is asked for; each later one today and the days before it that may still
change, each day replaced whole. An interrupted pull goes on where it stopped; one that is repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from connectors.base import Progress, Pulled, Stream
from connectors.errors import ContractError
from connectors.http import decoded
from connectors.meta_ads import streams
from connectors.meta_ads.client import VERSION, Client
from connectors.meta_ads.reports import PAGE_OF_OBJECTS, pages, rows
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.sync.daily_reports import AdAccountPull, Calendar, known_zone, land_record
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext

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


def pull(context: PullContext, settings: MetaAdsSettings, version: str = VERSION) -> Iterator[Pulled]:
    """Bring everything that is new in one ad account, stream by stream; yields what each stream did.

    Without `since` in the settings the first load reads all that Meta keeps.

    Raises the errors of connectors.errors; what earlier streams brought is kept.
    """
    client = Client(context.account, context.transport, version)
    context.staging.prepare(context.account.source, streams.STREAMS)
    raw = client.get(f"act_{client.id}", {"fields": streams.ACCOUNT.query})
    told = _check(client, raw)
    zone = known_zone(client.who, told.timezone_name)
    calendar = Calendar(zone, settings.since, RETENTION_DAYS, settings.lookback_days, RETENTION_DAYS)
    reports = {stream.name: partial(rows, client, stream)
               for stream in streams.STREAMS if stream.name in streams.INSIGHTS}  # fmt: skip
    objects: dict[str, Land] = {stream.name: partial(_land_objects, client, stream, context.progress)
               for stream in streams.STREAMS if stream.name in streams.EDGES}  # fmt: skip
    objects[streams.ACCOUNT.name] = partial(land_record, raw)
    guarded = {streams.ACCOUNT_INSIGHTS.name}
    yield from AdAccountPull(context, client, calendar, objects, reports, CHUNK_DAYS, guarded).run(streams.STREAMS)


def _check(client: Client, raw: bytes) -> _AdAccount:
    """What Meta says of the account. One that is not active is read all the same: its past days stand; a warning says
    so. Raises ContractError when it is another one.
    """
    told = decoded(raw, _AdAccount, client.who, "the account")
    if told.account_id != client.id:
        raise ContractError(f"{client.who}: Meta answered for {told.account_id}; nothing was loaded")
    if told.account_status != ACTIVE:
        client.warnings.add(
            f"{client.who} is {STATUSES.get(told.account_status, 'not active')} (account_status "
            f"{told.account_status}): its past days are read, new ones will hold nothing."
        )
    return told


def _land_objects(client: Client, stream: Stream, progress: Progress, landed: LandedWindow) -> None:
    """Every object of a kind, archived ones too; deleted ones are asked for by name."""
    landed.restart()
    if client.now > landed.window.end:  # it is taken up after an interruption
        landed.goes_on(client.now)
    statuses = msgspec.json.encode(stream.connections["effective_status"]).decode()
    params = {"fields": stream.query, "effective_status": statuses}
    for page in pages(client, f"act_{client.id}/{streams.EDGES[stream.name]}", params, PAGE_OF_OBJECTS, least=1):
        landed.write_part(page)
        progress(stream.name, landed.manifest.written, None, "pages")
    landed.seal()
