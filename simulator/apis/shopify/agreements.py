"""The ledger of an order: agreements and their sales, derived from what was sold, changed and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from simulator.books import Edit, Instant, Line, Order, Refund, Return, Reversal, ShippingLine
from simulator.money import line_net, line_tax

if TYPE_CHECKING:
    from simulator.apis.shopify.amounts import Amounts
    from simulator.apis.shopify.order_views import LineView, OrderView, RefundView


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
    def amounts(self) -> Amounts:
        return self.order.amounts

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
        return self.order.refund_view(cast(Refund, self.source))

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
