"""A landing zone and a staging file for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.stripe.accounts import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
