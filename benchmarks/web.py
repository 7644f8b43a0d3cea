"""How long a report page takes to answer, cached and not, for one reader and for many at once.

    .venv/bin/python -m benchmarks.web STATE [--tenant ID] [--readers 200]

STATE is the folder of a demo or an installation (TAKINGS_HOME) with a published build. The application is started in a
process of its own on a free port. The links that are asked for are in the ledger of STATE, and expire after an hour.

first     milliseconds until the first byte of a page that nobody asked for before
cached    the same of a page that is kept; p50 and p95
readers   the same for so many readers at once, each on a connection of its own, ten pages each
others    the same for 20 readers at once of pages that nobody asked for before
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests

from common.presets import Days
from orchestration import servers, settings, sharing

PAGES, OTHERS = 10, 20


async def first_byte(port: int, path: str) -> float:
    """Milliseconds from the request until the first byte of the answer. Raises ValueError for any status but 200."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    head = await reader.read(1)
    took = (time.perf_counter() - began) * 1000
    head += await reader.read()
    writer.close()
    if b" 200 " not in head[:20]:
        raise ValueError(head[:200])
    return took


async def reader(port: int, paths: list[str]) -> list[float]:
    return [await first_byte(port, path) for path in paths]


async def readers(port: int, paths_of: list[list[str]]) -> list[float]:
    """The times of all pages of all readers, who begin at once."""
    times = await asyncio.gather(*(reader(port, paths) for paths in paths_of))
    return [milliseconds for part in times for milliseconds in part]


def shown(times: list[float]) -> str:
    ordered = sorted(times)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return f"p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   of {len(ordered)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("--tenant")
    parser.add_argument("--readers", type=int, default=200)
    options = parser.parse_args()
    os.environ["TAKINGS_HOME"] = str(options.state)
    os.environ.setdefault("TAKINGS_CONFIG", str(options.state / "takings.toml"))
    configuration = settings.load()
    tenant, yesterday, port = (
        options.tenant or configuration.tenants[0].id,
        date.today() - timedelta(1),
        servers.free_port(),
    )

    def page(days: Days) -> str:
        return urlsplit(
            sharing.share(configuration, "revenue-overview", tenant, days, None, "1h", "benchmark").url
        ).path

    usual = page((yesterday - timedelta(29), yesterday))
    others = [[page((yesterday - timedelta(40 + number), yesterday))] for number in range(OTHERS)]
    server = subprocess.Popen([sys.executable, "-m", "orchestration.web", str(port)])
    try:
        while not _answers(port):
            time.sleep(0.1)
        print(f"first     {asyncio.run(first_byte(port, usual)):7.1f} ms")
        print(f"cached    {shown(asyncio.run(readers(port, [[usual] * 200])))}")
        many = [[usual] * PAGES for _ in range(options.readers)]
        print(f"readers   {shown(asyncio.run(readers(port, many)))}")
        print(f"others    {shown(asyncio.run(readers(port, others)))}")
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.RequestException:
        return False


if __name__ == "__main__":
    main()
