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


def custom_files(custom: Path | None) -> dict[str, list[Path]]:
    """The files of one's own reports by name: more than one is a mistake, and so is a name of Takings' own."""
    files: dict[str, list[Path]] = {}
    if custom is not None and custom.is_dir():
        for path in sorted(custom.iterdir()):
            if path.suffix in SUFFIXES and not path.name.startswith("."):
                files.setdefault(path.stem, []).append(path)
    return files


def find(name: str, custom: Path | None = None) -> Declared:
    """The report of this name. Raises UnknownNameError with similar names, or ReportError for a file with mistakes."""
    if name in built_in():
        return built_in()[name]
    files = custom_files(custom)
    if name not in files:
        raise UnknownNameError("report", name, dict.fromkeys([*built_in(), *files]))
    return _load(name, files[name])


def every(custom: Path | None = None) -> tuple[dict[str, Declared], list[ReportError]]:
    """All reports that can be read by name, those of Takings first, and an error for each file that cannot."""
    reports, errors = dict(built_in()), list[ReportError]()
    for name, paths in custom_files(custom).items():
        try:
            reports[name] = _load(name, paths)
        except ReportError as error:
            errors.append(error)
    return reports, errors


def _load(name: str, paths: list[Path]) -> Declared:
    """One's own report. Raises ReportError."""
    if name in built_in():
        raise ReportError(f"Cannot use {paths[0]}", f"Takings has a report {name} of its own", "Rename the file")
    if len(paths) > 1:
        why = f"{paths[1].name} declares the same report"
        raise ReportError(f"Cannot use {paths[0]}", why, "Remove or rename one of the two files")
    return load(paths[0])
