"""Plans what is due by schedules: each window once, and of several missed ones the newest alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from serving.deliveries import schedule
from serving.deliveries.outbox import Key, Outbox

TABLE = """
CREATE TABLE IF NOT EXISTS schedules (
    tenant TEXT NOT NULL, name TEXT NOT NULL, planned_until INTEGER NOT NULL,
    skipped INTEGER NOT NULL DEFAULT 0, first_skipped INTEGER, last_skipped INTEGER,
    PRIMARY KEY (tenant, name)
) STRICT
"""
REPLACED = "skipped: the next one was due before this one could be written"


@dataclass(frozen=True)
class Schedule:
    """A delivery of a tenant: when it is due, and who gets it (references of secrets)."""

    tenant: str
    name: str
    cron: str
    time_zone: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class Skipped:
    """Windows of a delivery that came while nothing ran, and are not made up. Instants are UTC."""

    tenant: str
    name: str
    count: int
    first: datetime
    last: datetime


def plan(outbox: Outbox, schedules: Sequence[Schedule], now: datetime) -> list[Skipped]:
    """Plan the windows that are due since the last time; returns those that are skipped, with older ones.

    A delivery that is seen for the first time has no window yet. A newer window replaces an older one that could not be
    written meanwhile. Where the clock was set back, planning goes on from there: what is planned already is not planned
    again.
    """
    with outbox.transaction() as db:
        db.execute(TABLE)
        rows = db.execute("SELECT tenant, name, planned_until FROM schedules").fetchall()
        before = {(tenant, name): _instant(seconds) for tenant, name, seconds in rows}
        for removed in before.keys() - {(one.tenant, one.name) for one in schedules}:
            db.execute("DELETE FROM schedules WHERE tenant = ? AND name = ?", removed)
        for one in schedules:
            name = one.tenant, one.name
            windows = schedule.due(one.cron, one.time_zone, before.get(name, now), now)
            db.execute(
                "INSERT INTO schedules (tenant, name, planned_until) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET planned_until = excluded.planned_until",
                (*name, int(now.timestamp())),
            )
            if windows:
                key = Key("report", *name, windows[-1].isoformat(timespec="minutes"))
                outbox.replace(key, REPLACED, now)
                outbox.plan(key, one.recipients, now, due=windows[-1])
            if older := windows[:-1]:
                db.execute(
                    "UPDATE schedules SET skipped = ?, first_skipped = ?, last_skipped = ? "
                    "WHERE tenant = ? AND name = ?",
                    (len(older), int(older[0].timestamp()), int(older[-1].timestamp()), *name),
                )
    return skipped(outbox)


def is_due(outbox: Outbox, schedules: Sequence[Schedule], now: datetime) -> bool:
    """Whether `plan` would plan a window, or has not seen a delivery yet."""
    with outbox.transaction() as db:
        db.execute(TABLE)
        rows = db.execute("SELECT tenant, name, planned_until FROM schedules").fetchall()
    before = {(tenant, name): _instant(seconds) for tenant, name, seconds in rows}
    return any(
        (one.tenant, one.name) not in before or schedule.due(one.cron, one.time_zone, before[one.tenant, one.name], now)
        for one in schedules
    )


def skipped(outbox: Outbox) -> list[Skipped]:
    """For each delivery the windows that were skipped when that happened last."""
    with outbox.transaction() as db:
        db.execute(TABLE)
        rows = db.execute(
            "SELECT tenant, name, skipped, first_skipped, last_skipped FROM schedules WHERE skipped > 0 "
            "ORDER BY tenant, name"
        ).fetchall()
    return [Skipped(tenant, name, count, _instant(first), _instant(last)) for tenant, name, count, first, last in rows]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
