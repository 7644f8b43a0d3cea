"""A full disk: one clear message, a non-zero exit code, the last build unchanged; the next run with free space resumes.

The disk is a small file system that the test mounts, where this process may mount one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration import pipeline
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation, marts

pytestmark = pytest.mark.worlds
CHECKOUT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 15, 10, tzinfo=UTC)
MEGABYTE = 1 << 20
BUILDING = 2  # free megabytes with which a pull ends well and a build does not
LIMITED = """
import os, sys; from pathlib import Path
from orchestration import cli
from tests.orchestration.installation import Installation
place = Installation(Path(sys.argv[1]))
os.environ.update(TAKINGS_HOME=str(place.home.root), TAKINGS_CONFIG=str(place.root / "takings.toml"))
sys.argv = ["takings", "run"]
cli.main()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    world = demo_world(seed=5, start=START.date(), end=START + timedelta(days=40), orders=400)
    with serve(world, now=START + timedelta(days=37)) as server:
        yield server


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 200 MB for these tests alone."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("a file system of a fixed size can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def place(disk: Path, server: SimulatorServer) -> Installation:
    place = Installation(disk / "takings")
    place.configure(server)
    place.run()
    return place


def run(place: Installation) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, str(place.root)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Fill the disk up to `left` free megabytes."""
    filler = folder / "filler"
    filler.write_bytes(b"\0" * (shutil.disk_usage(folder).free - left * MEGABYTE))
    try:
        yield
    finally:
        filler.unlink()


def one_message(result: subprocess.CompletedProcess[str], place: Installation) -> None:
    assert result.returncode == 1, result.stderr
    messages = [line for line in result.stderr.splitlines() if line.startswith("takings: ")]
    assert len(messages) == 1, result.stderr[-1500:]
    assert f"The disk that holds {place.home.root} is full" in messages[0]
    assert "Free some space, then run again" in messages[0]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("left", [0, BUILDING, 8], ids=["landing", "building", "publishing"])
def test_full_disk_is_one_message_and_keeps_the_last_build(
    left: int, place: Installation, server: SimulatorServer
) -> None:
    """`left` megabytes are free: too few to land, to build, or to publish."""
    server.set_now(server.now + timedelta(hours=1))
    before, rows = place.current, place.marts()
    with filled(place.root, left):
        result = run(place)
        assert place.current == before
        assert marts(before / "all.duckdb") == rows
    one_message(result, place)


@pytest.mark.parametrize("left", [1, *(pytest.param(left, marks=pytest.mark.deep) for left in (0, 2, 3))])
def test_first_run_on_a_full_disk_is_one_message_and_the_next_run_resumes(
    left: int, disk: Path, server: SimulatorServer
) -> None:
    fresh = Installation(disk / f"first-{left}")
    fresh.configure(server)
    with filled(disk, left):
        one_message(run(fresh), fresh)
    pipeline.pull_all(fresh.settings)
    assert len(fresh.home.staging.read_bytes()) > MEGABYTE
    shutil.rmtree(fresh.root)


def test_next_run_after_a_full_disk_resumes_and_publishes_the_same_marts(
    place: Installation, server: SimulatorServer, tmp_path: Path
) -> None:
    place.run()
    fresh = Installation(tmp_path)
    fresh.configure(server)
    fresh.run()
    ours, theirs = place.marts(), fresh.marts()
    for mart in ("orders", "revenue", "metrics_daily", "refunds"):
        assert ours[mart] == theirs[mart], mart
    assert [path.name for path in place.home.published.glob("*.partial")] == []
