"""What is gone: events tell of it, and once a month whole lists are compared with what staging holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from connectors.base import Account, Progress, Window
from connectors.stripe.client import Client
from connectors.stripe.listing import LATE, reads_all
from connectors.stripe.pages import head_of, pages
from connectors.stripe.streams import FEEDS
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging

DELETED = tuple(feed.kind for feed in FEEDS if feed.deletable)
Key = tuple[str, str]


class Deletion(msgspec.Struct, frozen=True, order=True, rename={"kind": "object", "identity": "id"}):
    """A row of stripe.deletions as it lands; times in seconds."""

    kind: str
    identity: str
    deleted_at: int
    found_by: str
    restored_at: int | None = None


def land_deletions(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """What events tell of, and, when a window reads everything, what staging holds and Stripe lists no more.

    An id may come again (a coupon's and a product's are chosen): its deletion is kept with the time it was taken back.
    """
    window, account = landed.window, client.account
    staging, progress = context.staging, context.progress
    recorded, end = _recorded(staging, account), int(window.end.timestamp())
    found: dict[Key, Deletion] = {}
    for kind, identity, gone, made in _told(staging, account, window):
        key, known = (kind, identity), recorded.get((kind, identity))
        if gone is not None:
            found[key] = Deletion(kind, identity, gone, "event", made if made and made > gone else None)
        elif known is not None and made is not None and known.restored_at is None and made > known.deleted_at:
            found[key] = msgspec.structs.replace(known, restored_at=made)
    if window.start is not None and reads_all(window):
        known_gone = {key for key, one in (recorded | found).items() if one.restored_at is None}
        for kind, held, listed in _compared(client, staging, window.end, progress):
            gone_now = {(kind, identity) for identity in held - listed} - known_gone
            found |= {key: Deletion(*key, end, "reconciliation") for key in gone_now}
            there = {(kind, identity) for identity in listed} & known_gone - set(found)
            found |= {key: msgspec.structs.replace(recorded[key], restored_at=end) for key in there}
    landed.restart()
    landed.write_part(msgspec.json.encode(one) for one in sorted(found.values()))
    landed.seal(rows=len(found))


def _told(
    staging: Staging, account: Account, window: Window
) -> list[tuple[str, str, int | None, int | None]]:  # fmt: skip
    """(kind, id, when an event told last of its deletion, of its creation), in seconds."""
    since = (window.start - LATE if window.start else datetime.min).replace(tzinfo=None)
    rows: list[tuple[str, str, int | None, int | None]] = staging.db.execute(
        "select object_type, object_id, epoch(max(created_at) filter (type like '%.deleted'))::bigint, "
        "epoch(max(created_at) filter (type like '%.created'))::bigint from stripe.events where tenant_id = ? "
        "and source_account = ? and created_at >= ? and list_contains(?, object_type) "
        "and type in (object_type || '.deleted', object_type || '.created') group by all order by all",
        [account.tenant_id, account.account, since, list(DELETED)],
    ).fetchall()
    return rows


def _recorded(staging: Staging, account: Account) -> dict[Key, Deletion]:
    rows = staging.db.execute(
        "select object_type, object_id, epoch(deleted_at)::bigint, found_by, epoch(restored_at)::bigint "
        "from stripe.deletions where tenant_id = ? and source_account = ?",
        [account.tenant_id, account.account],
    ).fetchall()
    return {(row[0], row[1]): Deletion(*row) for row in rows}


def _compared(
    client: Client, staging: Staging, until: datetime, progress: Progress
) -> Iterator[tuple[str, set[str], set[str]]]:
    """Kind by kind: ids that staging holds of what was created until then, and those that Stripe lists of it."""
    account = client.account
    for feed in (feed for feed in FEEDS if feed.deletable and feed.lists_all):
        table = feed.stream.tables[0]
        rows = staging.db.execute(  # what came later than a window that goes on is not in its list
            f"select {table.key[0]} from stripe.{table.name} where tenant_id = ? and source_account = ? "
            "and created_at <= ?",
            [account.tenant_id, account.account, until.astimezone(UTC).replace(tzinfo=None)],
        ).fetchall()
        listed: set[str] = set()
        for params in feed.sweeps:
            for page in pages(client, feed.stream.name, params, None, until):
                listed.update(head_of(raw).id for raw in page.data)
                progress("deletions", len(listed), None, f"comparing {feed.stream.name}")
        yield feed.kind, {row[0] for row in rows}, listed
