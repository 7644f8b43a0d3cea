"""A run that is killed and repeated publishes the same marts as one that was not killed.

Each kill is a SIGKILL of a real process. All runs use one installation: each finds what the one before left behind.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import pipeline
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation, marts

pytestmark = pytest.mark.worlds
CHECKOUT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 15, 10, tzinfo=UTC)
EARLY, END = START + timedelta(days=30), START + timedelta(days=32)
FIRST_RUN = [
    # while it pulls, in the middle of a transaction, between landing and load
    *("aurora · shopify orders:", "inside aurora orders", "load nordlicht orders", "inside nordlicht refunds"),
    *("build int_ledger", "publish tenant-nordlicht"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(demo_world(seed=3, start=START.date(), end=END, orders=500), now=EARLY) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A first run two days ago, whose state stays beside it as `early`, and one now."""
    place = Installation(tmp_path_factory.mktemp("undisturbed"))
    place.configure(server)
    server.set_now(EARLY)
    place.run()
    shutil.copytree(place.root, place.root.with_name("early"), symlinks=True)
    server.set_now(END)
    place.run()
    return place


@pytest.fixture(scope="module")
def early(undisturbed: Installation) -> Installation:
    """What the first run left."""
    return Installation(undisturbed.root.with_name("early"))


def killed(place: Installation, step: str, times: int = 1) -> None:
    command = [sys.executable, "-m", "tests.orchestration.killed", str(place.root), step, str(times)]
    process = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL, process.stdout + process.stderr


def test_first_run_killed_several_times_publishes_the_same_marts(
    early: Installation, server: SimulatorServer, tmp_path: Path
) -> None:
    server.set_now(EARLY)
    place = Installation(tmp_path)
    place.configure(server)
    for step in FIRST_RUN:
        killed(place, step)
        assert not (place.home.published / "current").exists(), "nothing half is shown"
    place.run()
    assert place.marts() == early.marts()
    assert len(list(place.home.published.iterdir())) == 2, "the build and `current`: no leftovers"
    assert list(place.home.builds.iterdir()) == []


def test_killed_later_run_keeps_the_last_build_and_its_repeat_publishes_the_same_marts(
    undisturbed: Installation, early: Installation, server: SimulatorServer, tmp_path: Path
) -> None:
    server.set_now(END)
    place = Installation(tmp_path / "place")
    shutil.copytree(early.root, place.root, symlinks=True)
    before, rows = place.current, place.marts()
    for step in ("nordlicht · shopify orders:", "load nordlicht refunds", "build cohorts"):
        killed(place, step)
        assert place.current == before
        assert marts(before / "all.duckdb") == rows
    place.run()
    assert place.current != before
    assert place.marts() == undisturbed.marts()


def test_killed_replay_keeps_staging_and_its_repeat_gives_the_same_marts(
    undisturbed: Installation, tmp_path: Path
) -> None:
    place = Installation(tmp_path / "place")
    shutil.copytree(undisturbed.root, place.root, symlinks=True)
    code = (
        "import os, signal, sys; from pathlib import Path; from orchestration import pipeline;"
        "from tests.orchestration.installation import Installation;"
        "pipeline.replay(Installation(Path(sys.argv[1])).settings, really=True,"
        " progress=lambda step, done, total, detail: done == 9 and os.kill(os.getpid(), signal.SIGKILL))"
    )
    command = [sys.executable, "-c", code, str(place.root)]
    process = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    staging = place.home.staging
    assert {path.name for path in staging.parent.iterdir()} > {staging.name}, "the kill left half a new file"
    stray = (
        "import duckdb, os, signal, sys; db = duckdb.connect(sys.argv[1]);"
        "db.execute('create table main.stray (x int)'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", stray, str(staging)], timeout=60, check=False)
    assert staging.with_name(staging.name + ".wal").exists(), "what a run that is killed while it pulls leaves behind"
    windows = pipeline.replay(place.settings, really=True)
    assert windows == pipeline.replay(place.settings, really=False) > 20
    assert {path.name for path in staging.parent.iterdir()} == {staging.name}
    with duckdb.connect(str(staging), read_only=True) as db:
        assert db.execute("select * from duckdb_tables() where table_name = 'stray'").fetchall() == []
    pipeline.rebuild(place.settings)
    assert place.marts() == undisturbed.marts()
