"""Integer arithmetic of prices, taxes and shares: exact, without floats."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.books import Line, ShippingLine, Tax

RATE = 100_000  # 100 %: rates are thousandths of a percent


def half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded to the nearest integer, halves away from zero."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def tax_of(shown: int, rate: int, included: bool) -> int:
    """The tax on an amount as shown: contained in it where prices include tax, else added to it."""
    if included:
        return shown - half_up(shown * RATE, RATE + rate)
    return half_up(shown * rate, RATE)


def before_tax(shown: int, rate: int, included: bool) -> int:
    """An amount as shown, without the tax that it may contain."""
    return half_up(shown * RATE, RATE + rate) if included else shown


def split(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` split by weight. The remaining units go to the largest remainders, the first of equal ones."""
    weight = sum(weights)
    if weight == 0:
        return [total if place == 0 else 0 for place in range(len(weights))]
    parts = [total * share // weight for share in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % weight), place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def tax_lines(amount: int, titles: Sequence[tuple[str, int]]) -> tuple[Tax, ...]:
    """A tax amount split into one tax line per (title, rate)."""
    parts = split(amount, [rate for _, rate in titles])
    return tuple(Tax(title, rate, part) for (title, rate), part in zip(titles, parts, strict=True))


def shown_price(line: Line | ShippingLine) -> int:
    """A line's price as shown, after discounts."""
    price = line.quantity * line.unit_price if isinstance(line, Line) else line.price
    for discount in line.discounts:
        price -= discount.amount
    return price


def line_tax(line: Line | ShippingLine) -> int:
    return sum([tax.amount for tax in line.taxes]) if line.taxes else 0


def line_net(line: Line | ShippingLine, included: bool) -> int:
    """A line's value before tax, after discounts."""
    return shown_price(line) - line_tax(line) if included else shown_price(line)
