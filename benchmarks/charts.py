"""What a chart costs Superset, without a browser: CPU milliseconds per answer, its processes together.

    .venv/bin/python -m benchmarks.charts HOME [--workers 2]

HOME is a home of `make demo` whose servers have ended; its Superset is copied and started on a free port, its published
build is read where it is. Needs Superset's environment (`make setup`) and 0.5 GB of memory; neither a browser nor a
network. Compare `--workers 1` and `--workers 2`, one after the other. What a second process saves a reader is in the
seconds of six charts at once, and shows only where the second core has nothing else to do; CPU and memory show
anywhere. The charts of some dashboards are asked for as they open.

computed   each answer is computed again
cached     each answer is there
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from orchestration import servers
from superset_assets import client, process, verify

DASHBOARDS = ("home", "store-performance", "executive-summary")
TENANT, AT_ONCE, ROUNDS = "aurora", 6, 3
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the CPU of a start, of charts one after another, and of six at once."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("home", type=Path, help="a home of make demo")
    parser.add_argument("--workers", type=int, help="processes of Superset; without it as many as `takings serve` has")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
        shutil.copytree(options.home / "superset", Path(folder) / "superset")
        server = process.Server(
            Path(folder) / "superset", options.home / "published", servers.free_port(), workers=options.workers
        )
        server.start()
        try:
            server.wait_ready()
            measure(server)
        finally:
            server.stop()


def measure(server: process.Server) -> None:
    """Ask a started server, and print."""
    leader = int(server.pid_file.read_text())
    print(f"start     {_cpu(leader):6.2f} s, {_memory(leader):.0f} MB")
    session = client.connect(server.url, "admin", server.credentials.admin.password)
    contexts = list[dict[str, Any]]()
    for name in DASHBOARDS:
        shown, chosen = verify._opening(session, name)
        for chart in client.call(session, "get", f"dashboard/{name}/charts")["result"]:
            number = int(chart["id"])
            contexts.append(verify._context(session, number, shown, TENANT, False, chosen.get(number, ())))
    for at_once in (1, AT_ONCE):
        for what, force in (("computed", True), ("cached", False)):
            rounds = []
            for _ in range(ROUNDS):
                before, began = _cpu(leader), time.perf_counter()
                with ThreadPoolExecutor(at_once) as threads:
                    list(threads.map(lambda one, force=force: verify._rows(session, {**one, "force": force}), contexts))
                took = time.perf_counter() - began
                rounds.append(((_cpu(leader) - before) / len(contexts) * 1000, took))
            cpu, took = min(rounds)
            print(f"{what:9} {cpu:6.0f} ms per chart, {at_once} at once: {len(contexts)} charts in {took:.1f} s")
    print(f"memory    {_memory(leader):6.0f} MB")


def _processes(leader: int) -> list[int]:
    children = (Path(f"/proc/{leader}/task/{leader}/children").read_text()).split()
    return [leader, *map(int, children)]


def _cpu(leader: int) -> float:
    """CPU seconds of the server so far."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in _processes(leader)]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICKS


def _memory(leader: int) -> float:
    """MB; what several processes share counts once."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _processes(leader)]
    return sum(int(line.split()[1]) for text in rollups for line in text.splitlines() if line.startswith("Pss:")) / 1000


if __name__ == "__main__":
    main()
