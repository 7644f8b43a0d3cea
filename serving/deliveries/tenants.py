"""What the outbox's file holds of a tenant whose id changes or that is removed: messages, schedules, states of alerts.

The id of a removed tenant may be used again, so nothing may wait there for its successor.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from serving.deliveries.outbox import Outbox

REMOVED = "skipped: the tenant was removed"


def rename(outbox: Outbox, old: str, new: str) -> int:
    """Give every row of a tenant to its new id, and return how many there were; where the new id has the same row
    already, its own stays. What was sent is not sent again under the new id. Raises StateError."""
    with outbox.transaction() as db:
        tables, before = _tables(db), db.total_changes
        for table in tables:
            db.execute(f"UPDATE OR IGNORE {table} SET tenant = ? WHERE tenant = ?", (new, old))
        count = db.total_changes - before
        if "alerts" in tables:  # its JSON names the tenant also
            db.execute("UPDATE alerts SET status = json_set(status, '$.tenant', tenant) WHERE tenant = ?", (new,))
        return count


def remove(outbox: Outbox, tenant: str, now: datetime) -> int:
    """Skip the messages of a tenant that are not sent yet, and return how many; delete its schedules and the states of
    its alerts. What was sent stays in the list. Raises StateError."""
    with outbox.transaction() as db:
        for table in _tables(db) - {"outbox"}:
            db.execute(f"DELETE FROM {table} WHERE tenant = ?", (tenant,))
        return db.execute(
            "UPDATE outbox SET state = 'skipped', detail = ?, ended = ? WHERE tenant = ? "
            "AND state IN ('planned', 'rendered')",
            (REMOVED, int(now.timestamp()), tenant),
        ).rowcount


def _tables(db: sqlite3.Connection) -> set[str]:
    """The tables with a row per tenant: whichever were made in this file."""
    names = db.execute(
        "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' "
        "AND c.name = 'tenant'"
    )
    return {name for (name,) in names}
