"""A chart's query, from its parameters: REST, CSV and warm-up then send the same query as the browser.

Superset draws a chart without a stored `query_context`, but neither `/chart/<id>/data/` nor reports work for it.
"""

import json
from typing import Any

_DATASOURCE = {"id": 0, "type": "table"}  # the importer writes the dataset's numeric id


def query_context(params: dict[str, Any], time_column: str | None = None) -> dict[str, Any]:
    """Superset's query context of a chart's `params`, for the types of charts in defaults.yaml."""
    return {
        "datasource": _DATASOURCE,
        "force": False,
        "queries": [_query(params, time_column)],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }


def _query(params: dict[str, Any], time_column: str | None) -> dict[str, Any]:
    metrics = params.get("metrics") or ([params["metric"]] if "metric" in params else [])
    columns = _columns(params, time_column)
    query: dict[str, Any] = {
        "filters": [
            {"col": item["subject"], "op": item["operator"], "val": item["comparator"]}
            for item in params.get("adhoc_filters", [])
        ],
        "extras": {"having": "", "where": ""},
        "applied_time_extras": {},
        "columns": columns,
        "metrics": metrics,
        "annotation_layers": [],
        "row_limit": params.get("row_limit", 1000),
        "series_limit": 0,
        "order_desc": True,
        "url_params": {},
        "custom_params": {},
        "custom_form_data": {},
        "orderby": _order(params, metrics),
    }
    if params.get("query_mode") == "raw":
        del query["metrics"]
    if "time_compare" in params:
        query["time_offsets"] = params["time_compare"]
    return query


def _columns(params: dict[str, Any], time_column: str | None) -> list[Any]:
    if params.get("query_mode") == "raw":
        return list(params["all_columns"])
    if "groupbyRows" in params:
        return [*params["groupbyRows"], *params["groupbyColumns"]]
    groupby = list(params.get("groupby", []))
    axis = params.get("x_axis")
    if not axis:
        return groupby
    if axis != time_column:
        return [axis, *groupby]
    base = {"columnType": "BASE_AXIS", "sqlExpression": axis, "label": axis, "expressionType": "SQL"}
    return [{"timeGrain": params["time_grain_sqla"], **base, "isColumnReference": True}, *groupby]


def _order(params: dict[str, Any], metrics: list[str]) -> list[list[Any]]:
    """The chart's own order, else by time, else the largest first, as in the browser. The server breaks ties
    (superset_config.py)."""
    if "order_by_cols" in params:
        return [json.loads(item) for item in params["order_by_cols"]]
    if params.get("query_mode") == "raw" or not metrics:
        return []
    if "groupbyRows" in params or params["viz_type"] == "waterfall":
        return [[column, True] for column in _columns(params, None)]
    if params.get("time_grain_sqla") and params.get("x_axis"):
        return [[params["x_axis"], True]]
    return [[params.get("timeseries_limit_metric") or metrics[0], not params.get("order_desc", True)]]
