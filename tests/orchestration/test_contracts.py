"""A build has the columns and types that the contracts of the marts declare."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from common.errors import StopError
from orchestration import dbt_build, dbt_parse, recorded
from orchestration.home import Home, quoted
from tests.orchestration import first_build


def marts() -> list[recorded.Node]:
    """The models that have a contract."""
    return [node for node in first_build.nodes() if node["contract"]]


def test_sql_of_each_mart_gives_the_columns_of_its_contract_and_no_others() -> None:
    home = Home(first_build.empty())
    with duckdb.connect(str(dbt_parse.scratch(home)), read_only=True) as db:
        db.execute(f"attach {quoted(home.staging)} as raw (read_only)")
        differing = {
            mart["name"]: sorted(columns ^ set(mart["contract"]))
            for mart in marts()
            if (columns := set(db.sql(mart["compiled_code"]).columns)) != set(mart["contract"])
        }
    assert not differing
    assert len(marts()) > 40


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table marts.customers alter display_name type double", r"customers\.display_name is DOUBLE, its"),
        ("alter table marts.customers drop display_name", r"customers\.display_name is None, its"),
        ("create or replace view marts.orders as select 1 as order_name", r"orders\.order_name is INTEGER, its"),
    ],
)
def test_column_that_differs_from_its_contract_stops_the_build(tmp_path: Path, change: str, message: str) -> None:
    path = tmp_path / "build.duckdb"
    shutil.copy(dbt_parse.scratch(Home(first_build.empty())), path)
    with duckdb.connect(str(path)) as db:
        dbt_build._check_contracts(db, marts())
        db.execute(change)
        with pytest.raises(StopError, match=f"{message} contract says"):
            dbt_build._check_contracts(db, marts())
