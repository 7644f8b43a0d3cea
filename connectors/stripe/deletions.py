"""What is gone: events tell of it, and once a month whole lists are compared with what staging holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from connectors.base import Progress
from connectors.stripe import questions
from connectors.stripe.client import Client
from connectors.stripe.listing import LATE, reads_all
from connectors.stripe.pages import head_of, pages
from connectors.stripe.streams import FEEDS
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.reader import Reader

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
    window, reader = landed.window, context.reader
    recorded, end = _recorded(reader), int(window.end.timestamp())
    since = (window.start - LATE if window.start else datetime.min).replace(tzinfo=None)
    found: dict[Key, Deletion] = {}
    for kind, identity, gone, made in reader.rows(questions.DELETION_EVENTS, since=since, kinds=list(DELETED)):
        key, known = (kind, identity), recorded.get((kind, identity))
        if gone is not None:
            found[key] = Deletion(kind, identity, gone, "event", made if made and made > gone else None)
        elif known is not None and made is not None and known.restored_at is None and made > known.deleted_at:
            found[key] = msgspec.structs.replace(known, restored_at=made)
    if window.start is not None and reads_all(window):
        known_gone = {key for key, one in (recorded | found).items() if one.restored_at is None}
        for kind, held, listed in _compared(reader, client, window.end, context.progress):
            gone_now = {(kind, identity) for identity in held - listed} - known_gone
            found |= {key: Deletion(*key, end, "reconciliation") for key in gone_now}
            there = {(kind, identity) for identity in listed} & known_gone - set(found)
            found |= {key: msgspec.structs.replace(recorded[key], restored_at=end) for key in there}
    landed.restart()
    landed.write_part(msgspec.json.encode(one) for one in sorted(found.values()))
    landed.seal(rows=len(found))


def _recorded(reader: Reader) -> dict[Key, Deletion]:
    return {(row[0], row[1]): Deletion(*row) for row in reader.rows(questions.RECORDED_DELETIONS)}


def _compared(
    reader: Reader, client: Client, until: datetime, progress: Progress
) -> Iterator[tuple[str, set[str], set[str]]]:
    """Kind by kind: ids that staging holds of what was created until then, and those that Stripe lists of it."""
    for feed in (feed for feed in FEEDS if feed.deletable and feed.lists_all):
        # what came later than a window that goes on is not in its list
        created = questions.created_until(feed.stream.tables[0])
        rows = reader.rows(created, until=until.astimezone(UTC).replace(tzinfo=None))
        listed: set[str] = set()
        for params in feed.sweeps:
            for page in pages(client, feed.stream.name, params, None, until):
                listed.update(head_of(raw).id for raw in page.data)
                progress("deletions", len(listed), None, f"comparing {feed.stream.name}")
        yield feed.kind, {row[0] for row in rows}, listed
