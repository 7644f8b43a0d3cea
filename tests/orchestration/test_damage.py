"""Damaged state: a file or folder of an installation that is not what Takings wrote is one message with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from common.errors import ConfigurationError, RetryError, StopError, TakingsError
from connectors.errors import ContractError
from connectors.sync.staging import Staging
from orchestration import pipeline
from orchestration.home import Home
from orchestration.pulls import _of_account
from semantic import catalog, duckdb_files
from semantic.errors import CatalogError, NoBuildError

Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: os.urandom(4096) + content[4096:],
        lambda content: content[:4096] + os.urandom(8192) + content[12288:],
        lambda content: content[: len(content) // 2],
        lambda content: b"",
    ],
    ids=["header", "block", "half", "empty"],
)
def test_damaged_staging_file_is_one_message_that_says_what_to_do(damage: Damage, tmp_path: Path) -> None:
    path = tmp_path / "staging.duckdb"
    with Staging(path) as staging:
        staging.db.execute("create table takings.filler as select md5(range::varchar) as text from range(200000)")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigurationError, match=r"Cannot open .*staging.duckdb") as caught:
        Staging(path)
    assert "takings replay --yes" in str(caught.value)


def test_staging_file_that_another_program_has_open_names_that_program(tmp_path: Path) -> None:
    path = tmp_path / "staging.duckdb"
    with Staging(path):
        pass
    with held_open(path) as number, pytest.raises(RetryError, match="open in another program") as caught:
        Staging(path)
    assert str(number) in str(caught.value)


def test_published_file_that_another_program_has_open_for_writing_names_it_and_says_to_close_it(tmp_path: Path) -> None:
    path = tmp_path / "tenant-acme.duckdb"
    duckdb.connect(str(path)).close()
    with held_open(path) as number, pytest.raises(NoBuildError, match="open published files read-only") as caught:
        duckdb_files.connect(path).__enter__()
    assert str(number) in str(caught.value)


def test_damaged_published_file_is_one_message_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "all.duckdb"
    path.write_bytes(os.urandom(20_000))
    with pytest.raises(NoBuildError, match="takings build"):
        duckdb_files.connect(path).__enter__()


@pytest.mark.parametrize(
    "content", ["{", "[]", "[1]", '"x"', '{"format": 2}', '{"format": 2, "marts": [5], "metrics": []}']
)
def test_damaged_catalog_is_one_message_that_says_what_to_do(content: str, tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text(content)
    with pytest.raises(CatalogError, match=r"Cannot read .*catalog.json") as caught:
        catalog.load(tmp_path)
    assert "takings" in str(caught.value)


def test_lock_that_is_a_folder_is_one_message_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "writer.lock").mkdir()
    with pytest.raises(ConfigurationError, match="Remove that folder"), Home(tmp_path).writing():
        pass


def test_error_of_the_database_while_one_account_is_read_fails_that_account_alone() -> None:
    for error in (duckdb.ConversionException("x"), duckdb.BinderException("x"), duckdb.OutOfMemoryException("x")):
        try:
            raise error
        except duckdb.Error as raised:
            assert isinstance(_of_account(raised), ContractError)


@pytest.mark.parametrize("kind", [duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.Error])
def test_damage_that_is_met_during_a_run_ends_it_with_what_to_do(kind: type[duckdb.Error], tmp_path: Path) -> None:
    with pytest.raises(kind):
        _of_account(kind("Corrupt database file"))
    with pytest.raises(StopError, match="takings replay --yes"), pipeline.disk_guard(Home(tmp_path)):
        raise kind("Corrupt database file")
    assert issubclass(StopError, TakingsError)


class held_open:  # noqa: N801 - used as a context manager
    """Another process that has a DuckDB file open for writing; gives its number."""

    def __init__(self, path: Path) -> None:
        program = f"import duckdb, sys; db = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> int:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "open"
        return self.process.pid

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
