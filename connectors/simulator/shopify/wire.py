"""What the wire shows of an order, derived from the books: the ledger's rows, totals, statuses.

Each view answers for one object of the API.  Money stays in minor units here; ``fields`` says which field shows what.
"""

from __future__ import annotations

from functools import cached_property
from typing import cast

from connectors.simulator.books import (
    NEVER,
    Allocation,
    Edit,
    Instant,
    Line,
    Order,
    Presentment,
    Refund,
    Return,
    Reversal,
    ShippingLine,
    Shop,
    Transaction,
    value_at,
)
from connectors.simulator.money import line_net, line_tax
from connectors.simulator.world import Books

STORE_CREDIT = ("gift_card", "shopify_store_credit")


class Purse:
    """The currencies of an order, and how an amount is written in them (the scale varies as Shopify's does)."""

    __slots__ = ("currency", "exponent", "presentment", "shop_currency", "texts")

    def __init__(self, shop: Shop, presentment: Presentment | None) -> None:
        self.shop_currency = shop.currency
        self.exponent = shop.exponent
        self.presentment = presentment
        self.currency = presentment.currency if presentment else shop.currency
        self.texts: dict[object, dict[int, str]] = {}

    def shop_amount(self, minor: int) -> str:
        return decimal_text(minor, self.exponent)

    def presentment_amount(self, minor: int) -> str:
        if self.presentment is None:
            return decimal_text(minor, self.exponent)
        shown = self.presentment
        sign = -1 if minor < 0 else 1
        converted = (2 * abs(minor) * shown.numerator + shown.denominator) // (2 * shown.denominator)
        return decimal_text(sign * converted, shown.exponent)


def decimal_text(minor: int, exponent: int) -> str:
    """Minor units as a decimal without needless zeros, but with one digit after the point: 4300 is 43.0."""
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(exponent + 1, "0")
    if exponent == 0:
        return f"{sign}{digits}.0"
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:].rstrip('0') or '0'}"


class SaleView:
    """A row of the ledger; amounts are signed minor units."""

    __slots__ = (
        "action",
        "discount",
        "discount_after",
        "id",
        "line",
        "line_type",
        "order",
        "quantity",
        "tax",
        "total",
        "typename",
    )

    def __init__(
        self,
        order: OrderView,
        id: int,
        typename: str,
        action: str,
        line_type: str,
        quantity: int | None,
        net: int,
        tax: int,
        discount: int = 0,
        discount_after: int = 0,
        line: Line | None = None,
    ) -> None:
        self.order, self.id, self.typename, self.action, self.line_type = order, id, typename, action, line_type
        self.quantity, self.total, self.tax, self.line = quantity, net + tax, tax, line
        self.discount, self.discount_after = discount, discount_after

    @property
    def purse(self) -> Purse:
        return self.order.purse

    @property
    def line_item(self) -> LineView:
        return self.order.line(cast(Line, self.line))


class AgreementView:
    __slots__ = ("_sales", "happened_at", "id", "order", "reason", "source", "typename")

    def __init__(
        self,
        order: OrderView,
        id: int,
        typename: str,
        happened_at: Instant,
        reason: str,
        source: Edit | Return | Refund | None,
    ) -> None:
        self.order, self.id, self.typename, self.happened_at, self.reason = order, id, typename, happened_at, reason
        self.source = source
        self._sales: list[SaleView] | None = None

    @property
    def refund(self) -> RefundView:
        return RefundView(self.order, cast(Refund, self.source))

    @property
    def return_(self) -> Return:
        return cast(Return, self.source)

    @property
    def sales(self) -> list[SaleView]:
        if self._sales is None:
            self._sales = self._build()
        return self._sales

    def _build(self) -> list[SaleView]:
        source, rows = self.source, _Rows(self.order, self.id)
        if source is None:
            rows.order(self.order.order)
        elif isinstance(source, Edit):
            rows.edit(source)
        elif isinstance(source, Return):
            rows.sent_back(source)
        else:
            rows.refund(source)
        return rows.rows


_KINDS = {"product": ("ProductSale", "PRODUCT"), "gift_card": ("GiftCardSale", "GIFT_CARD"), "tip": ("TipSale", "TIP")}


class _Rows:
    """Collects the ledger rows of one agreement; ids are the agreement's times 10,000 and counting."""

    def __init__(self, order: OrderView, agreement: int) -> None:
        self.view, self.next, self.rows = order, agreement * 10_000, list[SaleView]()

    def add(
        self,
        typename: str,
        action: str,
        line_type: str,
        quantity: int | None,
        net: int,
        tax: int,
        discount: int = 0,
        discount_after: int = 0,
        line: Line | None = None,
    ) -> None:
        self.next += 1
        self.rows.append(
            SaleView(
                self.view, self.next, typename, action, line_type, quantity, net, tax, discount, discount_after, line
            )
        )

    def order(self, order: Order) -> None:
        for line in order.lines:
            self.sold(line, "ORDER")
        for shipping in order.shipping:
            self.shipping(shipping, "ORDER")
        for charge in order.charges:
            typename, line_type = ("DutySale", "DUTY") if charge.kind == "duty" else ("FeeSale", "FEE")
            self.add(typename, "ORDER", line_type, 1, charge.amount, charge.tax)

    def edit(self, edit: Edit) -> None:
        for line in edit.added:
            self.sold(line, "UPDATE")
        for back in edit.removed:
            self.reversed(back, "UPDATE")
        for cut in edit.cuts:
            worth, after = cut.before_tax, cut.amount if self.view.included else cut.amount + cut.tax
            self.add("ProductSale", "UPDATE", "PRODUCT", 0, -worth, -cut.tax, worth, after, cut.line)
        for shipping in edit.shipping_added:
            self.shipping(shipping, "UPDATE")
        for gone in edit.shipping_removed:
            self.add("ShippingLineSale", "UPDATE", "SHIPPING", -1, -gone.net, -gone.tax)

    def sent_back(self, each: Return) -> None:
        for back in each.lines:
            self.reversed(back, "RETURN")
        for line in each.added:
            self.sold(line, "ORDER")

    def refund(self, refund: Refund) -> None:
        for back in refund.lines if refund.of_return is None else ():
            self.reversed(back, "RETURN")
        for gone in refund.shipping:
            self.add("ShippingLineSale", "RETURN", "SHIPPING", -1, -gone.net, -gone.tax)
        for each in refund.adjustments:
            self.add("AdjustmentSale", "RETURN", "ADJUSTMENT", None, each.amount, each.tax)

    def sold(self, line: Line, action: str) -> None:
        typename, line_type = _KINDS[line.kind]
        included, discount = self.view.included, line.discount_before_tax
        after = discount
        if discount:
            shown = sum([each.amount for each in line.discounts])
            rate = sum([each.rate for each in line.taxes])
            after = shown if included else shown + (shown * rate + 50_000) // 100_000
        net, tax = line_net(line, included), line_tax(line)
        self.add(typename, action, line_type, line.quantity, net, tax, discount, after, line)

    def reversed(self, back: Reversal, action: str) -> None:
        typename, line_type = _KINDS[back.line.kind]
        discount = -back.discount if self.view.shop.reversals_show_discount else 0
        self.add(typename, action, line_type, -back.quantity, -back.net, -back.tax, discount, discount, back.line)

    def shipping(self, line: ShippingLine, action: str) -> None:
        discount = line.discount_before_tax
        self.add(
            "ShippingLineSale",
            action,
            "SHIPPING",
            1,
            line_net(line, self.view.included),
            line_tax(line),
            discount,
            sum(each.amount for each in line.discounts),
        )


class LineView:
    __slots__ = ("line", "order", "typename")

    def __init__(self, order: OrderView, line: Line) -> None:
        self.order, self.line, self.typename = order, line, "LineItem"

    @property
    def purse(self) -> Purse:
        return self.order.purse

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
    def purse(self) -> Purse:
        return self.order.purse

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


class Owned:
    """Something that belongs to an order and only needs its currencies: a shipping line, a transaction, a tax line."""

    __slots__ = ("it", "order", "typename")

    def __init__(self, order: OrderView, it: object, typename: str) -> None:
        self.order, self.it, self.typename = order, it, typename

    @property
    def purse(self) -> Purse:
        return self.order.purse


class RefundView:
    __slots__ = ("order", "refund", "typename")

    def __init__(self, order: OrderView, refund: Refund) -> None:
        self.order, self.refund, self.typename = order, refund, "Refund"

    @property
    def purse(self) -> Purse:
        return self.order.purse

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

    def __init__(self, books: Books, order: Order, purse: Purse) -> None:
        self.books, self.order, self.purse = books, order, purse
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
        if order.unpriced:
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
    def transactions(self) -> list[Owned]:
        return [Owned(self, one, "OrderTransaction") for one in self.order.all_transactions()]

    def transaction(self, one: Transaction) -> Owned:
        return Owned(self, one, "OrderTransaction")
