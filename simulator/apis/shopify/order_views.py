"""What the wire shows of an order, derived from the books: the ledger's rows, totals, statuses.

Each view answers for one object of the API.  Money stays in minor units here; ``fields`` says which field shows what.
"""

from __future__ import annotations

from functools import cached_property

from simulator.apis.shopify.agreements import AgreementView
from simulator.apis.shopify.amounts import Amounts
from simulator.books import (
    NEVER,
    Allocation,
    Instant,
    Line,
    Order,
    Refund,
    Transaction,
    value_at,
)
from simulator.history import Books
from simulator.money import line_net, line_tax


class LineView:
    __slots__ = ("line", "order", "typename")

    def __init__(self, order: OrderView, line: Line) -> None:
        self.order, self.line, self.typename = order, line, "LineItem"

    @property
    def amounts(self) -> Amounts:
        return self.order.amounts

    @property
    def current_quantity(self) -> int:
        return self.line.quantity - self.order.taken_back.get(self.line.id, 0)

    @property
    def allocations(self) -> list[AllocationView]:
        if not self.line.discounts and not self.order.order.edits:
            return []
        found = list(self.line.discounts)
        for edit in self.order.order.edits:
            found += [Allocation(cut.application, cut.amount) for cut in edit.cuts if cut.line is self.line]
        return [AllocationView(self.order, each) for each in found]


class AllocationView:
    __slots__ = ("allocation", "order", "typename")

    def __init__(self, order: OrderView, allocation: Allocation) -> None:
        self.order, self.allocation, self.typename = order, allocation, "DiscountAllocation"

    @property
    def amounts(self) -> Amounts:
        return self.order.amounts

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


class OrderPart:
    """Something that belongs to an order and only needs its currencies: a shipping line, a transaction, a tax line."""

    __slots__ = ("order", "part", "typename")

    def __init__(self, order: OrderView, part: object, typename: str) -> None:
        self.order, self.part, self.typename = order, part, typename

    @property
    def amounts(self) -> Amounts:
        return self.order.amounts


class RefundView:
    __slots__ = ("order", "refund", "typename")

    def __init__(self, order: OrderView, refund: Refund) -> None:
        self.order, self.refund, self.typename = order, refund, "Refund"

    @property
    def amounts(self) -> Amounts:
        return self.order.amounts

    @property
    def updated_at(self) -> Instant:
        settled = [one.settled_at for one in self.refund.transactions if one.settled_at <= self.order.books.at]
        return max([self.refund.created_at, self.refund.edited_at, *settled])

    @property
    def total(self) -> int:
        return sum(one.amount for one in self.refund.transactions if one.status == "SUCCESS" and one.kind == "REFUND")


class OrderView:
    """An order as the API shows it."""

    typename = "Order"

    def __init__(self, books: Books, order: Order, amounts: Amounts) -> None:
        self.books, self.order, self.amounts = books, order, amounts
        self.shop, self.included = books.shop, order.taxes_included
        self._lines: dict[int, LineView] = {}

    def line(self, line: Line) -> LineView:
        found = self._lines.get(line.id)
        if found is None:
            found = self._lines[line.id] = LineView(self, line)
        return found

    @property
    def lines(self) -> list[LineView]:
        return [self.line(each) for each in self.order.all_lines()]

    @cached_property
    def agreements(self) -> list[AgreementView]:
        order = self.order
        first = AgreementView(self, order.agreement, "OrderAgreement", order.created_at, "ORDER", None)
        if not (order.edits or order.returns or order.refunds):
            return [first]
        later = [
            *(
                AgreementView(self, e.agreement, "OrderEditAgreement", e.happened_at, "ORDER_EDIT", e)
                for e in order.edits
            ),
            *(AgreementView(self, r.agreement, "ReturnAgreement", r.happened_at, "RETURN", r) for r in order.returns),
            *(AgreementView(self, r.agreement, "RefundAgreement", r.created_at, "REFUND", r) for r in order.refunds),
        ]
        return [first, *sorted(later, key=lambda each: (each.happened_at, each.id))]

    @cached_property
    def taken_back(self) -> dict[int, int]:
        """Line id to the units taken back."""
        found: dict[int, int] = {}
        for each in self.order.reversals():
            found[each.line.id] = found.get(each.line.id, 0) + each.quantity
        return found

    @cached_property
    def original_total(self) -> int:
        order, total = self.order, 0
        for line in order.lines:
            total += line_net(line, self.included) + line_tax(line)
        for shipping in order.shipping:
            total += line_net(shipping, self.included) + line_tax(shipping)
        return total + sum(each.amount + each.tax for each in order.charges)

    @cached_property
    def total(self) -> int:
        """What was ordered with edits and exchanges in it, before anything was returned."""
        total = self.original_total
        for edit in self.order.edits:
            total += sum(line_net(line, self.included) + line_tax(line) for line in edit.added)
            total += sum(line_net(line, self.included) + line_tax(line) for line in edit.shipping_added)
            total -= sum(back.net + back.tax for back in edit.removed)
            total -= sum(cut.before_tax + cut.tax for cut in edit.cuts)
            total -= sum(gone.net + gone.tax for gone in edit.shipping_removed)
        for each in self.order.returns:
            total += sum(line_net(line, self.included) + line_tax(line) for line in each.added)
        return total

    @cached_property
    def current_total(self) -> int:
        """What the order is worth now."""
        total = self.total - sum(back.net + back.tax for each in self.order.returns for back in each.lines)
        for refund in self.order.refunds:
            if refund.of_return is None:
                total -= sum(back.net + back.tax for back in refund.lines)
            total -= sum(gone.net + gone.tax for gone in refund.shipping)
            total += sum(each.amount + each.tax for each in refund.adjustments)
        return total

    @property
    def refunded(self) -> int:
        return sum(RefundView(self, each).total for each in self.order.refunds)

    @property
    def financial_status(self) -> str | None:
        order = self.order
        if order.financial_status_unset:
            return None
        done = [one for one in order.transactions if one.status == "SUCCESS"]
        paid = sum(one.amount for one in done if one.kind in ("SALE", "CAPTURE"))
        paid -= sum(one.amount for one in done if one.kind == "CHANGE")
        kinds = {one.kind for one in done}
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

    @property
    def transactions(self) -> list[OrderPart]:
        return [OrderPart(self, one, "OrderTransaction") for one in self.order.all_transactions()]

    def refund_view(self, refund: Refund) -> RefundView:
        return RefundView(self, refund)

    def transaction(self, one: Transaction) -> OrderPart:
        return OrderPart(self, one, "OrderTransaction")
