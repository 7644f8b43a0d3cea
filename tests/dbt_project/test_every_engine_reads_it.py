"""The parsers of DuckDB, PostgreSQL and Spark read every model, test and metric, each in the form for its engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import sqlglot
import yaml

from tests.dbt_project.rendered import DBT, ENGINES, Engine

METRICS = DBT.parent / "semantic" / "metrics"
FILES = sorted([*(DBT / "models").rglob("*.sql"), *(DBT / "tests").glob("*.sql")])
YAML = sorted([*METRICS.glob("*.yml"), *(DBT / "models").rglob("*.yml")])

engine_named = cache(Engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_reads_every_model_and_test(engine: str) -> None:
    assert len(FILES) > 150
    refused = {path.stem: fault for path in FILES if (fault := fault_of(engine_named(engine).sql(path), engine))}
    assert refused == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_reads_every_expression_of_a_metric(engine: str) -> None:
    expressions = {text for path in YAML for text in expressions_of(yaml.safe_load(path.read_text(encoding="utf-8")))}
    assert len(expressions) > 100
    refused = {text: fault for text in expressions if (fault := fault_of(f"select {text} as value from mart", engine))}
    assert refused == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_reads_every_generic_test(engine: str) -> None:
    calls = {call for path in YAML for call in checks_of(yaml.safe_load(path.read_text(encoding="utf-8")))}
    assert len(calls) > 50
    texts = {call: engine_named(engine).call(call[0], "mart", list(call[1])) for call in calls}
    assert {call: fault for call, text in texts.items() if (fault := fault_of(text, engine))} == {}


@pytest.mark.parametrize(
    ("sql", "engine"),
    [
        ("select (array_agg(a order by b))[1 from t", "postgres"),
        ("select a // 2 from t", "postgres"),
        ("select a from t where (b = 1", "spark"),
    ],
)
def test_what_an_engine_does_not_read_is_found(sql: str, engine: str) -> None:
    assert fault_of(sql, engine)


def test_each_engine_gets_its_own_form() -> None:
    forms = {name: engine_named(name).call("float_type").strip() for name in ENGINES}
    assert forms == {"duckdb": "double", "postgres": "double precision", "spark": "double"}


def fault_of(sql: str, engine: str) -> str:
    """The first line of what the engine's parser says; empty where it reads the text."""
    try:
        sqlglot.parse_one(sql, dialect=engine)
    except sqlglot.errors.SqlglotError as error:
        return str(error).splitlines()[0]
    return ""


def expressions_of(node: Any) -> Iterator[str]:
    """What metrics, entities and filters say in SQL, with a column for each of MetricFlow's dimensions."""
    if isinstance(node, list):
        for entry in node:
            yield from expressions_of(entry)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ("expr", "filter", "where") and isinstance(value, str | int):
                yield re.sub(r"\{\{.*?\}\}", "dimension", str(value))
            else:
                yield from expressions_of(value)


def checks_of(node: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Our own generic tests of marts: the name and its columns."""
    if isinstance(node, list):
        for entry in node:
            yield from checks_of(entry)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ("unique_combination", "no_nulls"):
                columns = value["arguments"]["columns"]
                yield name, ("a", "b") if columns == "all" else tuple(columns)
            yield from checks_of(value)
