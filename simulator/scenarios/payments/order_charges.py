"""The card charges of the shop's orders: one per card payment, with refunds and some disputes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.books import DAY, NEVER, Order, Transaction
from simulator.scenarios.payments.cards import CardCharge, Cards
from simulator.scenarios.payments.scenarios import DISPUTE_OUTCOMES

CARD_GATEWAY = "shopify_payments"
DISPUTED = (4, 9, 14, 19)  # which of the shop's first charges; later every 150th


@dataclass
class OrderCharges:
    """``customers`` maps the shop's customer ids to Stripe's."""

    cards: Cards
    customers: dict[int, str] = field(default_factory=dict)
    _count: int = 0

    def add(self, order: Order) -> None:
        """Adds the charges of an order's card payments and their refunds."""
        if order.test:
            return
        charges: dict[int, CardCharge] = {}  # by the id of the shop's transaction
        fields: dict[str, Any] | None = None
        for payment in order.transactions:
            if payment.gateway != CARD_GATEWAY or payment.kind not in ("SALE", "AUTHORIZATION"):
                continue
            fields = fields or {
                "customer": self._customer(order),
                "description": f"Order {order.name}",
                "metadata": {"order_id": str(order.id), "order_name": order.name},
            }
            if payment.status == "FAILURE":
                self.cards.decline(f"{payment.id}", payment.created_at, payment.amount, **fields)
            elif payment.status == "SUCCESS":
                charges[payment.id] = self._charge(order, payment, fields)
                self._dispute_some(charges[payment.id], payment)
        for refund in order.refunds:
            for payment in refund.transactions:
                if payment.gateway == CARD_GATEWAY:
                    self._schedule_refund(payment, charges)
        self.cards.run_scheduled()

    def _charge(self, order: Order, payment: Transaction, fields: dict[str, Any]) -> CardCharge:
        name, at = f"{payment.id}", payment.created_at
        if payment.kind == "SALE":
            return self.cards.charge(name, at, payment.amount, order.presentment, **fields)
        followers = [follower for follower in order.transactions if follower.parent is payment]
        instants = {follower.kind: follower.created_at for follower in reversed(followers)}
        captured_at = instants.get("CAPTURE", NEVER)
        charge = self.cards.charge(name, at, payment.amount, order.presentment, captured_at, **fields)
        if captured_at == NEVER:  # voided or expired: fully refunded without moving money
            expired_at = instants.get("VOID", at + 7 * DAY)
            charge.object.change(expired_at, "charge.expired", amount_refunded=charge.amount, refunded=True)
        return charge

    def _dispute_some(self, charge: CardCharge, payment: Transaction) -> None:
        number, self._count = self._count, self._count + 1
        if charge.captured and (number in DISPUTED or number % 150 == 149):
            turn = DISPUTED.index(number) if number in DISPUTED else number // 150
            outcome = DISPUTE_OUTCOMES[turn % len(DISPUTE_OUTCOMES)]
            at = payment.created_at + 12 * DAY
            self.cards.schedule(at, lambda: self.cards.dispute(charge, f"{payment.id}", at, outcome))

    def _schedule_refund(self, payment: Transaction, charges: dict[int, CardCharge]) -> None:
        """Refunds the charge of the original payment first; what exceeds it goes to the order's other charges."""
        origin = payment.parent
        while origin is not None and origin.parent is not None:
            origin = origin.parent
        first = charges.get(origin.id) if origin else None
        in_turn = ([first] if first else []) + [charge for charge in charges.values() if charge is not first]
        pending = max(0, payment.settled_at - payment.created_at)
        fails_at = payment.created_at + 2 * DAY if payment.status == "FAILURE" else 0

        def refund() -> None:
            left = payment.amount
            for place, charge in enumerate(in_turn):
                amount = min(left, charge.settlement - charge.refunded_settlement)
                if amount > 0 and charge.captured:
                    name = f"{payment.id}n{place}"
                    self.cards.refund(charge, name, payment.created_at, amount, pending, fails_at)
                    left -= amount

        self.cards.schedule(payment.created_at, refund)

    def _customer(self, order: Order) -> str | None:
        """The id of Stripe's customer, which the first order of the shop's customer creates."""
        customer, ledger = order.customer, self.cards.ledger
        if customer is None:
            return None
        if customer.id not in self.customers:
            self.customers[customer.id] = f"cus_{ledger.tag}{customer.id}"
            created = ledger.create(
                "customer", self.customers[customer.id], order.created_at, "customer.created", email=customer.email,
                name=" ".join(customer.names[0][1]), currency=None, delinquent=False,
                metadata={"customer_id": str(customer.id)}, address_country=customer.country,
            )  # fmt: skip
            for at, names in customer.names[1:]:
                if at > order.created_at:
                    created.change(at, "customer.updated", name=" ".join(names))
        return self.customers[customer.id]
