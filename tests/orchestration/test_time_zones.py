"""A time zone that Python and DuckDB know differently is found."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestration import time_zones


@pytest.mark.parametrize("zone", ["Europe/Lisbon", "America/New_York", "Asia/Kolkata", "UTC"])
def test_a_zone_that_both_know_alike_has_no_difference(zone: str) -> None:
    assert time_zones.first_difference(zone, 2023, 2025) is None


def test_the_first_instant_of_a_difference_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Python's Lisbon had no summer time: it begins on 30 March 2025 at 01:00."""
    monkeypatch.setattr(time_zones, "ZoneInfo", lambda name: ZoneInfo("Africa/Abidjan"))
    assert time_zones.first_difference("Europe/Lisbon", 2025, 2025) == datetime(2025, 3, 30, 6, tzinfo=UTC)
