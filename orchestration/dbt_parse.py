"""Parses the dbt project once per version of it.

A parse depends on the project alone, never on the data, and costs more than the build of a small shop. So it is made
once per checkout and user, in the cache of this user, and copied into each home (TAKINGS_HOME) that needs it. Where the
cache cannot be used, a home makes it for itself. recording.py keeps what dbt executes in the same places.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common import database
from common.errors import ConfigurationError, StopError
from orchestration import settings
from orchestration.home import Home
from orchestration.settings import CHECKOUT

PROJECT, METRICS = CHECKOUT / "dbt_project", CHECKOUT / "semantic" / "metrics"
PARTS = (".sql", ".yml", ".csv")
MADE_BY = ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb")
PARSED = "partial_parse.msgpack"  # dbt's cache of the parsed project
STAMP = "parsed.sha256"
FILES = ("manifest.json", "semantic_manifest.json", PARSED)
CODE = ("dbt_parse.py", "recording.py")
QUIET = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
UNOPENED = Path("/nonexistent")
"""In place of a home's files, which a parse does not open: for another profile dbt would parse all files again."""
SMALL, LEAST_MEMORY, MEMORY_PER_BYTE = 128_000_000, 1_500_000_000, 3  # bytes of staging and of memory


def parse(home: Home) -> Path:
    """The folder of dbt's manifests: parsed again only where a file of the project, or dbt itself, has changed.

    Raises StopError with dbt's reason when the project does not parse.
    """
    now = fingerprint()
    if _stamp(home) == now:
        return home.dbt_target
    with shared() as cache:
        if cache is None:
            _make(home, now)
            return home.dbt_target
        if _stamp(cache) != now:
            _make(cache, now)
        home.dbt_target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            write(home.dbt_target / name, (cache.dbt_target / name).read_bytes())
    write(home.dbt_target / STAMP, now.encode())
    return home.dbt_target


@contextmanager
def shared() -> Iterator[Home | None]:
    """The home in the user's cache that is only for this, held by this process alone; None where it cannot be used."""
    try:
        folder = settings.cache() / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:16]
        Home(folder).make()
        if folder.stat().st_uid != os.getuid():  # what another user writes there would run as this one
            raise PermissionError
        lock = (folder / "parse.lock").open("a")
    except (OSError, ConfigurationError):
        yield None
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Home(folder)


def _stamp(home: Home) -> str | None:
    stamp = home.dbt_target / STAMP
    return stamp.read_text() if stamp.exists() else None


def write(path: Path, content: bytes) -> None:
    """Write a file at once for whoever reads it at the same time."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


def _make(home: Home, now: str) -> None:
    """Parse the project in this home."""
    from dbt.cli.main import dbtRunner

    (home.dbt_target / STAMP).unlink(missing_ok=True)
    with environment(UNOPENED / scratch(home).name, UNOPENED / home.staging.name):
        problems = _Problems()
        outcome = dbtRunner(callbacks=[problems]).invoke([*QUIET, "parse", *arguments(home)])
    if not outcome.success:
        raise StopError("The dbt project does not parse", "\n  ".join([str(outcome.exception), *problems.messages]))
    write(home.dbt_target / STAMP, now.encode())


def fingerprint() -> str:
    """Hash of everything that a parse, and what is recorded of it, are made from."""
    digest = hashlib.sha256(" ".join(version(name) for name in MADE_BY).encode())
    for name in CODE:
        digest.update(Path(__file__).with_name(name).read_bytes())
    for folder in (PROJECT, METRICS):
        digest.update(hash_of_files(folder, PARTS).encode())
    return digest.hexdigest()


def hash_of_files(folder: Path, endings: tuple[str, ...]) -> str:
    """Hash of the names and contents of the files with these endings below a folder, without what dbt writes.

    They are read again only after one of them has changed: a run asks five times.
    """
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("target", "__pycache__")]
        files += [Path(place, name) for name in names if name.endswith(endings)]
    about = [(path, path.stat()) for path in sorted(files)]
    return _hash_of(folder, tuple((path, stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in about))


@lru_cache(maxsize=8)
def _hash_of(folder: Path, files: tuple[tuple[Path, int, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, *_ in files:
        digest.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def scratch(home: Home) -> Path:
    """The file that dbt writes. Every relation holds its name, so it is the same for each build."""
    return home.builds / "build.duckdb"


def arguments(home: Home) -> list[str]:
    """Command-line arguments: where dbt finds its project and writes its artefacts."""
    return [
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(home.dbt_target), "--log-path", str(home.logs),
    ]  # fmt: skip


@contextmanager
def environment(path: Path, staging: Path) -> Iterator[None]:
    """Set the variables that dbt's profile reads of a build on DuckDB, and restore them afterwards."""
    threads, memory = resources(staging)
    ours = {
        "TAKINGS_BUILD": str(path),
        "TAKINGS_STAGING": str(staging),
        "TAKINGS_BUILD_THREADS": str(threads),
        "TAKINGS_BUILD_MEMORY": memory,
    }
    with variables(ours):
        yield


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for dbt, and restore them afterwards."""
    ours = {**values, "DO_NOT_TRACK": "1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def resources(staging: Path) -> tuple[int, str]:
    """DuckDB's threads and memory for a build of this staging file, never more than DuckDB would take by itself.

    A second thread costs a small build more CPU than it saves time. What does not fit into memory goes to disk.
    """
    size = staging.stat().st_size if staging.exists() else 0
    threads, memory = _duckdb_defaults()
    number, unit = memory.split()
    most = float(number) * 1024 ** ("KMGT".index(unit[0]) + 1)
    limit = min(most, max(LEAST_MEMORY, MEMORY_PER_BYTE * size))
    return threads if size > SMALL else 1, f"{limit / 1e6:.0f}MB"


@cache
def _duckdb_defaults() -> tuple[int, str]:
    """The threads, and the memory as text such as 18.8 GiB, that DuckDB takes in this process by itself."""
    with database.connect() as db:
        row = db.execute("select current_setting('threads'), current_setting('memory_limit')").fetchall()[0]
    return int(row[0]), str(row[1])


def close_connections() -> None:
    """Close the adapter's connection, which would lock the scratch file until this process ends."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


class _Problems:
    """Collects dbt's warnings: the reason why a parse failed is often one of them, and not in the exception."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def __call__(self, event: Any) -> None:
        if event.info.level == "warn":
            self.messages.append(event.info.msg)
