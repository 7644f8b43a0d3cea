"""A small demo world with every special case, and a server over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from simulator import SimulatorServer, World, demo_world, serve
from tests.simulator.queries import Client

START, END = date(2025, 10, 16), datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    return demo_world(seed=7, start=START, end=END, orders=300)


@pytest.fixture(scope="session")
def running(world: World) -> Iterator[SimulatorServer]:
    with serve(world) as server:
        yield server


@pytest.fixture
def server(running: SimulatorServer) -> SimulatorServer:
    running.faults.clear()
    running.log.clear()
    running.set_now(END)
    return running


@pytest.fixture(params=["aurora", "nordlicht"])
def shop(server: SimulatorServer, request: pytest.FixtureRequest) -> Client:
    return Client(server, request.param)


@pytest.fixture
def aurora(server: SimulatorServer) -> Client:
    return Client(server, "aurora")
