"""What all tests share of dbt: its parse of the project with what it executes, and a build over empty tables.

dbt takes longer for either than a build of a small shop. So one worker makes them, in the shared cache.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from connectors.registry import prepare_schemas
from connectors.sync.staging import Staging
from orchestration import dbt_build, dbt_parse, recorded, recording
from orchestration.home import Home
from tests import shared_cache


def parsed() -> Path:
    """dbt's target folder with its parse of the project and the nodes of a build."""

    def make(folder: Path) -> None:
        recording.nodes(Home(folder))

    return Home(shared_cache.entry("dbt-parse", "", make, sources=dbt_parse.fingerprint())).dbt_target


@cache
def nodes() -> list[recorded.Node]:
    """The nodes that dbt executed, in its order."""
    return recording.nodes(Home(parsed().parent))


def empty() -> Path:
    """A home built over empty staging tables: every table, seed and view with its columns."""
    return shared_cache.entry("dbt-empty", "", _build_empty)


def _build_empty(folder: Path) -> None:
    home = Home(folder)
    with Staging(home.staging) as staging:
        prepare_schemas(staging)
    home.builds.mkdir(parents=True)
    shutil.copytree(parsed(), home.dbt_target)
    results = dbt_build.run_nodes(home, lambda finished, total, name: None)
    assert {result.status for result in results} <= {"success", "pass"}


if __name__ == "__main__":  # before the tests, beside the lint: all workers would wait for it
    os.environ["XDG_CACHE_HOME"] = str(shared_cache.FOLDER / "user")  # where processes of tests look for the parse
    empty()
