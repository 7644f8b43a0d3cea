"""A second reading of the definitions: one order of the books at a time, in plain Python.

Nothing here comes from the ledger's rows, from dbt, from the connector or from the semantic layer: only the books' own
facts (prices, quantities, discounts, taxes, what was taken back, what was paid) are read, as docs and definitions say
that they count.  Amounts are minor units of the shop's currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from simulator.books import NEVER, Line, Order, Refund, Reversal, ShippingLine, Transaction, value_at
from simulator.history import Books

STORE_CREDIT = {"gift_card", "shopify_store_credit"}
COMPLETED = {"PAID", "FULFILLING", "SHIPPED", "COMPLETE"}
CHANNELS = {"web": "Online store", "pos": "Point of sale", "shopify_draft_order": "Draft orders"}
BY_FULFILMENT = {
    "UNFULFILLED": "PAID", "OPEN": "PAID", "ON_HOLD": "PAID", "SCHEDULED": "PAID", "PENDING_FULFILLMENT": "PAID",
    "REQUEST_DECLINED": "PAID", "RESTOCKED": "PAID", "IN_PROGRESS": "FULFILLING", "PARTIALLY_FULFILLED": "FULFILLING",
    "FULFILLED": "SHIPPED", "FULFILLMENT_NOT_REQUIRED": "COMPLETE",
}  # fmt: skip


@dataclass(frozen=True)
class Movement:
    """What a day brought: ``measure`` is gross_sales, discounts, returns, shipping, taxes, …; ``line`` for goods."""

    day: date
    measure: str
    amount: int
    line: Line | None = None


def taxed(line: Line | ShippingLine) -> int:
    return sum(tax.amount for tax in line.taxes)


def without_tax(line: Line | ShippingLine, included: bool) -> int:
    """What a line brought after discounts, the tax taken out where the price holds it."""
    price = line.unit_price * line.quantity if isinstance(line, Line) else line.price
    price -= sum(each.amount for each in line.discounts)
    return price - taxed(line) if included else price


def succeeded(transactions: list[Transaction], *kinds: str) -> int:
    return sum(each.amount for each in transactions if each.status == "SUCCESS" and each.kind in kinds)


class OrderFacts:
    """An order and what the definitions say of it."""

    def __init__(self, books: Books, order: Order, emails: dict[str, int]) -> None:
        self.books, self.order, self.emails = books, order, emails
        self.zone = ZoneInfo(books.shop.time_zone)

    def day(self, instant: int) -> date:
        """The calendar day of the shop."""
        return datetime.fromtimestamp(instant, UTC).astimezone(self.zone).date()

    @cached_property
    def own_day(self) -> date:
        return self.day(self.order.processed_at)

    @property
    def channel(self) -> str:
        return CHANNELS.get(self.order.source, "Other channels")

    @cached_property
    def buyer(self) -> str:
        """The customer key: customer, else the customer of the email, else the email, else nobody."""
        if self.order.customer is not None:
            return str(self.order.customer.id)
        if self.order.email is None:
            return f"guest:{self.order.id}"
        email = self.order.email.lower()
        return str(self.emails[email]) if email in self.emails else email

    @property
    def is_known(self) -> bool:
        return not self.buyer.startswith("guest:")

    def product(self, line: Line) -> str:
        """The product key; a product that has been deleted is known by its sku only."""
        if line.variant is not None and line.variant.product.deleted_at > self.books.at:
            return str(line.variant.product.id)
        return f"sku:{line.sku}" if line.sku is not None else f"custom:{line.title}"

    # --- totals and status

    @cached_property
    def ordered(self) -> int:
        """The order's total: as placed, with edits and exchanges, before returns."""
        order, total = self.order, 0
        everything: list[Line | ShippingLine] = [*order.all_lines(), *order.all_shipping()]
        for line in everything:
            total += without_tax(line, order.taxes_included) + taxed(line)
        total += sum(charge.amount + charge.tax for charge in order.charges)
        for edit in order.edits:
            total -= sum(back.net + back.tax for back in edit.removed)
            total -= sum(cut.before_tax + cut.tax for cut in edit.cuts)
            total -= sum(gone.net + gone.tax for gone in edit.shipping_removed)
        return total

    def left(self, line: Line) -> int:
        """Pieces of a line that were neither given back nor taken off."""
        gone = (each for each in self.movements if each.line is line and each.measure == "units_returned")
        return line.quantity - sum(each.amount for each in gone)

    @cached_property
    def worth_now(self) -> int:
        total = self.ordered
        for each in self.order.returns:
            total -= sum(back.net + back.tax for back in each.lines)
        for refund in self.order.refunds:
            if refund.of_return is None:
                total -= sum(back.net + back.tax for back in refund.lines)
            total -= sum(gone.net + gone.tax for gone in refund.shipping)
            total += sum(each.amount + each.tax for each in refund.adjustments)
        return total

    @cached_property
    def financial(self) -> str | None:
        order = self.order
        if order.financial_status_unset:
            return None
        paid = succeeded(order.transactions, "SALE", "CAPTURE") - succeeded(order.transactions, "CHANGE")
        back = sum(succeeded(refund.transactions, "REFUND") for refund in order.refunds)
        if back > 0:
            return "REFUNDED" if back >= paid else "PARTIALLY_REFUNDED"
        if any(each.kind == "VOID" and each.status == "SUCCESS" for each in order.transactions):
            return "VOIDED"
        if order.expired_at != NEVER:
            return "EXPIRED"
        return self._by_payment(paid)

    def _by_payment(self, paid: int) -> str:
        if paid > 0:
            return "PAID" if paid >= self.worth_now else "PARTIALLY_PAID"
        if succeeded(self.order.transactions, "AUTHORIZATION") > 0:
            return "AUTHORIZED"
        return "PAID" if not self.order.transactions and self.ordered == 0 else "PENDING"

    @property
    def fulfilment(self) -> str:
        return value_at(self.order.fulfilment, self.books.at) if self.order.fulfilment else "UNFULFILLED"

    @property
    def was_shipped(self) -> bool:
        """All of it was sent: what is paid back afterwards does not undo that."""
        return self.fulfilment == "FULFILLED"

    @property
    def is_cancelled(self) -> bool:
        return self.order.cancelled_at != NEVER

    @cached_property
    def status(self) -> str:
        financial = self.financial
        if financial in ("REFUNDED", "PARTIALLY_REFUNDED"):
            return financial
        if financial in ("VOIDED", "EXPIRED"):
            return "CANCELLED"
        if self.is_cancelled and financial in ("PAID", "PENDING", "AUTHORIZED"):
            return "CANCELLED"
        if financial != "PAID":
            return "PENDING"
        status = BY_FULFILMENT[self.fulfilment]
        return "COMPLETE" if status == "SHIPPED" and self.order.closed_at != NEVER else status

    @property
    def is_completed(self) -> bool:
        return self.status in COMPLETED

    @property
    def is_valid(self) -> bool:
        return not self.is_cancelled and self.financial not in ("VOIDED", "EXPIRED")

    # --- money paid back

    def paid_back(self, refund: Refund, to_store_credit: bool) -> int:
        chosen = [each for each in refund.transactions if (each.gateway in STORE_CREDIT) is to_store_credit]
        return succeeded(chosen, "REFUND")

    @cached_property
    def refunded_amount(self) -> int:
        return sum(self.paid_back(refund, to_store_credit=False) for refund in self.order.refunds)

    # --- what each day brought

    @cached_property
    def movements(self) -> list[Movement]:
        return list(self._movements())

    def _movements(self) -> Iterator[Movement]:
        order, first = self.order, self.own_day
        for line in order.lines:
            yield from self._sold(first, line)
        for shipping in order.shipping:
            yield from self._shipped(first, shipping)
        for charge in order.charges:
            yield Movement(first, "duties" if charge.kind == "duty" else "fees", charge.amount)
            yield Movement(first, "taxes", charge.tax)
        yield from self._edited()
        for back in order.returns:
            day = self.day(back.happened_at)
            yield from self._taken_back(day, back.lines)
            for line in back.added:
                yield from self._sold(day, line)
        for refund in order.refunds:
            day = self.day(refund.created_at)
            if refund.of_return is None:
                yield from self._taken_back(day, refund.lines)
            for gone in refund.shipping:
                yield Movement(day, "shipping", -gone.net)
                yield Movement(day, "taxes", -gone.tax)
            for each in refund.adjustments:
                yield Movement(day, "adjustments", each.amount + each.tax)

    def _edited(self) -> Iterator[Movement]:
        for edit in self.order.edits:
            day = self.day(edit.happened_at)
            for line in edit.added:
                yield from self._sold(day, line)
            yield from self._taken_back(day, edit.removed)
            for cut in edit.cuts:
                yield Movement(day, "discounts", cut.before_tax, cut.line)
                yield Movement(day, "taxes", -cut.tax)
            for shipping in edit.shipping_added:
                yield from self._shipped(day, shipping)
            for gone in edit.shipping_removed:
                yield Movement(day, "shipping", -gone.net)
                yield Movement(day, "taxes", -gone.tax)

    def _sold(self, day: date, line: Line) -> Iterator[Movement]:
        net = without_tax(line, self.order.taxes_included)
        if line.kind == "gift_card":
            yield Movement(day, "gift_cards_sold", net + taxed(line))
        elif line.kind == "tip":
            yield Movement(day, "tips", net + taxed(line))
        else:
            yield Movement(day, "gross_sales", net + line.discount_before_tax, line)
            yield Movement(day, "discounts", line.discount_before_tax, line)
            yield Movement(day, "units_sold", line.quantity, line)
            yield Movement(day, "taxes", taxed(line))

    def _taken_back(self, day: date, lines: list[Reversal]) -> Iterator[Movement]:
        for back in lines:
            if back.line.kind == "gift_card":
                yield Movement(day, "gift_cards_sold", -back.net - back.tax)
            else:
                yield Movement(day, "returns", back.net, back.line)
                yield Movement(day, "units_returned", back.quantity, back.line)
                yield Movement(day, "taxes", -back.tax)

    def _shipped(self, day: date, shipping: ShippingLine) -> Iterator[Movement]:
        yield Movement(day, "shipping", without_tax(shipping, self.order.taxes_included))
        yield Movement(day, "taxes", taxed(shipping))

    def sum_of(self, measure: str) -> int:
        return sum(each.amount for each in self.movements if each.measure == measure)

    @property
    def net_sales(self) -> int:
        """Of the whole order to date."""
        return self.sum_of("gross_sales") - self.sum_of("discounts") - self.sum_of("returns")

    @property
    def net_revenue(self) -> int:
        """Net sales, less what was paid back without goods, and what was kept of goods that came back."""
        return self.net_sales + self.sum_of("adjustments")


def placed(books: Books) -> list[OrderFacts]:
    """The orders that count: neither test nor deleted orders, oldest first."""
    emails = {each.email.lower(): each.id for each in books.customers if each.email}
    found = [OrderFacts(books, order, emails) for order in books.orders if not order.test]
    return sorted(found, key=lambda each: (each.order.processed_at, each.order.id))
