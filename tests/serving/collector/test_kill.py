"""kill -9 of a real server while events arrive and a pull runs: every event that got its 202 is there, once.

The long variant is `python -m benchmarks.collector`: the web application of an installation, 500 events a second for a
minute, up to the published mart. It runs in `make test-deep`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn

from benchmarks.collector import Load, measure
from serving.app import application
from serving.site import Site
from tests.connectors.collector.collecting import Place
from tests.serving.collector.posting import KEY, collecting
from tests.serving.conftest import Sessions, site_of

COUNT = 900


class Killed:
    """Servers of the same application on the same port, one after the other, each in a process of its own."""

    def __init__(self, site: Site) -> None:
        self.site, self.place, self.pid = site, socket.socket(), 0
        self.place.bind(("127.0.0.1", 0))
        self.place.listen(100)
        self.port = int(self.place.getsockname()[1])

    def start(self) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            try:
                server = uvicorn.Server(uvicorn.Config(application(self.site), log_config=None, lifespan="off"))
                server.run([self.place])
            finally:
                os._exit(1)

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def server(place: Place, tmp_path: Path) -> Iterator[Killed]:
    site = site_of(tmp_path / "published", tmp_path / "state", Sessions())
    site = collecting(site, tmp_path, folder=place.folder, requests_per_minute=1_000_000).site
    server = Killed(site)
    server.start()
    yield server
    server.kill()
    server.place.close()


async def while_killed(server: Killed, load: Load, identities: list[str], pull: Callable[[], object]) -> None:
    sending = asyncio.create_task(load.send(identities))
    for share in (3, 2):
        await load.reach(len(identities) // share)
        server.kill()
        pull()
        server.start()
    await sending


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # a fork beside idle threads
def test_every_confirmed_event_is_there_once_after_kills(server: Killed, place: Place) -> None:
    load = Load(server.port, KEY)
    identities = [f"e-{number}" for number in range(COUNT)]
    asyncio.run(while_killed(server, load, identities, place.pull))
    assert load.statuses["202"] == COUNT and load.statuses["no answer"] > 0
    place.pull()
    server.kill()
    place.pull()
    place.pull()
    assert place.ids() == sorted(identities)
    assert list(place.folder.iterdir()) == [], "the files were read to their end"


@pytest.mark.deep
def test_a_minute_of_500_events_a_second_is_in_the_mart_once(tmp_path: Path) -> None:
    _, load, published = measure(tmp_path, rate=500, seconds=60, kills=1)
    assert len(load.confirmed) == 30_001
    assert published == sorted(load.confirmed)
