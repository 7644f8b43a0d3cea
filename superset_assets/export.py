"""Dashboards that people edited in Superset, back into the compact files.

    export = compare(bundle.unpack(exported zip), decisions.read(), catalog)
    export.lines()     a diff per file, and what the files cannot express
    export.write()     the changed charts, rows and texts; everything else in the files stays as it is

Charts that people made in Superset and placed on one of our dashboards become charts of the file with the
dashboard's name. What the files cannot express stays as it is there, and the next apply puts it back in Superset.
"""

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semantic.catalog import Catalog
from superset_assets import compact_chart, compact_dashboard, yaml_text
from superset_assets.compact_chart import Form, Unsupported
from superset_assets.dashboard_form import chart_names
from superset_assets.decisions import ROOT, Chart, Dashboard, Files
from superset_assets.errors import DecisionError
from superset_assets.names import asset_uuid

BLOCKS = 2  # levels of mappings that a compact file writes as blocks


@dataclass
class Export:
    """What an export would change: new charts and dashboards by name, and one warning per thing that is lost."""

    files: Files
    root: Path = ROOT
    charts: dict[str, Chart] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)  # the file of each new chart
    names: dict[str, str] = field(default_factory=dict)  # the name of each chart by its uuid in Superset
    compared: set[str] = field(default_factory=set)  # uuids of charts that were read: dashboards share charts
    warnings: list[str] = field(default_factory=list)

    def texts(self) -> dict[str, tuple[str, str]]:
        """Each changed file, below `root`, with its text before and after."""
        texts: dict[str, str] = {}
        for name, chart in self.charts.items():
            file = self.files.chart_files.get(name) or self.homes[name]
            texts[file] = replaced(texts.get(file, self._text(file)), name, chart.plain())
        for name, dashboard in self.dashboards.items():
            file, before = f"dashboards/{name}.yaml", self.files.dashboards[name].plain()
            texts[file] = _rewritten(self._text(file), before, dashboard.plain())
        return {file: (self._text(file), text) for file, text in texts.items() if text != self._text(file)}

    def lines(self) -> list[str]:
        """The diffs and the warnings, for a terminal."""
        changes = [
            line.rstrip("\n")
            for file, (before, after) in sorted(self.texts().items())
            for line in difflib.unified_diff(before.splitlines(), after.splitlines(), file, file, n=1, lineterm="")
        ]
        return changes + [f"! {warning}" for warning in self.warnings]

    def write(self) -> list[Path]:
        """Write the changed files; returns their paths."""
        changes = self.texts()
        for file, (_, after) in changes.items():
            (self.root / file).write_text(after, "utf-8")
        return [self.root / file for file in changes]

    def _text(self, file: str) -> str:
        path = self.root / file
        return path.read_text("utf-8") if path.exists() else ""


def compare(
    assets: Mapping[str, Form], files: Files, catalog: Catalog, *,
    only: Collection[str] = (), default_range: str | None = None, root: Path = ROOT,
) -> Export:  # fmt: skip
    """The difference between Superset's exported assets and the compact files.

    only: names of dashboards, by default all of wanted. default_range: the one that they were imported with.
    """
    export = Export(files, root, names={asset_uuid("charts", name): name for name in files.charts})
    by_uuid = {str(form["uuid"]): form for path, form in assets.items() if path.startswith(("charts/", "dashboards/"))}
    for name in only or files.dashboards:
        form = by_uuid.get(asset_uuid("dashboards", name))
        if form is None:
            export.warnings.append(f"dashboards/{name}.yaml: Superset does not have it. Run an apply first.")
            continue
        try:
            _dashboard(export, name, form, by_uuid, catalog, default_range)
        except DecisionError as error:
            export.warnings.append(f"dashboards/{name}.yaml: {error} Nothing of this dashboard was exported.")
    shown = {chart for board in {**files.dashboards, **export.dashboards}.values() for chart in chart_names(board)}
    for name in files.charts.keys() - shown:
        export.warnings.append(
            f"{files.place(f'charts/{name}.yaml')}: no dashboard shows it any more. Remove it there."
        )
    return export


def _dashboard(
    export: Export, name: str, form: Form, forms: Mapping[str, Form], catalog: Catalog, default_range: str | None
) -> None:
    tiles = [tile for tile in form["position"].values() if isinstance(tile, dict) and tile["type"] == "CHART"]
    for uuid in (str(tile["meta"]["uuid"]) for tile in tiles):
        if uuid in forms and uuid not in export.compared:
            export.compared.add(uuid)
            _chart(export, forms[uuid], name, catalog)
    charts, before = {**export.files.charts, **export.charts}, export.files.dashboards[name]
    after, unsupported = compact_dashboard.read_dashboard(
        form, name, before, charts, export.names, catalog, default_range
    )
    export.warnings += _warnings(f"dashboards/{name}.yaml", unsupported)
    if not _same(after.plain(), before.plain()):
        export.dashboards[name] = after


def _chart(export: Export, form: Form, dashboard: str, catalog: Catalog) -> None:
    """Add the chart to the export if it differs; a chart that somebody made gets a name from its title."""
    uuid, title, names = str(form["uuid"]), form["slice_name"], export.names
    new = uuid not in names
    name = _free_name(title, names.values()) if new else names[uuid]
    before = export.files.charts.get(name)
    place = export.files.place(f"charts/{name}.yaml") if before else f"dashboards/{dashboard}.yaml: {title}"
    try:
        after, unsupported = compact_chart.read_chart(form, name, catalog, before)
    except DecisionError as error:
        export.warnings.append(f"{place}: {error} It was not exported.")
        return
    if new:
        names.update({uuid: name, asset_uuid("charts", name): name})
        export.homes[name] = f"charts/{dashboard}.yaml"
        unsupported = [item for item in unsupported if item[0] not in ("uuid", "certified_by")]
        export.warnings.append(f"{place}: it becomes our chart {name}. Delete the original in Superset after an apply.")
    export.warnings += _warnings(place, unsupported)
    if before is None or not _same(after.plain(), before.plain()):
        export.charts[name] = after


def _free_name(title: str, taken: Collection[str]) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "chart"
    candidates = [name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _warnings(place: str, unsupported: Unsupported) -> list[str]:
    return [
        f"{place}: {path} is {_short(actual)} in Superset, which the file cannot express; it keeps {_short(expected)}. "
        "The next apply puts that back."
        for path, expected, actual in unsupported
    ]


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _same(one: Any, other: Any) -> bool:
    """Equal, keys in the same order: the order of rows and bands is a decision."""
    return json.dumps(one) == json.dumps(other)


def _rewritten(text: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The text of a dashboard with the changed keys replaced, or as a whole when keys come or go."""
    if before.keys() != after.keys():
        comments = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
        return comments + yaml_text.dump_compact(after, BLOCKS)
    for key in after:
        if not _same(after[key], before[key]):
            text = replaced(text, key, after[key])
    return text


def replaced(text: str, key: str, content: Any) -> str:
    """The text with the block of a top-level key replaced, or with a new block at its end. Comments above stay."""
    block = yaml_text.dump_compact({key: content}, BLOCKS)
    lines = text.splitlines(keepends=True)
    start = next((number for number, line in enumerate(lines) if line.startswith(f"{key}:")), None)
    if start is None:
        return (text.rstrip("\n") + "\n\n" if text.strip() else "") + block
    after = range(start + 1, len(lines))
    end = next((number for number in after if not lines[number].startswith((" ", "-", "\n"))), len(lines))
    while lines[end - 1] == "\n":
        end -= 1
    return "".join(lines[:start]) + block + "".join(lines[end:])
