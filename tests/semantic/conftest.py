"""The catalog from dbt's own parse of semantic/metrics, and published builds of hand-made rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from semantic import catalog as catalogs
from semantic.catalog import Catalog
from tests.orchestration import first_build
from tests.semantic import shop, synthetic


@pytest.fixture(scope="session")
def target() -> Path:
    """dbt's target folder after the parse that all tests share, only to be read."""
    return first_build.parsed()


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
