"""Presets are ranges of the tenant's calendar days, today included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from common.presets import PRESETS
from semantic import periods
from semantic.errors import RangeError
from superset_assets import ranges

EVENING = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("preset", "first"),
    [
        ("7d", date(2026, 11, 14)),
        ("30d", date(2026, 10, 22)),
        ("90d", date(2026, 8, 23)),
        ("ytd", date(2026, 1, 1)),
        ("365d", date(2025, 11, 21)),
        ("1d", date(2026, 11, 20)),
        ("31d", date(2026, 10, 21)),
        (" YTD ", date(2026, 1, 1)),
        ("3650d", date(2016, 11, 23)),
        ("today", date(2026, 11, 20)),
        ("14d", date(2026, 11, 7)),
        ("This month", date(2026, 11, 1)),
        ("this-quarter", date(2026, 10, 1)),
    ],
)
def test_preset_includes_today(preset: str, first: date) -> None:
    assert periods.resolve(preset, "Europe/London", EVENING) == (first, date(2026, 11, 20))


def test_yesterday_and_last_month_end_before_today() -> None:
    assert periods.resolve("yesterday", "Europe/London", EVENING) == (date(2026, 11, 19), date(2026, 11, 19))
    assert periods.resolve("last-month", "Europe/London", EVENING) == (date(2026, 10, 1), date(2026, 10, 31))
    january = datetime(2027, 1, 15, tzinfo=UTC)
    assert periods.resolve("last month", "Europe/London", january) == (date(2026, 12, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    "text",
    ["2026-11-08", "20261108", "8.11.2026", "08.11.2026", "8 Nov 2026", "8 november 2026", "Nov 8, 2026",
     "November 8 2026"],
)  # fmt: skip
def test_day_is_understood_in_each_unambiguous_form(text: str) -> None:
    assert periods.day(text, EVENING.date) == date(2026, 11, 8)


def test_day_by_name_is_the_tenants() -> None:
    assert periods.day("Today", EVENING.date) == date(2026, 11, 20)
    assert periods.day("yesterday", EVENING.date) == date(2026, 11, 19)


@pytest.mark.parametrize(
    "text", ["11/12/2026", "8-11-2026", "8.11.26", "2026-02-30", "31.4.2026", "tomorrow", "", "7d"]
)
def test_day_that_can_be_read_in_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(RangeError, match="Write it as 2026-11-28"):
        periods.day(text, EVENING.date)


def test_today_is_the_calendar_day_in_the_tenants_zone() -> None:
    assert periods.resolve("7d", "Asia/Tokyo", EVENING)[1] == date(2026, 11, 21)
    assert periods.resolve("7d", "America/New_York", EVENING)[1] == date(2026, 11, 20)


def test_year_starts_at_the_tenants_midnight() -> None:
    new_year = datetime(2027, 1, 1, 3, 0, tzinfo=UTC)
    assert periods.resolve("ytd", "Europe/Berlin", new_year) == (date(2027, 1, 1), date(2027, 1, 1))
    assert periods.resolve("ytd", "America/New_York", new_year) == (date(2026, 1, 1), date(2026, 12, 31))


def test_week_with_a_clock_change_has_seven_days() -> None:
    first, last = periods.resolve("7d", "Europe/Berlin", datetime(2026, 10, 26, 12, tzinfo=UTC))
    assert len(periods.days(first, last)) == 7


@pytest.mark.parametrize("preset", ["0d", "3651d", "-7d", "07d", "7", "d", "1.5d", "7 d", "٧d", "week", ""])
def test_unknown_period_is_refused_with_the_allowed_ones(preset: str) -> None:
    with pytest.raises(RangeError, match="last-month, this-quarter, ytd, 365d nor a number of days from 1d to 3650d"):
        periods.resolve(preset, "Europe/London", EVENING)


def test_every_preset_of_the_dashboards_is_a_period_with_the_same_days() -> None:
    """A range of Superset excludes its last day."""
    offered = ranges.presets("2026-11-19 : 2026-11-20")
    assert list(offered) == list(PRESETS) == list(ranges.RELATIVE)
    for name, shown in offered.items():
        first, last = periods.resolve(name, "Europe/London", EVENING)
        assert shown == f"{first} : {last + timedelta(days=1)}", name


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(RangeError, match="IANA"):
        periods.local_day(EVENING, zone)


def test_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(RangeError, match="tzinfo"):
        periods.local_day(datetime(2026, 1, 1), "Europe/London")


def test_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(RangeError, match="Swap"):
        periods.check(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("7d", date(2026, 2, 25), date(2026, 3, 3)),
        ("this-month", date(2026, 3, 1), date(2026, 3, 3)),
        ("last-month", date(2026, 2, 1), date(2026, 2, 28)),
        ("yesterday", date(2026, 3, 3), date(2026, 3, 3)),
        ("today", date(2026, 3, 4), date(2026, 3, 4)),
    ],
)
def test_whole_days_of_a_period_end_yesterday(name: str, first: date, last: date) -> None:
    evening = datetime(2026, 3, 5, 3, tzinfo=UTC)  # the 4th in New York
    assert periods.whole(name, "America/New_York", evening) == (first, last)


@pytest.mark.parametrize("last", [date(3000, 1, 1), date.max])
def test_range_that_ends_where_dates_end_is_refused(last: date) -> None:
    with pytest.raises(RangeError, match="too late"):
        periods.check(date(2999, 12, 1), last)
