"""What all tests share: snapshots kept as files in git, rewritten by `pytest --update-snapshots`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="rewrite the snapshot files instead of comparing")


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a file that is kept in git, or rewrite the file."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-snapshots"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no snapshot {path}: write it with --update-snapshots"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: rewrite it, then review the diff"

    return compare
