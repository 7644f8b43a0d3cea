"""The ranges of days that people choose by name: `--period` of the commands and the links of the dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

# calendar days including the last one; None: since January 1
PRESETS: Mapping[str, int | None] = {"7d": 7, "30d": 30, "90d": 90, "365d": 365, "YTD": None}


def first_day(days: int | None, last: date) -> date:
    """The first day of a range that ends on `last`; None: January 1."""
    return last.replace(month=1, day=1) if days is None else last - timedelta(days=days - 1)
