"""The shared cache of the tests: an entry is whole or absent, whoever else runs, edits or was killed meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import shared_cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shared_cache, "FOLDER", tmp_path / "cache")
    return tmp_path / "cache"


def make(place: Path) -> None:
    place.mkdir()
    (place / "content").write_text("whole")


def test_entry_that_is_asked_for_again_after_an_edit_is_the_one_of_this_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_cache, "code_fingerprint", lambda: "before")
    monkeypatch.setattr(shared_cache, "_hash_of_sources", lambda: "after")
    first = shared_cache.entry("world", "recipe", make)
    assert shared_cache.entry("world", "recipe", make) == first
    other = shared_cache.entry("world", "another recipe", make)
    assert other != first
    monkeypatch.setattr(shared_cache, "PROCESS", "another")
    assert shared_cache.entry("world", "recipe", make) not in (first, other)


def test_entry_whose_removal_stops_half_way_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = shared_cache.entry("world", "recipe", make, sources="1")
    (entry / "kept").write_text("open in another process")

    def stopped(path: Path, **_: object) -> None:
        next(path.rglob("content")).unlink()

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", stopped)
        for sources in "23":
            shared_cache.entry("world", "recipe", make, sources=sources)
    assert not entry.exists()
    again = shared_cache.entry("world", "recipe", make, sources="1")
    assert [path.name for path in again.iterdir()] == ["content"]


def test_what_a_killed_process_left_is_no_part_of_an_entry(folder: Path) -> None:
    left = folder / "world.killed.partial"
    left.mkdir(parents=True)
    (left / "half").touch()
    entry = shared_cache.entry("world", "recipe", make, sources="1")
    assert [path.name for path in entry.iterdir()] == ["content"]
    assert not left.exists()
