"""Card payments in a ledger: charges with their fees, refunds and disputes."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.books import DAY, NEVER, Instant, Presentment, Shop
from simulator.money import half_up
from simulator.scenarios.payments.books import Ledger, StripeObject

FEE_PER_THOUSAND, FEE_FIXED, DISPUTE_FEE = 29, 30, 1500
PAYOUT_DELAY = 2  # days


def fee_of(amount: int) -> int:
    """2.9 % + 30"""
    return half_up(amount * FEE_PER_THOUSAND, 1000) + FEE_FIXED


@dataclass
class CardCharge:
    """A charge: ``amount`` and ``refunded`` are in the buyer's currency, ``settlement`` ones in the account's."""

    object: StripeObject
    amount: int
    settlement: int
    currency: str
    exchange_rate: float | None = None
    refunded: int = 0
    refunded_settlement: int = 0
    captured: bool = True

    def in_buyers_currency(self, settlement: int) -> int:
        """The part of the amount for a part of the settlement; at most what is not refunded yet."""
        if settlement >= self.settlement - self.refunded_settlement:
            return self.amount - self.refunded
        return min(half_up(settlement * self.amount, self.settlement), self.amount - self.refunded)


@dataclass
class Cards:
    """Writes charges and their changes into a ledger."""

    ledger: Ledger
    shop: Shop
    seed: str
    _queue: list[tuple[Instant, int, Callable[[], None]]] = field(default_factory=list, repr=False)
    _scheduled: int = 0

    def charge(
        self,
        name: str,
        at: Instant,
        settlement: int,
        presentment: Presentment | None = None,
        captured_at: Instant | None = None,
        **fields: Any,
    ) -> CardCharge:
        """Charges ``settlement`` minor units of the account's currency, in the buyer's currency if that differs.

        ``captured_at`` is for an authorization: when it was captured, NEVER if it was not.
        """
        amount, currency, rate = settlement, self.ledger.currency, None
        if presentment is not None:
            amount = half_up(settlement * presentment.numerator, presentment.denominator)
            currency = presentment.currency
            scale = 10 ** (presentment.exponent - self.shop.exponent)
            rate = round(presentment.denominator * scale / presentment.numerator, 6)
        taken_at = at if captured_at is None else captured_at
        created = self.ledger.create(
            "charge", f"ch_{self.ledger.tag}{name}", at, "charge.succeeded",
            **self._charge_fields(name, amount, currency, fields), paid=True, status="succeeded",
        )  # fmt: skip
        charge = CardCharge(created, amount, settlement, currency.lower(), rate, captured=taken_at != NEVER)
        if charge.captured:
            entry = self.ledger.add_entry(
                f"{self.ledger.tag}{name}", "charge", taken_at, settlement, fee=fee_of(settlement), delay=PAYOUT_DELAY,
                source=created.id, description=fields.get("description"), exchange_rate=rate,
            )  # fmt: skip
            event = None if taken_at == at else "charge.captured"
            created.change(taken_at, event, balance_transaction=entry, captured=True, amount_captured=amount)
        return charge

    def decline(self, name: str, at: Instant, amount: int, **fields: Any) -> StripeObject:
        """A payment that the bank declined."""
        return self.ledger.create(
            "charge", f"ch_{self.ledger.tag}{name}", at, "charge.failed",
            **self._charge_fields(name, amount, self.ledger.currency, fields), paid=False, status="failed",
            failure_code="card_declined", failure_message="Your card was declined.",
        )  # fmt: skip

    def _charge_fields(self, name: str, amount: int, currency: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What every charge starts with; ``fields`` may set its customer, description and metadata."""
        return {
            "amount": amount, "amount_captured": 0, "amount_refunded": 0, "balance_transaction": None,
            "captured": False, "currency": currency.lower(), "disputed": False, "refunded": False,
            "payment_intent": f"pi_{self.ledger.tag}{name}", "customer": None, "description": None, "metadata": {},
        } | fields  # fmt: skip

    # --- refunds and disputes

    def schedule(self, at: Instant, step: Callable[[], None]) -> None:
        """Plans a step for ``run_scheduled``."""
        heapq.heappush(self._queue, (at, self._scheduled, step))
        self._scheduled += 1

    def run_scheduled(self) -> None:
        """Runs the planned steps in the order of their instants; a step may plan others."""
        while self._queue:
            heapq.heappop(self._queue)[2]()

    def refund(
        self,
        charge: CardCharge,
        name: str,
        at: Instant,
        settlement: int,
        pending: int = 0,
        fails_at: Instant = 0,
        with_event: bool = True,
    ) -> None:
        """Refunds ``settlement`` minor units of the account's currency.

        The refund succeeds after ``pending`` seconds, or fails at ``fails_at``. ``with_event`` false: Stripe reports no
        event about it.
        """
        amount = charge.in_buyers_currency(settlement)
        charge.refunded, charge.refunded_settlement = charge.refunded + amount, charge.refunded_settlement + settlement
        key = f"{self.ledger.tag}{name}"
        refund = self.ledger.create(
            "refund", f"re_{key}", at, "refund.created" if with_event else None, amount=amount,
            balance_transaction=None, charge=charge.object.id, currency=charge.currency,
            payment_intent=f"pi_{charge.object.id[3:]}", reason="requested_by_customer", status="pending", metadata={},
        )  # fmt: skip
        self._update_refunded(charge, at, "charge.refunded" if with_event else None)
        entry = self.ledger.add_entry(
            f"{key}r", "refund", at + pending, -settlement, source=refund.id, description="REFUND FOR CHARGE",
            exchange_rate=charge.exchange_rate,
        )  # fmt: skip
        if fails_at:
            refund.change(at, None, balance_transaction=entry)
            self.schedule(fails_at, lambda: self._fail_refund(charge, refund, fails_at, amount, settlement))
        else:
            event = "refund.updated" if pending else None
            refund.change(at + pending, event, status="succeeded", balance_transaction=entry)

    def _fail_refund(self, charge: CardCharge, refund: StripeObject, at: Instant, amount: int, settlement: int) -> None:
        entry = self.ledger.add_entry(
            f"{refund.id[3:]}f", "refund_failure", at, settlement, source=refund.id, description="REFUND FAILURE",
            exchange_rate=charge.exchange_rate,
        )  # fmt: skip
        reason = "lost_or_stolen_card"
        refund.change(at, "refund.failed", status="failed", failure_reason=reason, failure_balance_transaction=entry)
        refund.change(at, "charge.refund.updated")
        charge.refunded, charge.refunded_settlement = charge.refunded - amount, charge.refunded_settlement - settlement
        self._update_refunded(charge, at, None)  # Stripe sends events of the refund only

    @staticmethod
    def _update_refunded(charge: CardCharge, at: Instant, event: str | None) -> None:
        fully = charge.refunded == charge.amount
        charge.object.change(at, event, amount_refunded=charge.refunded, refunded=fully)

    def dispute(self, charge: CardCharge, name: str, at: Instant, outcome: str) -> None:
        """A dispute of the whole charge: ``outcome`` is lost, won, open or inquiry.

        An inquiry moves no money. A won dispute returns the amount, but not the fee.
        """
        key, entries = f"{self.ledger.tag}{name}", []
        details: dict[str, Any] = {"source": f"dp_{key}", "exchange_rate": charge.exchange_rate}
        if outcome != "inquiry":
            entry = self.ledger.add_entry(
                f"{key}w", "adjustment", at, -charge.settlement, category="dispute", fee=DISPUTE_FEE,
                description=f"Chargeback withdrawal for {charge.object.id}", **details,
            )  # fmt: skip
            entries.append(entry)
        first = "warning_needs_response" if outcome == "inquiry" else "needs_response"
        dispute = self.ledger.create(
            "dispute", f"dp_{key}", at, "charge.dispute.created", amount=charge.amount, charge=charge.object.id,
            currency=charge.currency, payment_intent=f"pi_{charge.object.id[3:]}", reason="fraudulent", status=first,
            balance_transactions=list(entries), is_charge_refundable=outcome == "inquiry",
        )  # fmt: skip
        charge.object.change(at, None, disputed=True)
        if outcome == "open":
            return
        review = "warning_under_review" if outcome == "inquiry" else "under_review"
        dispute.change(at + 4 * DAY, "charge.dispute.updated", status=review)
        closed_at = at + 24 * DAY
        if outcome == "won":
            entry = self.ledger.add_entry(
                f"{key}b", "adjustment", closed_at, charge.settlement, category="dispute_reversal",
                description=f"Chargeback reversal for {charge.object.id}", **details,
            )  # fmt: skip
            entries.append(entry)
            dispute.change(closed_at, "charge.dispute.funds_reinstated", balance_transactions=list(entries))
        final = {"inquiry": "warning_closed"}.get(outcome, outcome)
        dispute.change(closed_at, "charge.dispute.closed", status=final)
