"""The checkout of one order: prices its lines, takes payments, and records refunds, returns and edits.

It tracks what remains of each line (units, value, tax, discount), so that returned parts always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.books import (
    Adjustment,
    Allocation,
    Application,
    Edit,
    Instant,
    Line,
    Order,
    PriceCut,
    Refund,
    Return,
    Reversal,
    ShippingLine,
    ShippingReversal,
    Tax,
    Transaction,
    Variant,
    value_at,
)
from simulator.money import before_tax, half_up, line_net, line_tax, shown_price, split, tax_lines, tax_of

Rates = Sequence[tuple[str, int]]  # (title, thousandths of a percent)


@dataclass
class Remainder:
    """What has not been returned of a line."""

    quantity: int
    net: int
    tax: int
    discount: int


@dataclass
class Checkout:
    """``rates``, ``remainders`` and ``shipping_remainders`` (net, tax) are by line id."""

    order: Order
    rates: dict[int, Rates] = field(default_factory=dict)
    remainders: dict[int, Remainder] = field(default_factory=dict)
    shipping_remainders: dict[int, tuple[int, int]] = field(default_factory=dict)
    _ids: int = 0
    _agreements: int = 0

    def next_id(self) -> int:
        self._ids += 1
        return self.order.id * 10_000 + self._ids

    def next_agreement(self) -> int:
        self._agreements += 1
        return self.order.id * 100 + self._agreements

    # --- lines

    def line(self, variant: Variant, quantity: int, rates: Rates, at: Instant, kind: str = "product") -> Line:
        """A line with the title and price of that instant; ``price`` completes it."""
        product, price = variant.product, value_at(variant.prices, at)
        line = Line(
            self.next_id(),
            kind,
            value_at(product.titles, at),
            variant.title,
            variant.sku,
            product.vendor,
            variant,
            quantity,
            price,
        )
        return self._with_rates(line, rates)

    def custom_line(self, title: str, price: int, quantity: int, rates: Rates, kind: str = "product") -> Line:
        """A line without a product: a custom item or a tip."""
        return self._with_rates(Line(self.next_id(), kind, title, None, None, None, None, quantity, price), rates)

    def _with_rates(self, line: Line, rates: Rates) -> Line:
        self.rates[line.id] = () if line.kind != "product" else rates
        return line

    def add_discount(self, at: Instant, application: Application) -> int:
        """Returns the index of the discount among the order's applications."""
        self.order.applications.append((at, application))
        return len(self.order.applications) - 1

    @staticmethod
    def allocate(line: Line | ShippingLine, application: int, amount: int) -> None:
        if amount:
            line.discounts = (*line.discounts, Allocation(application, amount))

    def allocate_across(self, lines: Sequence[Line], application: int, amount: int) -> None:
        """Splits a discount over the product lines by their prices, exact to the cent."""
        goods = [line for line in lines if line.kind == "product"]
        for line, part in zip(goods, split(amount, [shown_price(line) for line in goods]), strict=True):
            self.allocate(line, application, part)

    def price(self, line: Line) -> Line:
        """Computes the taxes of a line and its discount before tax."""
        rates, included = self.rates[line.id], self.order.taxes_included
        line.taxes, line.discount_before_tax = self._taxes(line, rates)
        net, tax = line_net(line, included), line_tax(line)
        self.remainders[line.id] = Remainder(line.quantity, net, tax, line.discount_before_tax)
        return line

    def shipping_line(
        self, title: str, price: int, rates: Rates, discount: tuple[int, int] | None = None
    ) -> ShippingLine:
        """A priced shipping line; ``discount`` is (application, amount)."""
        line = ShippingLine(self.next_id(), title, price)
        if discount:
            self.allocate(line, *discount)
        line.taxes, line.discount_before_tax = self._taxes(line, rates)
        self.shipping_remainders[line.id] = (line_net(line, self.order.taxes_included), line_tax(line))
        return line

    def _taxes(self, line: Line | ShippingLine, rates: Rates) -> tuple[tuple[Tax, ...], int]:
        included, rate = self.order.taxes_included, sum(rate for _, rate in rates)
        taxes = tax_lines(tax_of(shown_price(line), rate, included), rates) if rate else ()
        discount = sum(allocation.amount for allocation in line.discounts)
        return taxes, before_tax(discount, rate, included) if discount else 0

    # --- payments

    @property
    def current_total(self) -> int:
        """The value of the order now: what remains of its lines and shipping, its charges and adjustments."""
        lines = sum(remainder.net + remainder.tax for remainder in self.remainders.values())
        shipping = sum(net + tax for net, tax in self.shipping_remainders.values())
        charges = sum(charge.amount + charge.tax for charge in self.order.charges)
        adjusted = sum(adjustment.amount for refund in self.order.refunds for adjustment in refund.adjustments)
        return lines + shipping + charges + adjusted

    @property
    def net_payment(self) -> int:
        """Payments received, less change and refunds."""
        signs = {"SALE": 1, "CAPTURE": 1, "CHANGE": -1, "REFUND": -1}
        successes = [payment for payment in self.order.all_transactions() if payment.status == "SUCCESS"]
        return sum(signs.get(payment.kind, 0) * payment.amount for payment in successes)

    def transact(
        self,
        at: Instant,
        kind: str,
        gateway: str,
        amount: int,
        status: str = "SUCCESS",
        parent: Transaction | None = None,
        settled_at: Instant = 0,
    ) -> Transaction:
        """A transaction. It belongs to the order, unless it is a REFUND, which belongs to its refund."""
        payment = Transaction(self.next_id(), kind, gateway, amount, at, status, settled_at, parent, self.order.test)
        if kind != "REFUND":
            self.order.transactions.append(payment)
        return payment

    def first_payment(self) -> Transaction | None:
        for payment in self.order.transactions:
            if payment.kind in ("SALE", "CAPTURE") and payment.status == "SUCCESS":
                return payment
        return None

    # --- refunds, returns, edits

    def reverse(self, line: Line, quantity: int, restock: str = "RETURN") -> Reversal:
        """Takes units back, with their part of what remains of the line."""
        left = self.remainders[line.id]
        net, tax, discount = (amount * quantity // left.quantity for amount in (left.net, left.tax, left.discount))
        left.quantity -= quantity
        left.net, left.tax, left.discount = left.net - net, left.tax - tax, left.discount - discount
        return Reversal(self.next_id(), line, quantity, net, tax, discount, restock)

    def reverse_shipping(self, line: ShippingLine, percent: int = 100) -> ShippingReversal:
        net, tax = self.shipping_remainders[line.id]
        parts = net * percent // 100, tax * percent // 100
        self.shipping_remainders[line.id] = net - parts[0], tax - parts[1]
        return ShippingReversal(self.next_id(), line, *parts)

    def refund(
        self,
        at: Instant,
        lines: Sequence[tuple[Line, int]] = (),
        shipping: int = 0,
        adjust: int = 0,
        reason: str = "REFUND_DISCREPANCY",
        restock: str = "RETURN",
        processed_at: Instant | None = None,
    ) -> Refund:
        """A refund of lines and of ``shipping`` percent of the shipping, adjusted by ``adjust``; not paid yet."""
        refund = Refund(self.next_id(), self.next_agreement(), at, at if processed_at is None else processed_at)
        refund.lines = [self.reverse(line, quantity, restock) for line, quantity in lines if quantity]
        if shipping:
            refund.shipping = [self.reverse_shipping(line, shipping) for line in self.order.all_shipping()]
        if adjust:
            refund.adjustments = [Adjustment(self.next_id(), reason, adjust)]
        self.order.refunds.append(refund)
        return refund

    def pay_refund(self, refund: Refund, gateway: str | None = None, status: str = "SUCCESS", wait: int = 0) -> None:
        """Pays what the shop received above the current total, after ``wait`` seconds.

        It goes to the gateway of the first payment unless another one is named.
        """
        sale, amount = self.first_payment(), max(0, self.net_payment - self.current_total)
        if amount and sale:
            at = refund.created_at
            refund.transactions.append(
                self.transact(at, "REFUND", gateway or sale.gateway, amount, status, sale, at + wait if wait else 0)
            )

    def start_edit(self, at: Instant) -> Edit:
        edit = Edit(self.next_agreement(), at)
        self.order.edits.append(edit)
        return edit

    def cut_price(self, edit: Edit, line: Line, amount: int, title: str) -> None:
        """Lowers what remains of a line by ``amount`` as shown, with a manual discount."""
        left, included = self.remainders[line.id], self.order.taxes_included
        rate = sum(rate for _, rate in self.rates[line.id])
        tax = min(left.tax, tax_of(amount, rate, included))
        net = min(left.net, amount - tax if included else amount)
        left.net, left.tax, left.discount = left.net - net, left.tax - tax, left.discount + net
        application = self.add_discount(edit.happened_at, Application("manual", title, across=False))
        edit.cuts.append(PriceCut(line, application, net + tax if included else net, net, tax))

    def settle(self, at: Instant, gateway: str = "shopify_payments") -> None:
        """Collects or refunds the difference between the current total and the net payment."""
        difference = self.current_total - self.net_payment
        if difference > 0:
            self.transact(at, "SALE", gateway, difference)
        elif difference < 0:
            self.pay_refund(self.refund(at))

    def return_goods(self, at: Instant, lines: Sequence[tuple[Line, int]]) -> Return:
        return_ = Return(self.next_id(), self.next_agreement(), at)
        return_.lines = [self.reverse(line, quantity) for line, quantity in lines]
        self.order.returns.append(return_)
        return return_

    def refund_return(self, at: Instant, return_: Return) -> Refund:
        """The refund that settles a return: it repeats the lines of the return."""
        refund = self.refund(at)
        refund.of_return, refund.lines = return_, list(return_.lines)
        return refund


def percent(amount: int, of: int) -> int:
    return half_up(amount * of, 100)
