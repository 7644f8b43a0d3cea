"""The offline check: what ships is clean, and each kind of mistake is found and named."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from semantic.catalog import Catalog
from superset_assets import bundle
from superset_assets.errors import InvalidAssetsError
from superset_assets.validate import ensure, validate

CHART, BOARD = "charts/revenue_by_day.yaml", "dashboards/store_performance.yaml"
GAUGE, FUNNEL = "charts/mrr_target.yaml", "charts/order_funnel.yaml"
DATASET = "datasets/warehouse/metrics_daily.yaml"
Plant = Callable[[bundle.Assets], Any]
SQL = {"expressionType": "SQL", "sqlExpression": "1"}


def filters(assets: bundle.Assets) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = assets[BOARD]["metadata"]["native_filter_configuration"]
    return found


def tile(assets: bundle.Assets) -> dict[str, Any]:
    found: dict[str, Any] = assets[BOARD]["position"]["CHART-net_sales"]["meta"]
    return found


def test_what_ships_has_no_problem(catalog: Catalog) -> None:
    assert [str(problem) for problem in validate(bundle.read(), catalog)] == []


def test_a_catalog_that_lost_a_metric_stops_everything_before_superset_is_asked(catalog: Catalog) -> None:
    ensure(catalog)
    metrics = {name: metric for name, metric in catalog.metrics.items() if name != "units_sold"}
    with pytest.raises(InvalidAssetsError, match=r"charts/units_sold.yaml: metric names 'units_sold'"):
        ensure(Catalog(metrics, catalog.marts))


MISTAKES: dict[str, tuple[str, str, Plant]] = {
    "uuid of another name": (CHART, "not the one of its name", lambda a: a[CHART].update(uuid="x")),
    "dataset in no file": (CHART, "is in no file", lambda a: a[CHART].update(dataset_uuid="x")),
    "database in no file": (DATASET, "is in no file", lambda a: a[DATASET].update(database_uuid="x")),
    "unknown metric": (CHART, "'order_revenu'", lambda a: a[CHART]["params"]["metrics"].append("order_revenu")),
    "metric of another dataset": (CHART, "'retention'", lambda a: a[CHART]["params"]["metrics"].append("retention")),
    "unknown column": (CHART, "'day'", lambda a: a[CHART]["params"].update(x_axis="day")),
    "unknown column in a filter": (
        CHART, "'day'", lambda a: a[CHART]["params"]["adhoc_filters"][0].update(subject="day"),
    ),
    "formula as a metric": (
        CHART, "formula", lambda a: a[CHART]["params"]["metrics"].append(SQL),
    ),
    "unknown column to sort by": (
        GAUGE, "'week'", lambda a: a[GAUGE]["params"].update(order_by_cols=['["week", false]']),
    ),
    "months added up": (GAUGE, "several values of date_month", lambda a: a[GAUGE]["params"].update(groupby=[])),
    "funnels added up": (FUNNEL, "several values of funnel", lambda a: a[FUNNEL]["params"]["adhoc_filters"].pop()),
    "filter in SQL": (
        CHART, "in SQL", lambda a: a[CHART]["params"]["adhoc_filters"].append({"expressionType": "SQL"}),
    ),
    "chart type that is gone": (CHART, "'dist_bar'", lambda a: a[CHART].update(viz_type="dist_bar")),
    "no description": (CHART, "no description", lambda a: a[CHART].update(description="")),
    "format of something not shown": (
        "charts/top_customers.yaml", "'spend'",
        lambda a: a["charts/top_customers.yaml"]["params"]["column_config"].update(spend={}),
    ),
    "column that the mart lost": (
        DATASET, "no column gone", lambda a: a[DATASET]["columns"].append({"column_name": "gone"}),
    ),
    "formula in a column": (
        DATASET, "column channel holds a formula",
        lambda a: next(c for c in a[DATASET]["columns"] if c["column_name"] == "channel").update(expression="1"),
    ),
    "metric that the catalog lost": (
        DATASET, "no metric gone", lambda a: a[DATASET]["metrics"].append({"metric_name": "gone", "expression": "1"}),
    ),
    "formula of its own": (DATASET, "the formula of", lambda a: a[DATASET]["metrics"][0].update(expression="SUM(1)")),
    "metric left out": (DATASET, "is missing", lambda a: a[DATASET]["metrics"].pop()),
    "mart that is gone": (DATASET, "no mart is called gone", lambda a: a[DATASET].update(table_name="gone")),
    "numeric id": (BOARD, "a number of one Superset", lambda a: tile(a).update(chartId=7)),
    "numeric id in params": (
        CHART, "a number of one Superset", lambda a: a[CHART]["params"].update(datasource="3__table"),
    ),
    "numbers of expanded charts": (
        BOARD, "a number of one Superset", lambda a: a[BOARD]["metadata"].update(expanded_slices={"7": True}),
    ),
    "host": ("databases/warehouse.yaml", "host", lambda a: a["databases/warehouse.yaml"].update(sqlalchemy_uri="duckdb:////x")),
    "path": (CHART, "host or a path", lambda a: a[CHART].update(description="see /home/me/notes")),
    "filter on a lost dataset": (BOARD, "in no file", lambda a: filters(a)[1]["targets"][0].update(datasetUuid="x")),
    "filter on a lost column": (BOARD, "'shop'", lambda a: filters(a)[1]["targets"][0]["column"].update(name="shop")),
    "filter over a lost row": (BOARD, "ROW-gone", lambda a: filters(a)[0]["scope"]["rootPath"].append("ROW-gone")),
    "tile held by nothing": (BOARD, "held by nothing", lambda a: a[BOARD]["position"]["ROW-kpi"]["children"].pop()),
    "child that is not there": (
        BOARD, "not in the layout", lambda a: a[BOARD]["position"]["ROW-kpi"]["children"].append("CHART-gone"),
    ),
    "tile with other parents": (
        BOARD, "other parents", lambda a: a[BOARD]["position"]["CHART-net_sales"].update(parents=["ROOT_ID"]),
    ),
    "row too wide": (BOARD, "14 columns wide", lambda a: tile(a).update(width=4)),
    "tile of a lost chart": (
        BOARD, "in no file", lambda a: tile(a).update(uuid="x"),
    ),
    "tile with another title": (
        BOARD, "is titled", lambda a: tile(a).update(sliceName="Sales"),
    ),
    "chart that no dashboard shows": (
        "charts/units_sold.yaml", "no dashboard", lambda a: a[BOARD]["position"].pop("CHART-units_sold"),
    ),
    "colour of no metric": (
        BOARD, "has a colour", lambda a: a[BOARD]["metadata"]["label_colors"].update(Turnover="#fff"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found_in_its_file_and_comes_with_advice(mistake: str, catalog: Catalog) -> None:
    file, words, plant = MISTAKES[mistake]
    assets = copy.deepcopy(bundle.read())
    plant(assets)
    found = [problem for problem in validate(assets, catalog) if problem.file == file and words in problem.what]
    assert found, [str(problem) for problem in validate(assets, catalog)]
    assert all(problem.advice for problem in found)
