"""The offline check of the expanded bundle: ours has no problem, and each kind of mistake is found and named."""

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from semantic.catalog import Catalog
from superset_assets import bundle, decisions
from superset_assets.errors import InvalidAssetsError
from superset_assets.validate import checked, validate

CHART, BOARD = "charts/revenue_by_day.yaml", "dashboards/store_performance.yaml"
GAUGE, FUNNEL = "charts/mrr_target.yaml", "charts/order_funnel.yaml"
DATABASE, DATASET = "databases/warehouse.yaml", "datasets/warehouse/metrics_daily.yaml"
Plant = Callable[[bundle.Assets], Any]
SQL = {"expressionType": "SQL", "sqlExpression": "1"}


@pytest.fixture(scope="module")
def ours(catalog: Catalog) -> bundle.Assets:
    """Our assets, expanded."""
    return bundle.expand(decisions.read(), catalog)


def filters(assets: bundle.Assets) -> list[dict[str, Any]]:
    configured: list[dict[str, Any]] = assets[BOARD]["metadata"]["native_filter_configuration"]
    return configured


def tile(assets: bundle.Assets) -> dict[str, Any]:
    meta: dict[str, Any] = assets[BOARD]["position"]["CHART-net_sales"]["meta"]
    return meta


def test_our_assets_have_no_problem(ours: bundle.Assets, catalog: Catalog) -> None:
    assert [str(problem) for problem in validate(ours, catalog)] == []


def test_chart_of_a_lost_metric_is_named_with_its_file_before_superset_is_asked(catalog: Catalog) -> None:
    assert checked(catalog)
    metrics = {name: metric for name, metric in catalog.metrics.items() if name != "units_sold"}
    message = r"charts/store_performance.yaml: units_sold: metric: no metric is called 'units_sold'"
    with pytest.raises(InvalidAssetsError, match=message):
        checked(Catalog(metrics, catalog.marts))


def test_problem_of_the_expanded_bundle_names_the_compact_file(catalog: Catalog) -> None:
    restricted = dataclasses.replace(catalog.metrics["net_sales"], non_additive_over=("channel",))
    with pytest.raises(InvalidAssetsError, match=r"charts/store_performance.yaml: net_sales: .* values of channel"):
        checked(Catalog({**catalog.metrics, "net_sales": restricted}, catalog.marts))


MISTAKES: dict[str, tuple[str, str, Plant]] = {
    "uuid of another name": (CHART, "not the one of its name", lambda a: a[CHART].update(uuid="x")),
    "unknown dataset": (CHART, "does not exist", lambda a: a[CHART].update(dataset_uuid="x")),
    "unknown database": (DATASET, "does not exist", lambda a: a[DATASET].update(database_uuid="x")),
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
    "numeric id": (BOARD, "a number of one Superset", lambda a: tile(a).update(chartId=7)),
    "numeric id in params": (
        CHART, "a number of one Superset", lambda a: a[CHART]["params"].update(datasource="3__table"),
    ),
    "numbers of expanded charts": (
        BOARD, "a number of one Superset", lambda a: a[BOARD]["metadata"].update(expanded_slices={"7": True}),
    ),
    "host": (DATABASE, "host", lambda a: a[DATABASE].update(sqlalchemy_uri="duckdb:////x")),
    "path": (CHART, "host or a path", lambda a: a[CHART].update(description="see /home/me/notes")),
    "filter on a lost dataset": (BOARD, "not exist", lambda a: filters(a)[1]["targets"][0].update(datasetUuid="x")),
    "filter on a lost column": (BOARD, "'shop'", lambda a: filters(a)[1]["targets"][0]["column"].update(name="shop")),
    "filter over a lost row": (BOARD, "ROW-gone", lambda a: filters(a)[0]["scope"]["rootPath"].append("ROW-gone")),
    "tile in no row": (BOARD, "in no row", lambda a: a[BOARD]["position"]["ROW-kpi"]["children"].pop()),
    "child that is not there": (
        BOARD, "not in the layout", lambda a: a[BOARD]["position"]["ROW-kpi"]["children"].append("CHART-gone"),
    ),
    "tile with other parents": (
        BOARD, "other parents", lambda a: a[BOARD]["position"]["CHART-net_sales"].update(parents=["ROOT_ID"]),
    ),
    "row too wide": (BOARD, "14 columns wide", lambda a: tile(a).update(width=6)),
    "tile of a lost chart": (
        BOARD, "does not exist", lambda a: tile(a).update(uuid="x"),
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
def test_planted_mistake_is_found_in_its_file_with_a_next_step(
    mistake: str, ours: bundle.Assets, catalog: Catalog
) -> None:
    file, words, plant = MISTAKES[mistake]
    assets = copy.deepcopy(ours)
    plant(assets)
    problems = validate(assets, catalog)
    named = [problem for problem in problems if problem.file == file and words in problem.what]
    assert named, [str(problem) for problem in problems]
    assert all(problem.next_step for problem in named)
