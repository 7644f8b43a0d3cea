"""The published builds of a home: which one readers see, and what it says of itself (publication.py writes them)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from common.errors import ConfigurationError
from orchestration.home import Home

RETAINED_BUILDS = 3
DUCKDB, POSTGRES = "duckdb", "postgres"
"""Where the rows of a build are: in files of its folder, or in the database."""


def current(home: Home) -> Path | None:
    """The folder of the build that readers see, None before the first."""
    link = home.published / "current"
    return link.resolve() if link.exists() else None


def newest(home: Home) -> Path:
    """The folder of the build that readers see. Raises ConfigurationError before the first build."""
    folder = current(home)
    if folder is None:
        raise ConfigurationError(
            f"Nothing has been published under {home.published} yet", next_step="Run `takings run`"
        )
    return folder


def kinds_of_records(home: Home) -> dict[str, list[str]]:
    """The kinds of records of each tenant in the build that readers see; none before the first build."""
    return dict(about(home).get("records", {}))


def about(home: Home, engine: str | None = None) -> dict[str, Any]:
    """What the build that readers see says of itself; nothing before the first build (on this engine)."""
    folder = current(home)
    path = folder / "build.json" if folder else None
    content = dict(json.loads(path.read_text())) if path and path.exists() else {}
    return content if engine in (None, content.get("engine", DUCKDB)) else {}


def switch(home: Home, run_id: str) -> None:
    """Show the build of this run to readers, in one step of the file system."""
    published = home.published
    link = published / f"current.{run_id}"
    link.unlink(missing_ok=True)
    link.symlink_to(run_id)
    link.replace(published / "current")


def forget_newer(home: Home) -> None:
    """Remove builds that are newer than the one that readers see: their publish did not end."""
    seen = current(home)
    for path in home.published.glob("*Z"):
        if seen is None or path.name > seen.name:
            shutil.rmtree(path)


def forget_old(home: Home) -> None:
    """Remove all but the newest builds, and what an interrupted publish left."""
    published = home.published
    now = (published / "current").readlink().name
    builds = sorted(path for path in published.iterdir() if path.is_dir() and not path.is_symlink())
    old = [path for path in builds if path.suffix != ".partial" and path.name != now][: -(RETAINED_BUILDS - 1)]
    for path in (*old, *(path for path in builds if path.suffix == ".partial")):
        shutil.rmtree(path, ignore_errors=True)
    for link in published.glob("current.*"):
        link.unlink()
