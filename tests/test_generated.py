"""Every generated file in git is what `make generate` writes now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestration.installation import parsed
from tools import generate


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    return generate.texts(parsed())


def test_every_generated_file_is_current(generated: dict[Path, str]) -> None:
    stale = generate.stale(generated)
    assert not stale, f"stale: {', '.join(map(str, stale))}. Run `make generate`, then review the diff"


def test_generate_rewrites_stale_files_and_removes_what_nothing_generates(
    generated: dict[Path, str], tmp_path: Path
) -> None:
    assert set(generate.write(generated, tmp_path)) == set(generated)
    assert generate.stale(generated, tmp_path) == []
    changed, left = Path("tests/semantic/snapshots/metrics.sql"), Path("docs/reference/gone.md")
    (tmp_path / changed).write_text("SELECT 1")
    (tmp_path / left).write_text("a page of an earlier version")
    assert generate.write(generated, tmp_path) == sorted([changed, left])
    assert (tmp_path / changed).read_text() == generated[changed]
    assert not (tmp_path / left).exists()
