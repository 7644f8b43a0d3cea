"""Whether a full build equals what was published: every cell of the tenants that did not change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from common import database
from orchestration import tenant_files
from orchestration.home import quoted

OF_THE_RUN = {"build_info": {"run_id", "published_at"}}
"""Columns that tell one build from another, by mart."""
CALENDARS = {"time_spine"}
"""Marts of days without numbers, which cover the tenants that were built together."""
EVERY_CELL = "(the rows)"


@dataclass(frozen=True)
class Difference:
    """How many cells of a column differ."""

    tenant: str
    mart: str
    column: str
    cells: int

    def __str__(self) -> str:
        return f"tenant {self.tenant}, mart {self.mart}, column {self.column}: {self.cells:,} cells"


@dataclass(frozen=True)
class Comparison:
    """The tenants that were compared, how many cells they have, and what differs."""

    tenants: list[str] = field(default_factory=list)
    cells: int = 0
    differences: list[Difference] = field(default_factory=list)

    def __str__(self) -> str:
        tenants, differing = ", ".join(self.tenants) or "no tenant", sum(item.cells for item in self.differences)
        first = f"full build of {tenants}: {differing:,} of {self.cells:,} cells differ from what was published before"
        return "\n  ".join([first, *map(str, self.differences)])


def compare(before: Path, after: Path) -> Comparison:
    """Compare two published builds: the tenants whose file was made from the same in both, and of the same tables."""
    states = [json.loads((folder / "build.json").read_text()).get("states", {}) for folder in (before, after)]
    tenants = [
        tenant
        for tenant, state in states[1].items()
        if states[0].get(tenant) == state
        and all((each / f"tenant-{tenant}.duckdb").exists() for each in (before, after))
    ]
    cells, differences = 0, list[Difference]()
    for tenant in tenants:
        file = f"tenant-{tenant}.duckdb"
        if (before / file).samefile(after / file):
            continue
        with database.connect() as db:
            db.execute("set enable_progress_bar = false")
            db.execute(f"attach {quoted(before / file)} as before (read_only)")
            db.execute(f"attach {quoted(after / file)} as after (read_only)")
            for mart, columns in tenant_files.columns(db, "after").items():
                shown = [name for name in columns if name not in OF_THE_RUN.get(mart, ())]
                if mart not in CALENDARS:
                    cells += len(shown) * _number(db, f"after.marts.{mart}")
                    differences += differences_of(db, tenant, mart, shown)
    return Comparison(tenants, cells, differences)


def differences_of(
    db: duckdb.DuckDBPyConnection, tenant: str, mart: str, columns: Sequence[str]
) -> Iterator[Difference]:
    """The columns of a mart whose values differ between the databases `before` and `after`, of the rows that are in one
    of both only."""
    listed = ", ".join(columns)
    both = (("before", "after"), ("after", "before"))
    for one, other in both:
        db.execute(
            f"create or replace temp table only_{one} as select {listed} from {one}.marts.{mart} "
            f"except all select {listed} from {other}.marts.{mart}"
        )
    rows = max(_number(db, f"only_{one}") for one, _ in both)
    if not rows:
        return
    cells = {
        column: max(
            _number(db, f"(select {column} from only_{one} except all select {column} from only_{other})")
            for one, other in both
        )
        for column in columns
    }
    if not any(cells.values()):  # the same values, in other rows
        cells = {EVERY_CELL: rows * len(columns)}
    yield from (Difference(tenant, mart, column, count) for column, count in cells.items() if count)


def _number(db: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(db.execute(f"select count(*) from {rows}").fetchall()[0][0])
