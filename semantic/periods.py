"""Ranges of calendar days in a tenant's time zone, for queries and reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common import comparison
from common.presets import PRESETS, Days, Preset, rolling
from semantic.errors import RangeError

FIRST_YEAR, LAST_YEAR = 1970, 2999
MOST_DAYS = 3650
DAY_FORMS = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")


def preset(name: str) -> Preset:
    """The period of this name: one of PRESETS, or a number of days such as 45d, today included.

    Case does not matter, and a blank is as good as a hyphen. Raises RangeError that names what is allowed.
    """
    key = "-".join(name.lower().split())
    if key in PRESETS:
        return PRESETS[key]
    number = re.fullmatch(r"([1-9][0-9]{0,3})d", key)
    if number is None or int(number[1]) > MOST_DAYS:
        raise RangeError(
            f"Unknown period {name!r}",
            f"it is neither one of {', '.join(PRESETS)} nor a number of days from 1d to {MOST_DAYS}d",
            "Choose one of these, or the days with --from and --to",
        )
    return Preset(key, "day", rolling(int(number[1])))


def resolve(name: str, time_zone: str, now: datetime) -> Days:
    """First and last day of a period, both included, in the tenant's calendar at the instant `now`.

    Raises RangeError that names what is allowed.
    """
    return preset(name).days(local_day(now, time_zone))


def whole(name: str, time_zone: str, now: datetime) -> Days:
    """The days of a period that are over, as dashboards and comparisons have them: 7d ends yesterday.

    A period of which no day is over (today, or this month on its first day) has all its days. Raises RangeError.
    """
    chosen, today = preset(name), local_day(now, time_zone)
    result = comparison.of_preset(chosen, "prior", today)
    return result.now if result else chosen.days(today)


def day(text: str, today: Callable[[], date]) -> date:
    """A day as people write it: 2026-11-28, 28.11.2026, 28 Nov 2026, November 28 2026, today, yesterday.

    Raises RangeError for anything else, also for 11/12/2026, which two countries read as two days.
    """
    words = re.sub(r"[\s,]+", " ", text).strip().lower()
    if words in ("today", "yesterday"):
        return PRESETS[words].days(today())[0]
    for pattern in DAY_FORMS:
        with suppress(ValueError):
            return datetime.strptime(words, pattern).date()
    raise RangeError(
        f"{text!r} is not a day that can be understood",
        "it can be read in two ways, or in none",
        "Write it as 2026-11-28, 28.11.2026, 28 Nov 2026, today or yesterday",
    )


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


def check(start: date, end: date) -> Days:
    """The two days. Raises RangeError where the last is before the first, or one of them outside of 1970 to 2999."""
    if start.year < FIRST_YEAR:
        raise RangeError(f"{start} is too early", f"ranges begin in {FIRST_YEAR}", "Choose a later first day")
    if end.year > LAST_YEAR:
        raise RangeError(f"{end} is too late", f"ranges end in {LAST_YEAR}", "Choose an earlier last day")
    if start > end:
        raise RangeError(f"No days from {start} to {end}", "the first day is after the last", "Swap the two dates")
    return start, end


def days(start: date, end: date) -> list[date]:
    """Every day of a range, both ends included."""
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]
