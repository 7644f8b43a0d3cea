"""A demo world pulled, built and published once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.simulator import World, demo_world, serve
from orchestration import run as running
from orchestration.settings import Settings
from tests.orchestration.installation import Installation

START, END = date(2025, 10, 16), datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
EARLIER = (datetime(2026, 11, 16, 9, 30, tzinfo=UTC), datetime(2026, 11, 18, 21, 0, tzinfo=UTC))


@dataclass
class Shops:
    """A world, and the installation that holds it."""

    world: World
    installation: Installation

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    @property
    def published(self) -> Path:
        """What readers see."""
        return self.installation.current


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    """Two demo shops of 4,000 orders, loaded by bulk at first and then twice by pages."""
    world = demo_world(seed=11, start=START, end=END, orders=4_000)
    place = Installation(tmp_path_factory.mktemp("shops"))
    with serve(world, now=EARLIER[0]) as server:
        place.configure(server)
        for clock in EARLIER:
            server.set_now(clock)
            running.pull_all(place.settings)
        server.set_now(world.end)
        place.run()
        yield Shops(world, place)
