"""How the cost of a build and its publish grows with orders and with tenants, in one run.

    .venv/bin/python -m benchmarks.growth HOME [--times 2,83] [--tenants 2,100]

HOME is a home of `make demo`. Its largest shop's orders and customers are repeated so many times: 24,000 and a million
orders; `--times 2,83,830` adds ten million, which takes an hour and 30 GB below TMPDIR. Each size is a process, with a
full build. The exponent is the power of the number of orders, or of tenants, with which the CPU seconds of build and
publish grow since the line before: 1 is twice the cost for twice as many. A publish costs at most 0.2 of its build.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import increment, tenants

if TYPE_CHECKING:
    from orchestration.dbt_build import Built
    from orchestration.home import Home

GB = 1e9


def main() -> None:
    """Print a table by orders and one by tenants."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("home", type=Path, help="a home of make demo")
    parser.add_argument("--times", default="2,83", help="how often the shop's orders are repeated")
    parser.add_argument("--tenants", default="2,100")
    parser.add_argument("--one", choices=["orders", "tenants"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
            measured = _of_orders if options.one == "orders" else _of_tenants
            print(json.dumps(measured(Path(folder), options.home, int(options.times))))
        return
    print("| orders | build | publish | publish / build | peak memory | staging | build on disk | exponent |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    before: dict[str, Any] | None = None
    for times in options.times.split(","):
        row = _in_a_process(options.home, "orders", times)
        print(
            f"| {row['size']:,} | {row['build']:.1f} | {row['publish']:.1f} | {row['publish'] / row['build']:.2f} | "
            f"{row['memory']:.1f} GB | {row['staging']:.1f} GB | {row['disk']:.1f} GB | {_exponent(before, row)} |",
            flush=True,
        )
        before = row
    print("\n| tenants | build and publish | exponent |\n| ---: | ---: | ---: |")
    before = None
    for number in options.tenants.split(","):
        row = _in_a_process(options.home, "tenants", number)
        print(f"| {row['size']} | {row['build']:.1f} | {_exponent(before, row)} |", flush=True)
        before = row


def _in_a_process(home: Path, kind: str, times: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.growth", str(home), "--one", kind, "--times", times]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def _exponent(before: dict[str, Any] | None, row: dict[str, Any]) -> str:
    if before is None:
        return ""
    costs = [one["build"] + one["publish"] for one in (before, row)]
    return f"{math.log(costs[1] / costs[0]) / math.log(row['size'] / before['size']):.2f}"


def _of_orders(folder: Path, source: Path, times: int) -> dict[str, Any]:
    """CPU seconds of a full build and its publish, peak memory, and bytes on the disk."""
    from connectors.registry import prepare_schemas
    from connectors.sync.staging import Staging
    from orchestration import dbt_build, recording
    from orchestration.home import Home
    from orchestration.publication import Tenant, publish

    home, built = Home(folder), list[dbt_build.Built]()
    home.staging.parent.mkdir()
    subprocess.run([sys.executable, "-c", REPEAT, str(source), str(folder), str(times)], check=True)  # its own memory
    with Staging(home.staging) as staging:
        prepare_schemas(staging)  # a home of an older version lacks some tables
        ((orders,),) = staging.db.execute("select count(*) from shopify.orders").fetchall()
    recording.nodes(home)
    build = _cpu(lambda: built.append(dbt_build.build(home, "full")))
    complete(home, built[0], [increment.SHOP])
    size = built[0].path.stat().st_size
    published = _cpu(
        lambda: publish(home, built[0], "20000101T000000", {increment.SHOP: Tenant("UTC")}, lambda *_: None)
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "size": orders, "build": build, "publish": published, "memory": memory / GB,
        "staging": home.staging.stat().st_size / GB, "disk": size / GB,
    }  # fmt: skip


def complete(home: Home, built: Built, names: Sequence[str]) -> None:
    """Write into a build what a run writes beside the marts: no tenant is blocked or unchanged."""
    from common import database
    from orchestration import unchanged
    from orchestration.blocked import write_blocked

    with database.connect(built.path) as db:
        write_blocked(db, [])
        unchanged.write(db, built, home.staging, {name: unchanged.State("", "", None) for name in names}, [])


REPEAT = """
import sys, pathlib
from benchmarks import increment
from orchestration.home import Home
increment.repeat(Home(pathlib.Path(sys.argv[1])).staging, Home(pathlib.Path(sys.argv[2])).staging, int(sys.argv[3]))
"""


def _of_tenants(folder: Path, _source: Path, number: int) -> dict[str, Any]:
    """CPU seconds of the first build and publish of so many small tenants."""
    os.environ["TAKINGS_HOME"], os.environ["TAKINGS_CONFIG"] = str(folder), f"{folder}/takings.toml"
    names = [f"{tenants.NAME}{place:03}" for place in range(number)]
    _, seconds = next(tenants.measure(folder, names, 200))
    return {"size": number, "build": seconds, "publish": 0.0}


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
