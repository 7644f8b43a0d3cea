"""Every metric of the compiler compared with MetricFlow."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from semantic.catalog import Catalog, Metric
from tests.sampling import sample

if TYPE_CHECKING:
    from tests.semantic.oracle import Oracle


@pytest.fixture(scope="module")
def oracle(target: Path, awkward: Path) -> Oracle:
    from tests.semantic.oracle import Oracle  # MetricFlow takes a second, which each worker would need to collect

    return Oracle(target, awkward / "current" / "all.duckdb")


def metrics_of(catalog: Catalog, grain: str) -> list[Metric]:
    """The metrics that can be asked by day or by month: a mart of months has no days, a count of people no months.

    Of a mart of days "some months" are those of its first metric of each kind and unit, "month" are all.
    """
    if grain == "some months":
        by_month = metrics_of(catalog, "month")
        first = {(metric.mart, metric.kind, metric.unit): metric.name for metric in reversed(by_month)}.values()
        return [each for each in by_month if catalog.marts[each.mart].time_grain == "month" or each.name in first]
    return [
        metric
        for metric in catalog.metrics.values()
        if (mart := catalog.marts[metric.mart]).time_grain == grain
        or (grain == "month" and mart.time_column not in metric.non_additive_over)
    ]


@pytest.mark.parametrize("grain", sample(["day", "some months", "month"], "day", "some months"))
def test_every_metric_equals_metricflows_answer(catalog: Catalog, oracle: Oracle, grain: str) -> None:
    unit = grain.removeprefix("some ").removesuffix("s")
    differences = [line for metric in metrics_of(catalog, grain) for line in oracle.differences(catalog, metric, unit)]
    assert not differences, "\n".join(differences)


def test_every_metric_is_compared(catalog: Catalog) -> None:
    names = {metric.name for grain in ("day", "some months") for metric in metrics_of(catalog, grain)}
    assert names == set(catalog.metrics)


def test_synthetic_mart_has_empty_zero_and_negative_values_and_two_currencies(oracle: Oracle) -> None:
    query = """
        SELECT count(*) FILTER (gross_sales_minor IS NULL), count(*) FILTER (orders_placed = 0),
               count(*) FILTER (net_sales_minor < 0), count(DISTINCT currency)
        FROM marts.metrics_daily
    """
    empty, quiet, negative, currencies = oracle.connection.execute(query).fetchall()[0]
    assert (empty > 10, quiet > 50, negative > 10, currencies) == (True, True, True, 2)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("net_sales", {"expr": "gross_sales_minor"}),
        ("orders_placed", {"unit": "money"}),
        ("discounts", {"unit": "count"}),
        ("aov", {"inputs": ("order_value", "orders_valid")}),
        ("refund_rate", {"inputs": ("orders_placed", "orders_paid_back")}),
        ("orders_settled", {"expr": "orders_completed + orders_refunded - orders_partially_refunded"}),
        ("ltv", {"inputs": ("cohort_net_revenue", "cohort_customers")}),
        ("cpm", {"expr": "100"}),
        ("campaign_spend", {"micros": False}),
    ],
)
def test_planted_mistake_is_found(catalog: Catalog, oracle: Oracle, name: str, change: dict[str, Any]) -> None:
    wrong = dataclasses.replace(catalog.metrics[name], **change)
    planted = Catalog(MappingProxyType({**catalog.metrics, name: wrong}), catalog.marts)
    assert oracle.differences(planted, catalog.metrics[name], "month")
