"""The till of one order: prices a basket, takes payments, takes things back, and writes it all into the books.

It keeps what is left of each line (units, value, tax, discount), so that parts given back always add up to the whole.
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
    Transaction,
    Variant,
    value_at,
)
from simulator.money import before_tax, half_up, line_net, line_tax, shown_price, split, tax_lines, tax_of

Rates = Sequence[tuple[str, int]]  # (title, thousandths of a percent)
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass
class Left:
    """What has not been taken back of a line."""

    quantity: int
    net: int
    tax: int
    discount: int


@dataclass
class Till:
    order: Order
    rates: dict[int, Rates] = field(default_factory=dict)  # line id to its taxes
    left: dict[int, Left] = field(default_factory=dict)
    shipping_left: dict[int, tuple[int, int]] = field(default_factory=dict)
    _next: int = 0
    _agreements: int = 0

    def number(self) -> int:
        self._next += 1
        return self.order.id * 10_000 + self._next

    def agreement(self) -> int:
        self._agreements += 1
        return self.order.id * 100 + self._agreements

    # --- the basket

    def line(self, variant: Variant, quantity: int, rates: Rates, at: Instant, kind: str = "product") -> Line:
        """A line at today's title and price, not yet priced."""
        product = variant.product
        return self._line(
            Line(
                self.number(),
                kind,
                value_at(product.titles, at),
                variant.title,
                variant.sku,
                product.vendor,
                variant,
                quantity,
                value_at(variant.prices, at),
            ),
            rates,
        )

    def custom(self, title: str, price: int, quantity: int, rates: Rates, kind: str = "product") -> Line:
        """A line of no product: a custom item, or a tip."""
        return self._line(Line(self.number(), kind, title, None, None, None, None, quantity, price), rates)

    def _line(self, line: Line, rates: Rates) -> Line:
        self.rates[line.id] = () if line.kind != "product" else rates
        return line

    def apply(self, at: Instant, application: Application) -> int:
        self.order.applications.append((at, application))
        return len(self.order.applications) - 1

    @staticmethod
    def discount(line: Line | ShippingLine, application: int, amount: int) -> None:
        if amount:
            line.discounts = (*line.discounts, Allocation(application, amount))

    def discount_across(self, lines: Sequence[Line], application: int, amount: int) -> None:
        """A discount of the order, allocated to its lines by what they cost, to the cent."""
        chosen = [line for line in lines if line.kind == "product"]
        for line, part in zip(chosen, split(amount, [shown_price(each) for each in chosen]), strict=True):
            self.discount(line, application, part)

    def price(self, line: Line) -> Line:
        """Works out taxes and what the discount is worth before tax."""
        rates, included = self.rates[line.id], self.order.taxes_included
        line.taxes, line.discount_before_tax = self._taxes(line, rates)
        self.left[line.id] = Left(line.quantity, line_net(line, included), line_tax(line), line.discount_before_tax)
        return line

    def ship(self, title: str, price: int, rates: Rates, discount: tuple[int, int] | None = None) -> ShippingLine:
        """A shipping line; ``discount`` is (application, amount)."""
        line = ShippingLine(self.number(), title, price)
        if discount:
            self.discount(line, *discount)
        line.taxes, line.discount_before_tax = self._taxes(line, rates)
        self.shipping_left[line.id] = (line_net(line, self.order.taxes_included), line_tax(line))
        return line

    def _taxes(self, line: Line | ShippingLine, rates: Rates) -> tuple[tuple, int]:  # type: ignore[type-arg]
        included, rate = self.order.taxes_included, sum(each for _, each in rates)
        taxes = tax_lines(tax_of(shown_price(line), rate, included), rates) if rate else ()
        off = sum(each.amount for each in line.discounts)
        return taxes, before_tax(off, rate, included) if off else 0

    # --- money

    @property
    def due(self) -> int:
        """What the order is worth now: all that is left, and what was adjusted."""
        lines = sum(each.net + each.tax for each in self.left.values())
        shipping = sum(net + tax for net, tax in self.shipping_left.values())
        charges = sum(each.amount + each.tax for each in self.order.charges)
        adjusted = sum(each.amount for refund in self.order.refunds for each in refund.adjustments)
        return lines + shipping + charges + adjusted

    @property
    def held(self) -> int:
        """Money that the shop holds: paid in, less change and money paid back."""
        done = [one for one in self.order.all_transactions() if one.status == "SUCCESS"]
        signs = {"SALE": 1, "CAPTURE": 1, "CHANGE": -1, "REFUND": -1}
        return sum(signs.get(one.kind, 0) * one.amount for one in done)

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
        one = Transaction(self.number(), kind, gateway, amount, at, status, settled_at, parent, self.order.test)
        if kind != "REFUND":
            self.order.transactions.append(one)
        return one

    def sale(self) -> Transaction | None:
        paid = [one for one in self.order.transactions if one.kind in ("SALE", "CAPTURE") and one.status == "SUCCESS"]
        return paid[0] if paid else None

    # --- what happens later

    def take_back(self, line: Line, quantity: int, restock: str = "RETURN") -> Reversal:
        left = self.left[line.id]
        parts = [amount * quantity // left.quantity for amount in (left.net, left.tax, left.discount)]
        left.quantity -= quantity
        left.net, left.tax, left.discount = left.net - parts[0], left.tax - parts[1], left.discount - parts[2]
        return Reversal(self.number(), line, quantity, parts[0], parts[1], parts[2], restock)

    def ship_back(self, line: ShippingLine, percent: int = 100) -> ShippingReversal:
        net, tax = self.shipping_left[line.id]
        parts = net * percent // 100, tax * percent // 100
        self.shipping_left[line.id] = net - parts[0], tax - parts[1]
        return ShippingReversal(self.number(), line, *parts)

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
        """Takes back lines and ``shipping`` percent of the shipping, adjusted by ``adjust``; money comes later."""
        refund = Refund(self.number(), self.agreement(), at, at if processed_at is None else processed_at)
        refund.lines = [self.take_back(line, quantity, restock) for line, quantity in lines if quantity]
        if shipping:
            refund.shipping = [self.ship_back(line, shipping) for line in self.order.all_shipping()]
        if adjust:
            refund.adjustments = [Adjustment(self.number(), reason, adjust)]
        self.order.refunds.append(refund)
        return refund

    def pay_back(
        self,
        refund: Refund,
        gateway: str | None = None,
        status: str = "SUCCESS",
        wait: int = 0,
        amount: int | None = None,
    ) -> None:
        """Pays back what the shop holds above what the order is worth (or ``amount``), by gateway or as paid."""
        sale = self.sale()
        money = max(0, self.held - self.due) if amount is None else amount
        if money and sale:
            at = refund.created_at
            refund.transactions.append(
                self.transact(at, "REFUND", gateway or sale.gateway, money, status, sale, at + wait if wait else 0)
            )

    def edit(self, at: Instant) -> Edit:
        edit = Edit(self.agreement(), at)
        self.order.edits.append(edit)
        return edit

    def cut(self, edit: Edit, line: Line, amount: int, title: str) -> None:
        """Lowers what is left of a line by ``amount`` as shown, as a manual discount."""
        left, included = self.left[line.id], self.order.taxes_included
        rate = sum(each for _, each in self.rates[line.id])
        tax = min(left.tax, tax_of(amount, rate, included))
        worth = min(left.net, amount - tax if included else amount)
        left.net, left.tax, left.discount = left.net - worth, left.tax - tax, left.discount + worth
        application = self.apply(edit.happened_at, Application("manual", title, across=False))
        edit.cuts.append(PriceCut(line, application, worth + tax if included else worth, worth, tax))

    def settle(self, at: Instant, gateway: str = "shopify_payments") -> None:
        """Collects or pays back the difference between what is held and what the order is worth now."""
        difference = self.due - self.held
        if difference > 0:
            self.transact(at, "SALE", gateway, difference)
        elif difference < 0:
            self.pay_back(self.refund(at))

    def send_back(self, at: Instant, lines: Sequence[tuple[Line, int]]) -> Return:
        back = Return(self.number(), self.agreement(), at)
        back.lines = [self.take_back(line, quantity) for line, quantity in lines]
        self.order.returns.append(back)
        return back

    def refund_return(self, at: Instant, back: Return) -> Refund:
        """The refund that settles a return: it names the lines that the return took back."""
        refund = self.refund(at)
        refund.of_return, refund.lines = back, list(back.lines)
        return refund


def percent(amount: int, of: int) -> int:
    return half_up(amount * of, 100)
