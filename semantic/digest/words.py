"""Numbers as people read them: currency on every amount, no cents above 1,000, a true minus sign."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Literal

from babel.numbers import get_currency_precision, get_currency_symbol

from semantic.catalog import Direction, Metric

MINUS = "\N{MINUS SIGN}"
WHOLE_FROM = 1000  # cents say nothing about an amount above
PARTS_OF_A_CENT = 4  # decimals of an amount that is counted in parts of a cent, whatever its size: $0.0004, $4.0649
Tone = Literal["good", "bad", "neutral"]


def amount(value: Decimal | None, metric: Metric, currency: str | None) -> str:
    """A metric's value for people; a dash where it is unknown. `currency`: ISO 4217."""
    if value is None:
        return "–"
    minus, size = (MINUS if value < 0 else ""), abs(value)
    if metric.unit == "money":
        parts = metric.in_parts_of_a_cent
        return minus + money(size, currency, exact=parts, places=PARTS_OF_A_CENT if parts else 0)
    if metric.unit == "count":
        return f"{minus}{size:,.0f}"
    if metric.format.endswith("%"):
        return f"{minus}{size * 100:.1f} %"
    return f"{minus}{size:,.1f}" + "×" * metric.format.startswith("$")


def money(size: Decimal, currency: str | None, *, exact: bool = False, places: int = 0) -> str:
    """An amount that is not negative, with its currency's sign and, below 1,000 or `exact`, its decimal places, or
    `places` where these are more."""
    if currency is None:
        return f"{size:,.2f}"
    if round(size) >= WHOLE_FROM and not exact:
        return f"{sign(currency)}{size:,.0f}"
    return f"{sign(currency)}{size:,.{max(_places(currency), places)}f}"


@cache
def _places(currency: str) -> int:
    return get_currency_precision(currency)


@cache
def sign(currency: str) -> str:
    """What is written before an amount: $ or, with a blank that does not break, CHF."""
    symbol = get_currency_symbol(currency, locale="en_US")
    return symbol + "\N{NO-BREAK SPACE}" * symbol[-1].isalpha()


def change(value: Decimal | None, previous: Decimal | None, metric: Metric, currency: str | None) -> str:
    """▲ 12.3 % from $14,331; the difference itself where a share of the earlier value would say nothing."""
    if value is None or previous is None:
        return "nothing to compare with"
    before = amount(previous, metric, currency)
    difference = value - previous
    if not difference:
        return f"same as before, {before}"
    arrow = "▲" if difference > 0 else "▼"
    if previous > 0:
        share = abs(difference) / previous * 100
        return f"{arrow} {share:,.1f} % from {before}" if share < WHOLE_FROM else f"{arrow} from {before}"
    return f"{arrow} {amount(abs(difference), metric, currency)} from {before}"


def tone(value: Decimal | None, previous: Decimal | None, good: Direction) -> Tone:
    """Whether the change is in the good direction."""
    if value is None or previous is None or value == previous or good == "none":
        return "neutral"
    return "good" if (value > previous) == (good == "up") else "bad"
