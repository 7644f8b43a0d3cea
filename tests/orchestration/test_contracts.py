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


@pytest.mark.parametrize("change", ["alter order_name type double", "drop order_name"])
def test_column_that_differs_from_its_contract_stops_the_build(tmp_path: Path, change: str) -> None:
    path = tmp_path / "build.duckdb"
    shutil.copy(dbt_parse.scratch(Home(quick_build.empty())), path)
    dbt_build._check_contracts(path, marts())
    with duckdb.connect(str(path)) as db:
        db.execute(f"alter table marts.orders {change}")
    with pytest.raises(StopError, match=r"orders\.order_name is (DOUBLE|None), its contract says"):
        dbt_build._check_contracts(path, marts())
