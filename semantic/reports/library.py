"""The reports that exist: those of Takings (definitions/), and the files of somebody's own folder `reports/`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from semantic.errors import ReportError, UnknownNameError
from semantic.reports.declaration import Declared
from semantic.reports.loader import SUFFIXES, load

FOLDER = Path(__file__).with_name("definitions")


@cache
def built_in() -> Mapping[str, Declared]:
    """The reports of Takings by name."""
    return MappingProxyType({path.stem: load(path) for path in sorted(FOLDER.glob("*.yml"))})


def custom_files(custom: Path | None) -> dict[str, Path]:
    """The files of one's own reports by name. Raises ReportError where two of them, or one and ours, share a name."""
    files: dict[str, Path] = {}
    if custom is None or not custom.is_dir():
        return files
    ours = {path.stem for path in FOLDER.glob("*.yml")}
    for path in sorted(path for path in custom.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")):
        if path.stem in ours:
            raise ReportError(f"Cannot use {path}", f"Takings has a report {path.stem} of its own", "Rename the file")
        if path.stem in files:
            why = f"{files[path.stem].name} declares the same report"
            raise ReportError(f"Cannot use {path}", why, "Remove or rename one of the two files")
        files[path.stem] = path
    return files


def find(name: str, custom: Path | None = None) -> Declared:
    """The report of this name. Raises UnknownNameError with similar names, or ReportError for a file with mistakes."""
    if (FOLDER / f"{name}.yml").is_file() and name in built_in():
        return built_in()[name]
    files = custom_files(custom)
    if name not in files:
        raise UnknownNameError("report", name, [*built_in(), *files])
    return load(files[name])
