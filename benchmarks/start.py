"""How long the command line takes to start, and what a build costs that does not depend on the data, in CPU seconds.

    .venv/bin/python -m benchmarks.start [HOME]

python   an interpreter that does nothing
typer    the same, with Typer imported
takings  the same, with Takings' command line imported

With HOME, a TAKINGS_HOME whose parse is current, a build of a copy of it in a process of its own:

first    from the start of the process to the first finished node
build    from the start of the process to the last check
sql      the same statements, executed by DuckDB without dbt
node     what is left of the build after the first node and the statements, per node
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import duckdb

CODE = {"python": "pass", "typer": "import typer", "takings": "import orchestration.cli"}
RUNS = 10
ROUNDS = 3
COPIED = ("warehouse", "dbt")


def seconds(*arguments: str) -> float:
    """CPU seconds of one interpreter that runs with these arguments."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def build(folder: Path) -> None:
    """Build a home, and write what it took and the files of its statements beside it."""
    from orchestration import dbt_build
    from orchestration.home import Home

    home = Home(folder)
    finished: list[float] = []  # by node, the CPU seconds until then
    home.builds.mkdir()
    results = dbt_build.run_nodes(home, lambda *_: finished.append(time.process_time()))
    statements = [result.node.build_path for result in results if str(result.node.resource_type) != "seed"]
    (folder / "first.txt").write_text(f"{finished[0]} {time.process_time()} {len(results)}\n" + "\n".join(statements))


def sql(folder: Path, statements: Iterable[str]) -> float:
    """CPU seconds of the statements of a build, in one thread beside what dbt's seeds made."""
    from orchestration import dbt_parse
    from orchestration.home import Home, quoted

    home = Home(folder)
    with duckdb.connect(str(dbt_parse.scratch(home))) as db:
        db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set threads = 1")
        db.execute(f"attach {quoted(home.staging)} as raw (read_only)")
        texts = [Path(path).read_text(encoding="utf-8") for path in statements]
        before = time.process_time()
        for text in texts:
            db.execute(text).fetchall()
        return time.process_time() - before


def measure(source: Path) -> None:
    """Print the best of several builds of copies of a home."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as place:
            folder = Path(place) / "home"
            for name in COPIED:
                shutil.copytree(source / name, folder / name)
            seconds("-m", "benchmarks.start", "--build", str(folder))
            figures, *statements = (folder / "first.txt").read_text().splitlines()
            first, last, nodes = map(float, figures.split())
            rounds.append((last, first, sql(folder, statements), nodes))
    last, first, statements_took, nodes = min(rounds)
    print(f"first    {first:.2f} s\nbuild    {last:.2f} s, {last / statements_took:.1f} times the SQL")
    print(f"sql      {statements_took:.2f} s\nnode     {(last - first - statements_took) / nodes * 1000:.1f} ms")


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
