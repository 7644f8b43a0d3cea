"""Offline check of the expanded bundle, from dashboard to mart: nothing is sent before it passes.

    problems = validate(bundle.expand(files, catalog), catalog)   []: it imports, and its charts find their columns

Superset answers a bad bundle with status 500 and no reason, and reports a renamed metric only when somebody opens the
chart. Each problem names the file, what is wrong in it, and what to do.

    python -m superset_assets.validate <folder of the catalog>
"""

import argparse
import dataclasses
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from semantic import catalog as semantic_catalog
from semantic.catalog import Catalog
from superset_assets import bundle, decisions, defaults
from superset_assets.errors import InvalidAssetsError, Problem
from superset_assets.names import asset_uuid

CARD_PARTS = {"Previous value", "Delta", "Percent change"}  # of a number with its change
# What Superset 6.1.0 draws; line, bar, dist_bar, area, heatmap, histogram and filter_box are gone.
VIZ_TYPES = frozenset((
    "echarts_timeseries_line", "echarts_timeseries_bar", "echarts_timeseries_smooth", "echarts_timeseries_step",
    "echarts_area", "mixed_timeseries", "big_number", "big_number_total", "pop_kpi", "pie", "funnel", "gauge_chart",
    "table", "pivot_table_v2", "heatmap_v2", "treemap_v2", "waterfall", "histogram_v2", "box_plot", "country_map",
    "world_map", "bullet", "calendar", "time_table", "sankey_v2",
))  # fmt: skip
METRIC_PARAMETERS = ("metric", "metrics", "percent_metrics", "timeseries_limit_metric", "secondary_metric")
COLUMN_PARAMETERS = ("x_axis", "groupby", "groupbyRows", "groupbyColumns", "all_columns", "columns", "granularity_sqla")
GROUP_PARAMETERS = ("groupby", "groupbyRows", "groupbyColumns")
NUMBERED = ("slice_id", "datasource_id", "datasetId", "database_id", "dashboardId", "datasource", "chartsInScope")
HOST_OR_PATH = re.compile(r"\w+://|\blocalhost\b|\b\d{1,3}(\.\d{1,3}){3}\b|(?<![\w.])/(home|tmp|var|srv|opt|Users)/")


def validate(assets: bundle.Assets, catalog: Catalog) -> list[Problem]:
    """Every problem, in order, with the asset's path in the bundle; none when the assets fit."""
    problems = [*_names(assets), *_places(assets), *_shown(assets)]
    for path, content in assets.items():
        kind = path.split("/", 1)[0]
        if kind == "datasets" and content["database_uuid"] not in _kind(assets, "databases"):
            what = f"database_uuid {content['database_uuid']} does not exist"
            problems.append(Problem(path, what, "Point it to databases/warehouse.yaml"))
        if kind == "charts":
            problems += [*_chart(path, content, assets), *_added_up(path, content, assets, catalog)]
        if kind == "dashboards":
            problems += [*_layout(path, content, assets), *_filters(path, content, assets)]
            problems += _colours(path, content["metadata"].get("label_colors", {}), catalog)
    coloured = {metric: "" for metrics in defaults.load().colours.values() for metric in metrics}
    problems += _colours("defaults.yaml", coloured, catalog)
    return sorted(set(problems))


def checked(catalog: Catalog) -> bundle.Assets:
    """Our files, expanded. Raises InvalidAssetsError with every problem unless they fit this catalog."""
    files = decisions.read()
    assets = bundle.expand(files, catalog)
    problems = validate(assets, catalog)
    if problems:
        raise InvalidAssetsError.of(dataclasses.replace(item, file=files.place(item.file)) for item in problems)
    return assets


def _kind(assets: bundle.Assets, kind: str) -> dict[str, dict[str, Any]]:
    """Assets of a kind by uuid."""
    return {str(content.get("uuid")): content for path, content in assets.items() if path.startswith(f"{kind}/")}


def _names(assets: bundle.Assets) -> Iterator[Problem]:
    for path, content in assets.items():
        right = asset_uuid(path.split("/", 1)[0], Path(path).stem)
        if content.get("uuid") != right:
            yield Problem(path, f"its uuid is {content.get('uuid')}, not the one of its name", f"Use {right}")


def _places(assets: bundle.Assets) -> Iterator[Problem]:
    """Numbers, hosts and paths, which are right on one machine only."""
    for path, content in assets.items():
        for where, value in _walk(content):
            name = where.rsplit(".", 1)[-1]
            numbered = name in NUMBERED or ".expanded_slices." in f".{where}."
            if numbered and value not in (None, [], {}):
                yield Problem(path, f"{where} is {value!r}, a number of one Superset", "Leave it out: uuids are enough")
            if isinstance(value, str) and HOST_OR_PATH.search(value):
                what = f"{where} names a host or a path: {value!r}"
                yield Problem(path, what, "Leave it out, or fill it in bundle.py")


def _walk(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    yield where, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from _walk(item, f"{where}.{key}" if where else str(key))


def _chart(path: str, content: Mapping[str, Any], assets: bundle.Assets) -> Iterator[Problem]:
    params = content["params"]
    if content["viz_type"] not in VIZ_TYPES or params.get("viz_type") != content["viz_type"]:
        what = f"viz_type {content['viz_type']!r} (params: {params.get('viz_type')!r}) is not one that Superset draws"
        yield Problem(path, what, f"Use one of {', '.join(sorted(VIZ_TYPES))}")
    if not content.get("description"):
        yield Problem(path, "it has no description", "Write a caption: one line that says what the number is")
    dataset = _kind(assets, "datasets").get(content["dataset_uuid"])
    if dataset is None:
        yield Problem(path, f"dataset_uuid {content['dataset_uuid']} does not exist", "Point it to a dataset's uuid")
        return
    metrics = {item["metric_name"] for item in dataset["metrics"]}
    columns = {item["column_name"] for item in dataset["columns"]}
    table = dataset["table_name"]
    yield from _references(path, params, METRIC_PARAMETERS, metrics, f"metric of {table}", "Name one of its metrics")
    yield from _references(path, params, COLUMN_PARAMETERS, columns, f"column of {table}", "Name one of its columns")
    parts = CARD_PARTS if content["viz_type"] == "pop_kpi" else set()
    mentioned = [item.get("column") for item in params.get("conditional_formatting", [])]
    mentioned += [
        item.get("changeOf", name) for name, item in params.get("column_config", {}).items() if name not in parts
    ]
    mentioned += [params["x_axis_sort"]] if "x_axis_sort" in params else []
    mentioned += [json.loads(item)[0] for item in params.get("order_by_cols", [])]
    for name in mentioned:
        if name not in metrics | columns:
            yield Problem(path, f"{name!r} is neither a metric nor a column of {table}", "Name what the chart shows")
    for item in params.get("adhoc_filters", []):
        if item.get("expressionType") != "SIMPLE":
            yield Problem(path, "a filter is written in SQL", "Make it a metric or a column, and filter by that")
        elif item["subject"] not in columns:
            yield Problem(path, f"it filters by {item['subject']!r}, no column of {table}", "Name one of its columns")


def _added_up(path: str, content: Mapping[str, Any], assets: bundle.Assets, catalog: Catalog) -> Iterator[Problem]:
    """Metrics that mean nothing over several months, days or steps, in a chart that does not tell these apart."""
    params, dataset = content["params"], _kind(assets, "datasets").get(content["dataset_uuid"], {"columns": []})
    labels = {column["column_name"]: str(column.get("expression") or "") for column in dataset["columns"]}
    groups = [params.get("x_axis"), *(name for key in GROUP_PARAMETERS for name in params.get(key, []))]
    explained = [text for name in groups if isinstance(name, str) for text in (name, labels.get(name, ""))]
    explained += [item["subject"] for item in params.get("adhoc_filters", []) if item.get("operator") == "=="]
    explained += [text for name in _always_one(content["uuid"], assets) for text in (name, labels.get(name, ""))]
    for name in [params.get("metric"), *params.get("metrics", [])]:
        metric = catalog.metrics.get(name) if isinstance(name, str) else None
        for column in metric.non_additive_over if metric else ():
            if not any(re.search(rf"\b{column}\b", text) for text in explained):
                what = f"{name} is added up over several values of {column}, which has no meaning"
                yield Problem(path, what, f"Group by {column}, or filter by one")


def _always_one(chart: str, assets: bundle.Assets) -> set[str]:
    """The columns of which every dashboard that shows the chart always chooses one value."""
    columns: list[set[str]] = []
    for board in _kind(assets, "dashboards").values():
        tiles = (tile for tile in board["position"].values() if isinstance(tile, dict) and tile["type"] == "CHART")
        places = [{*tile["parents"]} for tile in tiles if tile["meta"]["uuid"] == chart]
        filters = board["metadata"].get("native_filter_configuration", [])
        required = [item for item in filters if item.get("requiredFirst")]
        columns += [
            {item["targets"][0]["column"]["name"] for item in required if place & {*item["scope"]["rootPath"]}}
            for place in places
        ]
    return set.intersection(*columns) if columns else set()


def _references(
    path: str, params: Mapping[str, Any], names: tuple[str, ...], known: set[str], what: str, next_step: str
) -> Iterator[Problem]:
    for name in names:
        value = params.get(name)
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            if not isinstance(item, str):
                yield Problem(
                    path, f"{name} has a formula", "Write the formula in semantic/metrics, and name the metric"
                )
            elif item not in known:
                yield Problem(path, f"{name} names {item!r}, no {what}", next_step)


def _layout(path: str, content: Mapping[str, Any], assets: bundle.Assets) -> Iterator[Problem]:
    charts = _kind(assets, "charts")
    tiles = {key: tile for key, tile in content["position"].items() if isinstance(tile, dict)}
    children = {child for tile in tiles.values() for child in tile.get("children", [])}
    shown = [key for key, tile in tiles.items() if tile["type"] == "CHART"]
    numbers = [tiles[key]["meta"]["chartId"] for key in shown]
    if {*numbers} - {0} and numbers != [*range(1, len(shown) + 1)]:
        yield Problem(path, f"a chartId is a number of one Superset: {numbers}", "Write 0: uuids are enough")
    for key, tile in tiles.items():
        for child in tile.get("children", []):
            if child not in tiles:
                yield Problem(
                    path, f"{key} has the child {child}, which is not in the layout", "Add it, or remove the child"
                )
            elif tiles[child].get("parents") != [*tile.get("parents", []), key]:
                yield Problem(path, f"{child} names other parents than {key}'s", "Write the path to it from ROOT_ID")
        if key not in children | {"ROOT_ID", "HEADER_ID"}:
            yield Problem(path, f"{key} is in no row", "Add it to a row's children, or remove it")
        if tile["type"] == "ROW":
            width = sum(tiles[child]["meta"].get("width", 0) for child in tile["children"] if child in tiles)
            if width > 12:
                yield Problem(path, f"{key} is {width} columns wide", "Keep a row within 12")
        if tile["type"] == "CHART":
            chart = charts.get(tile["meta"]["uuid"])
            if chart is None:
                yield Problem(path, f"{key} shows a chart that does not exist", "Use the uuid of a file in charts/")
            elif chart["slice_name"] != tile["meta"]["sliceName"]:
                yield Problem(path, f"{key} is titled {tile['meta']['sliceName']!r}", f"Write {chart['slice_name']!r}")


def _filters(path: str, content: Mapping[str, Any], assets: bundle.Assets) -> Iterator[Problem]:
    datasets, position = _kind(assets, "datasets"), content["position"]
    for item in content["metadata"].get("native_filter_configuration", []):
        for place in item["scope"]["rootPath"]:
            if place not in position:
                yield Problem(
                    path, f"filter {item['name']!r} reaches {place}, which is not in the layout", "Name a row"
                )
        for target in [target for target in item["targets"] if target]:
            dataset = datasets.get(target.get("datasetUuid", ""))
            if dataset is None:
                yield Problem(
                    path, f"filter {item['name']!r} reads a dataset that does not exist", "Use a dataset's uuid"
                )
            elif item["controlValues"].get("sortMetric") not in {None, *(m["metric_name"] for m in dataset["metrics"])}:
                what = f"filter {item['name']!r} is in the order of {item['controlValues']['sortMetric']!r}"
                yield Problem(path, what, f"Use a metric of {dataset['table_name']}")
            elif target["column"]["name"] not in {column["column_name"] for column in dataset["columns"]}:
                what = (
                    f"filter {item['name']!r} reads {target['column']['name']!r}, no column of {dataset['table_name']}"
                )
                yield Problem(path, what, "Name one of its columns")


def _colours(path: str, colours: Mapping[str, str], catalog: Catalog) -> Iterator[Problem]:
    known = set(catalog.metrics) | {metric.label for metric in catalog.metrics.values()}
    for label in colours:
        if label not in known:
            yield Problem(path, f"{label!r} has a colour but is no metric", "Use a metric's name")


def _shown(assets: bundle.Assets) -> Iterator[Problem]:
    tiles = [tile for board in _kind(assets, "dashboards").values() for tile in board["position"].values()]
    shown = {tile["meta"]["uuid"] for tile in tiles if isinstance(tile, dict) and tile["type"] == "CHART"}
    for path, content in assets.items():
        if path.startswith("charts/") and content["uuid"] not in shown:
            yield Problem(path, "no dashboard shows it", "Place it on one, or remove it")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="superset_assets.validate", description="Check the assets without Superset.")
    parser.add_argument("catalog", type=Path, help="folder of catalog.json, or dbt's target folder")
    try:
        checked(semantic_catalog.load(parser.parse_args(arguments).catalog))
    except InvalidAssetsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
