"""The compact files: charts and dashboards as decisions, read and checked.

    charts/<dashboard>.yaml       chart name → decisions (a chart's name gives its uuid: renaming makes a new chart)
    dashboards/<name>.yaml        title, description and rows of charts; its name gives slug and uuid
    databases/<name>.yaml         in Superset's own form

What a file leaves out is in defaults.yaml. `chart_form` and `dashboard_form` expand decisions to Superset's form.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from superset_assets import defaults, yaml_text
from superset_assets.defaults import Text
from superset_assets.errors import InvalidAssetsError, Problem

ROOT = Path(__file__).resolve().parent
KINDS = ("databases", "charts", "dashboards")
NO_OPTIONS = frozenset((
    "viz_type", "metric", "metrics", "percent_metrics", "adhoc_filters", "groupby", "groupbyRows", "groupbyColumns",
    "all_columns", "x_axis", "dashboards", "datasource", "slice_id",
))  # fmt: skip
"""Parameters that `options` may not set: other decisions do, and a formula would fit into them."""
COMMON = ("type", "title", "caption", "empty", "filters", "options")  # what every type of chart may decide


def _names(value: Any) -> Any:
    """One name means a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_names)]


class _Decisions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def plain(self) -> dict[str, Any]:
        """The decisions as the file has them, in the order of the fields."""
        content = self.model_dump(exclude_unset=True)
        return {key: value[0] if key == "by" and len(value) == 1 else value for key, value in content.items()}


class Chart(_Decisions):
    """One chart. What a type knows of these is in defaults.yaml.

    metric: the metric's name, by default the chart's own. by: columns to group by. newest: show only the group with the
    highest value of this column. hours: a column of hours, which bars have
    in place of days. annotated: whether a line shows what happened on its days. change: the metric of which
    a table has the change since the earlier period. latest: rows of all days, whatever the dashboard's. bands: colour →
    upper end. filters: column → value, list of values, or {operator: value}. empty: what the chart says without rows,
    instead of its mart's sentence. options: Superset's parameters that differ from the type's, None to leave one out.
    """

    type: str
    title: str = Field(min_length=1)
    caption: str = Field(min_length=1)
    metric: str | None = None
    metrics: list[str] = []
    dataset: str | None = None
    by: Names = []
    rows: list[str] = []
    columns: list[str] = []
    newest: str | None = None
    sort: str | None = None
    change: str | None = None
    hours: str | None = None
    stacked: bool = False
    annotated: bool = False
    bands: dict[str, int | float] = {}
    shaded: bool = False
    filters: dict[str, Any] = {}
    labels: dict[str, str] = {}
    hidden: list[str] = []
    bars: list[str] = []
    latest: bool = False
    format: str | None = None
    limit: int | None = Field(None, ge=1)
    empty: str | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known_to_the_type(self) -> "Chart":
        types = defaults.load().types
        if self.type not in types:
            raise ValueError(f"type: {self.type!r} is no type of chart{_near(self.type, types)}")
        allowed = (*COMMON, *types[self.type].decisions)
        for key in self.model_fields_set - set(allowed):
            raise ValueError(f"{key}: a chart of type {self.type} has no such decision; it knows {', '.join(allowed)}")
        if self.metric and self.metrics:
            raise ValueError("metric: metrics are listed too; keep one of the two")
        if "sqlExpression" in str(self.options):
            raise ValueError("options: a chart holds no SQL; write the formula once in semantic/metrics")
        for key in self.options.keys() & NO_OPTIONS:
            raise ValueError(f"options.{key}: this is no option; decide it by metric, by, rows, columns or filters")
        return self


class Tile(_Decisions):
    """A chart, or a text of defaults.yaml, in a row. width: of 12 columns; height: grid units of 8 pixels."""

    name: str
    width: int | None = Field(None, ge=1, le=12)
    height: int | None = Field(None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """A tile is written as its name, as [name, width] or as [name, width, height]."""
        if isinstance(value, dict):
            return value
        parts = [value] if isinstance(value, str) else value
        if not isinstance(parts, list) or not 1 <= len(parts) <= 3:
            raise ValueError(f"{value!r} is no tile; write a name, [name, width], [name, width, height] or text: …")
        return dict(zip(("name", "width", "height"), parts, strict=False))

    def written(self) -> Any:
        """The tile as a file has it."""
        parts = [self.name, *(size for size in (self.width, self.height) if size)]
        return self.name if len(parts) == 1 else parts


def _kind_of_tile(value: Any) -> str:
    return "text" if isinstance(value, dict | Text) else "tile"


AnyTile = Annotated[Annotated[Tile, Tag("tile")] | Annotated[Text, Tag("text")], Discriminator(_kind_of_tile)]


class Dashboard(_Decisions):
    """One dashboard. needs: kinds of sources or records that fill it; of a nested list, one is enough. only_with: kinds
    of which a tenant needs one to have it in its navigation. rows: name → tiles; tiles without a width share the row.
    tabs: title → names of rows; the charts of a tab are queried when it is opened.
    cross_filter: names of rows; a click into a chart of these filters the others of the same mart. filters: more than
    those of defaults.yaml, or null for one to leave out.
    options: Superset's settings of a dashboard that differ from defaults.yaml."""

    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    needs: list[str | list[str]] = Field(min_length=1)
    only_with: list[str] = []
    filters: dict[str, defaults.Filter | None] = {}
    options: dict[str, Any] = {}
    tabs: dict[str, list[str]] = {}
    cross_filter: list[str] = []
    rows: dict[str, list[AnyTile]]

    @model_validator(mode="after")
    def _tabs_hold_rows(self) -> "Dashboard":
        names = [name for rows in self.tabs.values() for name in rows]
        for name in names:
            if name not in self.rows:
                raise ValueError(f"tabs: no row is called {name!r}{_near(name, self.rows)}")
            if names.count(name) > 1:
                raise ValueError(f"tabs: the row {name!r} is in two places; keep one of the two")
        return self

    @model_validator(mode="after")
    def _cross_filter_stays_in_a_tab(self) -> "Dashboard":
        for name in self.cross_filter:
            if name not in self.rows:
                raise ValueError(f"cross_filter: no row is called {name!r}{_near(name, self.rows)}")
        tab_of = {row: tab for tab, rows in self.tabs.items() for row in rows}
        if len({tab_of.get(name) for name in self.cross_filter}) > 1:
            raise ValueError("cross_filter: the rows are in several tabs; name rows that are seen together")
        return self

    def filled_by(self, kinds: Collection[str]) -> bool:
        """Whether sources of these kinds fill every chart."""
        needs = ([need] if isinstance(need, str) else need for need in self.needs)
        return all(any(kind in kinds for kind in one_of) for one_of in needs)

    def plain(self) -> dict[str, Any]:
        """The decisions as the file has them, in the order of the fields."""
        rows = {name: [_written(tile) for tile in tiles] for name, tiles in self.rows.items()}
        return self.model_dump(exclude_unset=True, exclude={"rows"}) | {"rows": rows}


def _written(tile: Tile | Text) -> Any:
    return tile.written() if isinstance(tile, Tile) else tile.model_dump(exclude_unset=True)


@dataclass(frozen=True)
class Files:
    """All compact files by name. `chart_files`: the file of each chart, below superset_assets."""

    charts: dict[str, Chart] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    databases: dict[str, dict[str, Any]] = field(default_factory=dict)
    chart_files: dict[str, str] = field(default_factory=dict)

    def place(self, path: str) -> str:
        """Where the asset of this path in the bundle is decided: its file, for a chart with its name."""
        kind, name = path.removesuffix(".yaml").split("/", 1)
        return f"{self.chart_files[name]}: {name}" if kind == "charts" and name in self.chart_files else path


def read(root: Path = ROOT) -> Files:
    """All compact files below `root`. Raises InvalidAssetsError with every problem: file, chart, key, next step."""
    files, problems = Files(), list[Problem]()
    for path in sorted(path for kind in KINDS for path in (root / kind).glob("*.yaml")):
        file = path.relative_to(root).as_posix()
        try:
            content = yaml_text.load(path.read_text("utf-8"))
        except yaml_text.YAMLError as error:
            problems.append(Problem(file, f"it is no YAML: {error}", "Correct it"))
            continue
        problems += _READERS[file.split("/")[0]](files, file, content)
    if problems:
        raise InvalidAssetsError.of(problems)
    return files


def _read_charts(files: Files, file: str, content: Any) -> Iterator[Problem]:
    if not isinstance(content, dict):
        yield Problem(file, "it holds no charts", "Write each chart's name with its decisions below it")
        return
    for name, chart in content.items():
        if name in files.chart_files:
            what = f"{files.chart_files[name]} has a chart of the same name"
            yield Problem(f"{file}: {name}", what, "Rename one of the two")
            continue
        files.chart_files[name] = file
        yield from _parse(Chart, chart, f"{file}: {name}", files.charts, name)


def _read_dashboard(files: Files, file: str, content: Any) -> Iterator[Problem]:
    yield from _parse(Dashboard, content, file, files.dashboards, Path(file).stem)


def _read_database(files: Files, file: str, content: Any) -> Iterator[Problem]:
    files.databases[Path(file).stem] = content
    yield from ()


_READERS = {"databases": _read_database, "charts": _read_charts, "dashboards": _read_dashboard}


def _parse(model: Any, content: Any, place: str, into: dict[str, Any], name: str) -> Iterator[Problem]:
    try:
        into[name] = model.model_validate(content)
    except ValidationError as error:
        for item in error.errors():
            yield _problem(place, item, model.model_fields)


def _problem(place: str, error: Mapping[str, Any], fields: Mapping[str, Any]) -> Problem:
    where = ".".join(str(part) for part in error["loc"] if part not in ("tile", "text"))
    if error["type"] == "extra_forbidden":
        known = fields if len(error["loc"]) == 1 else ("name", "width", "height", "text")
        return Problem(place, f"{where}: no such key{_near(where, known)}", f"Use {', '.join(known)}")
    if error["type"] == "value_error":
        return Problem(place, str(error["ctx"]["error"]), "Change it in the file")
    return Problem(place, f"{where}: {error['msg'].lower()}", "Change it in the file")


def _near(name: str, known: Any) -> str:
    """What the person may have meant."""
    match = difflib.get_close_matches(name.rsplit(".", 1)[-1], list(known), 1)
    return f"; did you mean {match[0]}?" if match else ""
