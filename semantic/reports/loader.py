"""Reads the declaration of a report from its YAML file. Every mistake is named with file and line, all at once.

    title: Top products
    question: Which products bring in the most?
    figures: [product_revenue, product_quantity]
    by: [source, product_key]
    labels: [product_title]
    order: [-product_revenue]
    limit: 10
    columns:
      name: product_title
      revenue_{currency}: product_revenue
      share: {of: product_revenue, show: share}
    charts:
      - {kind: bars, title: Revenue by product, metrics: [product_revenue], by: [source, product_key],
         label: product_title, limit: 10}
    caveats: [Discounts are not taken off.]

The report's name is that of its file. `check` (semantic/reports/check.py) compares the names with a build's catalog.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from semantic import periods
from semantic.errors import RangeError, ReportError
from semantic.reports.declaration import KINDS, SHOWS, Declared, Report, ReportChart, ReportColumn

SUFFIXES = (".yml", ".yaml")
REPORT_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]*(_\{currency\})?")
NO_LETTERS = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
NAMES = ("figures", "by", "labels", "order")
KEYS = (
    "title",
    "question",
    "period",
    *NAMES,
    "limit",
    "only",
    "without_empty",
    "where",
    "columns",
    "charts",
    "caveats",
)
MOST_CHARTS = 4
MOST_BYTES = 100_000  # of a file; the application reads all of them for its first page


@dataclass
class _Reading:
    """A file that is being read: its mistakes with their lines, and where each setting is."""

    path: Path
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def fail(self, node: yaml.Node, text: str) -> None:
        self.mistakes.append((_line(node), text))

    def mapping(
        self, node: yaml.Node, place: str, known: Collection[str] | None = None, required: Collection[str] = ()
    ) -> dict[str, yaml.Node]:
        """The settings of a mapping by name; unknown, repeated and missing ones are mistakes."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"{place or 'the file'} has to be settings with names, such as `title: …`")
            return {}
        settings: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in settings:
                self.fail(key, f"{name!r} is there twice" + (f" in {place}" if place else ""))
            elif known is not None and name not in known:
                self.fail(key, f"unknown setting {name!r}" + (f" of {place}" if place else "") + _near(name, known))
            else:
                settings[name] = value
                self.lines[f"{place}.{name}" if place else name] = _line(key)
        for name in required:
            if name not in settings:
                self.fail(node, f"`{name}` is missing" + (f" in {place}" if place else ""))
        return settings

    def text(self, node: yaml.Node, place: str) -> str:
        """One text."""
        if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null" and str(node.value).strip():
            if NO_LETTERS.search(node.value):
                self.fail(node, f"{place} has control characters")
            return str(node.value).strip()
        self.fail(node, f"{place} has to be a text")
        return ""

    def texts(self, node: yaml.Node, place: str) -> tuple[str, ...]:
        """A list of texts."""
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, f"{place} has to be a list, such as [one, another]")
            return ()
        for number, item in enumerate(node.value):
            self.lines[f"{place}[{number}]"] = _line(item)
        return tuple(self.text(item, f"{place}[{number}]") for number, item in enumerate(node.value))

    def names(self, node: yaml.Node, place: str) -> tuple[str, ...]:
        """A list of texts of which none is there twice."""
        names = self.texts(node, place)
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.fail(node, f"{place} names {name!r} twice")
        return names

    def number(self, node: yaml.Node, place: str) -> int | None:
        """A whole number above zero."""
        if isinstance(node, yaml.ScalarNode) and re.fullmatch(r"[1-9][0-9]{0,6}", str(node.value)):
            return int(node.value)
        self.fail(node, f"{place} has to be a whole number above 0")
        return None

    def switch(self, node: yaml.Node, place: str) -> bool:
        """true or false."""
        if isinstance(node, yaml.ScalarNode) and node.value in ("true", "false"):
            return bool(node.value == "true")
        self.fail(node, f"{place} has to be true or false")
        return False

    def choice(self, node: yaml.Node, place: str, known: Collection[str]) -> Any:
        """One of several words."""
        word = self.text(node, place)
        if word and word not in known:
            self.fail(node, f"{place} cannot be {word!r}" + _near(word, known))
        return word

    def where(self, node: yaml.Node, place: str) -> dict[str, str]:
        """Values of dimensions, by name."""
        return {name: self.text(item, f"{place}.{name}") for name, item in self.mapping(node, place).items()}


def load(path: Path) -> Declared:
    """The report that a file declares. Raises ReportError that names every mistake with file and line."""
    try:
        if path.stat().st_size > MOST_BYTES:
            why = f"it has more than {MOST_BYTES:,} bytes"
            raise ReportError(f"Cannot read the report {path}", why, "Make it shorter")
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ReportError(f"Cannot read the report {path}", error.strerror or str(error), "Make it readable") from None
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not part of a character"
        raise ReportError(f"Cannot read the report {path}", why, "Save the file as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise mistaken(path, [(mark.line + 1 if mark else 1, f"it is not valid YAML: {why}")]) from None
    except RecursionError:
        raise mistaken(path, [(1, "it has too many brackets within each other")]) from None
    if node is None:
        raise mistaken(path, [(1, "the file is empty")])
    reading = _Reading(path)
    report = _report(reading, node)
    if reading.mistakes:
        raise mistaken(path, reading.mistakes)
    return Declared(report, path, reading.lines)


def mistaken(path: Path, mistakes: Collection[tuple[int, str]]) -> ReportError:
    """The error of a file with these mistakes, each with its line."""
    lines = [f"  {path}, line {line}: {text}" for line, text in sorted(mistakes)]
    head = f"The report {path.stem} has {len(lines)} mistake{'s' * (len(lines) > 1)}:"
    return ReportError("\n".join([head, *lines]), next_step="Correct the file")


def _report(reading: _Reading, node: yaml.Node) -> Report:
    settings = reading.mapping(node, "", KEYS, required=("title", "question", "columns"))
    name = reading.path.stem
    if not REPORT_NAME.fullmatch(name):
        reading.fail(node, f"the file's name {name!r} is no name for a report: use a-z, 0-9 and hyphens")

    def read(key: str, how: Callable[[yaml.Node, str], Any], default: Any) -> Any:
        return how(settings[key], key) if key in settings else default

    report = Report(
        name,
        read("title", reading.text, ""),
        read("question", reading.text, ""),
        _columns(reading, settings["columns"]) if "columns" in settings else (),
        **{key: read(key, reading.names, ()) for key in NAMES},
        limit=read("limit", reading.number, None),
        only=read("only", reading.text, None),
        without_empty=read("without_empty", reading.switch, False),
        where=read("where", reading.where, {}),
        charts=_charts(reading, settings["charts"]) if "charts" in settings else (),
        caveats=read("caveats", reading.texts, ()),
        period=read("period", reading.text, "30d"),
    )
    try:
        periods.preset(report.period)
    except RangeError as error:
        reading.fail(settings["period"], str(error).splitlines()[0])
    return report


def _columns(reading: _Reading, node: yaml.Node) -> tuple[ReportColumn, ...]:
    columns = []
    for name, item in reading.mapping(node, "columns").items():
        place = f"columns.{name}"
        if not COLUMN_NAME.fullmatch(name):
            reading.fail(item, f"{name!r} is no name for a column: use a-z, 0-9 and _, and _{{currency}} at its end")
        if isinstance(item, yaml.ScalarNode):
            columns.append(ReportColumn(name, reading.text(item, place)))
            continue
        settings = reading.mapping(item, place, ("of", "show", "label", "where"), required=("of",))
        columns.append(
            ReportColumn(
                name,
                reading.text(settings["of"], f"{place}.of") if "of" in settings else "",
                reading.choice(settings["show"], f"{place}.show", SHOWS) if "show" in settings else "value",
                reading.text(settings["label"], f"{place}.label") if "label" in settings else "",
                reading.where(settings["where"], f"{place}.where") if "where" in settings else {},
            )
        )
    if isinstance(node, yaml.MappingNode) and not node.value:
        reading.fail(node, "columns has no column")
    return tuple(columns)


def _charts(reading: _Reading, node: yaml.Node) -> tuple[ReportChart, ...]:
    if not isinstance(node, yaml.SequenceNode):
        reading.fail(node, "charts has to be a list")
        return ()
    if len(node.value) > MOST_CHARTS:
        reading.fail(node, f"charts has {len(node.value)} charts; a report has at most {MOST_CHARTS}")
    known = ("kind", "title", "metrics", "by", "label", "limit", "where")
    charts = []
    for number, item in enumerate(node.value):
        place = f"charts[{number}]"
        reading.lines[place] = _line(item)
        settings = reading.mapping(item, place, known, required=("kind", "title"))
        charts.append(
            ReportChart(
                reading.choice(settings["kind"], f"{place}.kind", KINDS) if "kind" in settings else "table",
                reading.text(settings["title"], f"{place}.title") if "title" in settings else "",
                reading.names(settings["metrics"], f"{place}.metrics") if "metrics" in settings else (),
                reading.names(settings["by"], f"{place}.by") if "by" in settings else (),
                reading.text(settings["label"], f"{place}.label") if "label" in settings else "",
                reading.number(settings["limit"], f"{place}.limit") if "limit" in settings else None,
                reading.where(settings["where"], f"{place}.where") if "where" in settings else {},
            )
        )
    return tuple(charts)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _near(name: str, known: Collection[str]) -> str:
    """Similar names, or all of them."""
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(near)}?)" if near else f" (there are {', '.join(known)})"
