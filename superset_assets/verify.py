"""Check by REST, as the client's user, that every chart of a dashboard shows rows as the dashboard opens.

chart_data(client, "Net sales", time_range=..., tenant="aurora")   a chart's rows, as it would draw them
check_charts(client, "store-performance", tenant="aurora")         [(title, rows), …], or EmptyChartError
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from supersetapiclient.client import SupersetClient

from superset_assets.client import call, listing, send
from superset_assets.errors import EmptyChartError, RequestFailedError, SupersetError

Rows = list[dict[str, Any]]
STORE_PERFORMANCE = "store-performance"


def chart_data(
    client: SupersetClient,
    chart: str,
    *,
    time_range: str | None = None,
    tenant: str | None = None,
    force: bool = False,
) -> Rows:
    """The rows of a chart, named by its uuid or title.

    time_range: in Superset's notation ("2026-01-01 : 2026-02-01", without the last day), for charts with a date filter.
    tenant: only the rows of this tenant, as with the dashboard's tenant filter. force: do not use the cache.
    """
    rows = list(listing(client, "chart/", ["id", "uuid", "slice_name"]))
    numbers = [int(row["id"]) for row in rows if chart in {str(row["uuid"]), row["slice_name"]}]
    if len(numbers) != 1:
        what = "no chart is" if not numbers else f"{len(numbers)} charts are"
        raise SupersetError(
            f"{what.capitalize()} called {chart!r} in Superset", next_step="Apply the assets, or name it by its uuid"
        )
    return _rows(client, _context(client, numbers[0], time_range, tenant, force))


def check_charts(
    client: SupersetClient, dashboard: str = STORE_PERFORMANCE, *, tenant: str | None = None, force: bool = False
) -> list[tuple[str, int]]:
    """Each chart's title with its number of rows in the dashboard's own range; 0 where all its numbers are unknown.

    Raises EmptyChartError with every chart that has no row, only empty rows, or a query that failed.
    """
    shown, chosen = _opening(client, dashboard)
    counts: list[tuple[str, int]] = []
    problems: list[str] = []
    for chart in call(client, "get", f"dashboard/{dashboard}/charts")["result"]:
        number = int(chart["id"])
        try:
            context = _context(client, number, shown, tenant, force, chosen.get(number, ()))
            rows = _rows(client, context)
            filled = [row for row in rows if any(value is not None for value in row.values())]
            if not filled and not (tenant and _only_unknown(client, context)):
                problems.append(f"{chart['slice_name']}: no rows")
        except RequestFailedError as error:
            problems.append(f"{chart['slice_name']}: {error}")
            continue
        counts.append((str(chart["slice_name"]), len(filled)))
    if problems or not counts:
        reasons = "; ".join(problems) or "it has no charts that this user may see"
        raise EmptyChartError(
            f"Charts of the dashboard {dashboard} are empty in the range {shown!r}",
            reasons,
            "Check that the published build has rows in that range, and apply the assets again",
        )
    return counts


def _opening(client: SupersetClient, dashboard: str) -> tuple[str | None, dict[int, list[Mapping[str, Any]]]]:
    """What a dashboard opens with: its range, and its filters by values, by the number of each chart that they reach.

    The range is in Superset's notation, None when the dashboard has no date filter.
    """
    board = call(client, "get", f"dashboard/{dashboard}")["result"]
    position, metadata = (json.loads(board[name] or "{}") for name in ("position_json", "json_metadata"))
    charts = [tile for tile in position.values() if isinstance(tile, dict) and tile.get("type") == "CHART"]
    shown: str | None = None
    chosen: dict[int, list[Mapping[str, Any]]] = {}
    for item in metadata.get("native_filter_configuration", []):
        form = item.get("defaultDataMask", {}).get("extraFormData", {})
        if item["filterType"] == "filter_time" and shown is None:
            shown = form.get("time_range")
        filters, rows = form.get("filters", []), set(item["scope"]["rootPath"])
        for chart in charts:
            if filters and rows & set(chart["parents"]):
                chosen.setdefault(int(chart["meta"]["chartId"]), []).extend(filters)
    return shown, chosen


def _context(
    client: SupersetClient,
    number: int,
    time_range: str | None,
    tenant: str | None,
    force: bool,
    chosen: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What a chart asks, with a dashboard's filters added."""
    stored = call(client, "get", f"chart/{number}")["result"]["query_context"]
    if not stored:
        raise RequestFailedError(
            "It has no stored query, which only a browser can do without", next_step="Apply the assets again"
        )
    context = _narrowed(json.loads(stored), time_range, tenant, force)
    for query in context["queries"]:
        query["filters"] = [*query["filters"], *chosen]
    return context


def _rows(client: SupersetClient, context: Mapping[str, Any]) -> Rows:
    answer = call(client, "post", "chart/data", json=context)
    return [row for result in answer["result"] for row in result["data"]]


def _only_unknown(client: SupersetClient, context: Mapping[str, Any]) -> bool:
    """Whether a chart's groups or their numbers alone are missing: their source is not there, and the chart says so.

    The chart's dataset has groups of the tenant in these days then. A file has all of them, also those of which no
    number is known (superset_assets/server/unknown.py).
    """
    sizes = []
    for query in context["queries"]:
        filters = [item for item in query["filters"] if item["op"] == "TEMPORAL_RANGE" or item["col"] == "tenant_id"]
        wide = {**context, "queries": [{**query, "filters": filters}], "result_format": "csv"}
        if query["columns"]:
            sizes.append(len(send(client, "post", "chart/data", json=wide).text.splitlines()))
    return any(size > 1 for size in sizes)  # the first line is the heading


def _narrowed(context: dict[str, Any], time_range: str | None, tenant: str | None, force: bool) -> dict[str, Any]:
    """The stored query with a dashboard's filters added."""
    context = {**context, "force": force, "result_format": "json", "result_type": "full"}
    for query in context["queries"]:
        filters: list[Mapping[str, Any]] = query["filters"]
        if time_range:
            filters = [{**item, "val": time_range} if item["op"] == "TEMPORAL_RANGE" else item for item in filters]
        if tenant:
            filters = [*filters, {"col": "tenant_id", "op": "IN", "val": [tenant]}]
        query["filters"] = filters
    return context
