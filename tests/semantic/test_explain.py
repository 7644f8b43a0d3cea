"""A change is explained by parts that add up to it exactly, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.comparison import Comparison
from semantic import query
from semantic.catalog import Catalog
from semantic.errors import CompileError, UnknownNameError
from semantic.explain import document, explain
from semantic.warehouse import Build, open_build
from tests.orchestration.installation import published_shops
from tests.semantic import synthetic

BOTH = Comparison((date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 1, 1), date(2026, 1, 31)))


@pytest.fixture(scope="module")
def build() -> Iterator[Build]:
    with open_build(published_shops().home.published, "aurora") as build:
        yield build


def totals(metric: str, by: str = "", filters: Any = None) -> list[dict[Any, Any]]:
    """The query's values of both periods, by the dimension's value."""
    answers = []
    for first, last in (BOTH.now, BOTH.before):
        table = query.ask(
            published_shops().home.published, [metric], [by] if by else [], start=first, end=last, tenant="aurora",
            filters=filters or {},
        )  # fmt: skip
        answers.append({row.get(by): row[metric] for row in table.to_pylist()})
    return answers


@pytest.mark.parametrize(
    ("metric", "by"),
    [("net_sales", "channel"), ("orders_placed", "channel"), ("detail_net_sales", "country"),
     ("product_net_sales", "product_key"), ("total_sales", "revenue_source"), ("refunded_amount", "source"),
     ("detail_net_sales", "customer_kind"), ("net_sales", "currency")],
)  # fmt: skip
def test_parts_are_the_querys_values_and_add_up_to_the_change(build: Build, metric: str, by: str) -> None:
    result = explain(build, metric, by, BOTH)
    (now, before), (whole_now, whole_before) = totals(metric, by), totals(metric)
    assert (result.value, result.previous) == (whole_now[None], whole_before[None])
    assert result.difference == result.value - result.previous == sum(part.difference for part in result.parts)
    assert {part.key: (part.value, part.previous) for part in result.parts} == {
        key: (now.get(key, 0), before.get(key, 0)) for key in {**now, **before} if now.get(key, 0) != before.get(key, 0)
    }
    sizes = [abs(part.difference) for part in result.parts]
    assert sizes == sorted(sizes, reverse=True) and result.others == 0
    if result.difference:
        assert sum(part.share or 0 for part in result.parts) == pytest.approx(1)


def test_parts_beyond_the_limit_are_added_up(build: Build) -> None:
    every, short = (explain(build, "product_net_sales", "product_key", BOTH, most=most) for most in (100, 2))
    assert short.parts == every.parts[:2] and short.others == len(every.parts) - 2 > 0
    assert short.others_difference == sum(part.difference for part in every.parts[2:])
    content = document(short, 2)
    listed = [*(part["difference"] for part in content["parts"]), content["others"]["difference"]]
    assert sum(map(Decimal, listed)) == Decimal(content["difference"])
    assert all(len(text.partition(".")[2]) == 2 for text in listed)


def test_product_has_the_name_that_people_know(build: Build) -> None:
    labels = {part.label for part in explain(build, "product_net_sales", "product_key", BOTH).parts}
    titles = {title for (title,) in published_shops().ask("select distinct product_title from marts.product_daily",
                                                          file="tenant-aurora")}  # fmt: skip
    assert labels <= titles and len(labels) > 1


def test_filters_hold_for_whole_and_parts(build: Build) -> None:
    filters = {"channel": ("Online store",)}
    result = explain(build, "net_sales", "revenue_source", BOTH, filters=filters)
    now, before = totals("net_sales", filters=filters)
    assert (result.value, result.previous) == (now[None], before[None])


@pytest.mark.parametrize(
    ("metric", "by", "words"),
    [
        ("aov", "channel", "it is a ratio.*Explain order_value and orders_placed"),
        ("net_sales", "month", "a period is not a dimension"),
        ("ad_spend", "channel", "no source has delivered a number of it"),
        ("mau", "tenant_id", "Cannot|no source"),
    ],
)
def test_what_has_no_parts_is_refused_with_the_reason(build: Build, metric: str, by: str, words: str) -> None:
    with pytest.raises(CompileError, match=words):
        explain(build, metric, by, BOTH)


def test_unknown_dimension_is_named(build: Build) -> None:
    with pytest.raises(UnknownNameError, match="channel"):
        explain(build, "net_sales", "chanel", BOTH)


def test_days_without_rows_are_zero(build: Build) -> None:
    earlier = Comparison(BOTH.now, (date(2025, 2, 1), date(2025, 2, 28)))
    result = explain(build, "net_sales", "channel", earlier)
    assert (result.previous, result.change) == (0, None) and result.difference == result.value
    assert document(result, 2)["previous"] == "0.00"


def test_amounts_of_two_currencies_are_not_explained(catalog: Catalog, tmp_path: Path) -> None:
    """Their sum is empty: it must not become zero."""
    rows: list[dict[str, Any]] = [
        {"tenant_id": "acme", "date_day": date(2026, 2, 3), "channel": "Online store", "source": "shopify",
         "revenue_source": "Shopify", "currency": currency, "minor_units": 100, "net_sales_minor": 500}
        for currency in ("USD", "EUR")
    ]  # fmt: skip
    synthetic.publish(tmp_path, catalog, {"metrics_daily": rows})
    with open_build(tmp_path, "acme") as build:
        for by in ("channel", "currency"):
            with pytest.raises(CompileError, match="is unknown from 2026-02-01"):
                explain(build, "net_sales", by, BOTH)
