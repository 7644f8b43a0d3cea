"""A creator of a seeded world."""

from __future__ import annotations

from datetime import date

from simulator.scenarios.creator.books import Creator
from simulator.scenarios.creator.days import Days

ACCOUNT, NAME, TIME_ZONE = "lumen", "Lumen Studio", "Europe/Lisbon"
VISITS_PER_DAY = 40.0


def creator(seed: int, start: date, visits_per_day: float = VISITS_PER_DAY) -> Creator:
    """Lumen Studio from ``start`` on. The past of an instant depends only on these three."""
    result = Creator(ACCOUNT, NAME, TIME_ZONE, start)
    result.advance = Days(result, seed, visits_per_day).advance
    return result
