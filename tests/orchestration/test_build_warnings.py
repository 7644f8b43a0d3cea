"""What a build's warnings say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from orchestration import dbt_build


def warned(tmp_path: Path, meta: dict[str, str]) -> str:
    """The warning of a test that found three charges, two of one tenant and one of another."""
    charges = tmp_path / "build.duckdb"
    with duckdb.connect(str(charges)) as db:
        db.execute("create table charges (tenant_id varchar, currency varchar, minor_units integer, charged bigint)")
        db.execute("insert into charges values ('a', 'EUR', 100, 120001), ('a', 'EUR', 100, 99), ('b', 'JPY', 1, 700)")
    with duckdb.connect(str(tmp_path / "staging.duckdb")):
        pass
    node: Any = SimpleNamespace(
        name="a_check", compiled_code="select * from charges", config=SimpleNamespace(meta=meta)
    )  # fmt: skip
    return dbt_build.warning_of(SimpleNamespace(node=node, failures=3), charges, tmp_path / "staging.duckdb")


def test_warning_of_a_check_with_an_amount_says_the_sum_of_each_tenant_and_the_reason(tmp_path: Path) -> None:
    assert warned(tmp_path, {"amount": "charged", "because": "they may count twice"}) == (
        "a_check: 3 rows, 1,201.00 EUR of tenant a and 700 JPY of tenant b: they may count twice"
    )


def test_warning_of_a_check_with_texts_says_the_first_of_them_once(tmp_path: Path) -> None:
    assert warned(tmp_path, {"text": "tenant_id || ' owes ' || currency"}) == "a_check: a owes EUR; b owes JPY"


def test_warning_of_a_check_without_an_amount_says_the_number_of_rows(tmp_path: Path) -> None:
    assert warned(tmp_path, {}) == "a_check: 3 rows"
