"""Parses the dbt project once per version of it, and renders the SQL of its nodes.

Both depend on the project alone, never on the data, and cost more than the build of a small shop. So they are made once
per checkout and user, in the cache of this user, and copied into each home (TAKINGS_HOME) that needs them. Where the
cache cannot be used, a home makes them for itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
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
PLAN = "plan.msgpack"  # the same project with rendered SQL, for builds
STAMP = "parsed.sha256"
FILES = ("manifest.json", "semantic_manifest.json", PARSED, PLAN)
QUIET = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
RENDERED = ("table", "view", "test")  # materializations whose SQL depends on nothing but the project
UNOPENED = Path("/nonexistent")
"""In place of a home's files, which a parse does not open: for another profile dbt would parse all files again."""
SMALL, LEAST_MEMORY, MEMORY_PER_BYTE = 128_000_000, 1_500_000_000, 3  # bytes of staging and of memory
JINJA = re.compile(r"{[{%#]|[#}%]}")  # what dbt would render


def parse(home: Home) -> Path:
    """The folder of dbt's manifests: parsed again only where a file of the project, or dbt itself, has changed.

    Raises StopError with dbt's reason when the project does not parse.
    """
    now = fingerprint()
    if _stamp(home) == now:
        return home.dbt_target
    with _shared() as shared:
        if shared is None:
            _make(home, now)
            return home.dbt_target
        if _stamp(shared) != now:
            _make(shared, now)
        home.dbt_target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            _write(home.dbt_target / name, (shared.dbt_target / name).read_bytes())
    _write(home.dbt_target / STAMP, now.encode())
    return home.dbt_target


@contextmanager
def _shared() -> Iterator[Home | None]:
    """The home in the user's cache that is only parsed in, held by this process alone; None where it cannot be used."""
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


def _write(path: Path, content: bytes) -> None:
    """Write a file at once for whoever reads it at the same time."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


def _make(home: Home, now: str) -> None:
    """Parse the project in this home, and write the plan."""
    from dbt.cli.main import dbtRunner

    (home.dbt_target / STAMP).unlink(missing_ok=True)
    with environment(UNOPENED / scratch(home).name, UNOPENED / home.staging.name):
        problems = _Problems()
        outcome = dbtRunner(callbacks=[problems]).invoke([*QUIET, "parse", *arguments(home)])
    if not outcome.success:
        raise StopError("The dbt project does not parse", "\n  ".join([str(outcome.exception), *problems.messages]))
    _write(home.dbt_target / PLAN, _plan(home, outcome.result))
    _write(home.dbt_target / STAMP, now.encode())


def _plan(home: Home, manifest: Any) -> bytes:
    """dbt's manifest with the SQL of its nodes rendered, so that a build has nothing to render.

    dbt renders it beside empty databases: no data can influence it. Where it would depend on what was built before, or
    contains what dbt would render again, a node keeps its own text.
    """
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory(prefix="takings-plan-") as folder:
        build, staging = Path(folder) / scratch(home).name, Path(folder) / "staging.duckdb"
        database.connect(staging).close()
        with environment(build, staging):
            command = [*QUIET, "--no-write-json", "--no-populate-cache", "compile", *arguments(home)]
            outcome = dbtRunner(manifest=manifest).invoke(command)
            close_connections()
    if not outcome.success:
        failed = [f"{result.node.name}: {result.message}" for result in outcome.result or () if result.message]
        raise StopError("The dbt project does not compile", "\n  ".join([str(outcome.exception), *failed]))
    for result in outcome.result:
        node = manifest.nodes[result.node.unique_id]
        sql = result.node.compiled_code
        if node.config.materialized in RENDERED and not JINJA.search(sql):
            node.raw_code = sql
            if hasattr(node, "test_metadata"):
                if node.test_metadata.name == "unique_combination":  # an incremental build tests what changed
                    node.config.meta = {**node.config.meta, "keys": node.test_metadata.kwargs["columns"]}
                node.test_metadata.kwargs = {}
        node.compiled, node.compiled_code = False, None
    manifest.files = {}  # what a later parse compares; the rest of these no build reads either
    for unread in ("docs", "disabled", "metrics", "semantic_models", "saved_queries", "unit_tests", "exposures"):
        getattr(manifest, unread).clear()
    plan: bytes = manifest.to_msgpack()
    return plan


def fingerprint() -> str:
    """Hash of everything that a manifest and a plan are made from."""
    digest = hashlib.sha256(" ".join(version(name) for name in MADE_BY).encode() + Path(__file__).read_bytes())
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
