"""The days of every period by name and of the earlier one, for one tenant at one instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.comparison import COMPARISONS, Comparison, a_year_before
from common.presets import PRESETS
from semantic import comparison
from semantic.errors import RangeError


@dataclass(frozen=True)
class Case:
    """A period and what it is compared with. `runs`: today belongs to it, beside the whole days.

    `until`: today alone is compared with an earlier day up to this instant (UTC).
    """

    period: str
    position: int
    kind: str
    days: Comparison
    runs: bool = False
    until: datetime | None = None


def cases(as_of: datetime, time_zone: str) -> Iterator[Case]:
    """Every period with every comparison, at the instant `as_of` (UTC). Periods are of whole days.

    Today, and a period that begins today, is today so far beside the same part of an earlier day.
    """
    local = as_of.astimezone(ZoneInfo(time_zone))
    today = local.date()
    for position, preset in enumerate(PRESETS.values(), start=1):
        for kind in COMPARISONS:
            runs = preset.days(today)[1] == today
            try:
                yield Case(preset.label, position, kind, comparison.of_preset(preset, kind, today), runs)
            except RangeError:  # no day of it is over
                earlier = a_year_before(today, today)[0] if kind == "year" else today - timedelta(days=1)
                days = Comparison((today, today), (earlier, earlier))
                yield Case(preset.label, position, kind, days, runs, _same_time(local, earlier))


def _same_time(local: datetime, day: date) -> datetime:
    """The instant at which the clock of the zone shows the same time on another day, UTC."""
    return local.replace(year=day.year, month=day.month, day=day.day).astimezone(UTC)
