"""Definitions that another release of Takings has published than the one that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from semantic.errors import ReleaseError

RUNNING = version("takings")  # read once: an update replaces the files of a program that goes on running


def check(path: Path, content: Mapping[str, Any], version: int) -> None:
    """Raise ReleaseError for a catalog of another format than this release's `version`."""
    theirs = content.get("format")
    if theirs != version:
        unknown = f"format {theirs!r}, and this release reads {version}"
        raise error(path, content, unknown, is_newer=theirs not in range(version))


def unknown_fields(content: Mapping[str, Any], mart: type[Any], metric: type[Any], column: type[Any]) -> list[str]:
    """The fields of a saved catalog that these classes of this release do not have."""
    items = [(item, part) for part in ("marts", "metrics") for item in content.get(part, ()) if isinstance(item, dict)]
    items += [(part, "columns") for item, kind in items if kind == "marts" for part in item.get("columns", ())]
    kinds = {"marts": mart, "metrics": metric, "columns": column}
    names = {part: {field.name for field in fields(kind)} for part, kind in kinds.items()}
    return sorted({name for item, part in items for name in set(item) - names[part]})


def error(path: Path, content: Mapping[str, Any], unknown: str, *, is_newer: bool) -> ReleaseError:
    """The error of a catalog that another release has published. unknown: what this release cannot read."""
    theirs = content.get("release")
    if theirs is None:
        release = "a newer release" if is_newer else "an older release"
    else:
        release = f"release {theirs}" if theirs != RUNNING else f"a newer state of release {theirs}"
    return ReleaseError(
        f"Cannot read {path}",
        f"{release} published this build ({unknown}), and release {RUNNING} runs here",
        "Restart `takings serve` and what else has run since before the update; where it is not up to date, update it"
        if is_newer
        else "Build and publish again with `takings run`",
    )
