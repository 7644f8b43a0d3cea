"""A period beside the earlier one: whole with whole, running with the same part, and no day that is not over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.comparison import Comparison
from semantic import comparison, periods
from semantic.errors import RangeError, SemanticError, UnknownNameError
from semantic.query import render
from semantic.today import today
from semantic.warehouse import open_build

TODAY = date(2026, 11, 20)


def days(text: str) -> tuple[date, date]:
    first, last = text.split(" to ")
    return date.fromisoformat(first), date.fromisoformat(last)


@pytest.mark.parametrize(
    ("preset", "kind", "now", "before"),
    [
        ("yesterday", "prior", "2026-11-19 to 2026-11-19", "2026-11-18 to 2026-11-18"),
        ("yesterday", "year", "2026-11-19 to 2026-11-19", "2025-11-19 to 2025-11-19"),
        ("7d", "prior", "2026-11-13 to 2026-11-19", "2026-11-06 to 2026-11-12"),
        ("30d", "year", "2026-10-21 to 2026-11-19", "2025-10-21 to 2025-11-19"),
        ("45d", "prior", "2026-10-06 to 2026-11-19", "2026-08-22 to 2026-10-05"),
        ("this-month", "prior", "2026-11-01 to 2026-11-19", "2026-10-01 to 2026-10-19"),
        ("this-month", "year", "2026-11-01 to 2026-11-19", "2025-11-01 to 2025-11-19"),
        ("last-month", "prior", "2026-10-01 to 2026-10-31", "2026-09-01 to 2026-09-30"),
        ("last-month", "year", "2026-10-01 to 2026-10-31", "2025-10-01 to 2025-10-31"),
        ("this-quarter", "prior", "2026-10-01 to 2026-11-19", "2026-07-01 to 2026-08-19"),
        ("ytd", "prior", "2026-01-01 to 2026-11-19", "2025-01-01 to 2025-11-19"),
    ],
)
def test_preset_is_compared_with(preset: str, kind: str, now: str, before: str) -> None:
    both = comparison.of_preset(periods.preset(preset), kind, TODAY)
    assert both == Comparison(days(now), days(before))


@pytest.mark.parametrize(
    ("chosen", "kind", "today", "now", "before"),
    [
        # whole months with whole months, whatever their lengths
        ("2026-03-01 to 2026-03-31", "prior", TODAY, "2026-03-01 to 2026-03-31", "2026-02-01 to 2026-02-28"),
        ("2026-02-01 to 2026-03-31", "prior", TODAY, "2026-02-01 to 2026-03-31", "2025-12-01 to 2026-01-31"),
        ("2026-01-01 to 2026-01-31", "prior", TODAY, "2026-01-01 to 2026-01-31", "2025-12-01 to 2025-12-31"),
        # February has 28 or 29 days
        ("2025-02-01 to 2025-02-28", "year", TODAY, "2025-02-01 to 2025-02-28", "2024-02-01 to 2024-02-29"),
        ("2024-02-10 to 2024-02-29", "year", TODAY, "2024-02-10 to 2024-02-29", "2023-02-10 to 2023-02-28"),
        # other days: as many before
        ("2026-03-02 to 2026-03-04", "prior", TODAY, "2026-03-02 to 2026-03-04", "2026-02-27 to 2026-03-01"),
        # what is not over is left out, of both
        ("2026-11-11 to 2026-11-20", "prior", TODAY, "2026-11-11 to 2026-11-19", "2026-11-02 to 2026-11-10"),
        ("2026-11-01 to 2026-11-30", "prior", TODAY, "2026-11-01 to 2026-11-19", "2026-10-13 to 2026-10-31"),
    ],
)
def test_chosen_days_are_compared_with(chosen: str, kind: str, today: date, now: str, before: str) -> None:
    assert comparison.of_days(*days(chosen), kind, today) == Comparison(days(now), days(before))


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (date(2026, 4, 1), None),  # no day of April is over
        (date(2026, 3, 30), "2026-02-01 to 2026-02-28"),  # 29 days of March, February had 28
        (date(2026, 3, 29), "2026-02-01 to 2026-02-28"),
        (date(2026, 3, 28), "2026-02-01 to 2026-02-27"),
    ],
)
def test_running_month_is_never_compared_with_days_of_itself(today: date, before: str | None) -> None:
    month = periods.preset("this-month")
    if before is None:
        with pytest.raises(RangeError, match="no day of it is over"):
            comparison.of_preset(month, "prior", today)
    else:
        assert comparison.of_preset(month, "prior", today).before == days(before)


def test_today_has_no_comparison_of_whole_days() -> None:
    with pytest.raises(RangeError, match="no day of it is over: today is 2026-11-20"):
        comparison.of_preset(periods.preset("today"), "prior", TODAY)


def test_unknown_comparison_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="Choose from: prior, year"):
        comparison.of_preset(periods.preset("7d"), "last", TODAY)


def compared(published: Path, metrics: list[str], now: str, before: str, by: tuple[str, ...] = ()) -> list[Any]:
    with open_build(published, "acme") as build:
        return comparison.compare(build, metrics, Comparison(days(now), days(before)), by).to_pylist()


def test_each_metric_has_the_earlier_number_difference_and_share(published: Path) -> None:
    """On the 2nd: 42.50 in 3 orders; on the 4th: a return of 10.01."""
    (row,) = compared(published, ["net_sales", "aov"], "2026-03-03 to 2026-03-04", "2026-03-01 to 2026-03-02")
    assert row == {
        "net_sales": Decimal("-10.01"),
        "net_sales_previous": Decimal("42.50"),
        "net_sales_difference": Decimal("-52.51"),
        "net_sales_change": pytest.approx(-52.51 / 42.50),
        "aov": None,
        "aov_previous": pytest.approx(42.5 / 3),
        "aov_difference": None,
        "aov_change": None,
    }


def test_group_without_rows_is_zero_and_days_match_by_their_number(published: Path) -> None:
    rows = compared(
        published, ["net_sales"], "2026-03-03 to 2026-03-04", "2026-03-01 to 2026-03-02", ("day", "channel")
    )
    second = date(2026, 3, 4)
    assert [(row["day"], row["channel"], row["net_sales"], row["net_sales_previous"]) for row in rows] == [
        (second, "Online store", Decimal("-10.01"), Decimal("30.00")),
        (second, "Point of sale", Decimal(0), Decimal("12.50")),
    ]
    assert [row["net_sales_difference"] for row in rows] == [Decimal("-40.01"), Decimal("-12.50")]


def test_share_of_nothing_or_of_a_negative_number_is_empty(published: Path) -> None:
    (row,) = compared(published, ["net_sales"], "2026-03-01 to 2026-03-02", "2026-03-04 to 2026-03-05")
    assert row["net_sales_difference"] == Decimal("52.51")
    assert row["net_sales_change"] is None


def test_day_that_the_period_does_not_have_is_left_out(published: Path) -> None:
    """The earlier period has a second day with rows, this one has one day."""
    rows = compared(published, ["net_sales"], "2026-03-04 to 2026-03-04", "2026-03-01 to 2026-03-02", ("day",))
    assert [(row["day"], row["net_sales_previous"]) for row in rows] == [(date(2026, 3, 4), Decimal(0))]


@pytest.mark.parametrize("by", ["week", "month", "quarter", "year"])
def test_longer_periods_match_by_their_number(published: Path, by: str) -> None:
    (row,) = compared(published, ["orders_placed"], "2026-03-01 to 2026-03-31", "2025-03-01 to 2025-03-31", (by,))[-1:]
    assert row["orders_placed"] == 3
    assert row["orders_placed_previous"] == 0


@pytest.mark.parametrize(
    ("now", "before", "grain", "shift"),
    [
        ("2026-09-01 to 2026-11-29", "2026-06-03 to 2026-08-31", "week", (90, "DAY")),
        ("2026-05-13 to 2026-11-28", "2025-10-25 to 2026-05-12", "month", (200, "DAY")),  # parts of months
        ("2025-11-30 to 2026-11-29", "2024-11-30 to 2025-11-29", "month", (12, "MONTH")),
        ("2026-01-01 to 2026-06-30", "2025-07-01 to 2025-12-31", "month", (6, "MONTH")),  # whole months
        ("2026-01-01 to 2026-06-30", "2025-07-01 to 2025-12-31", "week", (184, "DAY")),
        ("2026-01-01 to 2026-06-30", "2025-07-01 to 2025-12-31", "year", (184, "DAY")),  # half a year counts as days
    ],
)
def test_points_of_both_periods_have_as_many_days_or_are_months(
    now: str, before: str, grain: str, shift: tuple[int, str]
) -> None:
    assert Comparison(days(now), days(before)).shift(grain) == shift


def test_weeks_of_the_earlier_period_begin_where_those_of_the_period_do(published: Path) -> None:
    """March 8, 2026 is a Sunday: that week has its first day alone, and so has the earlier one, Sunday or not."""
    rows = compared(published, ["net_sales"], "2026-03-08 to 2026-03-14", "2026-03-01 to 2026-03-07", ("week",))
    assert [(row["week"], row["net_sales_previous"]) for row in rows] == [(date(2026, 3, 9), Decimal("32.49"))]
    rows = compared(published, ["net_sales"], "2026-03-07 to 2026-03-12", "2026-03-01 to 2026-03-06", ("week",))
    assert [(row["week"], row["net_sales_previous"]) for row in rows] == [
        (date(2026, 3, 2), Decimal("42.50")),  # of Sunday and Monday, beside Saturday and Sunday
        (date(2026, 3, 9), Decimal("-10.01")),
    ]


def test_comparison_renders_shares_in_percent(published: Path) -> None:
    with open_build(published, "acme") as build:
        table = comparison.compare(
            build, ["orders_placed"], Comparison(days("2026-03-02 to 2026-03-02"), days("2026-03-04 to 2026-03-04"))
        )
    assert render(table, "csv").splitlines()[0] == (
        "orders_placed,orders_placed_previous,orders_placed_difference,orders_placed_change"
    )
    assert render(table, "csv").splitlines()[1] == "3,0,3,"


def test_metric_that_does_not_add_up_over_months_is_refused(awkward: Path) -> None:
    with open_build(awkward, "aurora") as build, pytest.raises(SemanticError, match="Cannot add up mrr"):
        comparison.compare(
            build, ["mrr"], Comparison(days("2026-02-01 to 2026-03-31"), days("2025-12-01 to 2026-01-31"))
        )


def test_newest_day_is_that_of_the_last_sync(published: Path) -> None:
    """The build was read on March 9 at 6 o'clock UTC."""
    with open_build(published, "acme") as build:
        later = datetime(2026, 3, 20, tzinfo=UTC)
        assert comparison.newest_day(build, "Europe/Berlin", later) == date(2026, 3, 9)
        assert comparison.newest_day(build, "Pacific/Honolulu", later) == date(2026, 3, 8)


def test_today_has_yesterday_a_week_ago_and_the_average(published: Path) -> None:
    """The sync of March 9: nothing on it and on the 8th; on the 2nd 42.50, and seven days with 32.49 together."""
    numbers = today(published, "acme", "Europe/Berlin", datetime(2026, 3, 20, tzinfo=UTC))
    values = {metric.name: row for metric, row in numbers.values}
    assert (numbers.day, f"{numbers.as_of:%H:%M}", numbers.currency) == (date(2026, 3, 9), "07:00", "USD")
    assert values["net_sales"] == (None, None, Decimal("42.50"), Decimal("4.64"))
    assert values["orders_placed"][2] == 3
