"""Filters: the rows that they choose, what is refused, and values that look like SQL."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import duckdb
import pytest

from semantic.catalog import Catalog, Column, Mart
from semantic.compiler import compile_query
from semantic.errors import CompileError, SemanticError, UnknownNameError
from semantic.filters import conditions, literal, parse
from semantic.query import ask

MART = Mart(
    "things", "",
    (Column("name", "varchar", ""), Column("place", "integer", ""), Column("open", "boolean", ""),
     Column("day", "date", ""), Column("weight", "double", "")),
    None, ("name", "place", "open", "day", "weight"),
)  # fmt: skip
ROWS = """
    (1, 'a', 3, true, DATE '2026-01-02'), (2, 'it''s', -3, false, DATE '2026-01-03'), (3, NULL, NULL, NULL, NULL),
    (4, '', 0, true, DATE '2026-01-02'), (5, '\\', 9, false, NULL), (6, 'a\\'' OR 1=1 --', 1, true, NULL)
"""


def chosen(**filters: list[str]) -> list[int]:
    """The numbers of the rows of ROWS that these filters leave."""
    where = " AND ".join(conditions(MART, filters))
    rows = f"(VALUES {ROWS}) AS t(number, name, place, open, day)"
    return [number for (number,) in duckdb.sql(f"SELECT number FROM {rows} WHERE {where} ORDER BY 1").fetchall()]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"name": ["a"]}, [1]),
        ({"name": ["a", "it's"]}, [1, 2]),
        ({"name": [""]}, [3, 4]),
        ({"name": ["a", ""]}, [1, 3, 4]),
        ({"name": ["\\"]}, [5]),
        ({"name": ["a\\' OR 1=1 --"]}, [6]),
        ({"name": ["A"]}, []),
        ({"place": ["3", "-3"]}, [1, 2]),
        ({"place": [""]}, [3]),
        ({"place": ["9" * 40]}, []),
        ({"open": ["false"]}, [2, 5]),
        ({"day": ["2026-01-02"]}, [1, 4]),
        ({"day": ["9999-12-31"]}, []),
        ({"open": ["true"], "day": ["2026-01-02"], "name": ["a"]}, [1]),
    ],
)
def test_filter_leaves_the_rows_with_its_values(filters: dict[str, list[str]], numbers: list[int]) -> None:
    assert chosen(**filters) == numbers


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("open", "yes", "Write true or false"),
        ("place", "3.0", "Write it as 3"),
        ("place", "1 OR 1=1", "whole numbers"),
        ("place", "٣", "whole numbers"),
        ("day", "11/12/2026", "Write it as 2026-11-28"),
        ("day", "2026-02-30", "days"),
        ("weight", "1.5", "has it as double"),
        ("name", "a\x00b", "characters that no text has"),
        ("name", "\ud800", "characters that no text has"),
    ],
)
def test_value_that_no_row_can_have_is_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        conditions(MART, {name: [value]})


def test_filter_without_values_is_refused() -> None:
    with pytest.raises(CompileError, match="has no value"):
        conditions(MART, {"name": []})


def test_literal_holds_no_backslash_that_spark_would_read_as_an_escape() -> None:
    text = "a\\' OR '1'='1"
    assert "\\" not in literal(text)
    assert duckdb.sql(f"SELECT {literal(text)}").fetchall() == [(text,)]


def test_filters_are_written_as_name_and_values() -> None:
    texts = ["country=DE, FR", "country=DE,IT", 'product_title="Tent, blue",Lamp', "campaign=", "name=a=b"]
    assert parse(texts) == {
        "country": ("DE", "FR", "IT"), "product_title": ("Tent, blue", "Lamp"), "campaign": ("",), "name": ("a=b",),
    }  # fmt: skip


@pytest.mark.parametrize("text", ["country", "=DE", "country=DE,", "country=,", 'name="open', "name=a\nb"])
def test_text_that_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(CompileError, match="Cannot filter by"):
        parse([text])


def test_filtered_answer_is_that_of_the_same_group(published: Path) -> None:
    """On the 2nd, 12.50 of 42.50 were sold in the shop; shop.py has the rows."""
    days = {"start": date(2026, 3, 2), "end": date(2026, 3, 2), "tenant": "acme"}
    point_of_sale = ask(published, ["net_sales", "aov"], filters={"channel": ["Point of sale"]}, **days)
    assert point_of_sale.to_pylist() == [{"net_sales": Decimal("12.50"), "aov": 12.5}]
    both = ask(published, ["net_sales"], filters={"channel": ["Point of sale", "Online store"]}, **days)
    assert both.to_pylist() == [{"net_sales": Decimal("42.50")}]
    largest = ask(published, ["net_sales"], ["channel"], order=["-net_sales"], limit=1, **days)
    assert largest.to_pylist() == [{"channel": "Online store", "net_sales": Decimal("30.00")}]


def test_filter_applies_to_every_mart_of_a_question(published: Path) -> None:
    with pytest.raises(UnknownNameError, match="cannot be filtered by it"):
        ask(published, ["net_sales", "product_revenue"], filters={"channel": ["Online store"]}, tenant="acme")
    with pytest.raises(UnknownNameError, match="Did you mean channel"):
        ask(published, ["net_sales"], filters={"chanel": ["Online store"]}, tenant="acme")
    shopify = ask(published, ["net_sales", "product_revenue"], filters={"source": ["none"]}, tenant="acme")
    assert shopify.to_pylist() == [{"net_sales": None, "product_revenue": None}]


def test_filter_of_one_value_counts_as_grouping_and_of_several_does_not(catalog: Catalog) -> None:
    question = {"metrics": ["retention"], "by": ["month"]}
    assert "month_number IN (3)" in compile_query(catalog, **question, filters={"month_number": ["3"]})  # type: ignore[arg-type]
    for values in (["3", "4"], [""], ["3", ""]):
        with pytest.raises(CompileError, match="or filter by one month_number"):
            compile_query(catalog, **question, filters={"month_number": values})  # type: ignore[arg-type]


def test_period_is_no_filter(catalog: Catalog) -> None:
    with pytest.raises(CompileError, match="Choose a first and a last day"):
        compile_query(catalog, ["net_sales"], filters={"month": ["2026-11-01"]})


def test_filter_cannot_reach_another_tenant(published: Path) -> None:
    for value in ("hinode", "' OR 1=1 --", "\\' OR 1=1 --"):
        table = ask(published, ["orders_placed"], filters={"tenant_id": [value]}, tenant="acme")
        assert table.to_pylist() == [{"orders_placed": None}]


def test_dimension_that_is_no_text_number_or_day_is_refused(catalog: Catalog) -> None:
    mart = catalog.marts["metrics_daily"]
    columns = tuple(dataclasses.replace(item, type="json") if item.name == "channel" else item for item in mart.columns)
    marts = MappingProxyType({**catalog.marts, mart.name: dataclasses.replace(mart, columns=columns)})
    with pytest.raises(SemanticError, match="has it as json"):
        compile_query(Catalog(catalog.metrics, marts), ["net_sales"], filters={"channel": ["a"]})
