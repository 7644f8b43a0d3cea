"""Demo worlds pulled, built and published once for all tests of this folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from tests.end_to_end.sources import START, Shops, known, pulled

WORLDS = {11: (4_000, START), 12: (1_500, date(2026, 4, 20)), 13: (1_500, date(2026, 5, 30))}
"""By seed: orders in 400 days, and the first day."""


@pytest.fixture(scope="session")
def shops_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Shops]:
    """Two demo shops with all their sources, by seed; pulled once for all workers, who only read them."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    found: dict[int, Shops] = {}

    def find(seed: int) -> Shops:
        if seed not in found:
            root, done = shared / f"shops{seed}", shared / f"shops{seed}.done"
            with alone(shared / f"shops{seed}.lock"):
                found[seed] = (known if done.exists() else pulled)(root, seed, *WORLDS[seed])
                done.touch()
        return found[seed]

    return find


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process after the other; the kernel frees a dead one's lock."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shops(shops_of: Callable[[int], Shops]) -> Shops:
    """Two demo shops of 4,000 orders, loaded by bulk at first and then twice by pages."""
    return shops_of(11)
