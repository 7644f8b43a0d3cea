"""Prove that a change moves no number: build the marts of fixed worlds, and compare two builds row by row.

    .venv/bin/python tools/compare_marts.py build FOLDER             before the change, and after it in another folder
    .venv/bin/python tools/compare_marts.py compare BEFORE AFTER     exit code 1 where a row differs

The worlds have a fixed seed and a fixed clock: the demo's two shops with all their sources (20,000 orders, three
syncs), and the real retailer's year where its tables are at hand. Columns that name a run or the time of a publish
differ between any two builds and are left out.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

import duckdb

CHECKOUT = Path(__file__).resolve().parents[1]
RETAIL = Path(os.environ.get("TAKINGS_RETAIL") or CHECKOUT.parent / "shared" / "data" / "online_retail")
OF_THE_RUN = {"run_id", "landing_part", "published_at", "loaded_at"}
RENAMED = {"agreement": "reconciliation", "build": "build_info"}
"""Marts by the name that they had in an earlier release."""


def build(folder: Path) -> None:
    """Sync, build and publish each world under `folder`."""
    sys.path.insert(0, str(CHECKOUT))
    from simulator import retail_world, serve
    from tests.end_to_end.sources import FiveSources, Recipe
    from tests.orchestration.installation import Installation

    Recipe(1, 20_000).sync_and_build(folder / "demo")
    print(f"demo: {FiveSources(folder / 'demo').current}")
    if not (RETAIL / "orders.parquet").exists():
        print(f"retail: left out, its tables are not at {RETAIL} (set TAKINGS_RETAIL)")
        return
    world, place = retail_world(RETAIL), Installation(folder / "retail")
    with serve(world, now=world.end + timedelta(minutes=10)) as server:
        place.configure(server)
        place.run()
    print(f"retail: {place.current}")


def compare(before: Path, after: Path) -> int:
    """Print a line per mart; returns how many marts differ."""
    differing = 0
    for world in sorted({path.name for path in (*before.iterdir(), *after.iterdir())}):
        builds = [(root / world / "state" / "published" / "current").resolve() for root in (before, after)]
        for file in sorted({path.name for build in builds for path in build.glob("tenant-*.duckdb")}):
            with duckdb.connect() as db:
                for name, build in zip(("before", "after"), builds, strict=True):
                    db.execute(f"attach '{build / file}' as {name} (read_only)")
                old, new = (
                    {RENAMED.get(mart, mart): mart for mart in _marts(db, name)} for name in ("before", "after")
                )
                for mart in sorted({*old, *new}):
                    line, same = _compared(db, old.get(mart), new.get(mart))
                    print(f"{'=' if same else '≠'} {world}: {file}: {mart}: {line}")
                    differing += not same
    print("Every row of every mart is the same." if not differing else f"{differing} marts differ.")
    return differing


def _marts(db: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    listed = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts'"
    return [row[0] for row in db.execute(listed, [name]).fetchall()]


def _compared(db: duckdb.DuckDBPyConnection, old: str | None, new: str | None) -> tuple[str, bool]:
    """What is said of a mart, and whether its rows are the same."""
    if old is None or new is None:
        return ("is new" if old is None else "is gone"), False
    columns = [_columns(db, "before", old), _columns(db, "after", new)]
    if columns[0] != columns[1]:
        return f"columns {sorted(set(columns[0]) ^ set(columns[1]))} are not in both", False
    listed = ", ".join(columns[0])
    before, after = f"select {listed} from before.marts.{old}", f"select {listed} from after.marts.{new}"
    counts = [
        int(db.sql(f"select count(*) from ({query})").fetchall()[0][0])
        for query in (after, f"{before} except all {after}", f"{after} except all {before}")
    ]
    rows, lost, added = counts
    return f"{rows:,} rows" + (f", {lost:,} only before, {added:,} only after" if lost or added else ""), not (
        lost or added
    )


def _columns(db: duckdb.DuckDBPyConnection, name: str, mart: str) -> list[str]:
    listed = (
        "select column_name from duckdb_columns() where database_name = ? and schema_name = 'marts' and table_name = ?"
    )
    return sorted(row[0] for row in db.execute(listed, [name, mart]).fetchall() if row[0] not in OF_THE_RUN)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/compare_marts.py", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build").add_argument("folder", type=Path)
    two = commands.add_parser("compare")
    two.add_argument("before", type=Path)
    two.add_argument("after", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "compare":
        return 1 if compare(chosen.before, chosen.after) else 0
    build(chosen.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
