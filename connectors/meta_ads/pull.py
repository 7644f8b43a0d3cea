"""Pull one ad account: check it, then land and load each stream and move its cursor.

Which days of the reports are read: connectors/sync/daily_reports.py. An interrupted pull continues where it stopped; a
repeated one changes nothing.
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
from connectors.meta_ads.guards import guards
from connectors.meta_ads.questions import GONE
from connectors.meta_ads.reports import PAGE_OF_OBJECTS, Listed, pages, rows
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.sync.daily_reports import (
    AdAccountPull,
    Calendar,
    account_zone,
    begin_objects,
    inactive_warning,
    land_record,
)
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext

RETENTION_MONTHS = 37  # Meta refuses a range that begins earlier
CHUNK_DAYS = 30  # per part
ACTIVE = 1
STATUSES = {2: "disabled", 3: "unsettled", 7: "under review", 8: "about to be settled", 9: "in its grace period",
            100: "about to be closed", 101: "closed"}  # fmt: skip


class _AdAccount(msgspec.Struct):
    account_id: str
    currency: str
    timezone_name: str
    account_status: int


def pull(context: PullContext, settings: MetaAdsSettings, version: str = VERSION) -> Iterator[Pulled]:
    """Pull everything that is new in one ad account; yields the result of each stream.

    Without `since` in the settings the first load reads all days that Meta keeps.

    Raises the errors of connectors.errors; streams that were loaded before stay loaded.
    """
    client = Client(context.account, context.transport, version)
    context.staging.prepare(context.account.source, streams.STREAMS)
    raw = client.get(f"act_{client.id}", {"fields": streams.ACCOUNT.query})
    zone = account_zone(client.label, _check(client, raw).timezone_name)
    calendar = Calendar(zone, settings.since, None, settings.lookback_days, RETENTION_MONTHS)
    reports = {stream.name: partial(rows, client, stream)
               for stream in streams.STREAMS if stream.name in streams.INSIGHTS}  # fmt: skip
    listed: dict[str, set[str]] = {}
    objects: dict[str, Land] = {stream.name: partial(_land_objects, client, stream, context.progress, listed)
               for stream in streams.STREAMS if stream.name in streams.EDGES}  # fmt: skip
    objects[streams.ACCOUNT.name] = partial(land_record, raw)
    checks = guards(client.label, context.reader, partial(_listed_now, client, listed))
    yield from AdAccountPull(context, client, calendar, objects, reports, CHUNK_DAYS, checks).run(streams.STREAMS)


def _check(client: Client, raw: bytes) -> _AdAccount:
    """The account as Meta describes it. One that is not active is pulled all the same, with a warning.

    Raises ContractError when the response is about another account.
    """
    account = decoded(raw, _AdAccount, client.label, "the account")
    if account.account_id != client.id:
        raise ContractError(f"{client.label} was not pulled", f"Meta answered for the account {account.account_id}")
    if account.account_status != ACTIVE:
        status = STATUSES.get(account.account_status, "not active")
        client.warnings.add(inactive_warning(client.label, f"{status} (account_status {account.account_status})"))
    return account


def _listed_now(client: Client, listed: dict[str, set[str]], kind: str) -> set[str]:
    """The ids in a list of objects; requested once where this pull does not read the list, as for given days.

    Then objects that are deleted or archived are left out.
    """
    if kind not in listed:
        every = next(stream for stream in streams.STREAMS if stream.name == kind).connections["effective_status"]
        statuses = [name for name in msgspec.convert(every, list[str]) if name not in GONE]
        params = {"fields": "id", "effective_status": msgspec.json.encode(statuses).decode()}
        lists = pages(client, f"act_{client.id}/{streams.EDGES[kind]}", params, PAGE_OF_OBJECTS, least=1)
        listed[kind] = {decoded(row, Listed, client.label, kind).id for page in lists for row in page}
    return listed[kind]


def _land_objects(
    client: Client, stream: Stream, progress: Progress, listed: dict[str, set[str]], landed: LandedWindow
) -> None:
    """Land every object of a kind, archived ones too; deleted ones come only when their status is requested.

    Their ids are added to `listed` under the stream's name.
    """
    begin_objects(client, landed)
    ids = listed[stream.name] = set()
    statuses = msgspec.json.encode(stream.connections["effective_status"]).decode()
    params = {"fields": stream.query, "effective_status": statuses}
    for page in pages(client, f"act_{client.id}/{streams.EDGES[stream.name]}", params, PAGE_OF_OBJECTS, least=1):
        landed.write_part(page)
        ids.update(decoded(row, Listed, client.label, stream.name).id for row in page)
        progress(stream.name, landed.manifest.written, None, "pages")
    landed.seal()
