"""Views of what belongs to an order: they take their currencies from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.apis.shopify.amounts import Amounts
    from simulator.apis.shopify.order_views import OrderView


class BelongsToOrder:
    """Base of the views below an order."""

    __slots__ = ("order", "typename")
    order: OrderView
    typename: str

    @property
    def amounts(self) -> Amounts:
        return self.order.amounts


class OrderPart(BelongsToOrder):
    """A record of the books with nothing to derive: a shipping line, a transaction, a tax line."""

    __slots__ = ("part",)

    def __init__(self, order: OrderView, part: object, typename: str) -> None:
        self.order, self.part, self.typename = order, part, typename
