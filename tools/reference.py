"""Writes docs/reference from the code: the commands, the settings, the metrics, the marts.

    .venv/bin/python tools/reference.py            say which pages are stale
    .venv/bin/python tools/reference.py --write    rewrite them

A setting without a description at its field, and an environment variable without one below, stop it.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectors.registry import CONNECTORS
from orchestration import cli, dbt_build, settings
from orchestration.home import Home
from semantic import catalog as catalogs
from semantic.catalog import Catalog, Metric
from semantic.compiler import expression
from semantic.errors import CompileError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Written by tools/reference.py from the code: change the code, then run it with --write. -->"
FORMS = {  # patterns, in words
    r"^(env|file):.+$": "`env:NAME` or `file:PATH`",
    r"^https?://[^\s]+$": "http or https address",
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "lower-case letters, digits, `-`, `_`; up to 63",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$": "letters, digits, `-`, `_`; up to 63",
    r"^[0-9]{1,25}$": "digits",
    r"^[a-z][a-z0-9_.]{0,99}$": "an action type",
    r"^[A-Z]{3}$": "ISO 4217 code",
    r"^\d{4}-\d\d-\d\d : \d{4}-\d\d-\d\d$": "`YYYY-MM-DD : YYYY-MM-DD`",
}
FREE = {"alerts": "rule", "targets": "metric"}  # tables whose keys are names of something else
VARIABLES = {
    "TAKINGS_HOME": "The folder of all state. Default: `.takings` in the checkout.",
    "TAKINGS_CONFIG": "The configuration file. Default: `takings.toml` in the current folder, else the one in "
    "TAKINGS_HOME.",
}
BETWEEN = {
    "TAKINGS_BUILD": "to dbt: the scratch file of this build.",
    "TAKINGS_STAGING": "to dbt: the staging file.",
    "TAKINGS_SUPERSET_HOME": "to Superset: the folder of its metadata, caches and logs.",
    "TAKINGS_PUBLISHED": "to Superset: the folder of published builds.",
    "TAKINGS_SUPERSET_TEMPLATES": "to Superset: where its prepared metadata is kept between homes. "
    "Default: in its environment.",
}


def pages(catalog: Catalog) -> dict[str, str]:
    """Every page of the reference by its file name."""
    return {
        "commands.md": _page("Commands", _commands()),
        "settings.md": _page("Settings", _settings()),
        "metrics.md": _page("Metrics", _metrics(catalog)),
        "marts.md": _page("Marts", _marts(catalog)),
    }


def current_catalog() -> Catalog:
    """What semantic/metrics says now, by dbt's own parser (5 s)."""
    with tempfile.TemporaryDirectory(prefix="takings-reference-") as folder:
        return catalogs.load(dbt_build.parse(Home(Path(folder))))


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join([MADE, f"# {title}", "", *lines]).rstrip() + "\n"


def _commands() -> Iterator[str]:
    yield "Each command is `.venv/bin/takings <command>`. Days are written as `2026-11-20`. A command that fails says"
    yield "what, why and what to do, and ends with a code other than 0. Settings are in [settings.md](settings.md)."
    group: Any = typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        yield from ("", f"## {name}", "", inspect.cleandoc(command.help))
        shown = [item for item in command.params if not item.hidden]
        if shown:
            yield from ("", "| option | default | meaning |", "| --- | --- | --- |")
        for item in shown:
            label = ", ".join(item.opts) if item.opts[0].startswith("-") else item.name.upper()
            yield f"| `{label}` | {_default(item)} | {item.help} |"


def _default(item: Any) -> str:
    if item.required:
        return "required"
    if item.default in (None, "", False):
        return ""
    return f"`{item.default}`"


def settings_keys(model: type[BaseModel] = settings.Settings, path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of takings.toml with its declaration: tenants.sources.kind, superset.port, …"""
    for name, declared in model.model_fields.items():
        if declared.exclude:
            continue
        below = [item for item in _parts(declared.annotation) if issubclass(item, BaseModel)]
        if name == "sources":
            for connector in CONNECTORS:
                yield from settings_keys(connector.settings, f"{path}{name} ({connector.kind}).")
        elif below:
            yield from settings_keys(below[0], f"{path}{name}.")
        elif get_origin(declared.annotation) is dict:
            yield f"{path}{name}.<{FREE[name]}>", declared
        else:
            yield f"{path}{name}", declared


def _parts(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _settings() -> Iterator[str]:
    keys = dict(settings_keys())
    described = [key for key, declared in keys.items() if declared.description]
    _complete("setting", keys, described, "Field(description=…)")
    yield "The configuration is one file, `takings.toml`. Copy `takings.example.toml`, which shows it whole, and check"
    yield "it with `takings check`: it names every mistake and every missing secret at once."
    table = ""
    for key, declared in keys.items():
        above, _, name = key.rpartition(".")
        if above != table:
            table = above
            table_name, _, kind = above.partition(" ")
            header = f"[[{table_name}]]" if table_name in ("tenants", "tenants.sources") else f"[{table_name}]"
            header += f" of {kind.strip('()')}" if kind else ""
            yield from ("", f"## {header}", "", "| key | form | default | meaning |", "| --- | --- | --- | --- |")
        yield f"| `{name}` | {_form(declared)} | {_given(key, declared)} | {declared.description} |"
    yield from ("", "## Environment variables", "", "| variable | meaning |", "| --- | --- |")
    yield from (f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items())
    yield '| any name | What a `secret = "env:NAME"` names. |'
    yield from ("", "Takings sets these itself for the programs that it starts:", "")
    yield from (f"- `{name}` {meaning}" for name, meaning in BETWEEN.items())
    _complete("environment variable", _variables(), VARIABLES | BETWEEN, "VARIABLES or BETWEEN")


def _complete(what: str, needed: Any, explained: Any, where: str) -> None:
    """Stop when something has no explanation, or an explanation is of nothing."""
    missing, left = sorted(set(needed) - set(explained)), sorted(set(explained) - set(needed))
    if missing or left:
        said = [f"{name} is a {what} without a meaning: add it" for name in missing]
        said += [f"{name} is no {what} any more: remove it" for name in left]
        raise SystemExit(f"tools/reference.py, {where}: " + "; ".join(said))


def _variables() -> set[str]:
    """Every variable of ours that the code names; the tests' own are theirs."""
    rooms = ("connectors", "semantic", "superset_assets", "orchestration", "dbt_project")
    files = [path for room in rooms for kind in ("*.py", "*.yml") for path in (ROOT / room).rglob(kind)]
    texts = [path.read_text() for path in files if ".venv" not in path.parts]
    return {name for text in texts for name in re.findall(r"\bTAKINGS_[A-Z_]+", text)}


def _form(declared: FieldInfo) -> str:
    """The type of a setting in words."""
    if get_origin(declared.annotation) is dict:
        return "number"
    found = list(_constraints(declared))
    pattern = next((item.pattern for item in found if getattr(item, "pattern", None)), None)
    if pattern:
        return FORMS[pattern]
    words = [item for item in get_args(declared.annotation) if isinstance(item, str)]
    if words:
        return " or ".join(f'`"{word}"`' for word in words)
    lowest = next((item.ge for item in found if hasattr(item, "ge")), None)
    highest = next((item.le for item in found if hasattr(item, "le")), None)
    if lowest is not None:
        return f"whole number, {lowest} to {highest}"
    kinds = {str: "text", bool: "true or false", int: "whole number", Path: "path", date: "day", Decimal: "number"}
    return next(kinds[part] for part in _parts(declared.annotation) if part in kinds)


def _constraints(declared: FieldInfo) -> Iterator[Any]:
    yield from declared.metadata
    for part in get_args(declared.annotation):
        yield from getattr(part, "__metadata__", ())


def _given(key: str, declared: FieldInfo) -> str:
    """The default; of a table that has one as a whole, what that says."""
    above, _, name = key.rpartition(".")
    whole = settings.Settings.model_fields.get(above)
    if whole is not None and isinstance(whole.default, BaseModel):
        value = getattr(whole.default, name)
    elif name.startswith("<"):
        value = None
    elif declared.is_required():
        return "required"
    else:
        value = declared.default
    if isinstance(value, bool):
        value = str(value).lower()
    return "" if value is None else f"`{value}`"


def _metrics(catalog: Catalog) -> Iterator[str]:
    yield "Each number has one name, one formula and one place, `semantic/metrics`. The formula below is what"
    yield "Superset, `takings query` and the reports run over the rows of the mart ([marts.md](marts.md)). Which"
    yield "number answers which question: [numbers.md](../guides/numbers.md). Money comes in units of the tenant's"
    yield "currency, and is empty where rows of several currencies meet ([why](../decisions/0007-mixed-currencies-"
    yield "are-empty.md))."
    for mart in catalog.marts.values():
        own = [metric for metric in catalog.metrics.values() if metric.mart == mart.name]
        if own:
            yield from ("", f"## From {mart.name}")
        for metric in own:
            yield from _metric(catalog, metric)
    for metric in catalog.metrics.values():
        if metric.mart not in catalog.marts:
            yield from _metric(catalog, metric)


def _metric(catalog: Catalog, metric: Metric) -> Iterator[str]:
    yield from ("", f"### {metric.name}", "", f"**{metric.label}** ({metric.unit}). {metric.description}", "")
    if metric.inputs:
        sign = f"`{metric.expr}`" if metric.kind == "derived" else " ÷ ".join(f"`{name}`" for name in metric.inputs)
        yield from (f"Made of: {sign}", "")
    if metric.thresholds:
        limits = metric.thresholds
        yield from (f"Badge: green up to {limits['green']:.0%}, yellow up to {limits['yellow']:.0%}, red above.", "")
    try:
        formula = expression(catalog, metric.name)
    except CompileError as error:
        yield f"No formula over one mart: {error}"
        return
    yield from ("```sql", *textwrap.wrap(formula, 110, break_long_words=False), "```")


def _marts(catalog: Catalog) -> Iterator[str]:
    yield "The tables of a published build, schema `marts`. Each stands in a contract: dbt refuses to build it with"
    yield "other columns. Names that end in `_minor` are money in minor units (cents) of `currency`; `minor_units`"
    yield "says how many make one unit. `date_day` is the tenant's calendar day."
    for mart in catalog.marts.values():
        yield from ("", f"## {mart.name}", "", mart.description.strip(), "")
        if mart.time_column:
            yield from (f"Time: `{mart.time_column}`, by {mart.time_grain}.", "")
        yield from ("| column | type | meaning |", "| --- | --- | --- |")
        for column in mart.columns:
            yield f"| `{column.name}` | {column.type} | {' '.join(column.description.split())} |"


def main() -> int:
    """Compare the pages with the code, or rewrite them."""
    parser = argparse.ArgumentParser(description="docs/reference, written from the code.")
    parser.add_argument("--write", action="store_true", help="rewrite the pages instead of comparing them")
    write = parser.parse_args().write
    wanted = pages(current_catalog())
    held = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    stale = [name for name, text in wanted.items() if held.get(name) != text]
    for name in stale:
        if write:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(wanted[name])
        sys.stdout.write(f"{'wrote' if write else 'stale:'} docs/reference/{name}\n")
    return 0 if write or not stale else 1


if __name__ == "__main__":
    sys.exit(main())
