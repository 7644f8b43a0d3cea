"""An order's amounts in the shop's currency and in the buyer's (the presentment currency)."""

from __future__ import annotations

from simulator.apis.decimals import decimal_text
from simulator.books import Presentment, Shop


class Amounts:
    """The currencies of an order. ``texts`` is the serializer's cache: by selection and minor units."""

    __slots__ = ("exponent", "presentment", "presentment_currency", "shop_currency", "texts")

    def __init__(self, shop: Shop, presentment: Presentment | None) -> None:
        self.shop_currency = shop.currency
        self.exponent = shop.exponent
        self.presentment = presentment
        self.presentment_currency = presentment.currency if presentment else shop.currency
        self.texts: dict[object, dict[int, str]] = {}

    def shop_amount(self, minor: int) -> str:
        return decimal_text(minor, self.exponent)

    def presentment_amount(self, minor: int) -> str:
        """Minor units of the shop's currency in the presentment currency, rounded half away from zero."""
        rate = self.presentment
        if rate is None:
            return self.shop_amount(minor)
        sign = -1 if minor < 0 else 1
        converted = (2 * abs(minor) * rate.numerator + rate.denominator) // (2 * rate.denominator)
        return decimal_text(sign * converted, rate.exponent)

    def money(self, minor: int, *, of_shop: bool = True) -> dict[str, str]:
        """The fields of a MoneyV2."""
        if of_shop:
            return {"amount": self.shop_amount(minor), "currencyCode": self.shop_currency}
        return {"amount": self.presentment_amount(minor), "currencyCode": self.presentment_currency}
