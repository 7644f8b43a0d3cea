"""Amounts as the wire writes them: decimal texts of varying scale, in the shop's currency and in the buyer's."""

from __future__ import annotations

from simulator.books import Presentment, Shop


class Amounts:
    """The currencies of an order, and how an amount is written in them (the scale varies as Shopify's does)."""

    __slots__ = ("currency", "exponent", "presentment", "shop_currency", "texts")

    def __init__(self, shop: Shop, presentment: Presentment | None) -> None:
        self.shop_currency = shop.currency
        self.exponent = shop.exponent
        self.presentment = presentment
        self.currency = presentment.currency if presentment else shop.currency
        self.texts: dict[object, dict[int, str]] = {}

    def shop_amount(self, minor: int) -> str:
        return decimal_text(minor, self.exponent)

    def presentment_amount(self, minor: int) -> str:
        if self.presentment is None:
            return decimal_text(minor, self.exponent)
        shown = self.presentment
        sign = -1 if minor < 0 else 1
        converted = (2 * abs(minor) * shown.numerator + shown.denominator) // (2 * shown.denominator)
        return decimal_text(sign * converted, shown.exponent)


def decimal_text(minor: int, exponent: int) -> str:
    """Minor units as a decimal without needless zeros, but with one digit after the point: 4300 is 43.0."""
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(exponent + 1, "0")
    if exponent == 0:
        return f"{sign}{digits}.0"
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:].rstrip('0') or '0'}"
