"""What happens to an order after it was placed: refunds, returns, edits, cancellations, late payments.

Each function records one scenario from start to end; its instants lie after the order was placed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from simulator.books import DAY, HOUR, MINUTE, Instant, Line, Variant
from simulator.money import shown_price
from simulator.scenarios.demo.checkout import Checkout, Rates, percent


@dataclass
class PlacedOrder:
    """``at`` is when the order was placed, ``pick`` draws another variant with its tax rates."""

    checkout: Checkout
    rng: Random
    at: Instant
    pick: Callable[[], tuple[Variant, Rates]]

    def later(self, least: float, most: float) -> Instant:
        """A random instant, ``least`` to ``most`` days after the order was placed."""
        return self.at + int(self.rng.uniform(least, most) * DAY)

    @property
    def returnable(self) -> list[Line]:
        """The lines with units that can be returned, most expensive first."""
        left = self.checkout.remainders
        lines = [line for line in self.checkout.order.all_lines() if line.kind != "tip" and left[line.id].quantity]
        return sorted(lines, key=lambda line: (-shown_price(line), line.id))

    def all_units(self) -> list[tuple[Line, int]]:
        return [(line, self.checkout.remainders[line.id].quantity) for line in self.returnable]

    def half(self, lines: int = 1) -> list[tuple[Line, int]]:
        """Half of the units, at least one, of the most expensive lines."""
        return [(line, (self.checkout.remainders[line.id].quantity + 1) // 2) for line in self.returnable[:lines]]

    def new_line(self, at: Instant, quantity: int = 1) -> Line:
        variant, rates = self.pick()
        return self.checkout.price(self.checkout.line(variant, quantity, rates, at))


def late_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(61, 110), placed.half()))


def partial_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(2, 25), placed.half(placed.rng.choice((1, 1, 2)))))


def full_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(1, 28), placed.all_units(), shipping=100))


def shipping_only_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(2, 12), shipping=100))


def half_shipping_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(2, 12), placed.half(), shipping=50))


def amount_only_refund(placed: PlacedOrder) -> None:
    amount = max(1, min(placed.checkout.current_total // 3, placed.rng.choice((500, 799, 1250))))
    refund = placed.checkout.refund(placed.later(3, 20), adjust=-amount)
    refund.note = "Kulanz: späte Lieferung"
    placed.checkout.pay_refund(refund)


def restocking_fee(placed: PlacedOrder) -> None:
    fee = max(1, percent(placed.returnable[0].unit_price, 10)) if placed.returnable else 1
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(5, 20), placed.half(), adjust=fee, reason="RESTOCK"))


def failed_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(2, 15), placed.half()), status="FAILURE")


def failed_then_paid_refund(placed: PlacedOrder) -> None:
    failed_refund(placed)
    placed.checkout.pay_refund(placed.checkout.refund(placed.checkout.order.refunds[-1].created_at + 3 * DAY))


def pending_refund(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(2, 10), placed.half()), wait=4 * DAY)


def two_refunds(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(3, 10), placed.half()))
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(20, 45), placed.all_units()[1:], shipping=100))


def edited_refund(placed: PlacedOrder) -> None:
    refund = placed.checkout.refund(placed.later(2, 15), placed.half())
    refund.note, refund.edited_note = "Too small", "Too small, and the wrong colour"
    refund.edited_at = refund.created_at + 9 * DAY
    placed.checkout.pay_refund(refund)


def backdated_refund(placed: PlacedOrder) -> None:
    """The shop recorded it 36 hours after it was paid."""
    at = placed.later(4, 12)
    placed.checkout.pay_refund(placed.checkout.refund(at, placed.half(), processed_at=at - 36 * HOUR))


def refund_to_store_credit(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(
        placed.checkout.refund(placed.later(2, 20), placed.half()), gateway="shopify_store_credit"
    )


def refund_to_gift_card(placed: PlacedOrder) -> None:
    placed.checkout.pay_refund(placed.checkout.refund(placed.later(2, 20), placed.half()), gateway="gift_card")


def _exchange(placed: PlacedOrder, price_percent: int) -> None:
    """Exchanges one unit of the most expensive line for another product, at a percentage of its price."""
    checkout, at, line = placed.checkout, placed.later(4, 25), placed.returnable[0]
    return_ = checkout.return_goods(at, [(line, 1)])
    returned = return_.lines[0]
    value = returned.net + returned.tax if checkout.order.taxes_included else returned.net
    variant, _ = placed.pick()
    new = checkout.line(variant, 1, checkout.rates[line.id], at)
    new.unit_price = percent(value, price_percent)
    return_.added.append(checkout.price(new))
    settled_at, difference = at + 5 * MINUTE, checkout.current_total - checkout.net_payment
    if difference > 0:
        checkout.transact(settled_at, "SALE", "shopify_payments", difference)
    elif difference < 0:
        checkout.pay_refund(checkout.refund_return(settled_at, return_))


def exchange_even(placed: PlacedOrder) -> None:
    _exchange(placed, 100)


def exchange_for_less(placed: PlacedOrder) -> None:
    _exchange(placed, 60)


def exchange_for_more(placed: PlacedOrder) -> None:
    _exchange(placed, 140)


def return_then_refund(placed: PlacedOrder) -> None:
    """The goods are returned three days before they are refunded."""
    return_ = placed.checkout.return_goods(placed.later(5, 15), placed.half())
    placed.checkout.pay_refund(placed.checkout.refund_return(return_.happened_at + 3 * DAY, return_))


def edit_adds(placed: PlacedOrder) -> None:
    edit = placed.checkout.start_edit(placed.later(0.1, 3))
    edit.added.append(placed.new_line(edit.happened_at, placed.rng.choice((1, 2))))
    placed.checkout.settle(edit.happened_at + 2 * MINUTE)


def edit_removes(placed: PlacedOrder) -> None:
    edit = placed.checkout.start_edit(placed.later(0.1, 3))
    edit.removed = [placed.checkout.reverse(line, quantity, "NO_RESTOCK") for line, quantity in placed.half(2)]
    placed.checkout.settle(edit.happened_at + 2 * MINUTE)


def edit_cuts_price(placed: PlacedOrder) -> None:
    edit = placed.checkout.start_edit(placed.later(0.1, 2))
    line = placed.returnable[0]
    placed.checkout.cut_price(edit, line, percent(shown_price(line), 20), "Price match")
    placed.checkout.settle(edit.happened_at + 2 * MINUTE)


def edit_does_all(placed: PlacedOrder) -> None:
    """Adds a line, removes another, lowers a price and removes the shipping; a second edit adds one more line."""
    edit, checkout = placed.checkout.start_edit(placed.later(0.1, 1)), placed.checkout
    lines = placed.returnable
    edit.added.append(placed.new_line(edit.happened_at))
    edit.removed = [checkout.reverse(lines[-1], checkout.remainders[lines[-1].id].quantity, "NO_RESTOCK")]
    if lines[0] is not lines[-1]:
        checkout.cut_price(edit, lines[0], percent(shown_price(lines[0]), 10), "Manager's 10 %")
    edit.shipping_removed = [checkout.reverse_shipping(line) for line in checkout.order.shipping]
    checkout.settle(edit.happened_at + MINUTE)
    second = checkout.start_edit(edit.happened_at + 6 * HOUR)
    second.added.append(placed.new_line(second.happened_at, 2))
    checkout.settle(second.happened_at + MINUTE)


def _cancel(placed: PlacedOrder, at: Instant, reason: str) -> None:
    order = placed.checkout.order
    order.cancelled_at, order.cancel_reason = at, reason
    order.closed_at = at
    order.fulfilment = [entry for entry in order.fulfilment if entry[0] < at]


def cancelled_with_refund(placed: PlacedOrder) -> None:
    at = placed.later(0.05, 0.9)
    _cancel(placed, at, placed.rng.choice(("CUSTOMER", "INVENTORY", "FRAUD", "STAFF")))
    placed.checkout.pay_refund(placed.checkout.refund(at, placed.all_units(), shipping=100, restock="CANCEL"))
    placed.checkout.order.fulfilment.append((at, "RESTOCKED"))


def cancelled_without_refund(placed: PlacedOrder) -> None:
    _cancel(placed, placed.later(0.05, 0.9), "OTHER")


def cancelled_unpaid(placed: PlacedOrder) -> None:
    """A refund without a payment reverses the lines."""
    at = placed.later(1, 8)
    _cancel(placed, at, "DECLINED")
    placed.checkout.refund(at, placed.all_units(), shipping=100, restock="CANCEL")


def voided(placed: PlacedOrder) -> None:
    at = placed.later(0.5, 4)
    authorization = placed.checkout.order.transactions[-1]
    placed.checkout.transact(at, "VOID", authorization.gateway, authorization.amount, parent=authorization)
    placed.checkout.order.fulfilment = []


def paid_late(placed: PlacedOrder) -> None:
    placed.checkout.transact(placed.later(3, 14), "SALE", "bank_deposit", placed.checkout.current_total)


POST_PURCHASE: Mapping[str, Callable[[PlacedOrder], None]] = {
    function.__name__: function
    for function in (
        late_refund,
        partial_refund,
        full_refund,
        shipping_only_refund,
        half_shipping_refund,
        amount_only_refund,
        restocking_fee,
        failed_refund,
        failed_then_paid_refund,
        pending_refund,
        two_refunds,
        edited_refund,
        backdated_refund,
        refund_to_store_credit,
        refund_to_gift_card,
        exchange_even,
        exchange_for_less,
        exchange_for_more,
        return_then_refund,
        edit_adds,
        edit_removes,
        edit_cuts_price,
        edit_does_all,
        cancelled_with_refund,
        cancelled_without_refund,
        cancelled_unpaid,
        voided,
        paid_late,
    )
}
