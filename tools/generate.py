"""Write every generated file again from the code and the YAML: `make generate`.

    docs/reference/                       commands, settings, metrics, marts, reports, API (tools/reference.py)
    tests/semantic/snapshots/             the SQL of metrics and questions (tools/snapshots.py)
    tests/orchestration/snapshots/        the asset graph (tools/snapshots.py)

    .venv/bin/python -m tools.generate [--check]

One parse by dbt is enough, and none where the last build has parsed the same files; nothing is built and no network
is used. `--check` only names the files that are stale.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration import dbt_parse, settings
from orchestration.home import Home
from semantic import catalog as catalogs
from tools import reference, snapshots

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = Path("docs/reference")
OWNED = (REFERENCE,)
"""Folders that hold generated files only: any other file in them is removed."""


def texts(parsed: Path | None = None) -> dict[Path, str]:
    """Every generated file, relative to the checkout, with the text that it should have.

    `parsed` is the folder of an earlier parse, which is taken when no file of the project has changed since.
    """
    with tempfile.TemporaryDirectory(prefix="takings-generate-") as folder, _home(folder):
        if parsed:
            shutil.copytree(parsed, Home(Path(folder)).dbt_target)
        catalog = catalogs.load(dbt_parse.parse(Home(Path(folder))))
        return {
            **{REFERENCE / name: text for name, text in reference.pages(catalog).items()},
            Path("tests/semantic/snapshots/metrics.sql"): snapshots.metrics_sql(catalog),
            Path("tests/semantic/snapshots/queries.sql"): snapshots.queries_sql(catalog),
            Path("tests/orchestration/snapshots/asset_graph.txt"): snapshots.asset_graph(),
        }


def stale(texts: dict[Path, str], checkout: Path = CHECKOUT) -> list[Path]:
    """The files that differ from `wanted`, and those in generated folders that nothing generates any more."""
    differing = [path for path, text in texts.items() if _read(checkout / path) != text]
    present = (path for folder in OWNED for path in (checkout / folder).glob("*"))
    left = [path for path in (path.relative_to(checkout) for path in present) if path not in texts]
    return sorted(differing + left)


def write(texts: dict[Path, str], checkout: Path = CHECKOUT) -> list[Path]:
    """Write what is stale, remove what is left over; returns both."""
    changed = stale(texts, checkout)
    for path in changed:
        target = checkout / path
        if path in texts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(texts[path], encoding="utf-8")
        else:
            target.unlink()
    return changed


@contextmanager
def _home(folder: str) -> Iterator[None]:
    """Let Dagster's definitions read the manifest of this parse."""
    before = os.environ.get("TAKINGS_HOME")
    os.environ["TAKINGS_HOME"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["TAKINGS_HOME"]
        else:
            os.environ["TAKINGS_HOME"] = before


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main() -> int:
    """Write the files, or with --check name those that are stale and return 1."""
    parser = argparse.ArgumentParser(prog="tools/generate.py", description="Write every generated file again.")
    parser.add_argument("--check", action="store_true", help="only name the files that are stale")
    check = parser.parse_args().check
    parsed = Home(settings.home()).dbt_target  # by the last build or query of this checkout, if any
    expected = texts(parsed if parsed.exists() else None)
    changed = stale(expected) if check else write(expected)
    sys.stdout.writelines(f"{'stale' if check else 'wrote'} {path}\n" for path in changed)
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
