"""What a demo shop writes down about its days: promotions and events. No order follows from them.

The n-th annotation follows from n alone, so that a later instant only adds some.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

EVERY, CLEAR = 17, 7  # days: between two of them, and beside a Black Friday
PLAN = {
    "aurora": (("event", 1, "Backcountry Weekly article"), ("promotion", 5, "Trail week −15 %"),
               ("event", 1, "Launch of the Ridge line"), ("event", 4, "Headlamps out of stock")),
    "nordlicht": (("promotion", 3, "Versandkostenfrei"), ("event", 1, "Start der Fjord-Serie"),
                  ("event", 5, "Gusspfanne ausverkauft"), ("event", 1, "Bericht im Frühstücksfernsehen")),
}  # fmt: skip


class Annotation(NamedTuple):
    """``until`` is the last day, None for one day; ``kind`` is promotion or event."""

    day: date
    until: date | None
    kind: str
    title: str


def annotations_of(account: str, start: date, today: date) -> list[Annotation]:
    """The annotations that begin by today, by day."""
    plan = PLAN.get(account, PLAN["aurora"])
    days = [start + timedelta(days=number) for number in range(6, (today - start).days + 1, EVERY)]
    steady = [_annotation(day, *plan[number % len(plan)]) for number, day in enumerate(days)]
    sales = list(_black_fridays(start, today))
    return sorted([*sales, *(row for row in steady if all(abs((row.day - sale.day).days) > CLEAR for sale in sales))])


def _annotation(day: date, kind: str, length: int, title: str) -> Annotation:
    return Annotation(day, day + timedelta(days=length - 1) if length > 1 else None, kind, title)


def _black_fridays(start: date, today: date) -> Iterator[Annotation]:
    """From the day after the fourth Thursday of November to the Monday after it."""
    for year in range(start.year, today.year + 1):
        first = date(year, 11, 1)
        friday = first + timedelta(days=(3 - first.weekday()) % 7 + 22)
        if start <= friday <= today:
            yield _annotation(friday, "promotion", 4, "Black Friday")
