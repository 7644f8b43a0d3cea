"""Which tenants are due: each at the pace of `every_minutes`, by the clock; and the weekly full build.

Time is divided into slots of a tenant's pace, counted from 1970 in UTC, so an hourly tenant is due at each full hour. A
tenant is due once in a slot; one that was missed while another run went on, or while nothing ran, is due at the next
look.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from orchestration.settings import Settings

WEEK = 7 * 24 * 60
SUNDAY = 3 * 24 * 60 + 210
"""Minutes from the beginning of 1970, a Thursday, to a Sunday at 3:30, when the week of the full build begins."""
FULL = ""
"""In place of a tenant: the full build."""
Slots = dict[str, int]


def slots(settings: Settings, now: datetime) -> Slots:
    """The slot in which each tenant, and the full build, is at an instant."""
    minutes = int(now.astimezone(UTC).timestamp()) // 60
    paces = {tenant.id: minutes // tenant.every_minutes for tenant in settings.tenants}
    return {**paces, FULL: (minutes - SUNDAY) // WEEK}


def due(cursor: str | None, now: Slots) -> list[str]:
    """The tenants that had no run in their slot. One that was never looked at waits for its next slot."""
    before: Slots = json.loads(cursor) if cursor else {}
    return [name for name, slot in now.items() if slot > before.get(name, slot)]


def moved(cursor: str | None, now: Slots, names: list[str]) -> str:
    """The cursor after a run of these tenants was asked for."""
    before: Slots = json.loads(cursor) if cursor else {}
    return json.dumps({name: slot if name in names else before.get(name, slot) for name, slot in now.items()})
