"""Whether a line can be taken: an event, or a row of money. What cannot says why."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from connectors.errors import ConfigurationError
from connectors.files.currencies import CURRENCIES
from connectors.files.reading import BOM
from connectors.files.streams import Sheet

LONGEST = 1_000_000  # bytes of a line
YEARS = range(2000, 2100)
_AWARE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(?P<zone>Z|[+-]\d\d:\d\d)?")
_AMOUNT = re.compile(r"-?\d{1,18}(\.\d{1,6})?")
Text = str | int | None


class _Event(msgspec.Struct):
    event_id: str | int
    occurred_at: str
    event_name: str
    received_at: str | None = None
    user_id: Text = None
    anonymous_id: Text = None
    session_id: Text = None
    order_id: Text = None
    utm_source: Text = None
    utm_medium: Text = None
    utm_campaign: Text = None
    feature: Text = None
    endpoint: Text = None
    status_code: int | None = None
    properties: dict[str, Any] | None = None


def why_not_an_event(line: bytes) -> str | None:
    """Why a line is no event that can be taken, None for one that can."""
    if len(line) > LONGEST:
        return f"longer than {LONGEST} bytes"
    try:
        line.decode()
        event = msgspec.convert(msgspec.json.decode(line), type=_Event, strict=False)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError):
            return str(error)
        return f"no JSON in UTF-8 ({error})"
    if event.event_id == "" or event.event_name == "":
        return "event_id or event_name is empty"
    for name, at in (("occurred_at", event.occurred_at), ("received_at", event.received_at)):
        if at is not None and (wrong := _why_no_instant(at)):
            return f"{name} {wrong}: {at[:40]}"
    return None


def _why_no_instant(text: str) -> str | None:
    match = _AWARE.fullmatch(text)
    if match is None:
        return "is no instant such as 2026-11-20T16:50:00Z"
    if match["zone"] is None:
        return "has no zone, neither Z nor an offset such as +01:00"
    try:
        return None if datetime.fromisoformat(text).year in YEARS else "is not of our time"
    except ValueError:
        return "is no instant that exists"


@dataclass(frozen=True)
class Row:
    """A line of a CSV: its values by column, and why it cannot be taken. ``line`` is the one it begins on."""

    line: int
    values: dict[str, str]
    broken: str | None

    @property
    def day(self) -> str | None:
        return None if self.broken else next(iter(self.values.values()))


def read_sheet(path: Path, sheet: Sheet) -> list[Row]:
    """Every row of a CSV, comma-separated, UTF-8. Two rows with one key are both set aside: which holds is not known.

    Raises ConfigurationError where it is not such a file, or lacks a column.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip() for name in next(reader, [])]
    missing, unknown = set(sheet.columns) - set(header), set(header) - set(sheet.columns)
    if missing or unknown or len(header) != len(sheet.columns):
        told = [f"lacks {', '.join(sorted(missing))}"] * bool(missing)
        told += [f"has {', '.join(map(repr, sorted(unknown)))}, which is not known"] * bool(unknown)
        raise ConfigurationError(
            f"{path}: its first line {' and '.join(told) or 'names a column twice'}. It has to be "
            f"{','.join(sheet.columns)}, in any order, with commas between. Nothing was read of it."
        )
    rows, begins = [], reader.line_num + 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            rows.append(Row(begins, {}, f"no line of a CSV, and so is what follows ({error})"))
            break
        if any(field.strip() for field in fields):
            values = dict(zip(header, (field.strip() for field in fields), strict=False))
            ordered = {name: values.get(name, "") for name in sheet.columns}
            broken = _why_no_row(fields, ordered, sheet)
            rows.append(Row(begins, ordered if broken else _plain(ordered, sheet), broken))
        begins = reader.line_num + 1
    return _without_doubles(rows, sheet)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8. Save it as CSV in UTF-8, with commas between.") from None
    except PermissionError:
        raise ConfigurationError(
            f"{path} may not be read. Give Takings the right to read it, then run again."
        ) from None


def _why_no_row(fields: list[str], values: Mapping[str, str], sheet: Sheet) -> str | None:
    if len(fields) != len(sheet.columns):
        return f"{len(fields)} fields instead of {len(sheet.columns)}"
    wrong = [f"{name} is empty" for name, value in values.items() if not value]
    if not wrong:
        wrong += [_why_no_day(values[sheet.day], sheet) or "", _why_no_amount(values[sheet.amount], sheet) or ""]
        wrong += [f"{name} is neither {' nor '.join(words)}: {values[name][:40]}" for name, words in sheet.one_of
                  if values[name] not in words]  # fmt: skip
        if values["currency"] not in CURRENCIES:
            wrong.append(f"currency is not known: {values['currency'][:40]}")
    return "; ".join(each for each in wrong if each) or None


def _why_no_day(text: str, sheet: Sheet) -> str | None:
    try:
        day = date.fromisoformat(_day(text, sheet))
    except ValueError:
        return f"{sheet.day} is no {'month such as 2026-11' if sheet.months else 'day such as 2026-11-20'}: {text[:40]}"
    if day.year not in YEARS:
        return f"{sheet.day} is not of our time: {text[:40]}"
    return f"{sheet.day} is not the first of a month: {text[:40]}" if sheet.months and day.day != 1 else None


def _day(text: str, sheet: Sheet) -> str:
    return f"{text}-01" if sheet.months and re.fullmatch(r"\d{4}-\d\d", text) else text


def _why_no_amount(text: str, sheet: Sheet) -> str | None:
    if _AMOUNT.fullmatch(text):
        return None
    if re.fullmatch(r"-?\d+\.\d{7,}", text):
        return f"{sheet.amount} has more than 6 decimals: {text[:40]}"
    return f"{sheet.amount} is no amount such as 1234.50, without separators but the point: {text[:40]}"


def _plain(values: dict[str, str], sheet: Sheet) -> dict[str, str]:
    return values | {sheet.day: _day(values[sheet.day], sheet)}


def _without_doubles(rows: list[Row], sheet: Sheet) -> list[Row]:
    def key(row: Row) -> tuple[str, ...]:
        return tuple(row.values[name] for name in sheet.key)

    often = Counter(key(row) for row in rows if not row.broken)
    reason = f"more than one row with this {', '.join(sheet.key)}"
    return [row if row.broken or often[key(row)] == 1 else Row(row.line, row.values, reason) for row in rows]
