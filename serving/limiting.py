"""How often somebody may ask: a moving window of a minute for each token, and for each address without a valid one.

The strategy is that of `limits`. Its own storage follows the wall clock and starts a thread for each expiry; this one
has a clock that only grows, and forgets who is quiet. It is in memory: the application is one process.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

WINDOW = 60  # seconds
MOST_KEYS = 10_000


@dataclass(frozen=True)
class Standing:
    """Whether a request is allowed, how many are left of `most`, and after how many seconds one more is."""

    allowed: bool
    most: int
    remaining: int
    reset: int


class Limits:
    """For one event loop. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limiter = MovingWindowRateLimiter(_Moments(clock))

    def hit(self, who: str, most: int) -> Standing:
        """Count a request of somebody who may make so many in a minute; a refused one does not count."""
        item = RateLimitItemPerMinute(most)
        allowed = self._limiter.hit(item, who)
        stats = self._limiter.get_window_stats(item, who)
        return Standing(allowed, most, max(0, stats.remaining), max(1, ceil(stats.reset_time - self._clock())))


class _Moments(Storage, MovingWindowSupport):
    """The instants of the requests of each key, the oldest first."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._moments: dict[str, deque[float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a storage on a server would raise."""
        return OSError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add `amount` requests unless there are more than `limit` then."""
        moments = self._current(key, expiry)
        if len(moments) + amount > limit:
            return False
        if key not in self._moments and len(self._moments) >= MOST_KEYS:
            self._forget(expiry)
        self._moments[key] = moments
        moments.extend([self._clock()] * amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The instant of the oldest request in the window, and the number of requests in it."""
        moments = self._current(key, expiry)
        return (moments[0] if moments else self._clock()), len(moments)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count: what a fixed window would ask."""
        for _ in range(amount):
            self.acquire_entry(key, self.get(key) + 1, expiry)
        return self.get(key)

    def get(self, key: str) -> int:
        """The number of requests of a key."""
        return len(self._moments.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """When the oldest request of a key was made."""
        moments = self._moments.get(key)
        return moments[0] if moments else self._clock()

    def check(self) -> bool:
        """Memory always answers."""
        return True

    def reset(self) -> int:
        """Forget everybody; returns how many there were."""
        count = len(self._moments)
        self._moments.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._moments.pop(key, None)

    def _current(self, key: str, expiry: int) -> deque[float]:
        """The requests of a key that are in the window."""
        moments, oldest = self._moments.get(key, deque()), self._clock() - expiry
        while moments and moments[0] <= oldest:
            moments.popleft()
        return moments

    def _forget(self, expiry: int) -> None:
        """Drop who is quiet, and the first ones where all are loud."""
        oldest = self._clock() - expiry
        quiet = [key for key, moments in self._moments.items() if not moments or moments[-1] <= oldest]
        for key in quiet or list(self._moments)[: MOST_KEYS // 10]:
            del self._moments[key]
