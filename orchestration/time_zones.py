"""Whether a time zone is the same in Python, which reads local times, and in DuckDB, which makes days of them.

Both have a copy of the time zone database, and a government may change its clock after one of them was made.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb

HOURS_APART = 6


def first_difference(zone: str, first_year: int, last_year: int) -> datetime | None:
    """The first instant (UTC, of those that are six hours apart) at which the two offsets differ, None for none."""
    with duckdb.connect() as db:
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
