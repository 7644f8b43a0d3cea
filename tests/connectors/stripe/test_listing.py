"""How far back each window reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Window
from connectors.stripe.listing import reads_all, sweeps_from

DAY = timedelta(days=1)
TUESDAY = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "whole"),
    [
        (None, TUESDAY, True),
        (TUESDAY, TUESDAY + DAY / 24, False),
        (TUESDAY, TUESDAY + 14 * DAY, False),
        (datetime(2026, 3, 31, 23, 30, tzinfo=UTC), datetime(2026, 4, 1, 0, 30, tzinfo=UTC), True),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC), True),
    ],
)
def test_whole_lists_are_read_at_first_each_month_and_when_events_have_expired(
    start: datetime | None, end: datetime, whole: bool
) -> None:
    assert reads_all(Window(start, end)) is whole


def test_sweep_looks_back_by_the_lookback_of_its_stream() -> None:
    assert sweeps_from(Window(TUESDAY, TUESDAY + DAY), 10 * DAY) == TUESDAY - 10 * DAY


def test_weekly_sweep_looks_back_ninety_days() -> None:
    sunday = datetime(2026, 3, 15, 23, tzinfo=UTC)
    assert sweeps_from(Window(sunday, sunday + DAY), DAY) == sunday - 90 * DAY
    assert sweeps_from(Window(TUESDAY, sunday), DAY) == TUESDAY - DAY


def test_first_load_has_no_lower_bound() -> None:
    assert sweeps_from(Window(None, TUESDAY), DAY) is None
