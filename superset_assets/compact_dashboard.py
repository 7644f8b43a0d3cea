"""A dashboard in Superset's form, back to its decisions: the inverse of dashboard_form.

    read_dashboard(form, "store_performance", charts, names, catalog) → Dashboard, what decisions cannot express

Sizes are written only where the row would differ without them. What decisions cannot express is returned as
(path, in the decisions, in Superset): nothing is dropped.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from semantic.catalog import Catalog
from superset_assets import bundle, dashboard_form, defaults, ranges
from superset_assets.compact_chart import Form, Unsupported
from superset_assets.dashboard_form import Charts
from superset_assets.decisions import Dashboard, Tile
from superset_assets.defaults import Filter, Text
from superset_assets.errors import DecisionError
from superset_assets.names import asset_uuid
from superset_assets.sync import differences, normalise

PRESETS = re.compile(r"(\[[\w ]+\]\(\?native_filters=[^)]*\) ?)+")
LINKS = re.compile(r"((\*\*[^*\]]+\*\*|\[[^\]]+\]\(/superset/dashboard/[\w-]+/\)) ?){2,}")
SENTENCES = re.compile(
    r"\n*\[data-test-chart-name=.*\].* \.(ant-empty::after|dashboard-chart::before) \{ content: .*; \}"
)
_NOT_OPTIONS = ("filters", "label_colors", "cross_filters")


def read_dashboard(
    form: Form, name: str, before: Dashboard, charts: Charts, names: Mapping[str, str], catalog: Catalog,
    default_range: str | None = None,
) -> tuple[Dashboard, Unsupported]:  # fmt: skip
    """The decisions of a dashboard in Superset's form.

    before: the decisions that it was imported with. charts: by name; names: the name of each chart by its uuid in
    Superset. default_range: the one that the dashboard was imported with.
    """
    plain = _unfilled(form, default_range)
    rows = {row: _row(row, tiles, names, charts) for row, tiles in _tiles(plain["position"])}
    edited = _comparable(plain, names)

    def unsupported(dashboard: Dashboard) -> Unsupported:
        expanded = _comparable(dashboard_form.expand(name, dashboard, charts, catalog), names)
        return [item for item in differences(expanded, edited) if not _follows(item, imported, expanded)]

    imported = _comparable(dashboard_form.expand(name, before, charts, catalog), names)
    if not unsupported(before):
        return before, []
    decisions: dict[str, Any] = {
        "title": plain["dashboard_title"],
        "description": plain.get("description") or "",
        "needs": before.needs,
        **({"only_with": before.only_with} if before.only_with else {}),
    }
    filters = _filters(edited["metadata"]["filters"], before, catalog)
    tabs = _tabs(plain["position"])
    clicked = _cross_filter(edited["metadata"].get("cross_filters", {}), rows)
    parts = (("filters", filters), ("tabs", tabs), ("cross_filter", clicked))
    decisions |= {key: value for key, value in parts if value}
    left = unsupported(Dashboard.model_validate(decisions | {"rows": rows}))
    options = {path.split(".")[1]: None for path, _, _ in left if path.startswith("metadata.")}
    options = {key: edited["metadata"].get(key) for key in sorted(options) if key not in _NOT_OPTIONS}
    decisions |= {"options": options} if options else {}
    dashboard = Dashboard.model_validate(decisions | {"rows": rows})
    return dashboard, unsupported(dashboard)


def _follows(difference: tuple[str, Any, Any], imported: Form, expanded: Form) -> bool:
    """Whether a difference only follows from charts that came or went: Superset keeps the colours and the reach of the
    date filter that it was imported with."""
    path, _, actual = difference
    derived = path.startswith(("metadata.label_colors.", "metadata.cross_filters.")) or path.endswith(".scope.rootPath")
    return derived and _value(imported, path) == actual != _value(expanded, path)


def _value(form: Form, path: str) -> Any:
    """The value at a path of `differences`."""
    value: Any = form
    for key in path.split(".", 2 if path.startswith("metadata.label_colors.") else -1):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _unfilled(form: Form, default_range: str | None) -> dict[str, Any]:
    """A copy with the placeholders in it that were filled in for the import."""
    plain: dict[str, Any] = json.loads(json.dumps(form, default=str))
    shared, css = bundle.style_sheet().strip(), (plain.get("css") or "").strip()
    if css.startswith(shared):
        plain["css"] = "{{ css }}" + css.removeprefix(shared)
    for tile in plain["position"].values():
        if isinstance(tile, dict) and "code" in tile.get("meta", {}):
            text = PRESETS.sub("{{ presets }}", tile["meta"]["code"])
            tile["meta"]["code"] = LINKS.sub("{{ dashboards }}", text)
    text = json.dumps(plain["metadata"].get("native_filter_configuration", []))
    shown = json.dumps(ranges.expression(default_range))
    plain["metadata"]["native_filter_configuration"] = json.loads(text.replace(shown, '"{{ default_range }}"'))
    return plain


def _tiles(position: Form, places: Iterable[str] | None = None) -> Iterator[tuple[str, list[Form]]]:
    """The name of each row with its charts and texts, the rows of tabs in their place."""
    for place in position["GRID_ID"]["children"] if places is None else places:
        item = position[place]
        if item["type"] in ("TABS", "TAB"):
            yield from _tiles(position, item["children"])
        if item["type"] == "ROW":
            tiles = [position[child] for child in item["children"]]
            yield place.removeprefix("ROW-"), [tile for tile in tiles if tile["type"] in ("CHART", "MARKDOWN")]


def _tabs(position: Form) -> dict[str, list[str]]:
    """The names of the rows of each tab, by its title."""
    tabs = [item for item in position.values() if isinstance(item, dict) and item["type"] == "TAB"]
    order = [place for item in position.values() if isinstance(item, dict) and item["type"] == "TABS"
             for place in item["children"]]  # fmt: skip
    tabs.sort(key=lambda tab: order.index(tab["id"]))
    return {tab["meta"]["text"]: [row for row, _ in _tiles(position, tab["children"])] for tab in tabs}


def _row(name: str, tiles: list[Form], names: Mapping[str, str], charts: Charts) -> list[Tile | Text]:
    """The tiles with the fewest sizes that give the row as it is."""
    full = [_tile(tile, names) for tile in tiles]
    expected = dashboard_form.row_tiles(name, full, charts)
    texts_only = all(isinstance(tile, Text) for tile in full)  # only a text has a height without a width
    sizes = ({"width", "height"}, {"height"}, *([{"width"}] if texts_only else []))  # to leave out
    for left_out, kinds in [*((item, (Tile, Text)) for item in sizes), ({"width", "height"}, (Text,))]:
        row = [_without(tile, left_out) if isinstance(tile, kinds) else tile for tile in full]
        with suppress(DecisionError):
            if dashboard_form.row_tiles(name, row, charts) == expected:
                return row
    return full


def _without(tile: Tile | Text, sizes: set[str]) -> Tile | Text:
    return tile.model_validate(tile.model_dump(exclude_unset=True, exclude=sizes))


def _tile(tile: Form, names: Mapping[str, str]) -> Tile | Text:
    meta = tile["meta"]
    sizes = {"width": meta["width"], "height": meta["height"]}
    if tile["type"] == "CHART":
        if meta["uuid"] not in names:
            what = f"{meta.get('sliceName')!r} is no chart that Superset exports"
            raise DecisionError("rows", what, "Remove it from the dashboard in Superset")
        return Tile(name=names[meta["uuid"]], **sizes)
    named = next((name for name, text in defaults.load().texts.items() if text.text == meta["code"]), None)
    return Tile(name=named, **sizes) if named else Text(text=meta["code"], **sizes)


def _filters(filters: Mapping[str, Form], before: Dashboard, catalog: Catalog) -> dict[str, Filter | None]:
    """The filters beside those of defaults.yaml that choose values of a column, and those that the file leaves out."""
    marts = {asset_uuid("datasets", mart): mart for mart in catalog.marts}
    more: dict[str, Filter | None] = {
        name: None for name, item in before.filters.items() if item is None and name not in filters
    }
    for name, item in filters.items():
        target = (item.get("targets") or [{}])[0]
        if name in defaults.load().filters or item.get("filterType") != "filter_select" or "column" not in target:
            continue
        decisions = {
            "title": item["name"],
            "dataset": marts.get(target.get("datasetUuid", "")),
            "column": target["column"]["name"],
            "order": item.get("controlValues", {}).get("sortMetric"),
            "always_one": bool(item.get("requiredFirst")) or None,
            "default": next(iter(item.get("defaultDataMask", {}).get("filterState", {}).get("value") or []), None),
            "rows": [place.removeprefix("ROW-") for place in item["scope"]["rootPath"] if place.startswith("ROW-")],
            "description": item.get("description") or None,
        }
        more[name] = Filter.model_validate({key: value for key, value in decisions.items() if value})
    return more


def _cross_filter(reach: Mapping[str, list[str]], rows: Mapping[str, list[Tile | Text]]) -> list[str]:
    """The rows of the charts that filter each other."""
    charts = {chart for name, others in reach.items() if name != "*" for chart in (name, *others)}
    return [row for row, tiles in rows.items() if any(isinstance(tile, Tile) and tile.name in charts for tile in tiles)]


def _comparable(form: Form, names: Mapping[str, str]) -> dict[str, Any]:
    """A dashboard as a tree of its layout, with filters by name: without ids, without titles that charts decide."""
    plain = normalise("dashboards", form)
    plain.pop("certification_details", None)
    plain["css"] = SENTENCES.sub("", plain.get("css") or "").strip()  # charts decide them
    position = plain.pop("position")
    places = [place for root in (*position["ROOT_ID"].get("children", []), "GRID_ID")
              for place in position.get(root, {}).get("children", [])]  # fmt: skip
    tabs = next((place for place in places if position[place]["type"] == "TABS"), None)
    plain["layout"] = {
        "tabs" if place == tabs else place.removeprefix("ROW-"): _tree(position, place, names) for place in places
    }
    plain["order"] = list(plain["layout"])
    metadata = plain.setdefault("metadata", {})
    filters = metadata.pop("native_filter_configuration", [])
    if "cross_filters" in metadata:
        reach = metadata["cross_filters"]
        metadata["cross_filters"] = {
            names.get(uuid, uuid): sorted(names.get(other, other) for other in others) for uuid, others in reach.items()
        }
    metadata["filters"] = {item["id"].removeprefix("NATIVE_FILTER-"): item for item in filters}
    return plain


def _tree(position: Form, place: str, names: Mapping[str, str]) -> dict[str, Any]:
    tile = position[place]
    meta = dict(tile.get("meta", {}))
    if tile["type"] == "TAB":
        meta = {"text": meta["text"]}  # Superset's editor adds what it shows in place of an empty title
    if tile["type"] == "CHART":
        meta = {key: value for key, value in meta.items() if key not in ("uuid", "sliceName", "chartId")}
        meta["chart"] = names.get(tile["meta"]["uuid"])
    children = [_tree(position, child, names) for child in tile.get("children", [])]
    return {"type": tile["type"], "meta": meta, "children": children}
