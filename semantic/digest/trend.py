"""Net sales of each period day by day, beside the earlier period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from common.presets import Days
from semantic.digest import sells
from semantic.digest.periods import Case
from semantic.digest.sells import Sells
from semantic.periods import days as every_day
from semantic.warehouse import Build

MOST_DAYS = 92  # a line of more points says less
WEEK = 7


def rows(build: Build, cases: Sequence[Case], today: date) -> Iterator[dict[str, Any]]:
    """The rows of the mart `sales_trend` for the build's tenant; none where it has several currencies.

    A period by days to which today belongs goes on to today, so far.
    """
    currency = build.currency()
    if currency is None:
        return
    by_day = _by_day(build)
    for case in cases:
        last = case.days.now[1]
        ends = _ends(case.days.now)
        goes_on = case.runs and last < today and ends[-1] == (last, last)
        for position, day in enumerate(ends):
            yield _row(build, case, currency, day, {
                "net_sales_minor": None if day[0] == today else _sum(by_day, day),
                "so_far_minor": _sum(by_day, day) if day[0] == today or (goes_on and day[1] == last) else None,
                "previous_minor": _sum(by_day, _earlier(case, position, len(ends))),
            })  # fmt: skip
        if goes_on:
            yield _row(build, case, currency, (today, today), {"so_far_minor": _sum(by_day, (today, today))})


def _row(build: Build, case: Case, currency: Any, day: Days, amounts: dict[str, int | None]) -> dict[str, Any]:
    return {
        "tenant_id": build.tenant,
        "period": case.period,
        "comparison": case.kind,
        "date_day": day[0],
        "currency": currency.code,
        "minor_units": currency.minor_units,
        **amounts,
    }


def _by_day(build: Build) -> dict[date, int]:
    """Net sales of each day; of a creator, what stays after refunds."""
    of_vaults = sells.of(build) is Sells.VAULTS
    amount, mart = (
        ("revenue_minor - refunded_minor", "vault_sales") if of_vaults else ("net_sales_minor", "metrics_daily")
    )
    answers = build.rows(f"SELECT date_day, SUM({amount}) FROM marts.{mart} WHERE {build.own} GROUP BY date_day")
    return {day: int(minor) for day, minor in answers if minor is not None}


def _sum(by_day: dict[date, int], days: Days) -> int:
    return sum(by_day.get(day, 0) for day in every_day(*days))


def _ends(days: Days) -> list[Days]:
    """The points of a period, by first and last day: its days, or whole sevens of days that end with it."""
    first, last = days
    count = (last - first).days + 1
    if count <= MOST_DAYS:
        return [(day, day) for day in every_day(first, last)]
    return [(last - timedelta(days=WEEK * number - 1), last - timedelta(days=WEEK * (number - 1)))
            for number in range(count // WEEK, 0, -1)]  # fmt: skip


def _earlier(case: Case, position: int, count: int) -> Days:
    """The days of the earlier period that belong to a point: counted from the start, sevens from the end."""
    first, last = case.days.before
    if (case.days.now[1] - case.days.now[0]).days < MOST_DAYS:
        day = first + timedelta(days=position)
        return day, day
    end = last - timedelta(days=WEEK * (count - 1 - position))
    return end - timedelta(days=WEEK - 1), end
