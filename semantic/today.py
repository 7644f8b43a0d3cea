"""Today so far, beside days that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from semantic import comparison
from semantic.catalog import Metric
from semantic.query import answer, as_written, rounded
from semantic.warehouse import Published, open_build

METRICS = ("net_sales", "orders_placed", "aov", "ad_spend", "roas")
DAYS = 7


@dataclass(frozen=True)
class Today:
    """Numbers of one tenant: its day, when its sources were read (local time), and for each metric its values.

    The values are those of today so far, of yesterday, of the same weekday a week ago, and of the seven days before
    today: a ratio over all of them, of an amount or a count the average per day.
    """

    day: date
    as_of: datetime | None
    currency: str
    values: tuple[tuple[Metric, tuple[Any, ...]], ...]


def today(published: Published, tenant: str, time_zone: str, now: datetime) -> Today:
    """Today's numbers as last published. The day is the tenant's, at the last sync. Raises a SemanticError."""
    with open_build(published, tenant) as build:
        day = comparison.newest_day(build, time_zone, now)
        names = [name for name in METRICS if name in build.catalog.metrics]
        before = [day - timedelta(days=number) for number in (1, DAYS)]
        ranges = [(day, day), *((one, one) for one in before), (before[1], before[0])]
        tables = [answer(build, names, start=start, end=end) for start, end in ranges]
        as_of, currency = build.as_of(), build.currency()
        digits = currency.digits if currency else 2
        values = []
        for name in names:
            metric = build.catalog.metric(name)
            numbers = [table.column(name)[0].as_py() for table in tables]
            shown = [as_written(number, metric.unit, digits) for number in numbers]
            if metric.adds_up and numbers[-1] is not None:
                shown[-1] = rounded(Decimal(numbers[-1]) / DAYS, digits if metric.unit == "money" else 1)
            values.append((metric, tuple(shown)))
        local = as_of and as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone))
        return Today(day, local, currency.code if currency else "", tuple(values))
