"""Deleted objects: events report them, and once a month whole lists are compared with the ids in staging."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from connectors.base import Progress
from connectors.stripe import questions
from connectors.stripe.client import Client
from connectors.stripe.listing import LATE, VERIFIED, ended_early, reads_all
from connectors.stripe.pages import pages
from connectors.stripe.streams import FEEDS, Feed
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.reader import Reader

DELETABLE = tuple(feed.kind for feed in FEEDS if feed.deletable)
Key = tuple[str, str]


class Deletion(msgspec.Struct, frozen=True, order=True, rename={"kind": "object", "identity": "id"}):
    """A row of stripe.deletions as it lands; times in seconds since 1970."""

    kind: str
    identity: str
    deleted_at: int
    found_by: str
    restored_at: int | None = None


def land_deletions(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """Land deletions that events report and, when a window reads everything, ids that Stripe no longer lists.

    An id may come back (those of coupons and products are chosen): its deletion stays, with the time it came back.
    """
    window, reader = landed.window, context.reader
    recorded, end = _recorded(reader), int(window.end.timestamp())
    since = (window.start - LATE if window.start else datetime.min).replace(tzinfo=None)
    changes: dict[Key, Deletion] = {}
    events = reader.rows(questions.DELETION_EVENTS, since=since, kinds=list(DELETABLE))
    for kind, identity, deleted_at, created_at in events:
        key, known = (kind, identity), recorded.get((kind, identity))
        if deleted_at is not None:
            restored_at = created_at if created_at and created_at > deleted_at else None
            changes[key] = Deletion(kind, identity, deleted_at, "event", restored_at)
        elif known and created_at is not None and known.restored_at is None and created_at > known.deleted_at:
            changes[key] = msgspec.structs.replace(known, restored_at=created_at)
    if window.start is not None and reads_all(window):
        deleted = {key for key, deletion in (recorded | changes).items() if deletion.restored_at is None}
        for feed, stored, listed in _compared(reader, client, window.end, context.progress):
            kind = feed.kind
            missing = [(kind, identity) for identity in stored if identity not in listed]
            missing = [key for key in missing if key not in deleted]
            for _, identity in missing[:VERIFIED]:
                if client.retrieve(feed.stream.name, identity) is not None:
                    raise ended_early(client, feed.stream.name, identity)
            changes |= {key: Deletion(*key, end, "reconciliation") for key in missing}
            restored = {(kind, identity) for identity in listed} & deleted - set(changes)
            changes |= {key: msgspec.structs.replace(recorded[key], restored_at=end) for key in restored}
    landed.restart()
    landed.write_part(msgspec.json.encode(deletion) for deletion in sorted(changes.values()))
    landed.seal(rows=len(changes))


def _recorded(reader: Reader) -> dict[Key, Deletion]:
    return {(row[0], row[1]): Deletion(*row) for row in reader.rows(questions.RECORDED_DELETIONS)}


def _compared(
    reader: Reader, client: Client, until: datetime, progress: Progress
) -> Iterator[tuple[Feed, list[str], set[str]]]:
    """For each kind: the ids in staging of objects created until then, oldest first, and those that Stripe lists."""
    for feed in (feed for feed in FEEDS if feed.deletable and feed.lists_all):
        # the list of a resumed window lacks objects that were created after its end
        created = questions.created_until(feed.stream.tables[0])
        rows = reader.rows(created, until=until.astimezone(UTC).replace(tzinfo=None))
        listed: set[str] = set()
        for params in feed.sweeps:
            for _, heads in pages(client, feed.stream.name, params, None, until):
                listed.update(head.id for head in heads)
                progress("deletions", len(listed), None, f"comparing {feed.stream.name}")
        yield feed, [row[0] for row in rows], listed
