"""The project is parsed once per user and checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from common.errors import StopError
from orchestration import dbt_parse
from orchestration.home import Home
from tests.orchestration import first_build


def nobody_parses(home: Home, now: str) -> None:
    raise StopError(f"{home.root} was parsed")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    first_build.parsed()  # before the cache is another one
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def take_the_shared_parse(home: Home, now: str) -> None:
    """In place of dbt's parse, which takes seconds."""
    shutil.copytree(first_build.parsed(), home.dbt_target, dirs_exist_ok=True)
    (home.dbt_target / dbt_parse.STAMP).write_text(now)


def test_second_home_of_a_user_is_not_parsed(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_parse, "_make", take_the_shared_parse)
    first = dbt_parse.parse(Home(tmp_path / "first"))
    monkeypatch.setattr(dbt_parse, "_make", nobody_parses)
    second = dbt_parse.parse(Home(tmp_path / "second"))
    for name in (*dbt_parse.FILES, dbt_parse.STAMP):
        assert (second / name).read_bytes() == (first / name).read_bytes()
    assert [path.stat().st_mode & 0o777 for path in (cache / "takings").iterdir()] == [0o700]


def test_changed_project_is_parsed_again(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_parse, "_make", take_the_shared_parse)
    dbt_parse.parse(Home(tmp_path / "home"))
    monkeypatch.setattr(dbt_parse, "_make", nobody_parses)
    monkeypatch.setattr(dbt_parse, "fingerprint", lambda: "another")
    with pytest.raises(StopError, match="was parsed"):
        dbt_parse.parse(Home(tmp_path / "home"))


@pytest.mark.parametrize("damage", ["file instead of a folder", "folder that cannot be written"])
def test_home_is_parsed_itself_where_the_cache_cannot_be_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    if damage == "file instead of a folder":
        cache.write_text("")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/takings")
    monkeypatch.setattr(dbt_parse, "_make", take_the_shared_parse)
    home = Home(tmp_path / "home")
    assert dbt_parse.parse(home) == home.dbt_target
    assert (home.dbt_target / dbt_parse.STAMP).read_text() == dbt_parse.fingerprint()


@pytest.mark.parametrize(
    ("size", "most", "memory", "threads"),
    [
        (0, "18.8 GiB", "1500MB", 1),  # no staging yet
        (67_000_000, "18.8 GiB", "1500MB", 1),  # the demo
        (415_000_000, "18.8 GiB", "1500MB", 2),  # a million orders
        (4_000_000_000, "18.8 GiB", "12000MB", 2),
        (4_000_000_000, "800.0 MiB", "839MB", 2),  # a small container
    ],
)
def test_build_of_a_large_shop_takes_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, most: str, memory: str, threads: int
) -> None:
    monkeypatch.setattr(dbt_parse, "_duckdb_defaults", lambda: (2, most))
    staging = tmp_path / "staging.duckdb"
    with staging.open("wb") as file:
        file.truncate(size)
    assert dbt_parse.resources(staging) == (threads, memory)


def test_limit_is_read_from_duckdb(tmp_path: Path) -> None:
    assert dbt_parse.resources(tmp_path / "none")[1].endswith("MB")
