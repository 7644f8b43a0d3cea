"""Compact files and the semantic catalog to the zip that Superset imports.

    databases/, charts/, dashboards/ ──decisions.read──▶ Files ─┐
    semantic catalog ──────────────────────────────────────────┴─expand──▶ Assets ──complete, pack──▶ zip

`expand` gives Superset's own form, which the offline check (validate.py) reads. `complete` fills in what depends on
the place and the time of the import: the database's address, the dates that a dashboard opens with, the links of its
presets; the links between the dashboards, and their style sheet.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from semantic.catalog import Catalog
from superset_assets import chart_form, dashboard_form, datasets, decisions, defaults, ranges, yaml_text
from superset_assets.decisions import ROOT, Files
from superset_assets.errors import DecisionError, InvalidAssetsError, Problem
from superset_assets.names import DATABASE, HOME

# Superset's connection hook puts the published file of the user in this place (server/superset_config.py).
DUCKDB_URI = "duckdb:///published-build-of-whoever-asks.duckdb"
SHEETS = ("look.css", "controls.css", "cards.css", "home.css")
CSS = tuple(ROOT / "dashboards" / name for name in SHEETS)  # one look for all dashboards
Assets = dict[str, dict[str, Any]]


def expand(files: Files, catalog: Catalog) -> Assets:
    """Every asset in Superset's form by its path in the bundle, e.g. charts/net_sales.yaml.

    Raises InvalidAssetsError with every decision that cannot be carried out: file, chart, key, next step.
    """
    assets: Assets = {f"databases/{name}.yaml": content for name, content in files.databases.items()}
    assets |= {f"datasets/{DATABASE}/{name}.yaml": item for name, item in datasets.generate(catalog).items()}
    problems: list[Problem] = []
    for name, chart in files.charts.items():
        path = f"charts/{name}.yaml"
        with _collected(problems, files.place(path)):
            assets[path] = chart_form.expand(name, chart, catalog)
    if problems:
        raise InvalidAssetsError.of(problems)
    for name, dashboard in files.dashboards.items():
        path = f"dashboards/{name}.yaml"
        with _collected(problems, path):
            assets[path] = dashboard_form.expand(name, dashboard, files.charts, catalog)
    if problems:
        raise InvalidAssetsError.of(problems)
    return assets


def complete(assets: Assets, *, database_uri: str = DUCKDB_URI, default_range: str | None = None) -> Assets:
    """The assets as Superset gets them.

    default_range: what dashboards open with, as "YYYY-MM-DD : YYYY-MM-DD" (both days shown); without it the last
    thirty whole days. A range that ends in the past also moves the presets to its last day.
    """
    values = {
        "default_range": ranges.expression(default_range),
        "presets": ranges.preset_links(default_range),
        "database_uri": database_uri,
        "css": style_sheet(),
    }
    boards = [item for path, item in assets.items() if path.startswith("dashboards/")]
    filled = dict(assets)
    for path, item in assets.items():
        if path.startswith("databases/"):
            filled[path] = _fill(item, values)
        if path.startswith("dashboards/"):
            filled[path] = _fill(item, values | {"dashboards": links(boards, item["slug"])})
    return filled


def links(boards: Sequence[Mapping[str, Any]], current: str) -> str:
    """One Markdown link per dashboard, Home first; the title of the current one is bold text."""
    ordered = sorted(boards, key=lambda board: (board["slug"] != HOME, board["dashboard_title"]))
    return " ".join(
        f"**{board['dashboard_title']}**" if board["slug"] == current
        else f"[{board['dashboard_title']}](/superset/dashboard/{board['slug']}/)"
        for board in ordered
    )  # fmt: skip


def style_sheet() -> str:
    """The style sheet of every dashboard, with the meanings of the palette as its variables."""
    meanings = "".join(f" --{name}: {colour};" for name, colour in defaults.load().palette.meanings.items())
    return f":root {{{meanings} }}\n" + "".join(path.read_text("utf-8") for path in CSS)


def to_zip(catalog: Catalog, *, database_uri: str = DUCKDB_URI, default_range: str | None = None) -> bytes:
    """The zip of all assets for `sync.plan` and `sync.apply`: the same input gives the same bytes."""
    assets = expand(decisions.read(), catalog)
    return pack(complete(assets, database_uri=database_uri, default_range=default_range))


def pack(assets: Mapping[str, Mapping[str, Any]]) -> bytes:
    """A zip in the form of Superset's import, with fixed timestamps."""
    metadata = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted({"metadata.yaml": metadata, **assets}.items()):
            archive.writestr(zipfile.ZipInfo(f"takings/{path}", (2026, 1, 1, 0, 0, 0)), yaml_text.dump(content))
    return buffer.getvalue()


def unpack(data: bytes) -> Assets:
    """The assets of a zip by path without its top folder; the inverse of `pack`, and reads Superset's exports."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        paths = {name.split("/", 1)[1]: name for name in archive.namelist() if name.endswith(".yaml")}
        return {path: yaml_text.load(archive.read(name)) for path, name in paths.items() if path != "metadata.yaml"}


@contextmanager
def _collected(problems: list[Problem], place: str) -> Iterator[None]:
    try:
        yield
    except DecisionError as error:
        problems.append(Problem(place, error.what, error.next_step))


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    """`{{ name }}` in any text, replaced by the value of that name."""
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace("{{ " + name + " }}", text)
    return value
