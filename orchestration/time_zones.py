"""Whether a time zone is the same in Python, which reads local times, and in DuckDB, which makes days of them.

Both have a copy of the time zone database, and a government may change its clock after one of them was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from common import database
from orchestration.tenant_settings import TenantSettings

HOURS_APART = 6
YEARS_BACK, YEARS_AHEAD = 5, 1


def warnings(tenants: Sequence[TenantSettings], year: int) -> list[str]:
    """What a person should know of each tenant whose time zone is not the same in both, in the years around `year`."""
    first = {
        zone: first_difference(zone, year - YEARS_BACK, year + YEARS_AHEAD)
        for zone in {tenant.time_zone for tenant in tenants}
    }
    return [
        f"the time zone {tenant.time_zone} of tenant {tenant.id} is not the same in Python and in DuckDB from "
        f"{at:%Y-%m-%d} (UTC) on: times without a zone and days may be wrong from then. Update Takings, and the "
        "package tzdata of this machine."
        for tenant in tenants
        if (at := first[tenant.time_zone])
    ]


@cache
def first_difference(zone: str, first_year: int, last_year: int) -> datetime | None:
    """The first instant (UTC, of those that are six hours apart) at which the two offsets differ, None for none."""
    with database.connect() as db:
        rows = db.execute(
            "select instant, epoch(timezone(?, timezone('UTC', instant)) - instant) "
            "from generate_series(make_timestamp(?, 1, 1, 0, 0, 0), make_timestamp(?, 1, 1, 0, 0, 0), "
            f"interval {HOURS_APART} hour) as instants (instant) order by instant",
            [zone, first_year, last_year + 1],
        ).fetchall()
    of_python = ZoneInfo(zone)
    for at, seconds in rows:
        instant: datetime = at.replace(tzinfo=UTC)
        offset = instant.astimezone(of_python).utcoffset()
        if offset is None or offset.total_seconds() != seconds:
            return instant
    return None
