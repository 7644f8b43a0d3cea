"""Customers, products and variants as the API shows them at an instant."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.apis.shopify import order_views
from simulator.apis.shopify.amounts import Amounts
from simulator.books import Customer, Instant, Order, Product, Variant, value_at
from simulator.history import Books

INVENTORY_ITEMS = 500_000_000


def _last(at: Instant, *histories: Sequence[tuple[Instant, object]]) -> Instant:
    """The last instant up to ``at`` at which one of the histories has an entry."""
    return max((when for history in histories for when, _ in history if when <= at), default=0)


class CustomerView:
    """A customer; ``numberOfOrders`` and ``amountSpent`` count orders as they were placed, without test orders."""

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
        return sum(order_views.OrderView(self.books, order, self.amounts).original_total for order in self.orders)

    @property
    def updated_at(self) -> Instant:
        touched = max((at for at in self.customer.order_instants if at <= self.books.at), default=0)
        return max(self.customer.created_at, touched, _last(self.books.at, self.customer.names))


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
        return [VariantView(self.books, each) for each in self.product.variants]

    @property
    def updated_at(self) -> Instant:
        """A product's updatedAt moves with its variants' prices and costs."""
        own = _last(self.books.at, self.product.titles, self.product.statuses)
        return max(
            self.product.created_at, own, *(max(each.updated_at, each.cost_updated_at) for each in self.variants)
        )


def product_of(line: order_views.LineView) -> ProductView | None:
    """The product of a line; none for a custom line and once the product has been deleted."""
    variant, books = line.line.variant, line.order.books
    if variant is None or variant.product.deleted_at <= books.at:
        return None
    return ProductView(books, variant.product)


def variant_of(line: order_views.LineView) -> VariantView | None:
    variant, books = line.line.variant, line.order.books
    if variant is None or variant.product.deleted_at <= books.at:
        return None
    return VariantView(books, variant)
