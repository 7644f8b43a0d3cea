"""Card payments: charges with their fees, refunds and disputes, from the shop's orders or taken directly."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulator.books import NEVER, Instant, Order, Presentment, Shop, Transaction
from simulator.money import half_up
from simulator.scenarios.payments.books import DAY, Ledger, StripeObject

CARD_GATEWAY = "shopify_payments"
FEE_THOUSANDTHS, FEE_FIXED, DISPUTE_FEE = 29, 30, 1500
PAYOUT_DELAY = 2
DISPUTED = (4, 9, 14, 19)  # which of the shop's first charges; later every 150th
OUTCOMES = ("lost", "won", "open", "inquiry")
DIRECT = ("plain", "refunded", "refund_fails", "foreign", "refund_waits", "plain", "silent_refund", "declined",
          "disputed", "foreign_refunded", "partial_capture")  # fmt: skip
DIRECT_EVERY = 3  # days


def fee_of(amount: int) -> int:
    """2.9 % + 30"""
    return half_up(amount * FEE_THOUSANDTHS, 1000) + FEE_FIXED


@dataclass
class Paid:
    """A charge on its way: what was taken in its own currency and in the account's, and what has been given back."""

    thing: StripeObject
    amount: int
    settled: int
    currency: str
    rate: float | None = None
    refunded: int = 0
    refunded_settled: int = 0
    captured: bool = True

    def part(self, settled: int) -> int:
        """What an amount in the account's currency is in the charge's own; what is left, at most."""
        if settled >= self.settled - self.refunded_settled:
            return self.amount - self.refunded
        return min(half_up(settled * self.amount, self.settled), self.amount - self.refunded)


@dataclass
class Cards:
    """Writes charges and what becomes of them into a ledger."""

    ledger: Ledger
    shop: Shop
    seed: str
    count: int = 0
    customers: dict[int, str] = field(default_factory=dict)  # the shop's customer id to Stripe's
    _agenda: list[tuple[Instant, int, Callable[[], None]]] = field(default_factory=list, repr=False)
    _steps: int = 0

    def charge(
        self,
        name: str,
        at: Instant,
        settled: int,
        presentment: Presentment | None = None,
        captured_at: Instant | None = None,
        **fields: Any,
    ) -> Paid:
        """Takes ``settled`` minor units of the account's currency, in the buyer's currency where that is another.

        ``captured_at`` is when an authorization was captured: NEVER for one that was not.
        """
        amount, currency, rate = settled, self.ledger.currency, None
        if presentment is not None:
            amount, currency = half_up(settled * presentment.numerator, presentment.denominator), presentment.currency
            scale = 10 ** (presentment.exponent - self.shop.exponent)
            rate = round(presentment.denominator * scale / presentment.numerator, 6)
        taken_at = at if captured_at is None else captured_at
        thing = self.ledger.create(
            "charge",
            f"ch_{self.ledger.tag}{name}",
            at,
            "charge.succeeded",
            amount=amount,
            amount_captured=0,
            amount_refunded=0,
            balance_transaction=None,
            captured=False,
            currency=currency.lower(),
            disputed=False,
            paid=True,
            payment_intent=f"pi_{self.ledger.tag}{name}",
            refunded=False,
            status="succeeded",
            **({"customer": None, "description": None, "metadata": {}} | fields),
        )
        paid = Paid(thing, amount, settled, currency.lower(), rate, captured=taken_at != NEVER)
        if paid.captured:
            entry = self.ledger.add_entry(
                f"{self.ledger.tag}{name}", "charge", taken_at, settled, fee=fee_of(settled), delay=PAYOUT_DELAY,
                source=thing.id, description=fields.get("description"), exchange_rate=rate,
            )  # fmt: skip
            event = None if taken_at == at else "charge.captured"
            thing.change(taken_at, event, balance_transaction=entry, captured=True, amount_captured=amount)
        return paid

    def decline(self, name: str, at: Instant, amount: int, **fields: Any) -> StripeObject:
        """A payment that the bank refused."""
        return self.ledger.create(
            "charge", f"ch_{self.ledger.tag}{name}", at, "charge.failed", amount=amount, amount_captured=0,
            amount_refunded=0, balance_transaction=None, captured=False, currency=self.ledger.currency.lower(),
            disputed=False, paid=False, payment_intent=f"pi_{self.ledger.tag}{name}", refunded=False, status="failed",
            failure_code="card_declined", failure_message="Your card was declined.",
            **({"customer": None, "description": None, "metadata": {}} | fields),
        )  # fmt: skip

    # --- money back

    def later(self, at: Instant, step: Callable[[], None]) -> None:
        """Something to do at its time, after all that comes before it."""
        heapq.heappush(self._agenda, (at, self._steps, step))
        self._steps += 1

    def play(self) -> None:
        """Does everything that is to be done, in the order of time."""
        while self._agenda:
            heapq.heappop(self._agenda)[2]()

    def refund(
        self, paid: Paid, name: str, at: Instant, settled: int, waits: int = 0, fails_at: Instant = 0, told: bool = True
    ) -> None:
        """Pays back ``settled`` minor units of the account's currency.

        One that waits takes its money after so many seconds; one that fails gives it back. ``told``: by an event.
        """
        amount = paid.part(settled)
        paid.refunded, paid.refunded_settled = paid.refunded + amount, paid.refunded_settled + settled
        key = f"{self.ledger.tag}{name}"
        refund = self.ledger.create(
            "refund", f"re_{key}", at, "refund.created" if told else None, amount=amount, balance_transaction=None,
            charge=paid.thing.id, currency=paid.currency, payment_intent=f"pi_{paid.thing.id[3:]}",
            reason="requested_by_customer", status="pending", metadata={},
        )  # fmt: skip
        self._tell(paid, at, "charge.refunded" if told else None)
        entry = self.ledger.add_entry(
            f"{key}r", "refund", at + waits, -settled, source=refund.id, description="REFUND FOR CHARGE",
            exchange_rate=paid.rate,
        )  # fmt: skip
        if fails_at:
            refund.change(at, None, balance_transaction=entry)
            self.later(fails_at, lambda: self._fail(paid, refund, fails_at, amount, settled))
        else:
            told_of = "refund.updated" if waits else None
            refund.change(at + waits, told_of, status="succeeded", balance_transaction=entry)

    def _fail(self, paid: Paid, refund: StripeObject, at: Instant, amount: int, settled: int) -> None:
        back = self.ledger.add_entry(
            f"{refund.id[3:]}f", "refund_failure", at, settled, source=refund.id, description="REFUND FAILURE",
            exchange_rate=paid.rate,
        )  # fmt: skip
        refund.change(
            at, "refund.failed", status="failed", failure_reason="lost_or_stolen_card", failure_balance_transaction=back
        )
        refund.change(at, "charge.refund.updated")
        paid.refunded, paid.refunded_settled = paid.refunded - amount, paid.refunded_settled - settled
        self._tell(paid, at, None)  # Stripe tells of the refund alone

    @staticmethod
    def _tell(paid: Paid, at: Instant, event: str | None) -> None:
        paid.thing.change(at, event, amount_refunded=paid.refunded, refunded=paid.refunded == paid.amount)

    def dispute(self, paid: Paid, name: str, at: Instant, outcome: str) -> None:
        """A chargeback of the whole charge: an inquiry moves no money, a won one gives it back, its fee stays."""
        key, entries = f"{self.ledger.tag}{name}", []
        if outcome != "inquiry":
            entries.append(
                self.ledger.add_entry(
                    f"{key}w",
                    "adjustment",
                    at,
                    -paid.settled,
                    category="dispute",
                    fee=DISPUTE_FEE,
                    source=f"dp_{key}",
                    description=f"Chargeback withdrawal for {paid.thing.id}",
                    exchange_rate=paid.rate,
                )
            )
        first = "warning_needs_response" if outcome == "inquiry" else "needs_response"
        dispute = self.ledger.create(
            "dispute", f"dp_{key}", at, "charge.dispute.created", amount=paid.amount, charge=paid.thing.id,
            currency=paid.currency, payment_intent=f"pi_{paid.thing.id[3:]}", reason="fraudulent", status=first,
            balance_transactions=list(entries), is_charge_refundable=outcome == "inquiry",
        )  # fmt: skip
        paid.thing.change(at, None, disputed=True)
        if outcome == "open":
            return
        review = "warning_under_review" if outcome == "inquiry" else "under_review"
        dispute.change(at + 4 * DAY, "charge.dispute.updated", status=review)
        closed_at = at + 24 * DAY
        if outcome == "won":
            entries.append(
                self.ledger.add_entry(
                    f"{key}b",
                    "adjustment",
                    closed_at,
                    paid.settled,
                    category="dispute_reversal",
                    source=f"dp_{key}",
                    description=f"Chargeback reversal for {paid.thing.id}",
                    exchange_rate=paid.rate,
                )
            )
            dispute.change(closed_at, "charge.dispute.funds_reinstated", balance_transactions=list(entries))
        final = {"inquiry": "warning_closed"}.get(outcome, outcome)
        dispute.change(closed_at, "charge.dispute.closed", status=final)

    # --- the shop's orders

    def order(self, order: Order) -> None:
        """The charges of an order, one a payment by card, with the refunds that the order names."""
        if order.test:
            return
        paid: dict[int, Paid] = {}
        told: dict[str, Any] | None = None
        for one in order.transactions:
            if one.gateway != CARD_GATEWAY or one.kind not in ("SALE", "AUTHORIZATION"):
                continue
            told = told or {
                "customer": self._customer(order),
                "description": f"Order {order.name}",
                "metadata": {"order_id": str(order.id), "order_name": order.name},
            }
            if one.status == "FAILURE":
                self.decline(f"{one.id}", one.created_at, one.amount, **told)
            elif one.status == "SUCCESS":
                paid[one.id] = self._take(order, one, f"{one.id}", told)
                self._perhaps_dispute(paid[one.id], f"{one.id}", one)
        for refund in order.refunds:
            for one in refund.transactions:
                if one.gateway == CARD_GATEWAY:
                    self._refunds(one, paid)
        self.play()

    def _take(self, order: Order, one: Transaction, name: str, told: dict[str, Any]) -> Paid:
        if one.kind == "SALE":
            return self.charge(name, one.created_at, one.amount, order.presentment, **told)
        captured = [each.created_at for each in order.transactions if each.parent is one and each.kind == "CAPTURE"]
        paid = self.charge(
            name, one.created_at, one.amount, order.presentment, captured[0] if captured else NEVER, **told
        )
        if not captured:  # voided, or let run out after a week: a refund that moves no money
            voided = [each.created_at for each in order.transactions if each.parent is one and each.kind == "VOID"]
            at = voided[0] if voided else one.created_at + 7 * DAY
            paid.thing.change(at, "charge.expired", amount_refunded=paid.amount, refunded=True)
        return paid

    def _perhaps_dispute(self, paid: Paid, name: str, one: Transaction) -> None:
        number, self.count = self.count, self.count + 1
        if paid.captured and (number in DISPUTED or number % 150 == 149):
            outcome = OUTCOMES[(DISPUTED.index(number) if number in DISPUTED else number // 150) % len(OUTCOMES)]
            at = one.created_at + 12 * DAY
            self.later(at, lambda: self.dispute(paid, name, at, outcome))

    def _refunds(self, one: Transaction, paid: dict[int, Paid]) -> None:
        """The refund of one transaction, on the charge that it names, and what that does not hold on the others."""
        origin = one.parent
        while origin is not None and origin.parent is not None:
            origin = origin.parent
        first = paid.get(origin.id) if origin else None
        charges = ([first] if first else []) + [each for each in paid.values() if each is not first]

        def pay_back() -> None:
            left = one.amount
            for place, charge in enumerate(charges):
                money = min(left, charge.settled - charge.refunded_settled)
                if money > 0 and charge.captured:
                    waits = one.settled_at - one.created_at if one.settled_at > one.created_at else 0
                    fails_at = one.created_at + 2 * DAY if one.status == "FAILURE" else 0
                    self.refund(charge, f"{one.id}n{place}", one.created_at, money, waits, fails_at)
                    left -= money

        self.later(one.created_at, pay_back)

    def _customer(self, order: Order) -> str | None:
        """Stripe's customer of an order's, made at the first one."""
        who = order.customer
        if who is None:
            return None
        if who.id not in self.customers:
            self.customers[who.id] = f"cus_{self.ledger.tag}{who.id}"
            thing = self.ledger.create(
                "customer", self.customers[who.id], order.created_at, "customer.created", email=who.email,
                name=" ".join(who.names[0][1]), currency=None, delinquent=False, metadata={"customer_id": str(who.id)},
                address_country=who.country,
            )  # fmt: skip
            for at, names in who.names[1:]:
                if at > order.created_at:
                    thing.change(at, "customer.updated", name=" ".join(names))
        return self.customers[who.id]

    # --- without an order

    def direct(self, number: int, day: Instant, presentments: tuple[Presentment, ...]) -> None:
        """A payment without an order (a link, a terminal, a script): the next of the stories."""
        rng, story, name = Random(f"{self.seed}:direct:{number}"), DIRECT[number % len(DIRECT)], f"d{number:05d}"
        at, amount = day + rng.randrange(8 * 3600, 20 * 3600), rng.randrange(1500, 45_000)
        told: dict[str, Any] = {"description": "Payment link" if number % 2 else None, "metadata": {}}
        if story == "declined":
            self.decline(name, at, amount, **told)
            return
        foreign = presentments[number % len(presentments)] if story.startswith("foreign") and presentments else None
        paid = self.charge(name, at, amount, foreign, **told)
        part, then = amount // 3, at + rng.randrange(2, 9) * DAY
        if story in ("refunded", "foreign_refunded"):
            self.later(then, lambda: self.refund(paid, f"{name}a", then, part))
            self.later(then + 30 * DAY, lambda: self.refund(paid, f"{name}b", then + 30 * DAY, amount - part))
        elif story == "refund_fails":
            self.refund(paid, f"{name}a", then, part, fails_at=then + 6 * DAY)
        elif story == "refund_waits":
            self.refund(paid, f"{name}a", then, amount, waits=4 * DAY)
        elif story == "silent_refund":  # Stripe's events have been seen to leave out a refund
            self.refund(paid, f"{name}a", then, part, told=False)
        elif story == "partial_capture":  # what was authorized and not captured counts as given back
            paid.thing.change(at, None, amount=amount + 700, amount_refunded=700)
        elif story == "disputed":
            self.refund(paid, f"{name}a", then, part)
            self.dispute(paid, name, then + 5 * DAY, OUTCOMES[number // len(DIRECT) % len(OUTCOMES)])
        self.play()
