"""Demo worlds pulled, built and published once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.end_to_end.sources import START, Shops, pulled

WORLDS = {11: (4_000, START), 12: (1_500, date(2026, 4, 20)), 13: (1_500, date(2026, 5, 30))}
"""By seed: orders in 400 days, and the first day."""


@pytest.fixture(scope="session")
def shops_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Shops]:
    """Two demo shops with all their sources, by seed."""
    known: dict[int, Shops] = {}

    def find(seed: int) -> Shops:
        if seed not in known:
            known[seed] = pulled(tmp_path_factory.mktemp(f"shops{seed}"), seed, *WORLDS[seed])
        return known[seed]

    return find


@pytest.fixture(scope="session")
def shops(shops_of: Callable[[int], Shops]) -> Shops:
    """Two demo shops of 4,000 orders, loaded by bulk at first and then twice by pages."""
    return shops_of(11)
