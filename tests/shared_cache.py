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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".takings-test-cache"
SOURCES = ("common", "connectors", "simulator", "dbt_project", "semantic", "orchestration")
HELPERS = (
    "tests/shared_cache.py",
    "tests/small_worlds.py",
    "tests/orchestration/installation.py",
    "tests/orchestration/quick_build.py",
    "tests/end_to_end/sources.py",
    "tests/oracle/configuration.py",
)
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv", ".json", ".graphql", ".toml"}
RETAINED = 2


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
    folder = FOLDER / f"{name}.{digest}"
    FOLDER.mkdir(exist_ok=True)
    with locked(FOLDER / f"{name}.lock"):
        if not folder.exists():
            partial = FOLDER / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            make(partial)
            if sources is None and _hash_of_sources() != code_fingerprint():  # somebody edits while tests run
                folder = FOLDER / f"{name}.unshared-{os.getpid()}"
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
        shutil.rmtree(path, ignore_errors=True)
