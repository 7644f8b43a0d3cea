"""Customers, products and variants as the API shows them at an instant."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.order_views import LineView, OrderView
from simulator.books import Customer, Instant, Order, Product, Variant, value_at
from simulator.history import Books

INVENTORY_ITEMS = 500_000_000  # the id of an inventory item less the id of its variant


def _last(at: Instant, *histories: Sequence[tuple[Instant, object]]) -> Instant:
    """The last instant up to ``at`` at which one of the histories has an entry."""
    return max((when for history in histories for when, _ in history if when <= at), default=0)


class CustomerView:
    """A customer. ``orders`` are without test orders, ``amount_spent`` is their total as placed."""

    __slots__ = ("books", "customer", "typename")

    def __init__(self, books: Books, customer: Customer) -> None:
        self.books, self.customer, self.typename = books, customer, "Customer"

    @property
    def amounts(self) -> Amounts:
        return Amounts(self.books.shop, None)

    @property
    def name(self) -> tuple[str, str]:
        return value_at(self.customer.names, self.books.at)

    @property
    def orders(self) -> list[Order]:
        return self.books.orders_by_customer.get(self.customer.id, [])

    @property
    def amount_spent(self) -> int:
        return sum(OrderView(self.books, order, self.amounts).original_total for order in self.orders)

    @property
    def updated_at(self) -> Instant:
        ordered_at = max((at for at in self.customer.order_instants if at <= self.books.at), default=0)
        return max(self.customer.created_at, ordered_at, _last(self.books.at, self.customer.names))


class VariantView:
    __slots__ = ("books", "typename", "variant")

    def __init__(self, books: Books, variant: Variant) -> None:
        self.books, self.variant, self.typename = books, variant, "ProductVariant"

    @property
    def amounts(self) -> Amounts:
        return Amounts(self.books.shop, None)

    @property
    def updated_at(self) -> Instant:
        return max(self.variant.created_at, _last(self.books.at, self.variant.prices))

    @property
    def cost_updated_at(self) -> Instant:
        return max(self.variant.created_at, _last(self.books.at, self.variant.costs))


class ProductView:
    __slots__ = ("books", "product", "typename")

    def __init__(self, books: Books, product: Product) -> None:
        self.books, self.product, self.typename = books, product, "Product"

    @property
    def variants(self) -> list[VariantView]:
        return [VariantView(self.books, variant) for variant in self.product.variants]

    @property
    def updated_at(self) -> Instant:
        """The last change of the product or of one of its variants' prices and costs."""
        own = _last(self.books.at, self.product.titles, self.product.statuses)
        variants = (max(variant.updated_at, variant.cost_updated_at) for variant in self.variants)
        return max(self.product.created_at, own, *variants)


def variant_of(line: LineView) -> VariantView | None:
    """The variant of a line. A custom line and a line of a deleted product have none."""
    variant, books = line.line.variant, line.order.books
    if variant is None or variant.product.deleted_at <= books.at:
        return None
    return VariantView(books, variant)


def product_of(line: LineView) -> ProductView | None:
    view = variant_of(line)
    return None if view is None else ProductView(view.books, view.variant.product)
