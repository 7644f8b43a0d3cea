"""The catalog from dbt's own parse of semantic/metrics, and published builds of hand-made rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import dbt_parse
from semantic import catalog as catalogs
from semantic.catalog import Catalog
from tests import shared_cache
from tests.semantic import shop, synthetic


@pytest.fixture(scope="session")
def target() -> Path:
    """dbt's target folder after a parse in which a warning or a deprecation is an error; shared, so only read."""
    sources = dbt_parse.fingerprint() + Path(synthetic.__file__).read_text(encoding="utf-8")
    return shared_cache.entry("semantic-parse", "", parse, sources) / "project" / "target"


def parse(root: Path) -> None:
    root.mkdir()
    folder = synthetic.stub_project(root / "project")
    dbt = Path(sys.executable).with_name("dbt")
    command = [dbt, "--warn-error", "--show-all-deprecations", "parse", "--profiles-dir", "."]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.fixture(scope="session")
def catalog(target: Path) -> Catalog:
    return catalogs.load(target)


@pytest.fixture(scope="session")
def awkward(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published build of two tenants in two currencies, only to be read."""
    return synthetic.publish(tmp_path_factory.mktemp("awkward") / "published", catalog, synthetic.awkward_rows())


@pytest.fixture(scope="session")
def published(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published build of two small shops (shop.py), only to be read."""
    return synthetic.publish(tmp_path_factory.mktemp("shops") / "published", catalog, shop.ROWS)
