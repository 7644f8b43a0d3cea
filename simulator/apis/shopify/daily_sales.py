"""A shop's daily totals as ShopifyQL reports them, from the books and not from the sales agreements.

What was placed with an order counts on the day of its processedAt, later changes on the day they happened, in the
shop's time zone. Test orders, deleted orders, gift cards and tips do not count. ``discounts`` and ``sales_reversals``
are negative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from simulator.books import Edit, Instant, Line, Order, Reversal, ShippingLine, ShippingReversal
from simulator.history import Books


@dataclass
class DailySales:
    """One day's totals in minor units."""

    gross_sales: int = 0
    discounts: int = 0
    sales_reversals: int = 0
    shipping_charges: int = 0
    taxes: int = 0
    duties: int = 0
    additional_fees: int = 0

    @property
    def net_sales(self) -> int:
        return self.gross_sales + self.discounts + self.sales_reversals

    @property
    def total_sales(self) -> int:
        return self.net_sales + self.shipping_charges + self.taxes + self.duties + self.additional_fees

    def add_line(self, line: Line, included: bool) -> None:
        tax = sum(tax.amount for tax in line.taxes)
        if line.kind == "product":
            shown = line.quantity * line.unit_price - sum(allocation.amount for allocation in line.discounts)
            self.gross_sales += shown - (tax if included else 0) + line.discount_before_tax
            self.discounts -= line.discount_before_tax
        if line.kind != "tip":
            self.taxes += tax

    def add_reversal(self, reversal: Reversal) -> None:
        if reversal.line.kind == "product":
            self.sales_reversals -= reversal.net
        if reversal.line.kind != "tip":
            self.taxes -= reversal.tax

    def add_shipping(self, line: ShippingLine, included: bool) -> None:
        tax = sum(tax.amount for tax in line.taxes)
        shown = line.price - sum(allocation.amount for allocation in line.discounts)
        self.shipping_charges += shown - (tax if included else 0)
        self.taxes += tax

    def add_shipping_reversal(self, reversal: ShippingReversal) -> None:
        self.shipping_charges -= reversal.net
        self.taxes -= reversal.tax

    def add_edit(self, edit: Edit, included: bool) -> None:
        for line in edit.added:
            self.add_line(line, included)
        for reversal in edit.removed:
            self.add_reversal(reversal)
        for cut in edit.cuts:
            self.discounts -= cut.before_tax
            self.taxes -= cut.tax
        for shipping in edit.shipping_added:
            self.add_shipping(shipping, included)
        for removed in edit.shipping_removed:
            self.add_shipping_reversal(removed)


def daily_sales(books: Books) -> dict[date, DailySales]:
    """The totals of each day with sales."""
    days: dict[date, DailySales] = defaultdict(DailySales)

    def day_of(instant: Instant) -> DailySales:
        return days[datetime.fromtimestamp(instant, UTC).astimezone(books.zone).date()]

    for order in books.orders:
        if not order.test:
            _add_order(day_of, order)
    return days


def _add_order(day_of: Callable[[Instant], DailySales], order: Order) -> None:
    included, placed = order.taxes_included, day_of(order.processed_at)
    for line in order.lines:
        placed.add_line(line, included)
    for shipping in order.shipping:
        placed.add_shipping(shipping, included)
    for charge in order.charges:
        placed.taxes += charge.tax
        placed.duties += charge.amount if charge.kind == "duty" else 0
        placed.additional_fees += charge.amount if charge.kind == "fee" else 0
    for edit in order.edits:
        day_of(edit.happened_at).add_edit(edit, included)
    for back in order.returns:
        day = day_of(back.happened_at)
        for reversal in back.lines:
            day.add_reversal(reversal)
        for line in back.added:
            day.add_line(line, included)
    for refund in order.refunds:
        day = day_of(refund.created_at)
        for reversal in refund.lines if refund.of_return is None else ():
            day.add_reversal(reversal)
        for removed in refund.shipping:
            day.add_shipping_reversal(removed)
