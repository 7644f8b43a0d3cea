"""`takings certify`: the same staging gives the same marts and answers on PostgreSQL, and a difference is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import psycopg
import pytest

from common.errors import ConfigurationError
from connectors.base import Progress, no_progress
from orchestration import settings
from orchestration.home import Home
from orchestration.postgres import certify, warehouse
from orchestration.postgres.certify import Certificate
from orchestration.postgres.warehouse import Warehouse
from orchestration.settings import Settings
from tests.orchestration.installation import Installation
from tests.orchestration.postgres.databases import new_warehouse
from tests.small_worlds import published_assistant, published_creator

TENANT = """[[tenants]]
id = "aurora"
name = "Aurora"
time_zone = "UTC"
currency = "USD"
[[tenants.sources]]
kind = "files"
account = "aurora"
path = "files"
"""


def installed(folder: Path, place: Installation) -> Settings:
    """A copy of an installation's staging and parse, as after a run in which no tenant changed and none was built."""
    shutil.copytree(place.home.staging.parent, folder / "warehouse")
    shutil.copytree(place.home.dbt_target, folder / "dbt")
    with duckdb.connect(str(Home(folder).staging)) as db:
        db.execute("delete from takings.tenants; delete from takings.accounts")
    return place.settings.model_copy(update={"home": folder})


def certified(configuration: Settings, database: Warehouse, progress: Progress = no_progress) -> Certificate:
    with database.home.writing():
        return certify.certify(configuration, database, progress)


def test_every_cell_and_every_answer_of_a_shop_with_a_chat_is_the_same(tmp_path: Path) -> None:
    place = published_assistant(11)
    certificate = certified(installed(tmp_path, place), new_warehouse(tmp_path))
    assert certificate.differences == []
    assert certificate.wrong_answers == []
    assert certificate.questions == certify.QUESTIONS
    published = {mart: place.ask(f"select count(*) from marts.{mart}")[0][0] for mart in ("orders", "chat_messages")}
    assert min(published.values()) > 50
    assert {mart: certificate.rows[mart] for mart in published} == published


@pytest.mark.deep
def test_a_difference_of_one_cell_is_found(tmp_path: Path) -> None:
    configuration, database = installed(tmp_path, published_creator(11)), new_warehouse(tmp_path)

    def change_one_cell(step: str, count: int, total: int | None, detail: str) -> None:
        if step == "duckdb" and count == total:  # both are built, and are compared next
            with psycopg.connect(database.uri) as db:
                db.execute(
                    "update certify_marts.vault_sales set revenue_minor = revenue_minor + 1 "
                    "where ctid = (select min(ctid) from certify_marts.vault_sales)"
                )

    certificate = certified(configuration, database, change_one_cell)
    assert [(item.mart, item.column, item.cells) for item in certificate.differences] == [
        ("vault_sales", "revenue_minor", 1)
    ]
    assert certificate.wrong_answers
    assert not certificate.is_equal


def test_a_missing_secret_is_one_message_of_the_command_and_of_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "takings.toml"
    path.write_text(TENANT + '[warehouse]\nsecret = "env:MARTS"\n')
    for search in (warehouse.of_settings, warehouse.check_secret):
        with pytest.raises(ConfigurationError, match="the environment variable MARTS is not set or is empty"):
            search(settings.load(path))
    monkeypatch.setenv("MARTS", "postgresql://builder:pass@db.example/marts")
    assert warehouse.of_settings(settings.load(path)).uri == "postgresql://builder:pass@db.example/marts"


def test_without_a_configured_database_the_command_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "takings.toml"
    path.write_text(TENANT)
    warehouse.check_secret(settings.load(path))  # nothing is missing
    with pytest.raises(ConfigurationError, match="No PostgreSQL warehouse is configured"):
        warehouse.of_settings(settings.load(path))


def test_without_anything_pulled_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is nothing to compare yet"):
        certified(published_creator(11).settings.model_copy(update={"home": tmp_path}), new_warehouse(tmp_path))
