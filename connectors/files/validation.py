"""The rows of a CSV; whether each can be loaded, and the reason for one that cannot."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from common.numbers import decimal
from connectors.contracts.currencies import CURRENCIES
from connectors.errors import ConfigurationError
from connectors.files.event_lines import OUT_OF_RANGE, YEARS
from connectors.files.reading import BOM, MOST_REJECTS, unnamed_rejects
from connectors.files.streams import Sheet

LARGEST = 10_000_000  # bytes of a CSV, which is read whole
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Row:
    """A row of a CSV: the line on which it begins, its values by column, and why it cannot be loaded."""

    line: int
    values: dict[str, str]
    broken: str | None

    @property
    def day(self) -> str | None:
        return None if self.broken else next(iter(self.values.values()))


def read_sheet(path: Path, sheet: Sheet) -> list[Row]:
    """Every row of a CSV, comma-separated, UTF-8. Two rows with one key are both rejected: either may be the right one.

    Raises ConfigurationError when the file is not such a CSV, or has other columns.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip() for name in next(reader, [])]
    missing, unknown = set(sheet.columns) - {sheet.until, *header}, set(header) - set(sheet.columns)
    if missing or unknown or len(header) != len(set(header)):
        mistakes = [f"lacks {', '.join(sorted(missing))}"] * bool(missing)
        mistakes += [f"has the unknown {', '.join(map(repr, sorted(unknown)))}"] * bool(unknown)
        raise ConfigurationError(
            f"{path}: its first line {' and '.join(mistakes) or 'names a column twice'}. It has to be "
            f"{','.join(sheet.columns)}, in any order, separated by commas. Nothing was read from it."
        )
    rows, line, rejects, first_unnamed = [], reader.line_num + 1, 0, 0
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            rows.append(Row(line, {}, f"not a CSV from this line on ({error})"))
            break
        if any(field.strip() for field in fields):
            values = dict(zip(header, (field.strip() for field in fields), strict=False))
            ordered = {name: values.get(name, "") for name in sheet.columns}
            broken = _why_not_a_row(fields, header, ordered, sheet)
            rejects += bool(broken)
            if broken and rejects > MOST_REJECTS:
                first_unnamed = first_unnamed or line
            else:
                rows.append(Row(line, ordered if broken else _plain(ordered, sheet), broken))
        line = reader.line_num + 1
    if first_unnamed:
        rows.append(Row(first_unnamed, {}, unnamed_rejects(rejects - MOST_REJECTS)))
    return _without_duplicates(rows, sheet)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(
                f"{path} is larger than {LARGEST} bytes. Remove what does not belong to it. Nothing was read from it."
            )
        return path.read_bytes().removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8. Save it as CSV in UTF-8, separated by commas.") from None
    except PermissionError:
        raise ConfigurationError(
            f"{path} may not be read. Give Takings the permission to read it, then run again."
        ) from None


def _why_not_a_row(fields: list[str], header: list[str], values: Mapping[str, str], sheet: Sheet) -> str | None:
    if len(fields) != len(header):
        return f"{len(fields)} fields instead of {len(header)}"
    reasons = [f"{name} is empty" for name, value in values.items() if not value and name != sheet.until]
    if not reasons:
        reasons.append(_why_not_a_day(sheet.day, values[sheet.day], sheet) or "")
        if sheet.until and values[sheet.until]:
            reasons.append(_why_not_the_last_day(sheet.until, values, sheet) or "")
        reasons += [f"{name} is neither {' nor '.join(words)}: {values[name][:40]}" for name, words in sheet.one_of
                    if values[name] not in words]  # fmt: skip
        reasons += [f"{name} is longer than {most} characters: {values[name][:40]}" for name, most in sheet.longest
                    if len(values[name]) > most]  # fmt: skip
        if sheet.amount:
            reasons.append(_why_not_an_amount(sheet.amount, values[sheet.amount]) or "")
            if sheet.no_negative and values[sheet.amount].startswith("-"):
                reasons.append(f"{sheet.amount} is negative: {values[sheet.amount][:40]}")
            if "currency" in sheet.columns and values["currency"] not in CURRENCIES:
                reasons.append(f"currency is not known: {values['currency'][:40]}")
    return "; ".join(reason for reason in reasons if reason) or None


def _why_not_the_last_day(name: str, values: Mapping[str, str], sheet: Sheet) -> str | None:
    text = values[name]
    before = f"{name} is before {sheet.day}: {text}" if text < values[sheet.day] else None
    return _why_not_a_day(name, text, sheet) or before


def _why_not_a_day(name: str, text: str, sheet: Sheet) -> str | None:
    try:
        written = _day(text, sheet)  # date.fromisoformat also takes 20261120 and 2026-W47-5
        day = date.fromisoformat(written if _DAY.fullmatch(written) else "")
    except ValueError:
        expected = "month such as 2026-11" if sheet.months else "day such as 2026-11-20"
        return f"{name} is not a {expected}: {text[:40]}"
    if day.year not in YEARS:
        return f"{name} {OUT_OF_RANGE}: {text[:40]}"
    return f"{name} is not the first of a month: {text[:40]}" if sheet.months and day.day != 1 else None


def _day(text: str, sheet: Sheet) -> str:
    return f"{text}-01" if sheet.months and re.fullmatch(r"[0-9]{4}-[0-9]{2}", text) else text


def _why_not_an_amount(name: str, text: str) -> str | None:
    try:
        amount = decimal(text, exponent=False)
    except ValueError:
        amount = None
    if amount is not None and len(text.partition(".")[2]) > 6:
        return f"{name} has more than 6 decimals: {text[:40]}"
    if amount is not None and abs(amount) < 10**18 and not text.startswith("+"):
        return None
    return f"{name} is not an amount such as 1234.50, with a point and no other separator: {text[:40]}"


def _plain(values: dict[str, str], sheet: Sheet) -> dict[str, str]:
    """The values with a whole day, without a last day that is left out."""
    plain = {name: value for name, value in values.items() if value}
    return plain | {sheet.day: _day(values[sheet.day], sheet)}


def _without_duplicates(rows: list[Row], sheet: Sheet) -> list[Row]:
    def key(row: Row) -> tuple[str, ...]:
        return tuple(row.values[name] for name in sheet.key)

    counts = Counter(key(row) for row in rows if not row.broken)
    reason = f"more than one row with this {', '.join(sheet.key)}"
    return [row if row.broken or counts[key(row)] == 1 else Row(row.line, row.values, reason) for row in rows]
