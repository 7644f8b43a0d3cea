"""dbt's own unit tests of the models, and what the seeds must contain."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import stripe
from dbt import compilation

from orchestration import dbt_lean
from orchestration.home import Home
from tests.orchestration import first_build
from tests.orchestration.installation import dbt

ROOT = Path(__file__).parents[2]
by_dbt = compilation.inject_ctes_into_sql
SHOPIFY = ROOT.parent / "shared" / "data" / "specs" / "shopify_admin_graphql" / "admin_2026-10.json.gz"


BEGIN = re.compile(r"(?:\s|--[^\n]*\n)*(?:(?P<own>with\s+(?!recursive\b))|select\b)", re.IGNORECASE)


@pytest.fixture(scope="module")
def unit_tests(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The results of dbt's unit tests, run over a warehouse of empty tables."""
    folder = tmp_path_factory.mktemp("dbt") / "home"
    shutil.copytree(first_build.empty(), folder)
    with pytest.MonkeyPatch.context() as patch, dbt_lean.building():
        patch.setattr(compilation, "inject_ctes_into_sql", with_rows_of_the_test)
        return dbt(Home(folder), "test", "--select", "test_type:unit")


def with_rows_of_the_test(sql: str, ctes: list[Any]) -> str:
    """A model's SQL with the rows that a unit test gives it, written before its own first CTE.

    In place of dbt's function, which reads all of the SQL by a parser to find that place: half of a test's time.
    """
    begin = BEGIN.match(sql) if ctes else None
    if not begin:
        return by_dbt(sql, ctes)
    rows = f"with {', '.join(cte.sql for cte in ctes)}"
    return f"{rows}, {sql[begin.end() :]}" if begin["own"] else f"{rows} {sql}"


@pytest.mark.slow
def test_every_dbt_unit_test_passes(unit_tests: list[Any]) -> None:
    assert len(unit_tests) >= 46
    failed = [f"{result.node.name}: {result.message}" for result in unit_tests if str(result.status) != "pass"]
    assert not failed, "\n".join(failed)


def test_order_status_maps_every_pair_of_shopify_statuses() -> None:
    if not SHOPIFY.exists():
        pytest.skip(f"no {SHOPIFY}: Shopify's schema is not on this machine")
    schema = json.loads(gzip.decompress(SHOPIFY.read_bytes()))
    types = {item["name"]: item for item in (schema.get("data") or schema)["__schema"]["types"]}
    financial, fulfilment = (
        {value["name"] for value in types[name]["enumValues"]}
        for name in ("OrderDisplayFinancialStatus", "OrderDisplayFulfillmentStatus")
    )
    with (ROOT / "dbt_project" / "seeds" / "order_status.csv").open() as file:
        mapped = {(row["financial_status"], row["fulfillment_status"]) for row in csv.DictReader(file)}
    assert mapped == {(status, other) for status in financial | {"NONE"} for other in fulfilment}


def entry_types() -> dict[str, str]:
    """Stripe's types of balance transactions, with the column of cash that each counts in."""
    with (ROOT / "dbt_project" / "seeds" / "stripe_entry_types.csv").open() as file:
        return {row["entry_type"]: row["cash_column"] for row in csv.DictReader(file)}


def test_stripe_entry_types_maps_every_type_of_the_stripe_client() -> None:
    listed = {name for kind in get_args(stripe.BalanceTransaction.__annotations__["type"]) for name in get_args(kind)}
    assert len(listed) > 40
    assert listed - set(entry_types()) == set()


def test_application_fees_of_a_platform_are_not_payment_fees() -> None:
    assert {entry_types()[name] for name in ("application_fee", "application_fee_refund")} == {"cash_other"}
