"""The definitions of an order's numbers, implemented a second time: from the simulator's books, one order at a time.

Nothing here comes from the simulated APIs, the connectors, dbt or the semantic layer. It reads only the records of the
books (prices, quantities, discounts, taxes, returns, payments). Amounts are minor units of the shop's currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from simulator.books import NEVER, Line, Order, Refund, Reversal, ShippingLine, Transaction, value_at
from simulator.history import Books
from tests.oracle import configuration

STORE_CREDIT = {"gift_card", "shopify_store_credit"}
COMPLETED = {"PAID", "FULFILLING", "SHIPPED", "COMPLETE"}
CHANNELS = {
    "web": "Online store",
    "pos": "Point of sale",
    "shopify_draft_order": "Draft orders",
    "subscription_contract": "Subscription renewals",
    "tiktok": "Marketplaces",
    "1630077": "Marketplaces",  # an app of which Shopify says so
}
BY_FULFILMENT = {
    "UNFULFILLED": "PAID", "OPEN": "PAID", "ON_HOLD": "PAID", "SCHEDULED": "PAID", "PENDING_FULFILLMENT": "PAID",
    "REQUEST_DECLINED": "PAID", "RESTOCKED": "PAID", "IN_PROGRESS": "FULFILLING", "PARTIALLY_FULFILLED": "FULFILLING",
    "FULFILLED": "SHIPPED", "FULFILLMENT_NOT_REQUIRED": "COMPLETE",
}  # fmt: skip


@dataclass(frozen=True)
class Movement:
    """An amount of a day: ``measure`` is gross_sales, discounts, returns, shipping, taxes, …; goods have a ``line``."""

    day: date
    measure: str
    amount: int
    line: Line | None = None


def tax_of(line: Line | ShippingLine) -> int:
    return sum(tax.amount for tax in line.taxes)


def net_of(line: Line | ShippingLine, included: bool) -> int:
    """The amount of a line after discounts, without tax."""
    price = line.unit_price * line.quantity if isinstance(line, Line) else line.price
    price -= sum(discount.amount for discount in line.discounts)
    return price - tax_of(line) if included else price


def successful(transactions: list[Transaction], *kinds: str) -> int:
    """The amount of successful transactions of some kinds."""
    return sum(payment.amount for payment in transactions if payment.status == "SUCCESS" and payment.kind in kinds)


class OrderFacts:
    """An order and its numbers by the definitions."""

    def __init__(self, books: Books, order: Order, emails: dict[str, int]) -> None:
        self.books, self.order, self.emails = books, order, emails
        self.zone = ZoneInfo(books.shop.time_zone)

    def day(self, instant: int) -> date:
        """The calendar day of an instant in the shop's zone."""
        return datetime.fromtimestamp(instant, UTC).astimezone(self.zone).date()

    @cached_property
    def order_day(self) -> date:
        return self.day(self.order.processed_at)

    @property
    def channel(self) -> str:
        own = configuration.CHANNELS.get(self.books.shop.account, {})
        return {**CHANNELS, **own}.get(self.order.source, "Other channels")

    @cached_property
    def buyer(self) -> str:
        """The customer key: the customer, else the email's customer, else the email, else a guest of this order."""
        if self.order.customer is not None:
            return str(self.order.customer.id)
        if self.order.email is None:
            return f"guest:{self.order.id}"
        email = self.order.email.lower()
        return str(self.emails[email]) if email in self.emails else email

    @property
    def has_known_buyer(self) -> bool:
        return not self.buyer.startswith("guest:")

    @property
    def country(self) -> str | None:
        """The code of the billing address, else of the shipping address."""
        addresses = (self.order.billing, self.order.shipping_address)
        return next((address.country for address in addresses if address is not None and address.country), None)

    @property
    def buyer_name(self) -> str | None:
        """The name of the billing address, else of the shipping address, else the customer's name today."""
        addresses = (self.order.billing, self.order.shipping_address)
        names = [address.name for address in addresses if address is not None and address.name]
        if not names and self.order.customer is not None:
            names = [" ".join(part for part in value_at(self.order.customer.names, self.books.at) if part)]
        return names[0] if names else None

    def product(self, line: Line) -> str:
        """The product key; a deleted product is known only by its SKU, a line without a product only by its title."""
        if line.variant is not None and line.variant.product.deleted_at > self.books.at:
            return str(line.variant.product.id)
        return f"sku:{line.sku}" if line.sku is not None else f"custom:{line.title}"

    # --- totals and status

    @cached_property
    def order_total(self) -> int:
        """The total with edits and exchanges, before returns."""
        order, total = self.order, 0
        lines: list[Line | ShippingLine] = [*order.all_lines(), *order.all_shipping()]
        for line in lines:
            total += net_of(line, order.taxes_included) + tax_of(line)
        total += sum(charge.amount + charge.tax for charge in order.charges)
        for edit in order.edits:
            total -= sum(removed.net + removed.tax for removed in edit.removed)
            total -= sum(cut.before_tax + cut.tax for cut in edit.cuts)
            total -= sum(removed.net + removed.tax for removed in edit.shipping_removed)
        return total

    def remaining_units(self, line: Line) -> int:
        """Units of a line that were neither returned nor removed."""
        returned = (movement for movement in self.movements if movement.measure == "units_returned")
        return line.quantity - sum(movement.amount for movement in returned if movement.line is line)

    @cached_property
    def current_total(self) -> int:
        """The total after returns and refunds."""
        total = self.order_total
        for return_ in self.order.returns:
            total -= sum(line.net + line.tax for line in return_.lines)
        for refund in self.order.refunds:
            if refund.of_return is None:
                total -= sum(line.net + line.tax for line in refund.lines)
            total -= sum(line.net + line.tax for line in refund.shipping)
            total += sum(adjustment.amount + adjustment.tax for adjustment in refund.adjustments)
        return total

    @cached_property
    def financial_status(self) -> str | None:
        order = self.order
        if order.financial_status_unset:
            return None
        paid = successful(order.transactions, "SALE", "CAPTURE") - successful(order.transactions, "CHANGE")
        refunded = sum(successful(refund.transactions, "REFUND") for refund in order.refunds)
        if refunded > 0:
            return "REFUNDED" if refunded >= paid else "PARTIALLY_REFUNDED"
        if any(payment.kind == "VOID" and payment.status == "SUCCESS" for payment in order.transactions):
            return "VOIDED"
        if order.expired_at != NEVER:
            return "EXPIRED"
        return self._payment_status(paid)

    def _payment_status(self, paid: int) -> str:
        if paid > 0:
            return "PAID" if paid >= self.current_total else "PARTIALLY_PAID"
        if successful(self.order.transactions, "AUTHORIZATION") > 0:
            return "AUTHORIZED"
        return "PAID" if not self.order.transactions and self.order_total == 0 else "PENDING"

    @property
    def fulfilment_status(self) -> str:
        return value_at(self.order.fulfilment, self.books.at) if self.order.fulfilment else "UNFULFILLED"

    @property
    def was_shipped(self) -> bool:
        """Whether all of it was sent; a later refund does not change that."""
        return self.fulfilment_status == "FULFILLED"

    @property
    def is_cancelled(self) -> bool:
        return self.order.cancelled_at != NEVER

    @cached_property
    def status(self) -> str:
        financial = self.financial_status
        if financial in ("REFUNDED", "PARTIALLY_REFUNDED"):
            return financial
        if financial in ("VOIDED", "EXPIRED"):
            return "CANCELLED"
        if self.is_cancelled and financial in ("PAID", "PENDING", "AUTHORIZED"):
            return "CANCELLED"
        if financial != "PAID":
            return "PENDING"
        status = BY_FULFILMENT[self.fulfilment_status]
        return "COMPLETE" if status == "SHIPPED" and self.order.closed_at != NEVER else status

    @property
    def is_completed(self) -> bool:
        return self.status in COMPLETED

    @property
    def is_valid(self) -> bool:
        return not self.is_cancelled and self.financial_status not in ("VOIDED", "EXPIRED")

    # --- refunds

    def refunded(self, refund: Refund, to_store_credit: bool) -> int:
        """The amount that a refund paid, to store credit or to other gateways."""
        payments = [pay for pay in refund.transactions if (pay.gateway in STORE_CREDIT) is to_store_credit]
        return successful(payments, "REFUND")

    @cached_property
    def refunded_amount(self) -> int:
        return sum(self.refunded(refund, to_store_credit=False) for refund in self.order.refunds)

    # --- the amounts of each day

    @cached_property
    def movements(self) -> list[Movement]:
        return list(self._movements())

    def _movements(self) -> Iterator[Movement]:
        order, first = self.order, self.order_day
        for line in order.lines:
            yield from self._line(first, line)
        for shipping in order.shipping:
            yield from self._shipping(first, shipping)
        for charge in order.charges:
            yield Movement(first, "duties" if charge.kind == "duty" else "fees", charge.amount)
            yield Movement(first, "taxes", charge.tax)
        yield from self._edits()
        for return_ in order.returns:
            day = self.day(return_.happened_at)
            yield from self._reversals(day, return_.lines)
            for line in return_.added:
                yield from self._line(day, line)
        for refund in order.refunds:
            day = self.day(refund.created_at)
            if refund.of_return is None:
                yield from self._reversals(day, refund.lines)
            for shipping_refund in refund.shipping:
                yield Movement(day, "shipping", -shipping_refund.net)
                yield Movement(day, "taxes", -shipping_refund.tax)
            for adjustment in refund.adjustments:
                yield Movement(day, "adjustments", adjustment.amount + adjustment.tax)

    def _edits(self) -> Iterator[Movement]:
        for edit in self.order.edits:
            day = self.day(edit.happened_at)
            for line in edit.added:
                yield from self._line(day, line)
            yield from self._reversals(day, edit.removed)
            for cut in edit.cuts:
                yield Movement(day, "discounts", cut.before_tax, cut.line)
                yield Movement(day, "taxes", -cut.tax)
            for shipping in edit.shipping_added:
                yield from self._shipping(day, shipping)
            for removed in edit.shipping_removed:
                yield Movement(day, "shipping", -removed.net)
                yield Movement(day, "taxes", -removed.tax)

    def _line(self, day: date, line: Line) -> Iterator[Movement]:
        net = net_of(line, self.order.taxes_included)
        if line.kind == "gift_card":
            yield Movement(day, "gift_cards_sold", net + tax_of(line))
        elif line.kind == "tip":
            yield Movement(day, "tips", net + tax_of(line))
        else:
            yield Movement(day, "gross_sales", net + line.discount_before_tax, line)
            yield Movement(day, "discounts", line.discount_before_tax, line)
            yield Movement(day, "units_sold", line.quantity, line)
            yield Movement(day, "taxes", tax_of(line))

    def _reversals(self, day: date, lines: list[Reversal]) -> Iterator[Movement]:
        for reversal in lines:
            if reversal.line.kind == "gift_card":
                yield Movement(day, "gift_cards_sold", -reversal.net - reversal.tax)
            else:
                yield Movement(day, "returns", reversal.net, reversal.line)
                yield Movement(day, "units_returned", reversal.quantity, reversal.line)
                yield Movement(day, "taxes", -reversal.tax)

    def _shipping(self, day: date, shipping: ShippingLine) -> Iterator[Movement]:
        yield Movement(day, "shipping", net_of(shipping, self.order.taxes_included))
        yield Movement(day, "taxes", tax_of(shipping))

    def sum_of(self, measure: str) -> int:
        return sum(movement.amount for movement in self.movements if movement.measure == measure)

    @property
    def net_sales(self) -> int:
        """The net sales of the order until now."""
        return self.sum_of("gross_sales") - self.sum_of("discounts") - self.sum_of("returns")

    @property
    def net_revenue(self) -> int:
        """Net sales with adjustments: less refunds without goods, plus restocking fees."""
        return self.net_sales + self.sum_of("adjustments")


def counted_orders(books: Books) -> list[OrderFacts]:
    """The orders that count, oldest first: neither test orders nor deleted ones."""
    emails = {customer.email.lower(): customer.id for customer in books.customers if customer.email}
    orders = [OrderFacts(books, order, emails) for order in books.orders if not order.test]
    return sorted(orders, key=lambda facts: (facts.order.processed_at, facts.order.id))
