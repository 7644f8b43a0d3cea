"""A dashboard's decisions, expanded to the form that Superset imports: layout, filters, colours.

    expand("store_performance", dashboard, files, charts) → {"dashboard_title": …, "position": {…}, "metadata": {…}}

`{{ default_range }}`, `{{ presets }}` and `{{ css }}` are left in the texts: bundle.py fills them in for each import.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semantic.catalog import Catalog
from superset_assets import cross_filters, datasets, defaults
from superset_assets.chart_form import empty_text, follows_days, metric_names
from superset_assets.decisions import Chart, Dashboard, Tile
from superset_assets.defaults import Filter, Text
from superset_assets.errors import DecisionError
from superset_assets.names import CERTIFIED_BY, asset_uuid

COLUMNS = 12
TEXT_HEIGHT = 17  # of a text in a row without charts
OTHERS = ": fewer days, or a filter, show the others"  # of a table that follows the days
GRID = ["ROOT_ID", "GRID_ID"]
TABS = "TABS-tabs"  # the tabs of a dashboard, which stand where the first of their rows does
Charts = Mapping[str, Chart]


def expand(name: str, dashboard: Dashboard, charts: Charts, catalog: Catalog) -> dict[str, Any]:
    """The dashboard in Superset's form. Raises DecisionError for a row that is too wide, or an unknown chart."""
    position = _position(dashboard, charts)
    metadata = {
        **defaults.load().dashboard,
        **cross_filters.metadata(dashboard, charts, catalog, _numbers(dashboard)),
        **dashboard.options,
        "label_colors": _colours(dashboard, charts, catalog),
    }
    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.description,
        "css": "{{ css }}" + _sentences(dashboard, charts, catalog),
        "slug": slug(name),
        "certified_by": CERTIFIED_BY,
        "certification_details": "Managed by Takings: changes made here are undone",
        "published": True,
        "uuid": asset_uuid("dashboards", name),
        "position": position,
        "metadata": {"native_filter_configuration": _filters(dashboard, charts, catalog), **metadata},
        "version": "1.0.0",
    }


def _sentences(dashboard: Dashboard, charts: Charts, catalog: Catalog) -> str:
    """Rules of the style sheet: what each chart says in place of "No results", and a table that is not complete."""
    texts = {charts[name].title: empty_text(name, charts[name], catalog) for name in chart_names(dashboard)}
    rules = [
        f'[data-test-chart-name="{title}"] .ant-empty::after {{ content: {json.dumps(text, ensure_ascii=False)}; }}'
        for title, text in texts.items()
        if text
    ]
    tables = [charts[name] for name in chart_names(dashboard) if charts[name].type == "table"]
    rules += [
        f'[data-test-chart-name="{table.title}"]:has(tbody tr:nth-child({table.limit})) .dashboard-chart::before '
        f'{{ content: attr(aria-label) " The first {table.limit} are listed{"" if table.latest else OTHERS}."; }}'
        for table in tables
        if table.limit
    ]
    return "".join(f"\n{rule}" for rule in rules)


def slug(name: str) -> str:
    """The last part of the dashboard's address."""
    return name.replace("_", "-")


def chart_names(dashboard: Dashboard) -> list[str]:
    """The charts of a dashboard, in order."""
    texts = defaults.load().texts
    tiles = [tile for row in dashboard.rows.values() for tile in row if isinstance(tile, Tile)]
    return [tile.name for tile in tiles if tile.name not in texts]


def _numbers(dashboard: Dashboard) -> dict[str, int]:
    """Numbers for the charts of a dashboard with cross-filters, by name: Superset replaces them on import."""
    return {name: number for number, name in enumerate(chart_names(dashboard), 1)} if dashboard.cross_filter else {}


def _position(dashboard: Dashboard, charts: Charts) -> dict[str, Any]:
    inside = {f"ROW-{row}": _tab(title) for title, rows in dashboard.tabs.items() for row in rows}
    tabs = {_tab(title): title for title in dashboard.tabs}
    places = list(dict.fromkeys(TABS if f"ROW-{name}" in inside else f"ROW-{name}" for name in dashboard.rows))
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": places, "parents": GRID[:1]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title}},
    }
    if tabs:
        position[TABS] = {"type": "TABS", "id": TABS, "children": list(tabs), "parents": GRID, "meta": {}}
    for tab, title in tabs.items():
        rows = [f"ROW-{row}" for row in dashboard.tabs[title]]
        meta = {"text": title}
        position[tab] = {"type": "TAB", "id": tab, "children": rows, "parents": [*GRID, TABS], "meta": meta}
    for name, content in dashboard.rows.items():
        row, tiles, meta = f"ROW-{name}", row_tiles(name, content, charts), {"background": "BACKGROUND_TRANSPARENT"}
        parents = [*GRID, TABS, inside[row]] if row in inside else GRID
        position[row] = {"type": "ROW", "id": row, "children": list(tiles), "parents": parents, "meta": meta}
        for tile, item in tiles.items():
            if tile in position:
                raise DecisionError(f"rows.{name}", f"{tile} is on the dashboard already", "Remove one of the two")
            position[tile] = {"id": tile, "children": [], "parents": [*parents, row], **item}
    for chart, number in _numbers(dashboard).items():
        position[f"CHART-{chart}"]["meta"]["chartId"] = number
    return position


def _tab(title: str) -> str:
    """The id of a tab, which an address may end with."""
    return "TAB-" + re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def row_tiles(name: str, row: list[Tile | Text], charts: Charts) -> dict[str, dict[str, Any]]:
    """The tiles of a row by id. Tiles without a width share what is left of 12 columns, tiles without a height are as
    high as the highest."""
    cells = [_cell(name, number, tile, charts) for number, tile in enumerate(row)]
    height = max((cell.height or cell.usual_height for cell in cells), default=0)
    width = _shared_width(name, [cell.width for cell in cells])
    return {
        cell.id: {
            "type": cell.type,
            "meta": {**cell.meta, "width": cell.width or width, "height": cell.height or height},
        }
        for cell in cells
    }


@dataclass(frozen=True)
class _Cell:
    """A tile before its row has given it the sizes that it leaves open."""

    id: str
    type: str
    meta: dict[str, Any]
    width: int | None
    height: int | None
    usual_height: int


def _cell(row: str, number: int, tile: Tile | Text, charts: Charts) -> _Cell:
    shared = defaults.load()
    text = tile if isinstance(tile, Text) else shared.texts.get(tile.name)
    if text is not None:
        place = f"MARKDOWN-{row}" + (f"-{number}" if number > 1 else "")
        width, height = tile.width or text.width, tile.height or text.height
        return _Cell(place, "MARKDOWN", {"code": text.text}, width, height, TEXT_HEIGHT)
    name = tile.name if isinstance(tile, Tile) else ""
    chart = charts.get(name)
    if chart is None:
        near = difflib.get_close_matches(name, [*charts, *shared.texts], 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DecisionError(f"rows.{row}", f"no chart is called {name!r}{hint}", "Name a chart of charts/*.yaml")
    meta = {"uuid": asset_uuid("charts", name), "chartId": 0, "sliceName": chart.title}
    usual = shared.types[chart.type].height
    return _Cell(f"CHART-{name}", "CHART", meta, tile.width, tile.height, usual)


def _shared_width(row: str, widths: list[int | None]) -> int:
    """The width of each tile that has none of its own."""
    used, open_ones = sum(width or 0 for width in widths), widths.count(None)
    if used + open_ones > COLUMNS:
        raise DecisionError(f"rows.{row}", f"it is {used + open_ones} columns wide", f"Keep a row within {COLUMNS}")
    left = COLUMNS - used
    if open_ones and left % open_ones:
        what = f"{open_ones} tiles cannot share {left} columns equally"
        raise DecisionError(f"rows.{row}", what, "Write their widths: [name, width]")
    return left // open_ones if open_ones else 0


def _filters(dashboard: Dashboard, charts: Charts, catalog: Catalog) -> list[dict[str, Any]]:
    filters = {**defaults.load().filters, **dashboard.filters}
    return [_filter(name, item, dashboard, charts, catalog) for name, item in filters.items() if item is not None]


def _filter(name: str, item: Filter, dashboard: Dashboard, charts: Charts, catalog: Catalog) -> dict[str, Any]:
    days = item.type == "days"
    common: dict[str, Any] = {
        "id": f"NATIVE_FILTER-{name}",
        "name": item.title,
        "filterType": "filter_time" if days else "filter_select",
        "type": "NATIVE_FILTER",
        "targets": [{}] if days else [_target(name, item, catalog)],
        "scope": {"rootPath": _reach(name, item, dashboard, charts, catalog), "excluded": []},
        "controlValues": {},
        "cascadeParentIds": [],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "description": item.description,
    }
    if days:
        shown = "{{ default_range }}"
        return common | {"defaultDataMask": {"extraFormData": {"time_range": shown}, "filterState": {"value": shown}}}
    controls = {
        "multiSelect": not item.always_one,
        "enableEmptyFilter": item.always_one,
        "inverseSelection": False,
        "searchAllOptions": False,
        "defaultToFirstItem": item.always_one and item.default is None,
        "sortAscending": True,
        **({"sortMetric": item.order} if item.order else {}),
    }
    if item.default is not None:
        chosen = {"filters": [{"col": item.column, "op": "IN", "val": [item.default]}]}
        state = {"value": [item.default], "label": item.default, "validateStatus": False}
        common |= {"defaultDataMask": {"extraFormData": chosen, "filterState": state}}
    return common | {"controlValues": controls} | ({"requiredFirst": True} if item.always_one else {})


def _reach(name: str, item: Filter, dashboard: Dashboard, charts: Charts, catalog: Catalog) -> list[str]:
    if item.type == "days":
        return _rows_with_days(dashboard, charts, catalog)
    for row in item.rows:
        if row not in dashboard.rows:
            raise DecisionError(f"filters.{name}", f"no row is called {row!r}", "Name a row of the dashboard")
    return [f"ROW-{row}" for row in item.rows] or ["ROOT_ID"]


def _target(name: str, item: Filter, catalog: Catalog) -> dict[str, Any]:
    mart = catalog.marts.get(item.dataset or "")
    if mart is None or not (mart.has(item.column or "") or item.column in datasets.calculated(mart)):
        what = f"no mart {item.dataset!r} with a column {item.column!r}"
        raise DecisionError(f"filters.{name}", what, "Name a mart and one of its columns")
    return {"datasetUuid": asset_uuid("datasets", mart.name), "column": {"name": item.column}}


def _rows_with_days(dashboard: Dashboard, charts: Charts, catalog: Catalog) -> list[str]:
    """The rows that the date filter reaches: all charts of such a row have days."""
    reached = []
    for name, row in dashboard.rows.items():
        shown = [tile.name for tile in row if isinstance(tile, Tile) and tile.name in charts]
        days = {follows_days(chart, charts[chart], catalog) for chart in shown}
        if days == {True, False}:
            what = "some of its charts follow the date filter and some do not"
            raise DecisionError(f"rows.{name}", what, "Put them into rows of their own")
        if days == {True}:
            reached.append(f"ROW-{name}")
    return reached


def _colours(dashboard: Dashboard, charts: Charts, catalog: Catalog) -> dict[str, str]:
    """The colour of each metric that the dashboard shows, by its label and by its name."""
    colours: dict[str, str] = {}
    names = (name for chart in chart_names(dashboard) for name in metric_names(chart, charts[chart]))
    for name in names:
        colour, metric = defaults.load().colour(name), catalog.metrics.get(name)
        if colour and metric:
            colours |= {metric.label: colour, name: colour}
    return colours
