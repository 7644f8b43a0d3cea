"""Fixtures of TikTok's tests: a small world, a simulator that serves it, and an empty place to pull into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import SimulatorServer, World, serve
from tests.connectors.tiktok_ads.pulling import Place, small_world


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
