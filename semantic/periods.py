"""Ranges of calendar days in a tenant's time zone, for queries and reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from semantic.errors import RangeError, UnknownNameError

FIRST_YEAR = 1970
PRESETS = ("7d", "30d", "90d", "ytd")


def resolve(preset: str, time_zone: str, now: datetime) -> tuple[date, date]:
    """First and last day of a preset, both included, in the tenant's calendar at the instant `now`.

    7d, 30d, 90d: so many days, today included. ytd: from January 1 of the current year to today.
    """
    name = preset.strip().lower()
    if name not in PRESETS:
        raise UnknownNameError("period", preset, PRESETS)
    today = local_day(now, time_zone)
    return (today.replace(month=1, day=1) if name == "ytd" else today - timedelta(days=int(name[:-1]) - 1)), today


def local_day(now: datetime, time_zone: str) -> date:
    """The calendar day of an instant (a datetime with tzinfo) in an IANA time zone."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        advice = "Use an IANA name such as Europe/Berlin in takings.toml"
        raise RangeError(f"Unknown time zone {time_zone!r}", "it is not in the zone database", advice) from error
    if now.tzinfo is None:
        raise RangeError(f"{now} is not an instant", "it has no time zone", "Pass a datetime with tzinfo")
    return now.astimezone(UTC).astimezone(zone).date()


def check(start: date, end: date) -> tuple[date, date]:
    """The two days. Raises RangeError where the last is before the first, or the first before 1970."""
    if start.year < FIRST_YEAR:
        raise RangeError(f"{start} is too early", f"ranges begin in {FIRST_YEAR}", "Choose a later first day")
    if start > end:
        raise RangeError(f"No days from {start} to {end}", "the first day is after the last", "Swap the two dates")
    return start, end


def days(start: date, end: date) -> list[date]:
    """Every day of a range, both ends included."""
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]
