"""What the collector takes in a minute, and that nothing is lost or doubled when its server is killed meanwhile.

    .venv/bin/python -m benchmarks.collector [--rate 500] [--seconds 60] [--kills 1]

Requests of one event each begin at fixed instants, over connections that stay open, whether earlier ones are answered
or not; a time counts from that instant. The web application is a process of its own with a configuration of its own. It
gets `kill -9` in the middle and is started again at once, and a pull reads what it has written a quarter before that. A
sender repeats what was not confirmed, as senders do. At the end a pull and a build: the ids that got 202 are compared
with those of the published mart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestration import pipeline, servers, settings
from orchestration.home import Home
from orchestration.settings import Settings
from semantic.duckdb_files import connect

CONNECTIONS = 32
PAUSE = 0.05  # seconds before a request is repeated
CONFIGURATION = """
[[tenants]]
id = "aurora"
name = "Aurora Outdoor"
time_zone = "America/New_York"
currency = "USD"

[[tenants.sources]]
kind = "collector"
account = "web"
secret = "file:write.key"
requests_per_minute = 10000000
"""


def event(identity: str) -> bytes:
    """The body of a request with one page view of a visit of four."""
    number = int(identity.rpartition("-")[2])
    record = {
        "event_id": identity, "occurred_at": datetime.now(UTC).isoformat(), "event_name": "page_view",
        "anonymous_id": f"b{number // 4}", "session_id": f"s{number // 4}", "utm_source": "meta",
    }  # fmt: skip
    return json.dumps({"events": [record]}).encode()


@dataclass
class Load:
    """Requests to one server, each repeated until it is confirmed, and how long that took in milliseconds."""

    port: int
    key: str
    confirmed: dict[str, float] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)

    async def send(self, identities: Sequence[str], rate: float | None = None) -> None:
        """Send an event of each id, `rate` per second; None for as many as the connections take."""
        queue: asyncio.Queue[tuple[str, float] | None] = asyncio.Queue()
        workers = [asyncio.create_task(self._worker(queue)) for _ in range(CONNECTIONS)]
        began = time.perf_counter()
        for number, identity in enumerate(identities):
            due = began + number / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0, due - time.perf_counter()))
            queue.put_nowait((identity, due))
        for _ in workers:
            queue.put_nowait(None)
        await asyncio.gather(*workers)

    async def reach(self, count: int) -> None:
        """Wait until so many events are confirmed."""
        while len(self.confirmed) < count:
            await asyncio.sleep(0.01)

    async def _worker(self, queue: asyncio.Queue[tuple[str, float] | None]) -> None:
        writer: asyncio.StreamWriter | None = None
        reader = asyncio.StreamReader()
        while (item := await queue.get()) is not None:
            identity, due = item
            body, status = event(identity), ""
            while status != "202":
                try:
                    if writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    status = await self._ask(reader, writer, body)
                except (OSError, asyncio.IncompleteReadError):
                    status = "no answer"
                    if writer is not None:
                        writer.close()
                    writer = None
                self.statuses[status] += 1
                if status != "202":
                    await asyncio.sleep(PAUSE)
            self.confirmed[identity] = (time.perf_counter() - due) * 1000
        if writer is not None:
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> str:
        writer.write(
            f"POST /collect HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        await reader.readexactly(int(length))
        return head.split()[1]


@dataclass
class Place:
    """An installation with one collector, and its web application."""

    root: Path
    port: int = field(default_factory=servers.free_port)
    process: subprocess.Popen[bytes] | None = None
    cpu: float = 0.0

    def __post_init__(self) -> None:
        self.key = secrets.token_urlsafe(24)
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "takings.toml").write_text(CONFIGURATION)
        (self.root / "write.key").write_text(self.key)

    @property
    def home(self) -> Home:
        return Home(self.root / "state")

    @property
    def settings(self) -> Settings:
        return settings.load(self.root / "takings.toml").model_copy(update={"home": self.home.root})

    def start(self) -> None:
        """Start the web application; requests are repeated until it answers."""
        own = {"TAKINGS_HOME": str(self.home.root), "TAKINGS_CONFIG": str(self.root / "takings.toml")}
        command = [sys.executable, "-m", "orchestration.web", str(self.port)]
        self.process = subprocess.Popen(command, env={**os.environ, **own}, stderr=subprocess.DEVNULL)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it with a signal, and add its CPU seconds."""
        if self.process:
            self.process.send_signal(number)
            _, _, usage = os.wait4(self.process.pid, 0)
            self.process.returncode = 0
            self.cpu += usage.ru_utime + usage.ru_stime

    def published(self) -> list[str]:
        """The ids of all events in the mart, in order, each as often as it is there."""
        with connect(self.home.published / "current" / "all.duckdb") as db:
            return [name for (name,) in db.execute("select event_id from marts.events order by 1").fetchall()]


@contextmanager
def running(place: Place) -> Iterator[Place]:
    """The web application until the end of the block."""
    place.start()
    try:
        yield place
    finally:
        place.end()


async def collect(place: Place, load: Load, identities: Sequence[str], rate: float | None, kills: int) -> None:
    """Send events, while the server is killed after equal shares of them; a pull runs before each kill."""
    sending = asyncio.create_task(load.send(identities, rate))
    for number in range(1, kills + 1):
        share = len(identities) * number // (kills + 1)
        await load.reach(share // 2)
        await asyncio.to_thread(pipeline.pull_all, place.settings)
        await load.reach(share)
        place.end(signal.SIGKILL)
        place.start()
    await sending


def measure(root: Path, rate: int, seconds: int, kills: int) -> tuple[Place, Load, list[str]]:
    """The installation, what was sent, and the ids in the published mart."""
    place = Place(root)
    load = Load(place.port, place.key)
    identities = [f"e-{number}" for number in range(rate * seconds)]
    with running(place):
        asyncio.run(load.send(["first-0"]))  # the application is there when it answers
        asyncio.run(collect(place, load, identities, rate, kills))
    pipeline.run(place.settings)
    return place, load, place.published()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kills", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="takings-collector-"))
    try:
        began = time.perf_counter()
        place, load, published = measure(folder, options.rate, options.seconds, options.kills)
        times = sorted(load.confirmed.values())
        shares = ", ".join(f"p{share} {times[int(len(times) * share / 100)]:,.0f} ms" for share in (50, 95, 99))
        print(f"{len(load.confirmed):,} events confirmed, {shares}, longest {times[-1]:,.0f} ms")
        print(f"answers: {dict(load.statuses)}; CPU of the web application: {place.cpu:.0f} s")
        print(f"with pull, build and publish: {time.perf_counter() - began:.0f} s")
        lost, twice = set(load.confirmed) - set(published), len(published) - len(set(published))
        print(f"in the mart: {len(published):,}; confirmed and not there: {len(lost)}; there twice: {twice}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
