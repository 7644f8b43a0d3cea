"""Reads the files of reports back, without the code that writes them: each cell as a number, text, day, or nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
from pyarrow import parquet

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Row = list[Any]


@dataclass
class Cell:
    """A cell of a workbook: its value (None: empty), and Excel's code of its number format."""

    value: Decimal | str | bool | None
    format: str


Sheet = list[list[Cell]]


def workbook(content: bytes) -> dict[str, Sheet]:
    """The sheets of an Excel file by name, in order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        parts = {name: archive.read(name) for name in archive.namelist()}
    texts = _texts(parts.get("xl/sharedStrings.xml"))
    formats = _formats(parts["xl/styles.xml"])
    targets = {
        item.attrib["Id"]: item.attrib["Target"]
        for item in ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])  # noqa: S314 (our own file)
    }
    sheets = ElementTree.fromstring(parts["xl/workbook.xml"]).iter(f"{MAIN}sheet")  # noqa: S314
    return {
        sheet.attrib["name"]: _rows(parts[f"xl/{targets[sheet.attrib[RELATION]]}"], texts, formats) for sheet in sheets
    }


def _texts(part: bytes | None) -> list[str]:
    if part is None:
        return []
    items = ElementTree.fromstring(part).iter(f"{MAIN}si")  # noqa: S314
    return ["".join(text.text or "" for text in item.iter(f"{MAIN}t")) for item in items]


def _formats(part: bytes) -> list[str]:
    """The format code of each style of cells."""
    root = ElementTree.fromstring(part)  # noqa: S314
    codes = {item.attrib["numFmtId"]: item.attrib["formatCode"] for item in root.iter(f"{MAIN}numFmt")}
    (styles,) = root.iter(f"{MAIN}cellXfs")
    built_in = {"0": "General", "3": "#,##0", "4": "#,##0.00", "10": "0.00%"}
    return [codes.get(item.attrib["numFmtId"]) or built_in.get(item.attrib["numFmtId"], "?") for item in styles]


def _rows(part: bytes, texts: list[str], formats: list[str]) -> Sheet:
    rows: Sheet = []
    for row in ElementTree.fromstring(part).iter(f"{MAIN}row"):  # noqa: S314
        rows.extend([] for _ in range(int(row.attrib["r"]) - len(rows)))
        for cell in row.iter(f"{MAIN}c"):
            column = _column(cell.attrib["r"])
            rows[-1].extend(Cell(None, "") for _ in range(column - len(rows[-1])))
            rows[-1].append(Cell(_value(cell, texts), formats[int(cell.attrib.get("s", 0))]))
    return rows


def _column(place: str) -> int:
    number = 0
    for letter in re.sub(r"\d", "", place):
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: ElementTree.Element, texts: list[str]) -> Decimal | str | bool | None:
    assert cell.find(f"{MAIN}f") is None, "a cell has a formula"
    value = cell.find(f"{MAIN}v")
    match cell.attrib.get("t"):
        case "s":
            assert value is not None
            return texts[int(value.text or 0)]
        case "inlineStr":
            return "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
        case "b":
            assert value is not None
            return value.text == "1"
    return None if value is None else Decimal(value.text or "")


def rows(format: str, content: bytes, schema: pa.Schema) -> list[Row]:
    """The rows of a report's file, its numbers as Decimal; `schema` says what a text of a CSV file or a sheet is."""
    match format:
        case "csv":
            assert content.startswith(b"\xef\xbb\xbf")
            assert content.count(b"\n") == content.count(b"\r\n")
            header, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
            assert header == schema.names
            return [[_typed(text, field.type) for text, field in zip(line, schema, strict=True)] for line in lines]
        case "json":
            document = json.loads(content, parse_float=Decimal, parse_int=Decimal)
            assert [column["name"] for column in document["columns"]] == schema.names
            return [
                [_typed(row[field.name], field.type) if row[field.name] is not None else None for field in schema]
                for row in document["rows"]
            ]
        case "parquet":
            table = parquet.read_table(io.BytesIO(content))
            assert table.schema.types == schema.types
            return [[plain(value) for value in row.values()] for row in table.to_pylist()]
        case "xlsx":
            sheet = next(iter(workbook(content).values()))
            padded = [[cell.value for cell in line] + [None] * (len(schema) - len(line)) for line in sheet[1:]]
            return [
                [_of_sheet(value, field.type) for value, field in zip(line, schema, strict=True)] for line in padded
            ]
    raise AssertionError(format)


def plain(value: Any) -> Any:
    """A value of a table, its numbers as Decimal."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _typed(value: Any, kind: pa.DataType) -> Any:
    if value == "":
        return None
    if pa.types.is_date(kind):
        return date.fromisoformat(value)
    if pa.types.is_boolean(kind):
        return value if isinstance(value, bool) else value == "true"
    if pa.types.is_string(kind):
        return value.removeprefix("'") if value[:2] in ("'=", "'+", "'-", "'@") else value
    return Decimal(value)


def _of_sheet(value: Any, kind: pa.DataType) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if pa.types.is_date(kind):
        return date(1899, 12, 30) + timedelta(days=int(value))
    return str(value) if pa.types.is_string(kind) else Decimal(value)
