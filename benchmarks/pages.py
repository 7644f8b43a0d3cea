"""What a pull by pages costs, as a ratio to DuckDB reading the same records: CPU seconds of one process, in one run.

    .venv/bin/python -m benchmarks.pages [--orders 5000] [--kinds shopify,stripe]

The simulated sources run in a process of their own. A first pull uses bulk operations and is not measured. Then the
orders of three days come at once, which Shopify's streams read by pages. The plain way: `read_json` of the records that
landed, in one file, and the tables of the stream from it, each row as it is.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import zstandard

from connectors.base import Stream
from connectors.http import Transport
from connectors.registry import BY_KIND
from connectors.sync.casts import cast
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.load import literal
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from orchestration import settings
from orchestration.home import Home

START = datetime(2026, 1, 15, tzinfo=UTC)
FIRST, END = START + timedelta(hours=30), START + timedelta(hours=100)  # when the first and the measured pull come
SHOP, ORDERS_OF_SHOP = "aurora", 0.6  # its part of the world's orders
ROUNDS = 3


def main() -> None:
    """Pull and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--orders", type=int, default=5_000)
    parser.add_argument("--kinds", default="shopify,stripe")
    parser.add_argument("--profile", type=Path, help="write cProfile's figures of the measured pull")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, options.orders))
    server.start()
    theirs.close()
    print("| stream | records | pages | CPU seconds | the plain way | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    try:
        sources = [source for source in ours.recv() if source["kind"] in options.kinds.split(",")]
        with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
            measure(Path(folder), sources, ours, options.profile)
    finally:
        ours.send(None)
        server.join()


def serve(pipe: Connection, orders: int) -> None:
    """Serve the simulated sources in a process of their own; whatever arrives moves their time to the end."""
    from orchestration.simulator import other_sources
    from simulator import demo_world
    from simulator import serve as simulated
    from simulator.apis.shopify.endpoint import ShopifyLimits
    from simulator.scenarios.demo.scenarios import SCENARIOS

    SCENARIOS["many_lines"] = replace(SCENARIOS["many_lines"], lines=3)  # an order of 260 lines makes pages go by bulk
    world = demo_world(5, START.date(), END, round(orders * 400 * 24 / 100 / ORDERS_OF_SHOP))
    shop = next(shop for shop in world.shops if shop.account == SHOP)
    with simulated(world, now=FIRST, limits=ShopifyLimits(restore_rate=1e9)) as server:
        own = {"kind": "shopify", "account": SHOP, "base_url": server.base_url(SHOP), "token": shop.token}
        pipe.send([own, *other_sources(server, SHOP)])
        while pipe.recv():
            server.set_now(END)
            pipe.send(True)


def measure(folder: Path, sources: list[dict[str, Any]], server: Connection, profile: Path | None) -> None:
    """Print a row per stream."""
    os.environ["TAKINGS_HOME"] = str(folder / "state")
    text = f'[[tenants]]\nid = "{SHOP}"\nname = "{SHOP}"\ntime_zone = "UTC"\ncurrency = "USD"\n'
    for source in sources:
        (folder / source["kind"]).write_text(source.pop("token"))
        lines = [f"{key} = {json.dumps(value)}" for key, value in source.items()]
        text += "\n".join(["[[tenants.sources]]", *lines, f'secret = "file:{source["kind"]}"', ""])
    (folder / "takings.toml").write_text(text)
    _pull(folder, {"shopify"})
    server.send(True)
    server.recv()
    took = _pull(folder, {source["kind"] for source in sources}, profile)
    for (kind, name), (seconds, calls, rows) in took.items():
        landed = next(iter(_landed(folder, kind, name)), None)
        if landed is None or rows < 1000:
            continue
        stream = next(stream for stream in BY_KIND[kind].streams if stream.name == name)
        if kind == "shopify" and any(path.suffix == ".gz" for path in landed.paths):
            raise SystemExit(f"{name} went by bulk: an order has more lines than a page shows")
        plain = _plain(folder, stream, landed)
        print(f"| {kind} {name} | {rows:,} | {calls} | {seconds:.2f} | {plain:.2f} | {seconds / plain:.1f} |")


def _pull(folder: Path, kinds: set[str], profile: Path | None = None) -> dict[tuple[str, str], tuple[float, int, int]]:
    """Pull the sources of these kinds: by kind and stream, CPU seconds, requests and records."""
    configuration = settings.load(folder / "takings.toml")
    took, home = {}, configuration.home
    profiler = cProfile.Profile(time.process_time) if profile else None
    with Staging(Home(home).staging) as staging:
        for source in configuration.connected():
            if source.account.source not in kinds:
                continue
            transport = Transport((source.account.secret,))
            context = PullContext(source.account, Landing(Home(home).landing), staging, "benchmark", transport)
            if profiler:
                profiler.enable()
            before, calls = time.process_time(), 0
            for pulled in BY_KIND[source.account.source].pull(context, source.settings):
                now = time.process_time()
                took[source.account.source, pulled.stream] = now - before, transport.calls - calls, pulled.landed
                before, calls = time.process_time(), transport.calls
            if profiler:
                profiler.disable()
    if profiler and profile:
        profiler.dump_stats(profile)
    return took


def _landed(folder: Path, kind: str, stream: str) -> Iterator[LandedWindow]:
    """The newest window of a stream."""
    for source in settings.load(folder / "takings.toml").connected():
        if source.account.source == kind and (
            landed := Landing(folder / "state/landing").newest(source.account, stream)
        ):
            yield landed


def _plain(folder: Path, stream: Stream, landed: LandedWindow) -> float:
    """CPU seconds of `read_json` over the records in one file, and of the tables of the stream made from it."""
    file = folder / f"{stream.name}.ndjson"
    with file.open("wb") as out:
        for path in landed.paths:
            with path.open("rb") as packed:
                frames = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
                with gzip.GzipFile(fileobj=packed) if path.suffix == ".gz" else frames as records:
                    shutil.copyfileobj(records, out)
    fields = ", ".join(f"'{name}': '{kind}'" for name, kind in stream.record.items())
    rounds = []
    for _ in range(ROUNDS):
        (folder / "plain.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(folder / "plain.duckdb")) as db:
            db.execute("set preserve_insertion_order = false")
            before = time.process_time()
            db.execute(
                "create temp table record as select *, null as landing_part, null as landed_until "
                f"from read_json({literal(str(file))}, format = 'newline_delimited', columns = {{{fields}}})"
            )
            for table in stream.tables:
                typed = ", ".join(f"{cast(column)} as {column.name}" for column in table.columns)
                db.execute(f"create table {table.name} as select {typed} from {table.source} where {table.where}")
            rounds.append(time.process_time() - before)
    return min(rounds)


if __name__ == "__main__":
    main()
