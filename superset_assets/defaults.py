"""defaults.yaml: what all charts of a type and all dashboards share."""

import functools
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from superset_assets import yaml_text
from superset_assets.errors import InvalidAssetsError, Problem

PATH = Path(__file__).with_name("defaults.yaml")
PALETTE = PATH.with_name("palette.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberFormat(_Strict):
    """Superset's parameter for the format of a chart's numbers, and the d3 format per unit (None: the metric's)."""

    parameter: str
    money: str | None = None
    count: str | None = None
    ratio: str | None = None


class ChartType(_Strict):
    """What all charts of a type share. height: grid units of 8 pixels. decisions: the keys that a chart may set.
    editor: what Superset's chart editor adds for this type."""

    viz_type: str
    height: int
    decisions: tuple[str, ...]
    number: NumberFormat | None = None
    editor: dict[str, Any] = {}
    params: dict[str, Any]


class Filter(_Strict):
    """A filter above a dashboard: the days, or the values of a dataset's column (several unless `always_one`).

    order: the metric of the dataset that puts the values into their order, instead of the alphabet. default: the value
    that a dashboard opens with, instead of the first. rows: the dashboard's rows that it reaches; without them all.
    """

    title: str
    type: Literal["days", "values"] = "values"
    dataset: str | None = None
    column: str | None = None
    order: str | None = None
    always_one: bool = False
    default: str | None = None
    rows: list[str] = []
    description: str = ""


class Text(_Strict):
    """A block of Markdown; without width and height it takes what its row has left."""

    width: int | None = Field(None, ge=1, le=12)
    height: int | None = Field(None, ge=1)
    text: str


class Palette(_Strict):
    """The content of palette.yaml: colours as #rrggbb by name."""

    meanings: dict[str, str]
    kinds: dict[str, str]
    parts: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return (self.meanings | self.kinds | self.parts)[name]


class Defaults(_Strict):
    """The content of defaults.yaml, with the palette. colours: names of the palette, each with the metrics drawn in it.
    editor: what Superset's chart editor adds to a chart's parameters. empty: what charts of a mart, or of a metric, say
    without rows."""

    types: dict[str, ChartType]
    editor: dict[str, Any]
    palette: Palette
    colours: dict[str, list[str]]
    empty: dict[str, str]
    filters: dict[str, Filter]
    texts: dict[str, Text]
    dashboard: dict[str, Any]

    def colour(self, metric: str) -> str | None:
        """The metric's colour as #rrggbb, or None: Superset chooses."""
        return next((self.palette[name] for name, metrics in self.colours.items() if metric in metrics), None)


@functools.cache
def load() -> Defaults:
    """The defaults, read once. Raises InvalidAssetsError."""
    try:
        palette, shared = (yaml_text.load(path.read_text("utf-8")) for path in (PALETTE, PATH))
        return Defaults.model_validate(shared | {"palette": palette})
    except (ValidationError, yaml_text.YAMLError) as error:
        raise InvalidAssetsError.of([Problem(PATH.name, f"it cannot be read: {error}", "Correct it")]) from error
