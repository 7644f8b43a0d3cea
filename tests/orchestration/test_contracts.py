"""A build has the columns and types that the contracts of the marts declare; dbt compares nothing itself."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from common.errors import StopError
from orchestration import dbt_build, dbt_parse
from orchestration.home import Home, quoted
from tests.orchestration import quick_build


@cache
def marts() -> list[Any]:
    """The models that have a contract."""
    from dbt.contracts.graph.manifest import Manifest

    plan = Manifest.from_msgpack((quick_build.parsed() / dbt_parse.PLAN).read_bytes())
    return [node for node in plan.nodes.values() if str(node.resource_type) == "model" and node.contract.enforced]


def test_sql_of_each_mart_gives_the_columns_of_its_contract_and_no_others() -> None:
    home = Home(quick_build.empty())
    with duckdb.connect(str(dbt_parse.scratch(home)), read_only=True) as db:
        db.execute(f"attach {quoted(home.staging)} as raw (read_only)")
        differing = {
            mart.name: sorted(columns ^ set(mart.columns))
            for mart in marts()
            if (columns := set(db.sql(mart.raw_code).columns)) != set(mart.columns)
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
    shutil.copy(dbt_parse.scratch(Home(quick_build.empty())), path)
    dbt_build._check_contracts(path, marts())
    with duckdb.connect(str(path)) as db:
        db.execute(change)
    with pytest.raises(StopError, match=f"{message} contract says"):
        dbt_build._check_contracts(path, marts())
