"""A site that collects; nothing is published: collecting needs no build."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.site import Site
from tests.serving.collector.posting import NOW, Collecting, collecting
from tests.serving.conftest import Sessions, site_of


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_of(tmp_path / "published", tmp_path / "state", Sessions(), lambda: NOW)


@pytest.fixture
def place(site: Site, tmp_path: Path) -> Collecting:
    return collecting(site, tmp_path / "collected")
