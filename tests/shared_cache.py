"""Expensive results that never change once they exist: made by one worker, read by all, kept between runs.

Each entry is a folder under `.takings-test-cache/`, named by a hash of everything that it is made from: the recipe
(world, seed, orders, instants) and the sources that take part. A change of any of them makes a new entry; the newest
two of a name are kept. Tests only read an entry: who wants to change one copies it first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".takings-test-cache"
SOURCES = ("common", "connectors", "simulator", "dbt_project", "semantic", "orchestration")
HELPERS = (
    "tests/shared_cache.py",
    "tests/small_worlds.py",
    "tests/orchestration/installation.py",
    "tests/orchestration/first_build.py",
    "tests/end_to_end/sources.py",
    "tests/oracle/configuration.py",
)
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv", ".json", ".graphql", ".toml"}
RETAINED = 2
PROCESS = uuid4().hex[:8]
"""Names what this process does not share: a number of a process comes again."""


@cache
def code_fingerprint() -> str:
    """Hash of all sources that decide what a synced, built and published world contains, at first use."""
    return _hash_of_sources()


def _hash_of_sources() -> str:
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    files = [ROOT / name for name in HELPERS]
    for folder in SOURCES:
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES and "target" not in path.parts]
    for path in sorted(files):
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def entry(name: str, recipe: str, make: Callable[[Path], None], sources: str | None = None) -> Path:
    """The folder that `make` fills; made once per recipe and sources (default: the fingerprint of the code)."""
    digest = hashlib.sha256(f"{recipe}\0{sources or code_fingerprint()}".encode()).hexdigest()[:16]
    folder, own = FOLDER / f"{name}.{digest}", FOLDER / f"{name}.{digest}.{PROCESS}"
    FOLDER.mkdir(exist_ok=True)
    with locked(FOLDER / f"{name}.lock"):
        if own.exists():
            folder = own
        elif not folder.exists():
            for left in FOLDER.glob(f"{name}.*.partial"):
                _remove(left)
            partial = FOLDER / f"{name}.{PROCESS}.partial"  # no other's, not even a killed one's that still writes
            make(partial)
            if sources is None and _hash_of_sources() != code_fingerprint():  # somebody edits while tests run
                folder = own
            partial.rename(folder)
        os.utime(folder)
        _remove_old(name)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the kernel releases the lock of a process that dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_old(name: str) -> None:
    entries = [path for path in FOLDER.glob(f"{name}.*") if path.is_dir() and path.suffix != ".partial"]
    for path in sorted(entries, key=lambda path: path.stat().st_mtime)[:-RETAINED]:
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a folder under another name, so that what cannot be removed yet is never taken for a whole entry."""
    if path.exists():
        removed = Path(tempfile.mkdtemp(prefix="removed.", suffix=".partial", dir=FOLDER))
        path.rename(removed / path.name)
        shutil.rmtree(removed, ignore_errors=True)
