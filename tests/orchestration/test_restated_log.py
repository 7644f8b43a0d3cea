"""An event log that is written while it is read, and months that are restated later: the marts follow the files."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.blocked import BlockedError
from simulator.world import seconds
from tests.orchestration.installation import Installation
from tests.small_worlds import CREATOR, CREATOR_END, creator_world, published_creator

SEED = 11
NEWEST, OLD = "2026-08", "2026-01"
REVENUE = "select strftime(date_day, '%Y-%m'), sum(revenue_minor) from marts.vault_sales group by all order by all"


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A copy of the published creator."""
    shutil.copytree(published_creator(SEED).root, tmp_path / "place", symlinks=True)
    return Installation(tmp_path / "place")


def log(place: Installation, month: str) -> Path:
    return place.root / "files" / "event_log" / f"{month}.jsonl"


def revenue_of_the_books() -> dict[str, int]:
    """The cents of all purchases of the log by month of the local time."""
    totals: dict[str, int] = {}
    for entry in creator_world(SEED).creator(CREATOR).entries(seconds(CREATOR_END)):
        if entry.row.funnel_stage == "purchase":
            totals[entry.month] = totals.get(entry.month, 0) + entry.row.sale_amount
    return totals


@pytest.mark.deep  # two builds; the files of tests/connectors have the half line, test_restated the way to the marts
def test_half_a_last_line_is_named_and_the_whole_file_heals_it(place: Installation) -> None:
    path, books = log(place, NEWEST), revenue_of_the_books()
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    last = len(lines) - 1
    path.write_bytes(b"".join(lines[:last]) + lines[last][:90])
    path.with_name(f".{path.name}.tmp").write_bytes(content)  # as a writer that replaces whole files leaves it
    with pytest.raises(BlockedError, match=f"event_log/{NEWEST}.jsonl:{last + 1}, reason=not JSON"):
        place.run()
    assert dict(place.ask(REVENUE)) == books  # readers keep the last build
    path.write_bytes(content)
    place.run()
    assert dict(place.ask(REVENUE)) == books


def test_restated_old_month_changes_its_own_numbers_alone(place: Installation) -> None:
    path, books = log(place, OLD), revenue_of_the_books()
    rows = [json.loads(line, parse_float=Decimal) for line in path.read_text().splitlines()]
    sold = [number for number, row in enumerate(rows) if row["funnel_stage"] == "purchase"]
    removed, changed = rows[sold[0]], rows[sold[1]]
    before = changed["sale_amount"]
    changed["sale_amount"] = before + Decimal("1.01")
    del rows[sold[0]]
    path.write_text("".join(json.dumps(row, default=float) + "\n" for row in rows))
    place.run()
    difference = int((Decimal("1.01") - removed["sale_amount"]) * 100)
    assert dict(place.ask(REVENUE)) == {**books, OLD: books[OLD] + difference}
