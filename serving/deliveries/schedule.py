"""When a delivery is due: an expression of cron in a tenant's time zone.

cronsim follows Debian's cron where clocks change: a time that is skipped in spring is due when the gap ends, and a time
that comes twice in autumn is due once, at the first. A schedule of every hour is due in both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

EXAMPLES = "`0 8 * * 1` is Mondays at 8:00, `30 7 1 * *` the first day of each month at 7:30"


def problem(expression: str) -> str:
    """What is wrong with an expression; empty where nothing is."""
    fields = expression.split()
    if len(fields) != 5:
        count = f"{len(fields)} field{'s' * (len(fields) != 1)}"
        return f"{expression!r} has {count}; a schedule has five: minute hour day month weekday ({EXAMPLES})"
    try:
        times = CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC))
        next(times)
    except CronSimError as error:
        return f"{expression!r} is not a schedule: {str(error).lower()} ({EXAMPLES})"
    except StopIteration:
        return f"{expression!r} never comes: no month has such a day"
    if len(times.minutes) > 1:
        return f"{expression!r} comes more often than once in an hour: write one minute first ({EXAMPLES})"
    return ""


def due(expression: str, time_zone: str, after: datetime, until: datetime) -> list[datetime]:
    """The instants (UTC) of a schedule after `after`, and not after `until`."""
    instants: list[datetime] = []
    for local in CronSim(expression, after.astimezone(ZoneInfo(time_zone))):
        instant = local.astimezone(UTC)
        if instant > until:
            break
        if instant > after:
            instants.append(instant)
    return instants


def following(expression: str, time_zone: str, after: datetime) -> datetime:
    """The next instant (UTC) of a schedule."""
    times = CronSim(expression, after.astimezone(ZoneInfo(time_zone)))
    return next(instant for local in times if (instant := local.astimezone(UTC)) > after)


def words(expression: str) -> str:
    """A schedule in words: at 08:00 on Monday."""
    text = CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)).explain()
    return text[:1].lower() + text[1:]
