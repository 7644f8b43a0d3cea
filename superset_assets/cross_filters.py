"""Cross-filters: a click into a chart filters other charts of the same mart, and no more than these.

    scopes(dashboard, charts, catalog) → {"sales_by_country": ["sales_by_product", …], …}
    metadata(dashboard, charts, catalog, numbers) → Superset's settings of the dashboard
    read(metadata, position) → the same scopes by uuid, of a dashboard in Superset's form

Superset knows charts by number here, also on import, and replaces ours by its own. A chart that is not named filters
nothing, and server/front_end.py takes the click from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from semantic.catalog import Catalog
from superset_assets.chart_form import mart_name
from superset_assets.decisions import Chart, Dashboard, Tile
from superset_assets.errors import DecisionError

CLICKABLE = ("ranking", "pie", "bar", "line", "table")  # by their groups
NOWHERE: dict[str, list[Any]] = {"rootPath": [], "excluded": []}


def scopes(dashboard: Dashboard, charts: Mapping[str, Chart], catalog: Catalog) -> dict[str, list[str]]:
    """The charts that a click into each chart filters. Raises DecisionError where it would filter none."""
    rows = [tile for row in dashboard.cross_filter for tile in dashboard.rows[row] if isinstance(tile, Tile)]
    marts = {tile.name: mart_name(tile.name, charts[tile.name], catalog) for tile in rows if tile.name in charts}
    reach = {
        name: [other for other in marts if other != name and marts[other] == mart]
        for name, mart in marts.items()
        if charts[name].by and charts[name].type in CLICKABLE
    }
    if dashboard.cross_filter and not any(reach.values()):
        what = "no chart of these rows filters another one"
        raise DecisionError("cross_filter", what, "Name rows with groups and other charts of the same mart")
    return {name: others for name, others in reach.items() if others}


def metadata(
    dashboard: Dashboard, charts: Mapping[str, Chart], catalog: Catalog, numbers: Mapping[str, int]
) -> dict[str, Any]:
    """What Superset needs to know. numbers: of the charts in this dashboard, by name."""
    reach = scopes(dashboard, charts, catalog)
    if not reach:
        return {}
    rows = [f"ROW-{row}" for row in dashboard.cross_filter]
    inside = [tile.name for row in dashboard.cross_filter for tile in dashboard.rows[row] if isinstance(tile, Tile)]
    return {
        "cross_filters_enabled": True,
        "global_chart_configuration": {"scope": NOWHERE, "chartsInScope": []},
        "chart_configuration": {
            str(numbers[name]): {
                "id": numbers[name],
                "crossFilters": {
                    "scope": {
                        "rootPath": rows,
                        "excluded": [numbers[other] for other in inside if other in numbers and other not in others],
                    },
                    "chartsInScope": [],
                },
            }
            for name, others in reach.items()
        },
    }


def read(settings: Mapping[str, Any], position: Mapping[str, Any]) -> dict[str, list[str]]:
    """The uuids of the charts that a click into each chart filters, by its uuid; "*": of a chart that is not named."""
    if not settings.get("cross_filters_enabled"):
        return {}
    tiles = [tile for tile in position.values() if isinstance(tile, dict) and tile.get("type") == "CHART"]
    named = {
        str(tile["meta"]["chartId"]): tile["meta"]["uuid"]
        for tile in tiles
        if {"chartId", "uuid"} <= tile["meta"].keys()
    }
    shared = (settings.get("global_chart_configuration") or {}).get("scope") or {"rootPath": ["ROOT_ID"]}
    everywhere = _inside(shared, tiles)
    reach = {"*": everywhere}
    for number, item in (settings.get("chart_configuration") or {}).items():
        scope = item.get("crossFilters", {}).get("scope")
        if number in named and isinstance(scope, dict):
            reach[named[number]] = _inside(scope, tiles)
    return {uuid: others for uuid, others in reach.items() if others}


def _inside(scope: Mapping[str, Any], tiles: Iterable[Mapping[str, Any]]) -> list[str]:
    places, excluded = {*scope.get("rootPath", [])}, {*scope.get("excluded", [])}
    return sorted(
        tile["meta"]["uuid"]
        for tile in tiles
        if places & {*tile.get("parents", [])} and tile["meta"].get("chartId") not in excluded
    )
