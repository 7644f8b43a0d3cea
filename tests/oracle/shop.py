"""A shop that a test fills by hand, for cases that are small enough to count."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator import World
from simulator.books import Customer, Line, Order, Product, Refund, Shop, Transaction, Variant
from simulator.history import ShopHistory


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class Corner:
    """A shop in New York with two customers and two products; prices are cents without tax."""

    def __init__(self) -> None:
        self.shop = Shop("corner", "Corner", "America/New_York", "USD", False, "shpat_simulated_corner")
        self.history = ShopHistory(self.shop)
        self.ann = self.customer(1, "Ann", "ann@example.com")
        self.bob = self.customer(2, "Bob", "bob@example.com")
        self.cup = self.product(10, "Cup", 1000)
        self.mug = self.product(20, "Mug", 2500)

    def customer(self, number: int, name: str, email: str) -> Customer:
        created_at = at("2025-12-01T00:00:00")
        customer = Customer(number, [(created_at, (name, "Doe"))], email, "US", created_at)
        self.history.customers.append(customer)
        return customer

    def product(self, number: int, title: str, price: int) -> Variant:
        created_at = at("2025-12-01T00:00:00")
        product = Product(number, [(created_at, title)], "Corner", "Cups", [(created_at, "ACTIVE")], created_at)
        variant = Variant(
            number + 1, product, "One", f"S{number}", [(created_at, price)], [(created_at, 400)], created_at
        )
        product.variants.append(variant)
        self.history.products.append(product)
        return product.variants[0]

    def order(
        self, when: str, customer: Customer | None, *lines: Line, paid: int | None = None, **fields: object
    ) -> Order:
        number = 100 + len(self.history.orders)
        order = Order(number, f"#{number}", at(when), at(when), "web", number * 10, False, customer=customer)
        order.lines = list(lines)
        for name, value in fields.items():
            setattr(order, name, value)
        if paid is not None:
            order.transactions.append(Transaction(number * 10, "SALE", "card", paid, at(when)))
        self.history.orders.append(order)
        return order

    def line(self, variant: Variant, quantity: int, number: int, **fields: object) -> Line:
        title, price = variant.product.titles[0][1], variant.prices[0][1]
        line = Line(number, "product", title, variant.title, variant.sku, "Corner", variant, quantity, price)
        for name, value in fields.items():
            setattr(line, name, value)
        return line

    def world(self, until: datetime = datetime(2026, 3, 15, 12, tzinfo=UTC)) -> World:
        return World([self.history], until)


def refund(order: Order, number: int, when: str, amount: int, gateway: str = "card", **fields: object) -> Refund:
    created = Refund(number, number + 1, at(when), at(when))
    created.transactions = [Transaction(number * 10, "REFUND", gateway, amount, at(when))]
    for name, value in fields.items():
        setattr(created, name, value)
    order.refunds.append(created)
    return created
