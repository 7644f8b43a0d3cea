"""Numbers of a report in words, the same in pages, documents and pictures.

Amounts have all their decimal places, since a reader compares them with the source; an axis has short ones (€12k).
A number that cannot be known is "unknown", never 0. Changes are those of the first page (semantic.digest.words).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa

from semantic.catalog import Metric
from semantic.digest import words
from semantic.digest.words import MINUS, Tone
from semantic.query import rounded
from semantic.reports.content import Figure
from semantic.warehouse import Currency

UNKNOWN = "unknown"
BADGES: Mapping[str, tuple[str, Literal["good", "watch", "bad"]]] = {
    "green": ("● good", "good"), "yellow": ("▲ watch", "watch"), "red": ("■ too high", "bad"),
}  # fmt: skip
"""What a badge says, as on the dashboards, and its meaning in the palette: not its colour alone."""
SHORT = (
    (Decimal(10) ** 9, "B", Decimal(10) ** 8),
    (Decimal(10) ** 6, "M", Decimal(10) ** 5),
    (Decimal(10) ** 3, "k", Decimal(10) ** 3),
)
"""The units of an axis, and how far apart its labels are at least: $1,500 next to $500, not $1.5k."""
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
USUAL_PLACES = 2  # of the format of money; the currency's own are shown. Other formats have places of their own
PLACES = re.compile(r"\.(\d)[f%]$")


@dataclass(frozen=True)
class Style:
    """How the values of a column are written: its unit (empty: a text or day), its d3 format, and the currency. `words`
    are read in place of some texts."""

    unit: str
    format: str
    currency: Currency
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_number(self) -> bool:
        """Whether the column is right aligned."""
        return bool(self.unit) and self.unit != "badge"

    def text(self, value: Any) -> str:
        """A value with all its places: $48,213.55, 1,204, 12.3 %, 16.3×; a day as 2026-11-29, a badge as ● good."""
        if value is None:
            return UNKNOWN if self.unit else "–"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if self.is_number and isinstance(value, int | float | Decimal):
            return self._number(exact(value))
        return BADGES[value][0] if self.unit == "badge" else one_line(self.words.get(str(value), str(value)))

    def _number(self, number: Decimal) -> str:
        minus, size = (MINUS if number < 0 else ""), abs(number)
        if self.unit == "money":
            places = self.currency.digits if self.places in (None, USUAL_PLACES) else int(self.places or 0)
            return minus + words.money(rounded(size, places), self.currency.code, exact=True, places=places)
        if self.format.endswith("%"):
            return f"{minus}{rounded(size * 100, self.places or 0):,} %"
        if self.places is None and self.unit == "count" and size == size.to_integral_value():
            return f"{minus}{size:,.0f}"
        places = 2 if self.places is None else self.places
        return f"{minus}{rounded(size, places):,}" + "×" * self.format.startswith("$")

    def short(self, value: Any, step: Decimal | None = None, most: Decimal | None = None) -> str:
        """A value for an axis whose labels are `step` apart and end at `most`: €12k, −$1.5M, $0.50, 20 %, 3×."""
        number = exact(value)
        minus, size = (MINUS if number < 0 else ""), abs(number)
        if self.format.endswith("%"):
            return f"{minus}{_plain(size * 100)} %"
        top = size if most is None else most
        unit, letter = next(
            ((unit, letter) for unit, letter, least in SHORT if top >= unit and (step or size) >= least),
            (Decimal(1), ""),
        )
        letter = letter if number else ""
        sign = words.sign(self.currency.code) if self.unit == "money" else ""
        is_usual = self.unit == "money" and self.places in (None, USUAL_PLACES)
        is_part = is_usual and not letter and (step or size) % 1 != 0
        text = f"{rounded(size, self.currency.digits):,}" if is_part else _plain(size / unit)
        return f"{minus}{sign}{text}{letter}" + "×" * self.format.startswith("$")

    @property
    def places(self) -> int | None:
        """The decimal places that the format names."""
        match = PLACES.search(self.format)
        return int(match[1]) if match else None


def one_line(text: str) -> str:
    """A text without line breaks and other control characters, which XML does not allow."""
    return CONTROLS.sub(" ", text)


def style(column: pa.Field, currency: Currency) -> Style:
    """How a column of a report's table is written."""
    meta = {key.decode(): value.decode() for key, value in (column.metadata or {}).items()}
    unit = meta.get("unit") or ("" if is_text(column) else "count")
    return Style(unit, meta.get("format", ""), currency, _words(column))


def word(column: pa.Field, value: Any) -> str:
    """A value of a dimension as people read it: First-time for first_time."""
    return _words(column).get(str(value), str(value))


def _words(column: pa.Field) -> dict[str, str]:
    words: dict[str, str] = json.loads((column.metadata or {}).get(b"words", b"{}"))
    return words


def is_text(field: pa.Field) -> bool:
    """Whether a column has texts or days."""
    kind = field.type
    return not (pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind))


def of_metric(metric: Metric, currency: Currency) -> Style:
    """How a metric's values are written."""
    return Style(metric.unit, metric.format, currency)


def label(field: pa.Field, columns: Mapping[str, str]) -> str:
    """The heading of a column for people."""
    meta = field.metadata or {}
    return columns.get(field.name) or meta.get(b"label", b"").decode() or field.name.replace("_", " ").capitalize()


def change(figure: Figure, currency: Currency) -> str:
    """▲ 12.3 % from $14,331; what is unknown is named."""
    if figure.value is None:
        return "the earlier value is " + UNKNOWN if figure.previous is None else "nothing to compare with"
    if figure.previous is None:
        return f"the earlier value is {UNKNOWN}"
    return words.change(exact(figure.value), exact(figure.previous), figure.metric, currency.code)


def tone(figure: Figure) -> Tone:
    """Whether the change is in the metric's good direction."""
    if figure.value is None or figure.previous is None:
        return "neutral"
    return words.tone(exact(figure.value), exact(figure.previous), figure.metric.good)


def exact(value: Any) -> Decimal:
    """The shortest decimal that equals a number."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _plain(number: Decimal) -> str:
    """A number without trailing zeros, with thousands separators."""
    text = f"{number:,.6f}".rstrip("0").rstrip(".")
    return text or "0"
