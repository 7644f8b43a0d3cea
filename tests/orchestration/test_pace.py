"""Each tenant is read at its own pace, once in a slot, and no slot is lost while another run goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.files.settings import FilesSettings
from orchestration import pace
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def settings() -> Settings:
    """An hourly tenant, one of five minutes, one of each minute."""
    paces = {"hourly": 60, "often": 5, "always": 1}
    return Settings(
        tenants=tuple(
            TenantSettings(
                id=name,
                name=name,
                time_zone="UTC",
                currency="EUR",
                every_minutes=minutes,
                sources=(FilesSettings(kind="files", account=name, path=Path("files", name)),),
            )
            for name, minutes in paces.items()
        )
    )


def test_each_tenant_is_due_once_in_a_slot_of_its_pace(settings: Settings) -> None:
    cursor, looks = None, list[tuple[int, str]]()
    for minute in range(-3, 121):
        now = pace.slots(settings, NOON + timedelta(minutes=minute))
        due = pace.due(cursor, now)
        looks += [(minute, name) for name in due]
        cursor = pace.moved(cursor, now, due)
    assert [minute for minute, name in looks if name == "hourly"] == [0, 60, 120]
    assert [minute for minute, name in looks if name == "often"] == list(range(0, 121, 5))
    assert [minute for minute, name in looks if name == "always"] == list(range(-2, 121))


def test_tenant_stays_due_until_a_run_of_it_was_asked_for(settings: Settings) -> None:
    cursor = pace.moved(None, pace.slots(settings, NOON - timedelta(minutes=1)), [])
    later = pace.slots(settings, NOON + timedelta(minutes=7))
    assert pace.due(cursor, later) == ["hourly", "often", "always"]
    assert pace.due(pace.moved(cursor, later, ["often"]), later) == ["hourly", "always"]


def test_full_build_is_due_on_sunday_at_half_past_three(settings: Settings) -> None:
    cursor = pace.moved(None, pace.slots(settings, NOON), [])
    sunday = datetime(2026, 3, 8, 3, 30, tzinfo=UTC)
    assert pace.FULL not in pace.due(cursor, pace.slots(settings, sunday - timedelta(minutes=1)))
    assert pace.FULL in pace.due(cursor, pace.slots(settings, sunday))
