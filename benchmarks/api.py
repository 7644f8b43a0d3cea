"""How quickly the API answers at a constant rate of requests while builds are published.

    .venv/bin/python -m benchmarks.api STATE [--rate 200] [--seconds 60] [--publishes 10]

STATE is the folder of a demo or an installation (TAKINGS_HOME) with a published build. It is only read: the application
serves a copy of the build, in a process of its own, and the publishes replace that copy. Requests begin at fixed
instants, whether earlier ones are answered or not, and a time counts from that instant. They ask twenty questions in
three formats with forty tokens over fifty connections that stay open; a third of them sends the ETag of an earlier
answer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.web import _answers, shown
from orchestration import servers, settings, tokens

TOKENS, CONNECTIONS = 40, 50
METRICS = ("net_sales", "orders_placed", "gross_sales", "returns")
GRAINS = ("day", "week", "month", "channel", "day,channel")
FORMATS = ("json", "csv", "arrow")
STAYING = 3  # published builds


@dataclass
class Load:
    """What was sent and what came back."""

    bearers: list[str]
    paths: list[str]
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


async def worker(port: int, load: Load, queue: asyncio.Queue[tuple[int, float] | None]) -> None:
    """Send requests of the queue over one connection, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (item := await queue.get()) is not None:
        number, due = item
        path, bearer = load.paths[number % len(load.paths)], load.bearers[number % len(load.bearers)]
        tag = f"If-None-Match: {load.tags.get((path, bearer), '')}\r\n" if number % 3 == 0 else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n{tag}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        load.times.append((time.perf_counter() - due) * 1000)
        status = int(head.split()[1])
        load.statuses[status] += 1
        load.tags[path, bearer] = fields.get("etag", "")
        if status not in (200, 304):
            load.errors.append(f"{status} {body[:200]!r}")
    writer.close()


async def run(port: int, load: Load, rate: int, seconds: int) -> None:
    """Put requests into the queue at their instants."""
    queue: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()
    workers = [asyncio.create_task(worker(port, load, queue)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number in range(rate * seconds):
        due = began + number / rate
        await asyncio.sleep(max(0, due - time.perf_counter()))
        queue.put_nowait((number, due))
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)


def publish(published: Path, number: int) -> None:
    """Publish a copy of the build under another run, as orchestration/publication.py does: one swap of `current`."""
    first = (published / "current").resolve()
    run = f"{first.name.partition('-')[0]}-{number:03}"
    shutil.copytree(first, published / f"{run}.partial")
    (published / f"{run}.partial").rename(published / run)
    link = published / f"current.{run}"
    link.symlink_to(run)
    link.replace(published / "current")
    builds = sorted(path for path in published.iterdir() if path.is_dir() and not path.is_symlink())
    for old in builds[:-STAYING]:
        shutil.rmtree(old)


async def measure(port: int, load: Load, published: Path, options: argparse.Namespace) -> None:
    """The load, with publishes in between at equal distances."""
    task = asyncio.create_task(run(port, load, options.rate, options.seconds))
    for number in range(1, options.publishes + 1):
        await asyncio.sleep(options.seconds / (options.publishes + 1))
        await asyncio.to_thread(publish, published, number)
    await task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--publishes", type=int, default=10)
    options = parser.parse_args()
    state = options.state.absolute()
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
        home = Path(folder)
        shutil.copytree((state / "published" / "current").resolve(), home / "published" / "run-000")
        (home / "published" / "current").symlink_to("run-000")
        os.environ |= {"TAKINGS_HOME": folder, "TAKINGS_CONFIG": str(state / "takings.toml")}
        configuration, port = settings.load(), servers.free_port()
        tenants = [tenant.id for tenant in configuration.tenants]
        bearers = [tokens.create(configuration, tenants[number % len(tenants)])[0] for number in range(TOKENS)]
        days = "from=2026-06-01&to=2026-11-29"
        paths = [
            f"/api/v1/query?metrics={metric}&by={by}&{days}&format={FORMATS[number % 3]}"
            for number, (metric, by) in enumerate((metric, by) for metric in METRICS for by in GRAINS)
        ]
        load = Load(bearers, paths)
        server = subprocess.Popen([sys.executable, "-m", "orchestration.web", str(port)], stderr=subprocess.DEVNULL)
        try:
            while not _answers(port):
                time.sleep(0.1)
            asyncio.run(run(port, Load(bearers, paths), 50, 2))  # every question once, and the first picture is drawn
            asyncio.run(measure(port, load, home / "published", options))
        finally:
            server.terminate()
            server.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{options.rate} a second, {options.publishes} publishes: {shown(load.times)}")
        print(f"p99 {sorted(load.times)[int(len(load.times) * 0.99)]:.0f} ms, longest {max(load.times):.0f} ms")
        print(f"statuses {dict(load.statuses)}, errors {len(load.errors)} {load.errors[:3]}")
        print(f"CPU of the application: {used.ru_utime + used.ru_stime:.1f} s")


if __name__ == "__main__":
    main()
