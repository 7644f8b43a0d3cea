"""What happens to an order after it was placed: refunds, returns, edits, cancellations; ``at`` is when it was placed.

Each function plays one story to its end on a till; the instants in it lie after ``at``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from simulator.books import Instant, Line, Variant
from simulator.money import shown_price
from simulator.scenarios.demo.checkout import DAY, HOUR, MINUTE, Rates, Till, percent


@dataclass
class Story:
    till: Till
    rng: Random
    at: Instant
    pick: Callable[[], tuple[Variant, Rates]]

    def later(self, least: float, most: float) -> Instant:
        """An instant so many days after the order was placed."""
        return self.at + int(self.rng.uniform(least, most) * DAY)

    @property
    def goods(self) -> list[Line]:
        """Lines that can be taken back, dearest first."""
        lines = [
            line for line in self.till.order.all_lines() if line.kind != "tip" and self.till.left[line.id].quantity
        ]
        return sorted(lines, key=lambda line: (-shown_price(line), line.id))

    def all_left(self) -> list[tuple[Line, int]]:
        return [(line, self.till.left[line.id].quantity) for line in self.goods]

    def some(self, lines: int = 1) -> list[tuple[Line, int]]:
        """A part of the dearest lines: half of their units, at least one."""
        return [(line, (self.till.left[line.id].quantity + 1) // 2) for line in self.goods[:lines]]

    def new_line(self, at: Instant, quantity: int = 1) -> Line:
        variant, rates = self.pick()
        return self.till.price(self.till.line(variant, quantity, rates, at))


def late_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(61, 110), it.some()))


def partial_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 25), it.some(it.rng.choice((1, 1, 2)))))


def full_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(1, 28), it.all_left(), shipping=100))


def shipping_only_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 12), shipping=100))


def half_shipping_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 12), it.some(), shipping=50))


def amount_only_refund(it: Story) -> None:
    amount = max(1, min(it.till.due // 3, it.rng.choice((500, 799, 1250))))
    refund = it.till.refund(it.later(3, 20), adjust=-amount)
    refund.note = "Kulanz: späte Lieferung"
    it.till.pay_back(refund)


def restocking_fee(it: Story) -> None:
    fee = max(1, percent(it.goods[0].unit_price, 10)) if it.goods else 1
    it.till.pay_back(it.till.refund(it.later(5, 20), it.some(), adjust=fee, reason="RESTOCK"))


def failed_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 15), it.some()), status="FAILURE")


def failed_then_paid_refund(it: Story) -> None:
    failed_refund(it)
    it.till.pay_back(it.till.refund(it.till.order.refunds[-1].created_at + 3 * DAY))


def slow_refund(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 10), it.some()), wait=4 * DAY)


def two_refunds(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(3, 10), it.some()))
    it.till.pay_back(it.till.refund(it.later(20, 45), it.all_left()[1:], shipping=100))


def edited_refund(it: Story) -> None:
    refund = it.till.refund(it.later(2, 15), it.some())
    refund.note, refund.edited_note = "Too small", "Too small, and the wrong colour"
    refund.edited_at = refund.created_at + 9 * DAY
    it.till.pay_back(refund)


def backdated_refund(it: Story) -> None:
    """Entered a day and a half after the money was paid back."""
    at = it.later(4, 12)
    it.till.pay_back(it.till.refund(at, it.some(), processed_at=at - 36 * HOUR))


def refund_to_store_credit(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 20), it.some()), gateway="shopify_store_credit")


def refund_to_gift_card(it: Story) -> None:
    it.till.pay_back(it.till.refund(it.later(2, 20), it.some()), gateway="gift_card")


def _exchange(it: Story, against: int) -> None:
    """Gives one unit of the dearest line back for a custom one at ``against`` percent of its price."""
    at, line = it.later(4, 25), it.goods[0]
    back = it.till.send_back(at, [(line, 1)])
    worth = it.till.order.returns[-1].lines[0]
    given = worth.net + worth.tax if it.till.order.taxes_included else worth.net
    variant, _ = it.pick()
    rates = it.till.rates[line.id]
    new = it.till.line(variant, 1, rates, at)
    new.unit_price = percent(given, against)
    back.added.append(it.till.price(new))
    settled = at + 5 * MINUTE
    if it.till.due > it.till.held:
        it.till.transact(settled, "SALE", "shopify_payments", it.till.due - it.till.held)
    elif it.till.due < it.till.held:
        it.till.pay_back(it.till.refund_return(settled, back))


def exchange_even(it: Story) -> None:
    _exchange(it, 100)


def exchange_for_less(it: Story) -> None:
    _exchange(it, 60)


def exchange_for_more(it: Story) -> None:
    _exchange(it, 140)


def return_then_refund(it: Story) -> None:
    """The goods come back some days before the money does: two days, one value."""
    back = it.till.send_back(it.later(5, 15), it.some())
    it.till.pay_back(it.till.refund_return(back.happened_at + 3 * DAY, back))


def edit_adds(it: Story) -> None:
    edit = it.till.edit(it.later(0.1, 3))
    edit.added.append(it.new_line(edit.happened_at, it.rng.choice((1, 2))))
    it.till.settle(edit.happened_at + 2 * MINUTE)


def edit_removes(it: Story) -> None:
    edit = it.till.edit(it.later(0.1, 3))
    edit.removed = [it.till.take_back(line, quantity, "NO_RESTOCK") for line, quantity in it.some(2)]
    it.till.settle(edit.happened_at + 2 * MINUTE)


def edit_cuts_price(it: Story) -> None:
    edit = it.till.edit(it.later(0.1, 2))
    line = it.goods[0]
    it.till.cut(edit, line, percent(shown_price(line), 20), "Price match")
    it.till.settle(edit.happened_at + 2 * MINUTE)


def edit_does_all(it: Story) -> None:
    """Adds a line, removes one, lowers a price, drops the shipping; and a second edit adds another line."""
    edit, till = it.till.edit(it.later(0.1, 1)), it.till
    lines = it.goods
    edit.added.append(it.new_line(edit.happened_at))
    edit.removed = [till.take_back(lines[-1], till.left[lines[-1].id].quantity, "NO_RESTOCK")]
    if lines[0] is not lines[-1]:
        till.cut(edit, lines[0], percent(shown_price(lines[0]), 10), "Manager's 10 %")
    edit.shipping_removed = [till.ship_back(line) for line in till.order.shipping]
    till.settle(edit.happened_at + MINUTE)
    second = till.edit(edit.happened_at + 6 * HOUR)
    second.added.append(it.new_line(second.happened_at, 2))
    till.settle(second.happened_at + MINUTE)


def _cancel(it: Story, at: Instant, reason: str) -> None:
    order = it.till.order
    order.cancelled_at, order.cancel_reason = at, reason
    order.closed_at = at
    order.fulfilment = [entry for entry in order.fulfilment if entry[0] < at]


def cancelled_with_refund(it: Story) -> None:
    at = it.later(0.05, 0.9)
    _cancel(it, at, it.rng.choice(("CUSTOMER", "INVENTORY", "FRAUD", "STAFF")))
    it.till.pay_back(it.till.refund(at, it.all_left(), shipping=100, restock="CANCEL"))
    it.till.order.fulfilment.append((at, "RESTOCKED"))


def cancelled_without_refund(it: Story) -> None:
    _cancel(it, it.later(0.05, 0.9), "OTHER")


def cancelled_unpaid(it: Story) -> None:
    """Reversed in the ledger by a refund without money."""
    at = it.later(1, 8)
    _cancel(it, at, "DECLINED")
    it.till.refund(at, it.all_left(), shipping=100, restock="CANCEL")


def voided(it: Story) -> None:
    at = it.later(0.5, 4)
    held = it.till.order.transactions[-1]
    it.till.transact(at, "VOID", held.gateway, held.amount, parent=held)
    it.till.order.fulfilment = []


def paid_late(it: Story) -> None:
    it.till.transact(it.later(3, 14), "SALE", "bank_deposit", it.till.due)


AFTER: Mapping[str, Callable[[Story], None]] = {
    each.__name__: each
    for each in (
        late_refund,
        partial_refund,
        full_refund,
        shipping_only_refund,
        half_shipping_refund,
        amount_only_refund,
        restocking_fee,
        failed_refund,
        failed_then_paid_refund,
        slow_refund,
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
