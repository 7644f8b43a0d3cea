"""The sales agreements of an order: one for the order, and one per edit, return and refund, each with its sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.order_views import BelongsToOrder, LineView, OrderView, RefundView
from simulator.books import Edit, Instant, Line, Order, Refund, Return, Reversal, ShippingLine, ShippingReversal
from simulator.money import line_net, line_tax

_LINE_SALES = {
    "product": ("ProductSale", "PRODUCT"),
    "gift_card": ("GiftCardSale", "GIFT_CARD"),
    "tip": ("TipSale", "TIP"),
}
_SHIPPING_SALE = ("ShippingLineSale", "SHIPPING")
_CHARGE_SALES = {"duty": ("DutySale", "DUTY"), "fee": ("FeeSale", "FEE")}


@dataclass(slots=True)
class SaleView:
    """A sale; amounts are signed minor units, ``discount_after`` is the discount after tax."""

    order: OrderView
    id: int
    typename: str
    line_type: str
    action: str
    quantity: int | None
    net: int
    tax: int
    discount: int
    discount_after: int
    line: Line | None

    @property
    def amounts(self) -> Amounts:
        return self.order.amounts

    @property
    def total(self) -> int:
        return self.net + self.tax

    @property
    def line_item(self) -> LineView:
        return self.order.line(cast(Line, self.line))


class AgreementView(BelongsToOrder):
    """``source`` is what the agreement records: an edit, a return, a refund; None for the order itself."""

    __slots__ = ("_sales", "happened_at", "id", "reason", "source")

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
        return self.order.refund_view(cast(Refund, self.source))

    @property
    def return_(self) -> Return:
        return cast(Return, self.source)

    @property
    def sales(self) -> list[SaleView]:
        if self._sales is None:
            sales = _Sales(self.order, self.id)
            if self.source is None:
                sales.of_order(self.order.order)
            elif isinstance(self.source, Edit):
                sales.of_edit(self.source)
            elif isinstance(self.source, Return):
                sales.of_return(self.source)
            else:
                sales.of_refund(self.source)
            self._sales = sales.rows
        return self._sales


def agreements_of(view: OrderView) -> list[AgreementView]:
    """The agreements of an order, oldest first."""
    order = view.order
    first = AgreementView(view, order.agreement, "OrderAgreement", order.created_at, "ORDER", None)
    if not (order.edits or order.returns or order.refunds):
        return [first]
    later = [
        *(AgreementView(view, e.agreement, "OrderEditAgreement", e.happened_at, "ORDER_EDIT", e) for e in order.edits),
        *(AgreementView(view, r.agreement, "ReturnAgreement", r.happened_at, "RETURN", r) for r in order.returns),
        *(AgreementView(view, r.agreement, "RefundAgreement", r.created_at, "REFUND", r) for r in order.refunds),
    ]
    return [first, *sorted(later, key=lambda agreement: (agreement.happened_at, agreement.id))]


class _Sales:
    """The sales of one agreement; their ids count up from the agreement's id times 10,000."""

    def __init__(self, order: OrderView, agreement: int) -> None:
        self.view, self.last_id, self.rows = order, agreement * 10_000, list[SaleView]()

    def of_order(self, order: Order) -> None:
        for line in order.lines:
            self._line(line, "ORDER")
        for shipping in order.shipping:
            self._shipping(shipping, "ORDER")
        for charge in order.charges:
            self._add(_CHARGE_SALES[charge.kind], "ORDER", 1, charge.amount, charge.tax)

    def of_edit(self, edit: Edit) -> None:
        for line in edit.added:
            self._line(line, "UPDATE")
        for reversal in edit.removed:
            self._reversal(reversal, "UPDATE")
        for cut in edit.cuts:
            after = cut.amount if self.view.included else cut.amount + cut.tax
            discounts = (cut.before_tax, after)
            self._add(_LINE_SALES["product"], "UPDATE", 0, -cut.before_tax, -cut.tax, discounts, cut.line)
        for shipping in edit.shipping_added:
            self._shipping(shipping, "UPDATE")
        for removed in edit.shipping_removed:
            self._shipping_reversal(removed, "UPDATE")

    def of_return(self, back: Return) -> None:
        for reversal in back.lines:
            self._reversal(reversal, "RETURN")
        for line in back.added:
            self._line(line, "ORDER")

    def of_refund(self, refund: Refund) -> None:
        """The lines of a return are sales of the return's agreement."""
        for reversal in refund.lines if refund.of_return is None else ():
            self._reversal(reversal, "RETURN")
        for removed in refund.shipping:
            self._shipping_reversal(removed, "RETURN")
        for adjustment in refund.adjustments:
            self._add(("AdjustmentSale", "ADJUSTMENT"), "RETURN", None, adjustment.amount, adjustment.tax)

    def _line(self, line: Line, action: str) -> None:
        included, discount = self.view.included, line.discount_before_tax
        after = discount
        if discount:
            shown = sum([allocation.amount for allocation in line.discounts])
            rate = sum([tax.rate for tax in line.taxes])
            after = shown if included else shown + (shown * rate + 50_000) // 100_000
        net, tax = line_net(line, included), line_tax(line)
        self._add(_LINE_SALES[line.kind], action, line.quantity, net, tax, (discount, after), line)

    def _reversal(self, reversal: Reversal, action: str) -> None:
        discount = -reversal.discount if self.view.shop.reversals_show_discount else 0
        kind, quantity, discounts = _LINE_SALES[reversal.line.kind], -reversal.quantity, (discount, discount)
        self._add(kind, action, quantity, -reversal.net, -reversal.tax, discounts, reversal.line)

    def _shipping(self, line: ShippingLine, action: str) -> None:
        discounts = (line.discount_before_tax, sum(allocation.amount for allocation in line.discounts))
        self._add(_SHIPPING_SALE, action, 1, line_net(line, self.view.included), line_tax(line), discounts)

    def _shipping_reversal(self, reversal: ShippingReversal, action: str) -> None:
        self._add(_SHIPPING_SALE, action, -1, -reversal.net, -reversal.tax)

    def _add(
        self,
        kind: tuple[str, str],
        action: str,
        quantity: int | None,
        net: int,
        tax: int,
        discounts: tuple[int, int] = (0, 0),
        line: Line | None = None,
    ) -> None:
        """``kind`` is the type of the sale and its lineType, ``discounts`` before and after tax."""
        self.last_id += 1
        self.rows.append(SaleView(self.view, self.last_id, *kind, action, quantity, net, tax, *discounts, line))
