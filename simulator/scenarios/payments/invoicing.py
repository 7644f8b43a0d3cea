"""The arithmetic of an invoice: its lines, their discounts and taxes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simulator.books import DAY, Instant
from simulator.money import split
from simulator.scenarios.payments.books import State
from simulator.scenarios.payments.catalogue import COUPONS, PRICES, Price, coupon_discount


@dataclass
class Line:
    """One line of an invoice; ``amount`` is as shown, before discounts."""

    price: str
    quantity: int | None
    amount: int
    start: Instant
    end: Instant
    item: str | None = None
    subscription: str | None = None
    proration: bool = False
    discounts: list[tuple[str, int]] = field(default_factory=list)  # (discount id, amount)

    @property
    def net(self) -> int:
        """The amount after discounts."""
        return self.amount - sum(amount for _, amount in self.discounts)

    @property
    def tax(self) -> int:
        """The tax that the net amount contains."""
        return PRICES[self.price].tax(self.net)


def period_end(anchor: Instant, number: int, price: Price) -> Instant:
    """The end of a period (1 is the first): on the anchor's day of the month, or on the last day of a shorter month."""
    if price.interval == "week":
        return anchor + number * price.count * 7 * DAY
    first = datetime.fromtimestamp(anchor, UTC)
    months = number * price.count * (12 if price.interval == "year" else 1) + first.month - 1
    year, month = first.year + months // 12, months % 12 + 1
    return int(first.replace(year=year, month=month, day=min(first.day, monthrange(year, month)[1])).timestamp())


def apply_discounts(lines: Sequence[Line], discounts: Sequence[State], of_item: dict[str, State]) -> None:
    """Discounts the lines: first each by the discount of its item, then all by ``discounts``, one after the other."""
    regular = [line for line in lines if not line.proration and line.amount > 0]
    for line in regular:
        own = of_item.get(line.item or "")
        if own:
            line.discounts.append((own["id"], coupon_discount(COUPONS[own["coupon_name"]], line.amount)))
    for discount in discounts:
        total = coupon_discount(COUPONS[discount["coupon_name"]], sum(line.net for line in regular))
        for line, part in zip(regular, split(total, [line.net for line in regular]), strict=True):
            if part:
                line.discounts.append((discount["id"], part))


def line_states(invoice: str, currency: str, lines: Sequence[Line], tag: str) -> list[State]:
    """The lines as Stripe's line items."""
    states = []
    for number, line in enumerate(lines):
        price, tax = PRICES[line.price], line.tax
        kind = "subscription_item_details" if line.item else "invoice_item_details"
        details: State = {"proration": line.proration, "proration_details": {"credited_items": None}}
        if line.item:
            details |= {"invoice_item": None, "subscription": line.subscription, "subscription_item": line.item}
        else:
            details |= {"invoice_item": f"ii_{invoice[3:]}n{number}", "subscription": None}
        states.append({
            "id": f"il_{invoice[3:]}n{number:02d}", "object": "line_item", "amount": line.amount,
            "subtotal": line.amount, "currency": currency, "description": f"{line.quantity or 0} × {line.price}",
            "discount_amounts": [{"amount": amount, "discount": key} for key, amount in line.discounts],
            "discountable": not line.proration, "discounts": [key for key, _ in line.discounts], "invoice": invoice,
            "period": {"start": line.start, "end": line.end}, "quantity": line.quantity,
            "quantity_decimal": None if line.quantity is None else str(line.quantity),
            "subscription": line.subscription, "pretax_credit_amounts": [],
            "taxes": [{"amount": tax, "tax_behavior": "inclusive", "taxable_amount": line.net - tax,
                       "tax_rate_details": {"tax_rate": f"txr_{tag}"}, "taxability_reason": "standard_rated",
                       "type": "tax_rate_details"}] if tax else [],
            "parent": {"type": kind, kind: details},
            "pricing": {"type": "price_details", "unit_amount_decimal": None if price.tiered else str(price.unit),
                        "price_details": {"price": f"price_{tag}{line.price}",
                                          "product": f"prod_{tag}{price.product}"}},
        })  # fmt: skip
    return states


def totals(lines: Sequence[Line]) -> State:
    """The sums of an invoice."""
    total, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    by_discount: dict[str, int] = {}
    for line in lines:
        for key, amount in line.discounts:
            by_discount[key] = by_discount.get(key, 0) + amount
    subtotal = sum(line.amount for line in lines)
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - sum(PRICES[line.price].tax(line.amount) for line in lines),
        "total": total,
        "total_excluding_tax": total - tax,
        "amount_due": total,
        "amount_remaining": total,
        "amount_paid": 0,
        "total_discount_amounts": [{"amount": amount, "discount": key} for key, amount in by_discount.items()],
        "total_taxes": [{"amount": tax, "tax_behavior": "inclusive", "taxable_amount": total - tax,
                         "type": "tax_rate_details"}] if tax else [],
    }  # fmt: skip
