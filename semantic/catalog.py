"""The marts and metrics, read from dbt's manifests. Needs neither dbt nor a database.

    dbt's target: manifest.json, semantic_manifest.json ──load──▶ Catalog ──save──▶ catalog.json ──load──▶ Catalog

A published build contains `catalog.json`, so that a question uses the definitions that the build was made with. A mart
is a dbt model of `access: public`. Our own settings of a metric are in its `config: meta`: unit, format (d3; a `$`
marks a multiple: 16.3×), thresholds, `good` (up or down: in which direction a change is good news), `micros` where
money is in micros instead of minor units, `unknown_with`: a column that counts what the sum lacks, and where it is not
zero the metric is unknown, and `non_additive_over`: the columns over which the metric must not be added
up (a cohort's month number, the day of a count of people). A mart's `config: meta` may name these columns once for all
its metrics; `current` there says that its rows are of the time of the build, whatever range a reader has chosen. A
metric without a format has that of its unit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from semantic import releases
from semantic.errors import CatalogError, UnknownNameError
from semantic.same_files import SameFiles, stamp

Unit = Literal["money", "count", "ratio"]
Kind = Literal["sum", "ratio", "derived", "percentile", "other"]
Direction = Literal["up", "down", "none"]
FORMATS: Mapping[Unit, str] = MappingProxyType({"money": ",.2f", "count": ",d", "ratio": ".1%"})
FILE_NAME = "catalog.json"
FORMAT_VERSION = 2  # 1: release 0.1
TIMES = re.compile(r"(\d+) \* (\w+) / NULLIF\((\w+), 0\)")  # a factor times a ratio: the only division in `derived`


@dataclass(frozen=True)
class Column:
    """A column of a mart; `type` as in its contract (bigint, date, varchar, …). `label` is its heading for people:
    `config.meta.label` of its YAML, else its name in words. `words` are what people read in place of its values, as
    pairs: `config.meta.words`."""

    name: str
    type: str
    description: str
    label: str = ""
    words: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.name.replace("_", " ").capitalize())
        object.__setattr__(self, "words", tuple((value, text) for value, text in self.words))  # JSON has lists


@dataclass(frozen=True)
class Mart:
    """A published table. `time_column` is the column of days (or months: `time_grain`) for ranges and periods.
    `non_additive_over` applies to each of its metrics that does not name its own columns. `current`: its rows are of
    the time of the build, and a dashboard's range does not choose among them."""

    name: str
    description: str
    columns: tuple[Column, ...]
    time_column: str | None
    dimensions: tuple[str, ...]
    time_grain: str | None = None
    non_additive_over: tuple[str, ...] = ()
    current: bool = False

    def has(self, column: str) -> bool:
        """Whether the mart has a column of this name."""
        return any(item.name == column for item in self.columns)


@dataclass(frozen=True)
class Metric:
    """One metric. kind sum: `expr` is the summed column; ratio: `inputs` are numerator and denominator, `expr` is a
    whole number that multiplies it, or empty; derived: `expr` is arithmetic over `inputs`; percentile: `percentile` (0
    to 1) of the column `expr`, interpolated; other: `expr` says why it is not one expression over one mart. `micros`:
    its sums are millionths of the currency unit. `unknown_with`: the column of its mart that counts what its sum
    lacks; the metric is NULL where that is not zero."""

    name: str
    label: str
    description: str
    unit: Unit
    mart: str
    thresholds: Mapping[str, float] | None = None
    format: str = ""
    kind: Kind = "sum"
    expr: str = ""
    inputs: tuple[str, ...] = ()
    non_additive_over: tuple[str, ...] = ()
    micros: bool = False
    good: Direction = "none"
    percentile: float | None = None
    unknown_with: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether the metric of a whole is the sum of its parts: a ratio and a percentile are not."""
        return self.kind not in ("ratio", "percentile")

    @property
    def in_parts_of_a_cent(self) -> bool:
        """Whether amounts are shown with more decimals than their currency has: its format names them."""
        return self.unit == "money" and self.micros and self.format != FORMATS["money"]


@dataclass(frozen=True)
class Catalog:
    """All metrics and marts by name. `version` changes with any definition."""

    metrics: Mapping[str, Metric]
    marts: Mapping[str, Mart]

    @cached_property
    def version(self) -> str:
        """The first twelve hexadecimal digits of a hash of all definitions."""
        return hashlib.sha256(_json_text(self).encode()).hexdigest()[:12]

    @cached_property
    def text(self) -> str:
        """What `catalog.json` of a build has: all definitions, and the release that wrote them."""
        return _json_text(self, release=releases.RUNNING)

    def metric(self, name: str) -> Metric:
        """The metric of that name. Raises UnknownNameError with similar names."""
        if name not in self.metrics:
            raise UnknownNameError("metric", name, self.metrics)
        return self.metrics[name]


_read: SameFiles[Catalog] = SameFiles()


def load(path: Path) -> Catalog:
    """The catalog of a published build or of dbt's target folder; `path` is the folder or one of its files.

    Read again only after what one of these files holds has changed: a server asks for each question.
    """
    folder = path if path.is_dir() else path.parent
    files = tuple(folder / name for name in (FILE_NAME, "semantic_manifest.json", "manifest.json"))
    return _load(path, folder, files, tuple(stamp(file) for file in files))


@lru_cache(maxsize=4)
def _load(path: Path, folder: Path, files: tuple[Path, Path, Path], _stamps: tuple[tuple[int, ...], ...]) -> Catalog:
    own, semantic, manifest = files
    if path != semantic and own.exists():
        return _read.get((own,), lambda: _read_own(own))
    if semantic.exists() and manifest.exists():
        return _read.get((semantic, manifest), lambda: read_manifests(_json(semantic), _json(manifest)))
    raise CatalogError(
        f"No metric definitions in {folder}",
        f"it has neither {FILE_NAME} nor semantic_manifest.json with manifest.json",
        "Build and publish again with `takings run`",
    )


def _read_own(own: Path) -> Catalog:
    content = _json(own)
    releases.check(own, content, FORMAT_VERSION)
    try:
        return _catalog(list(map(_read_metric, content["metrics"])), list(map(_read_mart, content["marts"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if unknown := ", ".join(releases.unknown_fields(content, Mart, Metric, Column)):
            raise releases.error(own, content, f"fields {unknown}", is_newer=True) from None
        raise CatalogError(
            f"Cannot read {own}",
            f"it is damaged ({type(error).__name__}: {error})",
            "`takings build` publishes a new build from what has been pulled",
        ) from None


def save(catalog: Catalog, folder: Path) -> Path:
    """Write `catalog.json` into the folder of a build that is about to be published."""
    path = folder / FILE_NAME
    path.write_text(catalog.text, encoding="utf-8")
    return path


def read_manifests(semantic: Mapping[str, Any], manifest: Mapping[str, Any]) -> Catalog:
    """The catalog from dbt's semantic_manifest.json and manifest.json."""
    models = {item["node_relation"]["alias"]: item for item in semantic["semantic_models"]}
    nodes = sorted(manifest["nodes"].values(), key=lambda node: str(node["name"]))
    public = [node for node in nodes if node["resource_type"] == "model" and node.get("access") == "public"]
    marts = {node["alias"]: _mart(node, models.get(node["alias"])) for node in public}
    by_model = {item["name"]: marts[alias] for alias, item in models.items() if alias in marts}
    raw = {item["name"]: item for item in semantic["metrics"]}
    metrics: dict[str, Metric] = {}
    for name in sorted(raw):
        _metric(name, raw, by_model, metrics, ())
    return _catalog([metrics[name] for name in sorted(metrics)], list(marts.values()))


def _read_mart(item: Mapping[str, Any]) -> Mart:
    columns = tuple(Column(**column) for column in item["columns"])
    dimensions = tuple(item["dimensions"])
    return Mart(**{**item, "columns": columns, "dimensions": dimensions, "non_additive_over": non_additive_over(item)})


def _read_metric(item: Mapping[str, Any]) -> Metric:
    return Metric(**{**item, "inputs": tuple(item["inputs"]), "non_additive_over": non_additive_over(item)})


def non_additive_over(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """`non_additive_over` of a metric or mart, from its YAML or a saved catalog: a name, a list, or nothing."""
    named = meta.get("non_additive_over") or ()
    return (named,) if isinstance(named, str) else tuple(named)


def _mart(node: Mapping[str, Any], model: Mapping[str, Any] | None) -> Mart:
    columns = tuple(_column(item) for item in node["columns"].values())
    description = str(node["description"])
    if model is None:
        return Mart(node["alias"], description, columns, None, ())
    dimensions = {item["name"]: item for item in model["dimensions"]}
    time = (model["defaults"] or {}).get("agg_time_dimension")
    grain = dimensions[time]["type_params"]["time_granularity"] if time else None
    names = tuple(name for name, item in dimensions.items() if item["type"] == "categorical")
    meta = (node["config"] or {}).get("meta") or {}
    current = bool(meta.get("current"))
    return Mart(node["alias"], description, columns, time, names, grain, non_additive_over(meta), current)


def _column(item: Mapping[str, Any]) -> Column:
    meta = (item.get("config") or {}).get("meta") or {}
    words = tuple((meta.get("words") or {}).items())
    return Column(item["name"], item["data_type"], item["description"], meta.get("label", ""), words)


def _metric(
    name: str, raw: Mapping[str, Any], marts: Mapping[str, Mart], metrics: dict[str, Metric], above: tuple[str, ...]
) -> Metric:
    """Read a metric after its inputs, whose mart it shares. Adds it to `metrics`."""
    if name in metrics:
        return metrics[name]
    if name in above:
        raise CatalogError(f"Metric {name} is an input of itself", " → ".join((*above, name)), "Remove one")
    item = raw[name]
    params, meta = item["type_params"], (item.get("config") or {}).get("meta") or {}
    if meta.get("unit") not in {"money", "count", "ratio"}:
        raise CatalogError(
            f"Metric {name} has no unit",
            f"config.meta.unit is {meta.get('unit')!r}",
            "Set it to money, count or ratio in the metric's YAML under semantic/metrics",
        )
    kind, expr, used = _formula(item, params)
    inputs = [_metric(other, raw, marts, metrics, (*above, name)) for other in used]
    own = marts.get((params.get("metric_aggregation_params") or {}).get("semantic_model", ""))
    places = {other.mart for other in inputs} or {own.name if own else ""}
    broken = next((f"{other.name}: {other.expr}" for other in inputs if other.kind == "other"), None)
    if kind != "other" and broken:
        kind, expr = "other", broken
    elif kind != "other" and len(places) > 1:
        kind, expr = "other", f"its inputs are in {' and '.join(sorted(places))}"
    metrics[name] = Metric(
        name=name,
        label=item.get("label") or name.replace("_", " ").capitalize(),
        description=item.get("description") or "",
        unit=meta["unit"],
        mart=next(iter(places)) if len(places) == 1 else "",
        thresholds=meta.get("thresholds"),
        format=meta.get("format") or FORMATS[meta["unit"]],
        kind=kind,
        expr=expr,
        inputs=tuple(used),
        non_additive_over=_restriction(meta, own, inputs),
        micros=bool(meta.get("micros")) or (meta["unit"] == "money" and any(other.micros for other in inputs)),
        good=meta.get("good", "none"),
        percentile=_percentile(params) if kind == "percentile" else None,
        unknown_with=meta.get("unknown_with") or next((i.unknown_with for i in inputs if i.unknown_with), ""),
    )
    return metrics[name]


def _restriction(meta: Mapping[str, Any], mart: Mart | None, inputs: Sequence[Metric]) -> tuple[str, ...]:
    """The columns over which a metric is not additive: from its own YAML, else its mart's, else its inputs'."""
    if "non_additive_over" in meta:
        return non_additive_over(meta)
    if mart is not None:
        return mart.non_additive_over
    return next((other.non_additive_over for other in inputs if other.non_additive_over), ())


def _formula(item: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[Kind, str, list[str]]:
    """Kind, expression and inputs of a metric of the semantic manifest."""
    aggregation = params.get("metric_aggregation_params") or {}
    parts = [part for part in (params.get("numerator"), params.get("denominator")) if part] or params["metrics"] or []
    names = [part["name"] for part in parts]
    if item.get("filter") or any(part.get("filter") for part in parts):
        return "other", "it has a filter", names
    if any(part.get("offset_window") or part.get("offset_to_grain") for part in parts):
        return "other", "it looks at another period", names
    if item["type"] == "ratio":
        return "ratio", "", names
    if item["type"] == "derived":
        return _derived(str(params["expr"]), names)
    kind: Kind = "other"
    if item["type"] == "simple" and not aggregation.get("non_additive_dimension"):
        kind = (
            "sum" if aggregation.get("agg") == "sum" else "percentile" if _percentile(params) is not None else "other"
        )
    if kind != "other":
        return kind, str(params.get("expr") or item["name"]), []
    return "other", f"it is {item['type']} ({aggregation.get('agg') or 'over a window'}), not a sum of rows", names


def _percentile(params: Mapping[str, Any]) -> float | None:
    """The share of a continuous percentile that is computed from the rows; None of any other metric."""
    aggregation = params.get("metric_aggregation_params") or {}
    about = aggregation.get("agg_params") or {}
    exact = not (about.get("use_discrete_percentile") or about.get("use_approximate_percentile"))
    return float(about["percentile"]) if aggregation.get("agg") == "percentile" and exact else None


def _derived(expr: str, names: list[str]) -> tuple[Kind, str, list[str]]:
    """Sums and differences unchanged; a factor times a ratio as a ratio with that factor."""
    times = TIMES.fullmatch(expr)
    if times and {times[2], times[3]} == set(names):
        return "ratio", times[1], [times[2], times[3]]
    return "derived", expr, names


def _catalog(metrics: list[Metric], marts: list[Mart]) -> Catalog:
    return Catalog(
        MappingProxyType({item.name: item for item in metrics}), MappingProxyType({item.name: item for item in marts})
    )


def _json_text(catalog: Catalog, **about: str) -> str:
    content = {
        **about,
        "format": FORMAT_VERSION,
        "marts": list(catalog.marts.values()),
        "metrics": list(catalog.metrics.values()),
    }
    return json.dumps(content, ensure_ascii=False, default=vars) + "\n"  # indented, it takes five times as long


def _json(path: Path) -> dict[str, Any]:
    try:
        content = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CatalogError(f"Cannot read {path}", str(error), "Build and publish again with `takings run`") from error
    return content
