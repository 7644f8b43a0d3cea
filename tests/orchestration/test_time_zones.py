"""A time zone that Python and DuckDB know differently is found."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestration import time_zones
from tests.orchestration.installation import Installation
from tests.small_worlds import CREATOR_END, published_creator


@pytest.mark.parametrize("zone", ["Europe/Lisbon", "America/New_York", "Asia/Kolkata", "UTC"])
def test_a_zone_that_both_know_alike_has_no_difference(zone: str) -> None:
    assert time_zones.first_difference(zone, 2023, 2025) is None


def test_the_first_instant_of_a_difference_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Python's Lisbon had no summer time: it begins on 30 March 2025 at 01:00."""
    monkeypatch.setattr(time_zones, "ZoneInfo", lambda name: ZoneInfo("Africa/Abidjan"))
    assert time_zones.first_difference("Europe/Lisbon", 2025, 2025) == datetime(2025, 3, 30, 6, tzinfo=UTC)


def test_a_run_warns_of_each_tenant_with_such_a_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(published_creator(11).root, tmp_path / "place", symlinks=True)
    monkeypatch.setattr(time_zones, "first_difference", lambda zone, first, last: datetime(2025, 3, 30, 6, tzinfo=UTC))
    result = Installation(tmp_path / "place").run(at=CREATOR_END)
    (warning,) = [text for text in result.built.warnings if "time zone" in text]
    assert warning.startswith("the time zone Europe/Lisbon of tenant lumen is not the same")
