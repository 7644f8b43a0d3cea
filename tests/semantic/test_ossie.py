"""The exported definitions fit the published schema, and their expressions give the numbers of `takings query`."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from orchestration import cli
from semantic import ossie
from semantic.catalog import Catalog
from semantic.errors import CompileError, UnknownNameError
from semantic.query import answer
from semantic.warehouse import open_build
from tests.orchestration.installation import published_shops

SCHEMA = json.loads((Path(__file__).parent / "standards" / "ossie-schema.json").read_text())


@pytest.fixture(scope="module")
def model(catalog: Catalog) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(ossie.dumps(catalog))
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)] == []
    (only,) = document["semantic_model"]
    assert isinstance(only, dict)
    return only


def test_every_mart_and_metric_is_there_with_its_description(model: dict[str, Any], catalog: Catalog) -> None:
    assert [item["name"] for item in model["datasets"]] == sorted(catalog.marts)
    assert [item["name"] for item in model["metrics"]] == sorted(set(catalog.metrics) - set(ossie.missing(catalog)))
    assert len(model["metrics"]) > 100
    for item in [
        *model["datasets"],
        *model["metrics"],
        *(field for mart in model["datasets"] for field in mart["fields"]),
    ]:
        assert item["description"]
    fields = {field["name"]: field for mart in model["datasets"] if mart["name"] == "metrics_daily"
              for field in mart["fields"]}  # fmt: skip
    assert fields["date_day"]["dimension"] == {"is_time": True} and fields["date_day"]["datatype"] == "Date"
    assert fields["channel"]["dimension"] == {"is_time": False} and "dimension" not in fields["net_sales_minor"]


def test_metric_says_what_its_readers_need(model: dict[str, Any]) -> None:
    metrics = {item["name"]: item for item in model["metrics"]}
    ltv = metrics["ltv"]
    assert ltv["ai_context"]["instructions"].startswith("Not additive: ask by month_number too")
    assert "MIN(cohorts.month_number) = MAX(cohorts.month_number)" in _sql(ltv)
    sales = metrics["net_sales"]
    assert sales["ai_context"]["synonyms"] == ["Net sales"] and sales["datatype"] == "Decimal"
    assert _sql(sales).startswith("CASE WHEN MIN(metrics_daily.currency) = MAX(metrics_daily.currency) THEN")
    assert json.loads(sales["custom_extensions"][0]["data"])["unit"] == "money"


def _sql(metric: dict[str, Any]) -> str:
    (dialect,) = metric["expression"]["dialects"]
    assert dialect["dialect"] == "ANSI_SQL"
    return str(dialect["expression"])


def test_every_expression_gives_the_number_of_the_query(model: dict[str, Any]) -> None:
    """Over all days where the metric is additive; else over one month or day at a time, by the query's own rows."""
    compared = 0
    with open_build(published_shops().home.published, "aurora") as build:
        for metric in model["metrics"]:
            mart = build.catalog.marts[json.loads(metric["custom_extensions"][0]["data"])["dataset"]]
            (value,) = build.rows(f"SELECT {_sql(metric)} FROM marts.{mart.name}")[0]
            try:
                expected = answer(build, [metric["name"]]).column(0)[0].as_py()
            except CompileError:
                expected = None  # it must not be added up
                rows = build.rows(f"SELECT count(*) FROM marts.{mart.name}")[0][0]
                if rows <= 1:
                    continue
            else:
                compared += expected is not None
            assert (value is None) == (expected is None), metric["name"]
            if isinstance(expected, Decimal):
                assert Decimal(str(value)) == expected
            elif expected is not None:
                assert value == expected
    assert compared > 40


def test_names_in_quotes_are_no_columns(catalog: Catalog) -> None:
    mart = catalog.marts["metrics_daily"]
    assert ossie.qualified("SUM(CASE WHEN channel = 'channel' THEN 1 END)", mart) == (
        "SUM(CASE WHEN metrics_daily.channel = 'channel' THEN 1 END)"
    )


def test_chosen_metrics_come_with_their_marts_alone(catalog: Catalog) -> None:
    (model,) = ossie.document(catalog, ["aov", "mrr"])["semantic_model"]
    assert [item["name"] for item in model["metrics"]] == ["aov", "mrr"]
    assert [item["name"] for item in model["datasets"]] == ["metrics_daily", "mrr_monthly"]
    with pytest.raises(UnknownNameError):
        ossie.document(catalog, ["no_metric"])


def test_same_definitions_give_the_same_bytes(catalog: Catalog) -> None:
    reordered = Catalog(dict(reversed(catalog.metrics.items())), dict(reversed(catalog.marts.items())))
    text = re.sub(r'"definitions_version": "\w+"', "", ossie.dumps(catalog))
    assert re.sub(r'"definitions_version": "\w+"', "", ossie.dumps(reordered)) == text
    assert date.today().isoformat() not in text


def test_command_writes_the_definitions_of_the_published_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKINGS_HOME", str(published_shops().home.root))
    result = CliRunner().invoke(cli.app, ["metrics", "net_sales", "--format", "ossie"])
    (model,) = yaml.safe_load(result.stdout)["semantic_model"]
    assert [item["name"] for item in model["metrics"]] == ["net_sales"] and result.stderr == ""
