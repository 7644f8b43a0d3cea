"""How long the command line takes to start, and what a build costs that does not depend on the data, in CPU seconds.

    .venv/bin/python -m benchmarks.start [HOME]

python   an interpreter that does nothing
typer    the same, with Typer imported
takings  the same, with Takings' command line imported

With HOME, a TAKINGS_HOME:

dbt      once per version of the project: dbt's parse, and what it executes for each node, in a process of its own
first    a build of a copy of the home, from the start of its process to the first finished node
build    from the start of the process to the last check
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from orchestration import dbt_parse
from orchestration.home import Home

CODE = {"python": "pass", "typer": "import typer", "takings": "import orchestration.cli"}
RUNS = 10
ROUNDS = 3
RECORD = """
import sys
from pathlib import Path
from orchestration import recording
from orchestration.home import Home
recording.nodes(Home(Path(sys.argv[1])))
"""


def seconds(*arguments: str) -> float:
    """CPU seconds of one interpreter that runs with these arguments."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def build(folder: Path) -> None:
    """Build a home, and write what it took beside it."""
    from orchestration import dbt_build

    finished: list[float] = []  # by node, the CPU seconds until then
    dbt_build.run_nodes(Home(folder), lambda *_: finished.append(time.process_time()))
    (folder / "took.txt").write_text(f"{finished[0]} {finished[-1]}")


def measure(source: Path) -> None:
    """Print what dbt takes, and the best of several builds of a copy of a home."""
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as place:
        home = Home(Path(place) / "home")
        shutil.copytree(source / "warehouse", home.root / "warehouse")
        home.builds.mkdir()
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        took = seconds("-c", RECORD, str(home.root))
        rounds = []
        for _ in range(ROUNDS):
            seconds("-m", "benchmarks.start", "--build", str(home.root))
            first, last = map(float, (home.root / "took.txt").read_text().split())
            rounds.append((last, first))
            dbt_parse.scratch(home).unlink()
    last, first = min(rounds)
    print(f"dbt      {took:.2f} s\nfirst    {first:.2f} s\nbuild    {last:.2f} s")


def main() -> None:
    """Measure the start, and with a home its build."""
    if sys.argv[1:2] == ["--build"]:
        return build(Path(sys.argv[2]))
    for name, code in CODE.items():
        print(f"{name:8} {min(seconds('-c', code) for _ in range(RUNS)):.3f} s")
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
