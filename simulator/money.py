"""Arithmetic of prices, taxes and shares in integers: nothing is lost and nothing is a float."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.books import Line, ShippingLine, Tax

RATE = 100_000  # rates are thousandths of a percent


def half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded to the nearest integer, halves away from zero."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def tax_of(shown: int, rate: int, included: bool) -> int:
    """The tax on an amount as shown: inside it where prices include tax, on top of it where they do not."""
    if included:
        return shown - half_up(shown * RATE, RATE + rate)
    return half_up(shown * rate, RATE)


def before_tax(shown: int, rate: int, included: bool) -> int:
    """What an amount as shown is worth before tax."""
    return half_up(shown * RATE, RATE + rate) if included else shown


def split(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in parts by weight; the cents left over go to the largest remainders, then to the first."""
    weight = sum(weights)
    if weight == 0:
        return [total if place == 0 else 0 for place in range(len(weights))]
    parts = [total * each // weight for each in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % weight), place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def tax_lines(amount: int, titles: Sequence[tuple[str, int]]) -> tuple[Tax, ...]:
    """A tax amount as the tax lines it consists of: (title, rate) each."""
    parts = split(amount, [rate for _, rate in titles])
    return tuple(Tax(title, rate, part) for (title, rate), part in zip(titles, parts, strict=True))


def shown_price(line: Line | ShippingLine) -> int:
    """A line's price as shown, after discounts."""
    price = line.quantity * line.unit_price if isinstance(line, Line) else line.price
    for each in line.discounts:
        price -= each.amount
    return price


def line_tax(line: Line | ShippingLine) -> int:
    return sum([each.amount for each in line.taxes]) if line.taxes else 0


def line_net(line: Line | ShippingLine, included: bool) -> int:
    """A line's value before tax, after discounts."""
    return shown_price(line) - line_tax(line) if included else shown_price(line)
