"""Orders, their lines and refunds as the API shows them: the views derive totals and statuses from the books.

Money is minor units of the shop's currency. ``fields`` maps the fields of the API to the attributes of the views.
"""

from __future__ import annotations

from functools import cached_property

from simulator.apis.shopify.amounts import Amounts
from simulator.books import NEVER, Allocation, Instant, Line, Order, Refund, ShippingLine, Transaction, value_at
from simulator.history import Books
from simulator.money import line_net, line_tax


class BelongsToOrder:
    """Base of the views below an order: they take their currencies from it."""

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


class LineView(BelongsToOrder):
    __slots__ = ("line",)

    def __init__(self, order: OrderView, line: Line) -> None:
        self.order, self.line, self.typename = order, line, "LineItem"

    @property
    def current_quantity(self) -> int:
        return self.line.quantity - self.order.reversed_quantities.get(self.line.id, 0)

    @property
    def allocations(self) -> list[AllocationView]:
        if not self.line.discounts and not self.order.order.edits:
            return []
        allocations = list(self.line.discounts)
        for edit in self.order.order.edits:
            allocations += [Allocation(cut.application, cut.amount) for cut in edit.cuts if cut.line is self.line]
        return [AllocationView(self.order, allocation) for allocation in allocations]


class AllocationView(BelongsToOrder):
    __slots__ = ("allocation",)

    def __init__(self, order: OrderView, allocation: Allocation) -> None:
        self.order, self.allocation, self.typename = order, allocation, "DiscountAllocation"

    @property
    def application(self) -> ApplicationView:
        return ApplicationView(self.order, self.allocation.application)


_APPLICATIONS = {
    "code": "DiscountCodeApplication",
    "automatic": "AutomaticDiscountApplication",
    "manual": "ManualDiscountApplication",
}


class ApplicationView:
    __slots__ = ("application", "index", "typename")

    def __init__(self, order: OrderView, index: int) -> None:
        self.index, self.application = index, order.order.applications[index][1]
        self.typename = _APPLICATIONS[self.application.kind]


class RefundView(BelongsToOrder):
    __slots__ = ("refund",)

    def __init__(self, order: OrderView, refund: Refund) -> None:
        self.order, self.refund, self.typename = order, refund, "Refund"

    @property
    def updated_at(self) -> Instant:
        now = self.order.books.at
        settled = [payment.settled_at for payment in self.refund.transactions if payment.settled_at <= now]
        return max([self.refund.created_at, self.refund.edited_at, *settled])

    @property
    def total(self) -> int:
        payments = self.refund.transactions
        return sum(payment.amount for payment in payments if payment.status == "SUCCESS" and payment.kind == "REFUND")


class OrderView:
    """``included``: prices include tax."""

    typename = "Order"

    def __init__(self, books: Books, order: Order, amounts: Amounts) -> None:
        self.books, self.order, self.amounts = books, order, amounts
        self.shop, self.included = books.shop, order.taxes_included
        self._lines: dict[int, LineView] = {}

    def line(self, line: Line) -> LineView:
        view = self._lines.get(line.id)
        if view is None:
            view = self._lines[line.id] = LineView(self, line)
        return view

    def refund_view(self, refund: Refund) -> RefundView:
        return RefundView(self, refund)

    def transaction(self, transaction: Transaction) -> OrderPart:
        return OrderPart(self, transaction, "OrderTransaction")

    @property
    def lines(self) -> list[LineView]:
        return [self.line(line) for line in self.order.all_lines()]

    @property
    def transactions(self) -> list[OrderPart]:
        return [self.transaction(transaction) for transaction in self.order.all_transactions()]

    @cached_property
    def reversed_quantities(self) -> dict[int, int]:
        """The units removed or returned, by line id."""
        quantities: dict[int, int] = {}
        for reversal in self.order.reversals():
            quantities[reversal.line.id] = quantities.get(reversal.line.id, 0) + reversal.quantity
        return quantities

    @cached_property
    def original_total(self) -> int:
        """The total of the order as it was placed."""
        order = self.order
        total = sum([self._gross(line) for line in order.lines]) + sum([self._gross(line) for line in order.shipping])
        return total + sum(charge.amount + charge.tax for charge in order.charges)

    @cached_property
    def total(self) -> int:
        """The total with edits and exchanges, before returns."""
        total = self.original_total
        for edit in self.order.edits:
            total += sum(self._gross(line) for line in edit.added)
            total += sum(self._gross(line) for line in edit.shipping_added)
            total -= sum(reversal.net + reversal.tax for reversal in edit.removed)
            total -= sum(cut.before_tax + cut.tax for cut in edit.cuts)
            total -= sum(reversal.net + reversal.tax for reversal in edit.shipping_removed)
        return total + sum(self._gross(line) for back in self.order.returns for line in back.added)

    @cached_property
    def current_total(self) -> int:
        """The total after returns and refunds."""
        total = self.total - sum(line.net + line.tax for back in self.order.returns for line in back.lines)
        for refund in self.order.refunds:
            if refund.of_return is None:
                total -= sum(line.net + line.tax for line in refund.lines)
            total -= sum(line.net + line.tax for line in refund.shipping)
            total += sum(adjustment.amount + adjustment.tax for adjustment in refund.adjustments)
        return total

    def _gross(self, line: Line | ShippingLine) -> int:
        return line_net(line, self.included) + line_tax(line)

    @property
    def refunded(self) -> int:
        return sum(RefundView(self, refund).total for refund in self.order.refunds)

    @property
    def financial_status(self) -> str | None:
        order = self.order
        if order.financial_status_unset:
            return None
        payments = [payment for payment in order.transactions if payment.status == "SUCCESS"]
        paid = sum(payment.amount for payment in payments if payment.kind in ("SALE", "CAPTURE"))
        paid -= sum(payment.amount for payment in payments if payment.kind == "CHANGE")
        kinds = {payment.kind for payment in payments}
        rules = (
            (self.refunded > 0, "REFUNDED" if self.refunded >= paid else "PARTIALLY_REFUNDED"),
            ("VOID" in kinds, "VOIDED"),
            (order.expired_at != NEVER, "EXPIRED"),
            (paid > 0, "PAID" if paid >= self.current_total else "PARTIALLY_PAID"),
            ("AUTHORIZATION" in kinds, "AUTHORIZED"),
            (self.total == 0 and not order.transactions, "PAID"),
        )
        return next((status for applies, status in rules if applies), "PENDING")

    @property
    def fulfilment_status(self) -> str:
        return value_at(self.order.fulfilment, self.books.at) if self.order.fulfilment else "UNFULFILLED"
