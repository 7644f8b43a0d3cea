"""The simulator's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from simulator.books import Instant
from simulator.world import seconds


class Clock:
    """A clock that stays at the time it was set to, or runs from there in real time if ``ticking``."""

    def __init__(self, start: datetime, ticking: bool) -> None:
        self._ticking = ticking
        self.set(start)

    def set(self, start: datetime) -> None:
        """A time without a zone is UTC."""
        self._start = start if start.tzinfo else start.replace(tzinfo=UTC)
        self._set_at = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._set_at if self._ticking else 0)

    def instant(self) -> Instant:
        return seconds(self.now())
