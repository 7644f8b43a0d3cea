"""Metrics as SQL: the answers over rows that can be added up by hand, and what is refused."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pytest

from semantic.catalog import Catalog, Metric
from semantic.compiler import badge_expression, compile_query, expression
from semantic.errors import CompileError, RangeError, UnknownNameError


def one(sql_expression: str, rows: str) -> Any:
    """The value of an aggregate over hand-written rows."""
    return duckdb.sql(f"SELECT {sql_expression} FROM ({rows})").fetchall()[0][0]


def with_metric(catalog: Catalog, **changes: Any) -> Catalog:
    """The catalog with one more metric, a changed copy of net_sales."""
    metric = dataclasses.replace(catalog.metrics["net_sales"], name="extra", **changes)
    return Catalog(MappingProxyType({**catalog.metrics, "extra": metric}), catalog.marts)


def test_very_large_sum_of_money_is_exact_to_the_minor_unit(catalog: Catalog) -> None:
    rows = "SELECT 'KWD' AS currency, 1000 AS minor_units, 9007199254740993 AS net_sales_minor FROM range(3)"
    assert one(expression(catalog, "net_sales"), rows) == Decimal("27021597764222.979")


@pytest.mark.parametrize(("currency", "minor_units", "value"), [("JPY", 1, "12345"), ("USD", 100, "123.45")])
def test_money_is_in_units_of_its_currency(catalog: Catalog, currency: str, minor_units: int, value: str) -> None:
    rows = f"SELECT '{currency}' AS currency, {minor_units} AS minor_units, 12345 AS net_sales_minor"
    assert one(expression(catalog, "net_sales"), rows) == Decimal(value)


@pytest.mark.parametrize("metric", ["net_sales", "aov"])
def test_sum_over_two_currencies_is_empty(catalog: Catalog, metric: str) -> None:
    rows = """
        SELECT * FROM (VALUES ('USD', 100, 100, 100, 1), ('EUR', 100, 100, 100, 1))
        AS t(currency, minor_units, net_sales_minor, order_value_minor, orders_placed)
    """
    assert one(expression(catalog, metric), rows) is None


def test_ratio_divides_sums_and_is_empty_where_the_denominator_is_zero(catalog: Catalog) -> None:
    rows = "SELECT * FROM (VALUES (1, 1), (0, 9)) AS t(orders_paid_back, orders_placed)"
    assert one(expression(catalog, "refund_rate"), rows) == pytest.approx(0.1)  # the average of the rates is 0.5
    assert one(expression(catalog, "refund_rate"), "SELECT 0 AS orders_paid_back, 0 AS orders_placed") is None


@pytest.mark.parametrize(
    ("refunded", "settled", "colour"),
    [
        (0, 100, "green"),
        (5, 100, "green"),
        (1, 20, "green"),
        (501, 10_000, "yellow"),
        (10, 100, "yellow"),
        (3, 30, "yellow"),
        (1001, 10_000, "red"),
        (0, 0, None),
    ],
)
def test_badge_changes_just_above_five_and_ten_percent(
    catalog: Catalog, refunded: int, settled: int, colour: str | None
) -> None:
    rows = f"""
        SELECT {refunded} AS orders_refunded, 0 AS orders_partially_refunded, {settled - refunded} AS orders_completed
    """
    assert one(badge_expression(catalog, "refund_rate_by_status"), rows) == colour


def test_metric_without_thresholds_has_no_badge(catalog: Catalog) -> None:
    with pytest.raises(CompileError, match="has no badge"):
        badge_expression(catalog, "net_sales")


def test_cohort_metric_is_empty_over_several_month_numbers(catalog: Catalog) -> None:
    rows = "SELECT * FROM (VALUES (0, 10), (1, 10)) AS t(month_number, customers)"
    assert one(expression(catalog, "cohort_customers"), rows) is None
    assert one(expression(catalog, "cohort_customers"), f"{rows} WHERE month_number = 1") == 10


def test_micros_are_exact_and_divided_in_the_last_step(catalog: Catalog) -> None:
    """Three rows of a third of a cent each: rounded one by one they would be 0.00, together they are a cent."""
    rows = """
        SELECT 'USD' AS currency, 100 AS minor_units, 3334 AS spend_micros, 2 AS clicks, 10 AS impressions,
            6668 AS purchase_value_micros
        FROM range(3)
    """
    assert one(expression(catalog, "campaign_spend"), rows) == Decimal("0.010002")
    assert one(expression(catalog, "campaign_cpc"), rows) == pytest.approx(0.001667)
    assert one(expression(catalog, "campaign_cpm"), rows) == pytest.approx(0.3334)
    assert one(expression(catalog, "campaign_roas"), rows) == pytest.approx(2)


def test_cpm_is_in_units_of_its_currency(catalog: Catalog) -> None:
    rows = "SELECT 'JPY' AS currency, 1 AS minor_units, 250 AS ad_spend_minor, 5000 AS impressions"
    assert one(expression(catalog, "cpm"), rows) == pytest.approx(50)
    assert one(expression(catalog, "cpm"), rows.replace("5000", "0")) is None


def test_ratio_of_minor_units_and_micros_is_refused(catalog: Catalog) -> None:
    money = dataclasses.replace(catalog.metrics["campaign_spend"], micros=False, name="half")
    ratio = dataclasses.replace(catalog.metrics["campaign_roas"], inputs=("campaign_purchase_value", "half"))
    mixed = Catalog(MappingProxyType({**catalog.metrics, "half": money, "campaign_roas": ratio}), catalog.marts)
    with pytest.raises(CompileError, match="Divide amounts of one scale"):
        expression(mixed, "campaign_roas")


def test_people_are_counted_per_day_or_over_a_single_day(catalog: Catalog) -> None:
    day = date(2026, 5, 1)
    assert "MIN(date_day) = MAX(date_day)" in compile_query(catalog, ["mau"], by=["day"])
    assert compile_query(catalog, ["mau"], start=day, end=day)
    for by, end in ([], date(2026, 5, 2)), (["month"], date(2026, 5, 31)), ([], None):
        with pytest.raises(CompileError, match="Ask by day too"):
            compile_query(catalog, ["mau"], by=by, start=day, end=end)


def test_funnel_count_is_asked_by_funnel_and_step(catalog: Catalog) -> None:
    assert compile_query(catalog, ["funnel_count"], by=["funnel", "step"])
    with pytest.raises(CompileError, match="Ask by funnel too"):
        compile_query(catalog, ["funnel_count"], by=["step"])


def test_unknown_metric_is_refused_with_similar_names(catalog: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean net_sales"):
        expression(catalog, "netsales")


@pytest.mark.parametrize(
    ("metrics", "by", "message"),
    [
        (["net_sales", "product_revenue"], ["channel"], "cannot be grouped by it together"),
        (["net_sales"], ["product_key"], "cannot be grouped by it"),
        (["ltv"], ["month"], "Ask by month_number too"),
        (["ltv"], ["day", "month_number"], "Ask by month or longer"),
        (["net_sales"], ["day", "month"], "names two periods"),
        ([], ["day"], "no metric is named"),
    ],
)
def test_question_without_an_answer_is_refused(
    catalog: Catalog, metrics: list[str], by: list[str], message: str
) -> None:
    with pytest.raises((CompileError, UnknownNameError), match=message):
        compile_query(catalog, metrics, by=by)


def test_range_that_ends_before_it_starts_is_refused(catalog: Catalog) -> None:
    with pytest.raises(RangeError, match="Swap the two dates"):
        compile_query(catalog, ["net_sales"], start=date(2026, 2, 1), end=date(2026, 1, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other", "expr": "it is cumulative"},
        {"kind": "ratio", "inputs": ("aov", "orders_placed")},
        {"kind": "derived", "expr": "net_sales + orders_placed", "inputs": ("net_sales", "orders_placed")},
        {"kind": "derived", "expr": "net_sales * 2", "inputs": ("net_sales",)},
        {"kind": "derived", "expr": "net_sales / gross_sales", "inputs": ("net_sales", "gross_sales")},
    ],
)
def test_metric_that_is_not_one_expression_is_refused(catalog: Catalog, changes: dict[str, Any]) -> None:
    with pytest.raises(CompileError):
        expression(with_metric(catalog, **changes), "extra")


def test_metrics_of_several_marts_are_joined_without_counting_a_row_twice(catalog: Catalog) -> None:
    with duckdb.connect() as db:
        db.execute("CREATE SCHEMA marts")
        db.execute("""
            CREATE TABLE marts.metrics_daily AS SELECT * FROM (VALUES
              ('t', DATE '2026-01-05', 'USD', 100, 1000, 'web'), ('t', DATE '2026-01-05', 'USD', 100, 500, 'pos'),
              ('t', DATE '2026-02-01', 'USD', 100, 70, 'web'))
            AS v(tenant_id, date_day, currency, minor_units, net_sales_minor, channel)
        """)
        db.execute("""
            CREATE TABLE marts.product_daily AS SELECT * FROM (VALUES
              ('t', DATE '2026-01-05', 'USD', 100, 900, 'a'), ('t', DATE '2026-01-06', 'USD', 100, 10, 'b'),
              ('t', DATE '2026-03-01', 'USD', 100, 1, 'b'))
            AS v(tenant_id, date_day, currency, minor_units, product_revenue_minor, product_key)
        """)
        rows = db.execute(compile_query(catalog, ["net_sales", "product_revenue"], by=["month"])).fetchall()
    assert rows == [
        (date(2026, 1, 1), Decimal(15), Decimal("9.1")),
        (date(2026, 2, 1), Decimal("0.7"), None),
        (date(2026, 3, 1), None, Decimal("0.01")),
    ]


def test_tenant_name_is_quoted_as_a_value(catalog: Catalog) -> None:
    assert "tenant_id = 'a'' OR 1=1 --'" in compile_query(catalog, ["net_sales"], tenant="a' OR 1=1 --")


def test_ratio_over_two_marts_is_refused(target: Path, catalog: Catalog) -> None:
    assert isinstance(catalog.metrics["aov"], Metric)
    from semantic import catalog as catalogs

    semantic = catalogs._json(target / "semantic_manifest.json")
    aov = next(item for item in semantic["metrics"] if item["name"] == "aov")
    aov["type_params"]["numerator"]["name"] = "product_revenue"
    changed = catalogs.read_manifests(semantic, catalogs._json(target / "manifest.json"))
    with pytest.raises(CompileError, match="metrics_daily and product_daily"):
        expression(changed, "aov")
