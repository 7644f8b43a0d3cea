"""The formats in which a report is written. Each is one line of FORMATS: a writer makes the bytes of a Content.

path = save(content, brand, "xlsx", folder)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from semantic.errors import UnknownNameError
from semantic.reports import csv, files, json, page, parquet, pdf, xlsx
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.pictures import sheet


@dataclass(frozen=True)
class Format:
    """How a report is written: the bytes of a file, its media type, and its name for people."""

    title: str
    media_type: str
    dump: Callable[[Content, Brand], bytes]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csv": Format("CSV", "text/csv; charset=utf-8", lambda content, _: csv.of_table(content.table)),
        "xlsx": Format("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx.dump),
        "parquet": Format("Parquet", "application/vnd.apache.parquet", lambda content, _: parquet.dump(content)),
        "json": Format("JSON", "application/json", lambda content, _: json.dump(content)),
        "pdf": Format("PDF", "application/pdf", pdf.render),
        "html": Format("HTML", "text/html; charset=utf-8", lambda content, brand: page.render(content, brand).encode()),
        "png": Format("PNG", "image/png", sheet.png),
        "svg": Format("SVG", "image/svg+xml", lambda content, brand: sheet.svg(content, brand).encode()),
    }
)


def format_of(name: str) -> Format:
    """The format of this name, which is also the ending of its files. Raises UnknownNameError."""
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    return FORMATS[name]


def file_name(content: Content, name: str) -> str:
    """`<report>-<from>-<to>.<format>`."""
    return csv.file_name(content.name, *content.days, name)


def save(content: Content, brand: Brand, name: str, folder: Path) -> Path:
    """Write a report to its file in `folder`, complete or not at all; a file of this name is replaced.

    Returns the path. Raises UnknownNameError or WriteError.
    """
    return files.write(folder / file_name(content, name), format_of(name).dump(content, brand))
