"""What a publish does with each tenant: what the finished build says of it, and what readers see until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import database
from orchestration import unchanged
from orchestration.blocked import Blocked, read_blocked
from orchestration.home import quoted
from orchestration.unchanged import State


@dataclass(frozen=True)
class Plan:
    """`blocked` and `same` tenants keep their last rows; those of all others are in the build."""

    states: dict[str, State]
    same: list[str]
    blocked: dict[str, Blocked]
    warnings: dict[str, list[str]]
    before: Mapping[str, Any]
    """What the build that readers see says of itself, where it is of the same engine."""

    def is_moved(self, tenant: str) -> bool:
        """Whether an unchanged tenant's last rows are to say how far its sources were read since."""
        read = self.before["states"][tenant]["read"]
        return read != self.states[tenant].read or tenant in self.before["blocked"]

    def made_from(self) -> dict[str, dict[str, str]]:
        """What each tenant's rows were made from: a blocked one's are its last rows."""
        newest = {name: {"made_from": state.made_from, "read": state.read} for name, state in self.states.items()}
        earlier = self.before.get("states", {})
        retained = {name: earlier.get(name) for name in self.blocked}
        return {name: state for name, state in {**newest, **retained}.items() if state}


@dataclass(frozen=True)
class Shown:
    """What readers see of each tenant after a publish: up to when its sources were read, and its kinds of records."""

    read_until: dict[str, str | None]
    records: dict[str, list[str]]


def read(build: Path, before: Mapping[str, Any]) -> Plan:
    """The plan of a finished build, by its file."""
    with database.connect() as db:
        db.execute(f"attach {quoted(build)} as build (read_only)")
        states, same = unchanged.read(db, "build")
        blocked = {block.tenant_id: block for block in read_blocked(db, "build")}
        return Plan(states, same, blocked, unchanged.read_warnings(db, "build"), before)


RECORDS = {"chats": ("chat_sessions",), "events": ("events",), "event_log": ("vault_sales", "vault_funnel")}
"""Kinds of records that any of several sources brings, and the marts of which one has rows of a tenant with them."""


def shown(db: Any, marts: Mapping[str, object]) -> Shown:
    """What a connection of either engine shows in the published marts, which are named as keys."""
    rows = db.execute("select tenant_id, min(as_of) from marts.build_info group by tenant_id").fetchall()
    read_until = {name: as_of and as_of.isoformat(timespec="seconds") for name, as_of in rows}
    records: dict[str, list[str]] = {}
    for kind, names in RECORDS.items():
        parts = " union ".join(f"select tenant_id from marts.{name}" for name in names if name in marts)
        query = f"select distinct tenant_id from ({parts}) as rows_of_kind"
        for (tenant,) in db.execute(query).fetchall() if parts else []:
            records.setdefault(tenant, []).append(kind)
    return Shown(read_until, records)
