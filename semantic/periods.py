"""Ranges of calendar days in a tenant's time zone, for queries and reports."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.presets import PRESETS, first_day
from semantic.errors import RangeError

FIRST_YEAR = 1970
MOST_DAYS = 3650


def resolve(preset: str, time_zone: str, now: datetime) -> tuple[date, date]:
    """First and last day of a period, both included, in the tenant's calendar at the instant `now`.

    A number of days such as 14d: so many, today included. ytd: from January 1 of the current year to today. Raises
    RangeError that names what is allowed.
    """
    days = _days_of(preset)
    today = local_day(now, time_zone)
    return first_day(days, today), today


def _days_of(preset: str) -> int | None:
    """The number of days of a preset or of `Nd`; None: since January 1. Case and blanks around it do not matter."""
    name = preset.strip().lower()
    presets = {known.lower(): days for known, days in PRESETS.items()}
    if name in presets:
        return presets[name]
    number = re.fullmatch(r"([1-9][0-9]{0,3})d", name)
    if number is None or int(number[1]) > MOST_DAYS:
        raise RangeError(
            f"Unknown period {preset!r}",
            f"it is neither one of {', '.join(presets)} nor a number of days from 1d to {MOST_DAYS}d",
            "Choose one of these, or the days with --from and --to",
        )
    return int(number[1])


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
