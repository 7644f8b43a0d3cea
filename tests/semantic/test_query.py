"""Queries over the published build: the right tenant's exact numbers, or one clear error."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa
import pytest

from semantic import duckdb_files
from semantic.catalog import Catalog
from semantic.errors import CatalogError, NoBuildError, RangeError, SemanticError, UnknownNameError, UnknownTenantError
from semantic.query import ask, render
from semantic.warehouse import open_build
from tests.semantic import shop, synthetic


def test_money_is_exact_with_the_decimal_places_of_its_currency(published: Path) -> None:
    table = ask(published, ["net_sales", "orders_placed", "aov"], ["day"], tenant="acme")
    assert table.schema.field("net_sales").type == pa.decimal128(38, 2)
    assert table.schema.field("orders_placed").type == pa.int64()
    assert table.to_pylist() == [
        {"day": date(2026, 3, 2), "net_sales": Decimal("42.50"), "orders_placed": 3, "aov": pytest.approx(42.5 / 3)},
        {"day": date(2026, 3, 4), "net_sales": Decimal("-10.01"), "orders_placed": 0, "aov": None},
    ]


def test_usual_formulas_have_numbers_of_their_own(published: Path) -> None:
    """On the 2nd: orders of 37.50 (2) and 12.50, 8 sessions of 5 users, 10 add-to-carts, ads of 10.00."""
    ours = ["aov", "roas", "conversion_rate"]
    usual = ["revenue_all_orders", "aov_all_orders", "roas_on_revenue", "conversion_rate_by_users",
             "add_to_cart_rate_by_count"]  # fmt: skip
    rows = ask(published, [*ours, *usual], ["day"], tenant="acme").to_pylist()
    assert [rows[0][name] for name in ours] == pytest.approx([42.5 / 3, 4.25, 3 / 8])
    assert rows[0]["revenue_all_orders"] == Decimal("50.00")
    assert [rows[0][name] for name in usual[1:]] == pytest.approx([50 / 3, 5.0, 3 / 5, 10 / 8])
    assert [rows[1][name] for name in usual] == [Decimal("0.00"), None, None, 0, None]
    (both,) = ask(published, ["conversion_rate_by_users", "user_days"], tenant="acme").to_pylist()
    assert both == {"conversion_rate_by_users": pytest.approx(3 / 8), "user_days": 8}, "a user counts on each day"


def test_yen_have_no_decimal_places(published: Path) -> None:
    table = ask(published, ["order_revenue"], tenant="hinode")
    assert table.to_pylist() == [{"order_revenue": Decimal(12345)}]
    assert render(table, "csv") == "order_revenue\r\n12345\r\n"


def test_answer_names_build_tenant_and_currency(published: Path, catalog: Catalog) -> None:
    table = ask(published, ["net_sales"], tenant="acme")
    assert table.schema.metadata == {
        b"run_id": b"run-1",
        b"definitions": catalog.version.encode(),
        b"as_of": b"2026-03-09T06:00:00Z",
        b"tenant": b"acme",
        b"currency": b"USD",
        b"digits": b"2",
    }


def test_range_includes_both_ends(published: Path) -> None:
    day = date(2026, 3, 4)
    assert ask(published, ["returns"], start=day, end=day, tenant="acme").to_pylist() == [{"returns": Decimal("10.01")}]


def test_range_that_starts_within_a_month_includes_the_whole_cohort_month(awkward: Path) -> None:
    table = ask(awkward, ["cohort_customers"], ["month", "month_number"], start=date(2026, 3, 15), tenant="aurora")
    assert table.to_pylist()[0]["month"] == date(2026, 3, 1)


def test_question_over_all_tenants_needs_tenant_id(published: Path) -> None:
    table = ask(published, ["order_revenue"], ["tenant_id"])
    assert table.to_pylist() == [
        {"tenant_id": "acme", "order_revenue": Decimal(30)},
        {"tenant_id": "hinode", "order_revenue": Decimal(12345)},
    ]


@pytest.mark.slow
def test_several_metrics_in_one_question_equal_each_metric_alone(awkward: Path, catalog: Catalog) -> None:
    for mart, extra in {
        "metrics_daily": [],
        "product_daily": [],
        "customer_daily": [],
        "cohorts": ["month_number"],
    }.items():
        names = [metric.name for metric in catalog.metrics.values() if metric.mart == mart]
        together = ask(awkward, names, ["month", *extra], tenant="aurora")
        for name in names:
            assert ask(awkward, [name], ["month", *extra], tenant="aurora")[name] == together[name]


def test_metrics_of_two_marts_are_joined_by_day(published: Path) -> None:
    table = ask(published, ["orders_placed", "product_revenue"], ["day"], tenant="acme")
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (date(2026, 3, 2), 3, Decimal(40)),
        (date(2026, 3, 4), 0, Decimal(0)),
    ]


def test_single_tenant_need_not_be_named(catalog: Catalog, tmp_path: Path) -> None:
    rows = {name: [row for row in items if row["tenant_id"] == "acme"] for name, items in shop.ROWS.items()}
    published = synthetic.publish(tmp_path / "published", catalog, rows)
    assert ask(published, ["orders_placed"]).to_pylist() == [{"orders_placed": 3}]


def test_one_of_several_tenants_must_be_named(published: Path) -> None:
    with pytest.raises(UnknownTenantError, match=r"2 tenants: acme, hinode.*--tenant"):
        ask(published, ["orders_placed"])


@pytest.mark.parametrize("name", ["acne", "", "../all", "acme' OR 1=1 --", "*"])
def test_unknown_tenant_is_refused(published: Path, name: str) -> None:
    with pytest.raises(UnknownTenantError, match=r"Did you mean acme|Choose from: acme, hinode"):
        ask(published, ["orders_placed"], tenant=name)


def test_question_of_a_tenant_opens_a_file_with_no_other_tenants_rows(published: Path) -> None:
    with open_build(published, "acme") as build:
        assert build.rows("SELECT DISTINCT tenant_id FROM marts.metrics_daily") == [("acme",)]
        with pytest.raises(duckdb.Error, match="read-only"):
            build.engine.execute("DELETE FROM marts.metrics_daily")


def test_query_of_unknown_metric_names_similar_ones(published: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean net_sales"):
        ask(published, ["net_sale"], tenant="acme")


def test_dates_in_reverse_order_are_refused(published: Path) -> None:
    with pytest.raises(RangeError, match="Swap the two dates"):
        ask(published, ["net_sales"], start=date(2026, 3, 4), end=date(2026, 3, 3), tenant="acme")


def test_before_the_first_build_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoBuildError, match="takings run"):
        ask(tmp_path / "published", ["net_sales"])


def test_incomplete_build_is_refused(published: Path, tmp_path: Path) -> None:
    broken = synthetic.copy(published, tmp_path / "published")
    (broken / "run-1" / "all.duckdb").unlink()
    with pytest.raises(NoBuildError, match="incomplete"):
        ask(broken, ["net_sales"], tenant="acme")
    (broken / "current").unlink()
    (broken / "current").symlink_to("a-run-that-is-gone")
    with pytest.raises(NoBuildError, match="incomplete"):
        ask(broken, ["net_sales"], tenant="acme")


def test_file_that_is_not_a_database_is_one_clear_error(published: Path, tmp_path: Path) -> None:
    broken = synthetic.copy(published, tmp_path / "published")
    (broken / "run-1" / "tenant-acme.duckdb").write_bytes(b"nothing of the kind" * 1000)
    with pytest.raises(NoBuildError, match="Cannot open"):
        ask(broken, ["net_sales"], tenant="acme")


def test_missing_table_is_one_clear_error(published: Path, tmp_path: Path) -> None:
    broken = synthetic.copy(published, tmp_path / "published")
    with duckdb.connect(str(broken / "run-1" / "tenant-acme.duckdb")) as connection:
        connection.execute("DROP TABLE marts.metrics_daily")
    with pytest.raises(SemanticError, match=r"Cannot query.*metrics_daily"):
        ask(broken, ["net_sales"], tenant="acme")


def test_next_question_sees_the_next_build_and_an_open_build_stays_readable(catalog: Catalog, tmp_path: Path) -> None:
    published = synthetic.publish(tmp_path / "published", catalog, shop.ROWS)
    question = "SELECT sum(orders_placed) FROM marts.metrics_daily"
    with open_build(published, "acme") as build:
        twice = {**shop.ROWS, "metrics_daily": shop.ROWS["metrics_daily"] * 2}
        synthetic.publish(published, catalog, twice, "run-2")
        assert build.rows(question) == [(3,)]
    assert ask(published, ["orders_placed"], tenant="acme").to_pylist() == [{"orders_placed": 6}]


def test_tenants_of_a_build_are_those_with_a_file(published: Path) -> None:
    assert duckdb_files.tenants(published / "current") == ["acme", "hinode"]


def test_csv_json_and_table_show_the_same_values(published: Path) -> None:
    table = ask(published, ["net_sales", "refund_rate", "orders_placed"], ["day"], tenant="acme")
    rows = list(csv.reader(io.StringIO(render(table, "csv"), newline="")))
    assert rows == [
        ["day", "net_sales", "refund_rate", "orders_placed"],
        ["2026-03-02", "42.50", "0.333333", "3"],
        ["2026-03-04", "-10.01", "", "0"],
    ]
    text = render(table, "json")
    assert json.loads(text) == [
        {"day": "2026-03-02", "net_sales": "42.50", "refund_rate": 0.333333, "orders_placed": 3},
        {"day": "2026-03-04", "net_sales": "-10.01", "refund_rate": None, "orders_placed": 0},
    ]
    shown = render(table, "table")
    assert all(part in shown for part in ("42.50", "-10.01", "33.33 %", "acme", "USD", "2026-03-09T06:00:00Z"))


def test_answer_without_rows_is_rendered(published: Path) -> None:
    table = ask(published, ["net_sales"], ["day"], start=date(2030, 1, 1), tenant="acme")
    assert render(table, "csv") == "day,net_sales\r\n"
    assert render(table, "json") == "[]\n"
    assert "net_sales" in render(table)


def test_unknown_format_is_refused(published: Path) -> None:
    with pytest.raises(UnknownNameError, match="csv, json, table"):
        render(ask(published, ["net_sales"], tenant="acme"), "xml")


def test_importing_the_query_loads_neither_dbt_nor_metricflow_nor_pandas() -> None:
    heavy = "{'dbt', 'metricflow', 'pandas', 'dagster', 'rich', 'sqlglot'}"
    code = f"import sys, semantic.query, semantic.reports.formats; sys.exit(','.join({heavy} & set(sys.modules)) or 0)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (0, "")


def test_advertising_by_campaign_keeps_parts_of_a_cent(catalog: Catalog, tmp_path: Path) -> None:
    day = date(2026, 11, 19)
    row = {"tenant_id": "acme", "campaign_name": "A", "date_day": day, "currency": "USD", "minor_units": 100}
    rows = {
        "spend": [{**row, "spend_micros": 1_234_567}, {**row, "spend_micros": 1}],
        "build_info": [{"tenant_id": "acme"}],
    }
    published = synthetic.publish(tmp_path / "published", catalog, rows)
    table = ask(published, ["campaign_spend"], ["campaign_name"])
    assert render(table, "csv") == "campaign_name,campaign_spend\r\nA,1.234568\r\n"


def test_other_definitions_answer_over_the_published_tables(published: Path, catalog: Catalog) -> None:
    changed = dataclasses.replace(catalog.metrics["net_sales"], expr="gross_sales_minor")
    definitions = Catalog(MappingProxyType({**catalog.metrics, "net_sales": changed}), catalog.marts)
    table = ask(published, ["net_sales"], tenant="acme", definitions=definitions)
    assert table.to_pylist() == [{"net_sales": Decimal("45.50")}]
    assert table.schema.metadata[b"definitions"] == definitions.version.encode() != catalog.version.encode()
    assert ask(published, ["net_sales"], tenant="acme").to_pylist() == [{"net_sales": Decimal("32.49")}]


def test_definition_with_a_column_that_is_not_built_yet_says_to_build(published: Path, catalog: Catalog) -> None:
    changed = dataclasses.replace(catalog.metrics["net_sales"], expr="gift_cards_minor")
    definitions = Catalog(MappingProxyType({**catalog.metrics, "net_sales": changed}), catalog.marts)
    with pytest.raises(SemanticError, match=r"gift_cards_minor.* `takings run`"):
        ask(published, ["net_sales"], tenant="acme", definitions=definitions)


def test_build_of_release_0_1_is_refused_with_the_command_that_replaces_it(published: Path, tmp_path: Path) -> None:
    old = synthetic.copy(published, tmp_path / "published")
    path = old / "current" / "catalog.json"
    content = json.loads(path.read_text())
    for metric in content["metrics"]:
        metric["within"] = metric.pop("non_additive_over")
    del content["release"]
    path.write_text(json.dumps({**content, "format": 1}))
    with pytest.raises(CatalogError, match=r"an older release published this build.* `takings run`"):
        ask(old, ["net_sales"], tenant="acme")
