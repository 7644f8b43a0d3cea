"""A small demo world with every special case, a busier one for advertising, and a server over each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from simulator import SimulatorServer, World, demo_world, serve
from tests.simulator.queries import Client

START, END = date(2025, 10, 16), datetime(2026, 11, 20, 12, tzinfo=UTC)
ADS_START, ADS_END = date(2026, 1, 15), datetime(2026, 3, 20, 10, tzinfo=UTC)


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


@pytest.fixture(scope="session")
def ads_world() -> World:
    return demo_world(seed=11, start=ADS_START, end=ADS_END, orders=2_000)


@pytest.fixture(scope="session")
def running_ads(ads_world: World) -> Iterator[SimulatorServer]:
    with serve(ads_world) as server:
        yield server
