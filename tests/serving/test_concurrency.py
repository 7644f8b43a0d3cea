"""Many readers while builds are published: each answer is a whole build, never an error, never an older one again."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
import time
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from serving.app import application
from tests.serving.asgi import Client
from tests.serving.conftest import Served, Sessions, copied, publish_again, site_of
from tests.serving.server import ask, running

PAUSE = 0.05  # seconds between two requests of a reader
PUBLISHING = 0.5  # seconds between two publishes
LAST = date.today() - timedelta(days=2)


def amounts(content: bytes) -> list[Decimal]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return [Decimal(row["net_sales_usd"]) for row in rows]


async def read_until(end: threading.Event, port: int, paths: Sequence[str]) -> list[tuple[str, int, bytes]]:
    """One reader, who asks for one path after the other."""
    answers, number = [], 0
    while not (end.is_set() and number >= 2):
        path = paths[number % len(paths)]
        answers.append((path, *await ask(port, path)))
        number += 1
        await asyncio.sleep(PAUSE)
    return answers


@pytest.mark.parametrize(
    ("cached", "others", "publishes"), [(12, 3, 2), pytest.param(200, 20, 10, marks=pytest.mark.deep)]
)
def test_readers_see_whole_builds_and_no_error_during_publishes(
    tmp_path: Path, published: Path, cached: int, others: int, publishes: int
) -> None:
    first, published = published / "run-01", copied(published, tmp_path / "published")
    site = site_of(published, tmp_path / "state", Sessions())
    app = application(site)
    served = Served(site, Sessions(), Client(app))
    ranges = [(LAST - timedelta(days=9 + number), LAST) for number in range(others * 4)]
    shared = f"/r/{served.token(days=(LAST - timedelta(days=9), LAST))}/csv"
    rare = [f"/r/{served.token(days=days)}/csv" for days in ranges]
    end = threading.Event()

    def publish_all() -> None:
        try:
            for number in range(2, publishes + 2):
                publish_again(published, first, f"run-{number:02}", scale=number)
                time.sleep(PUBLISHING)
        finally:
            end.set()

    async def read_all(port: int) -> list[list[tuple[str, int, bytes]]]:
        repeated = [read_until(end, port, [shared]) for _ in range(cached)]
        computed = [read_until(end, port, rare[number::others]) for number in range(others)]
        return await asyncio.gather(*repeated, *computed)

    with running(app) as port:
        base = {path: amounts(asyncio.run(ask(port, path))[1]) for path in (shared, *rare)}
        publisher = threading.Thread(target=publish_all)
        publisher.start()
        readers = asyncio.run(read_all(port))
        publisher.join()
    assert {status for reader in readers for _, status, _ in reader} == {200}
    scales = set()
    for reader in readers:
        seen = [scale_of(amounts(body), base[path]) for path, _, body in reader]
        assert seen == sorted(seen), "an older build came after a newer one"
        scales |= set(seen)
    assert len(scales) > 1 and max(scales) == publishes + 1


def scale_of(values: list[Decimal], base: list[Decimal]) -> int:
    """By what the amounts of the first build were multiplied: the same in each row of a whole build."""
    factors = {int(value / first) for value, first in zip(values, base, strict=True) if first}
    assert len(factors) == 1
    return factors.pop()
