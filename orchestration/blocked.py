"""A tenant whose data are in doubt: it keeps what was published last, and every reader of it sees why.

The finished build says which tenants it leaves out, in the table takings.blocked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.dbt_build import BuildFailedError, Built


@dataclass(frozen=True)
class Blocked:
    """A tenant that a run does not publish, and the reason, as one text for people."""

    tenant_id: str
    reason: str


class BlockedError(BuildFailedError):
    """No tenant is left to publish."""

    def __init__(self, blocked: Sequence[Blocked], built: Built | None = None) -> None:
        lines = [f"  {block.tenant_id}: {block.reason}" for block in blocked]
        super().__init__(
            "\n".join(["Every tenant is blocked, so nothing was published and readers keep the last build:", *lines])
            + (f"\nThe scratch build stays until the next run, for inspection: {built.place}" if built else ""),
            built,
            {block.tenant_id: block.reason for block in blocked},
            by_tenant=True,
        )


def write_blocked(db: duckdb.DuckDBPyConnection, blocked: Sequence[Blocked]) -> None:
    """Write into a finished build, which `db` has open, which tenants it leaves out."""
    db.execute("create schema if not exists takings")
    db.execute("create or replace table takings.blocked (tenant_id varchar, reason varchar)")
    if blocked:
        db.executemany(
            "insert into takings.blocked values (?, ?)", [[block.tenant_id, block.reason] for block in blocked]
        )


def read_blocked(db: duckdb.DuckDBPyConnection, database: str) -> list[Blocked]:
    """The tenants that an attached build leaves out, by name."""
    rows = db.execute(f"select tenant_id, reason from {database}.takings.blocked order by tenant_id").fetchall()
    return [Blocked(*row) for row in rows]
