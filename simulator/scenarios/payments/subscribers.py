"""The history of one subscriber: trial, periods with their invoices, changes, failures, cancellations.

Its steps run in the order of their instants until the horizon, so that a later horizon only adds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulator.books import DAY, HOUR, MINUTE, Instant
from simulator.money import half_up
from simulator.scenarios.payments.books import State, StripeObject
from simulator.scenarios.payments.cards import Cards
from simulator.scenarios.payments.catalogue import COUPONS, PRICES, tax_rate
from simulator.scenarios.payments.invoicing import Line, apply_discounts, line_states, period_end, totals
from simulator.scenarios.payments.scenarios import Scenario

UPDATED = "customer.subscription.updated"


@dataclass
class Item:
    id: str
    price: str
    quantity: int
    discount: State | None = None


@dataclass
class SubscriberHistory:
    """A subscriber with all their subscriptions; ``name`` is part of each id."""

    cards: Cards
    name: str
    scenario: Scenario
    start: Instant
    horizon: Instant
    email: str
    customer: StripeObject = field(init=False)
    subscription: StripeObject = field(init=False)  # the newest one
    items: list[Item] = field(default_factory=list)
    discounts: list[State] = field(default_factory=list)
    customer_discounts: list[State] = field(default_factory=list)
    prorations: list[Line] = field(default_factory=list)  # for the next invoice
    unpaid: list[tuple[StripeObject, int]] = field(default_factory=list)
    anchor: Instant = 0
    periods: int = 0
    invoices: int = 0
    subscriptions: int = 0
    payments_fail: bool = False
    paused: bool = False
    cancels_at_period_end: bool = False
    active: bool = False
    _queue: list[tuple[Instant, int, Callable[[Instant], None]]] = field(default_factory=list)
    _scheduled: int = 0

    def run(self) -> None:
        """Runs all steps from the start until the horizon."""
        self._schedule(self.start, self._sign_up)
        for days, method, value in self.scenario.then:
            self._schedule(self.start + days * DAY + 7 * MINUTE, self._step(method, value))
        while self._queue and self._queue[0][0] <= self.horizon:
            at, _, step = heapq.heappop(self._queue)
            step(at)

    def _schedule(self, at: Instant, step: Callable[[Instant], None]) -> None:
        heapq.heappush(self._queue, (at, self._scheduled, step))
        self._scheduled += 1

    def _step(self, method: str, value: str) -> Callable[[Instant], None]:
        return lambda at: getattr(self, f"_{method}")(at, value)

    # --- signing up

    def _sign_up(self, at: Instant) -> None:
        self.customer = self.cards.ledger.create(
            "customer", f"cus_{self.cards.ledger.tag}{self.name}", at, "customer.created", email=self.email,
            name=f"Member {self.name}", currency=self.cards.ledger.currency.lower(), delinquent=False, metadata={},
            address_country=None,
        )  # fmt: skip
        if self.scenario.customer_coupon:
            self.customer_discounts = [self._discount(at, self.scenario.customer_coupon, "customer")]
            self.customer.change(at, "customer.updated", discount=self.customer_discounts[0]["id"])
        self._subscribe(at, self.scenario.price)

    def _subscribe(self, at: Instant, price: str) -> None:
        """Starts a subscription: the first one, or a new one after a cancellation."""
        first, self.subscriptions = not self.subscriptions, self.subscriptions + 1
        key = f"{self.cards.ledger.tag}{self.name}s{self.subscriptions}"
        self.periods, self.active, self.cancels_at_period_end = 0, True, False
        self.items = [Item(f"si_{key}a", price, self.scenario.quantity)]
        if self.scenario.second:
            self.items.append(Item(f"si_{key}b", self.scenario.second, 1))
        trial_end = at + self.scenario.trial * DAY if self.scenario.trial and first else None
        self.subscription = self.cards.ledger.create(
            "subscription", f"sub_{key}", at, "customer.subscription.created", customer=self.customer.id,
            currency=self.cards.ledger.currency.lower(), status="trialing" if trial_end else "active", start_date=at,
            billing_cycle_anchor=trial_end or at, trial_start=at if trial_end else None, trial_end=trial_end,
            canceled_at=None, ended_at=None, cancel_at=None, cancel_at_period_end=False, pause_collection=None,
            discounts=[], latest_invoice=None, metadata={}, default_tax_rates=self._tax_rates("subscription"),
        )  # fmt: skip
        discounts = [
            self._discount(at, coupon, self.scenario.coupon_on, number)
            for number, coupon in enumerate(self.scenario.coupons)
        ]
        if self.scenario.coupon_on == "item":
            self.items[0].discount = discounts[0]
        else:
            self.discounts = discounts
        self.anchor = trial_end or at
        if trial_end:
            self._write(at, None, at, trial_end)
            self._schedule(trial_end, self._start_period)
        else:
            self._start_period(at)

    def _tax_rates(self, on: str) -> list[State]:
        return [tax_rate(self.cards.ledger, self.start)] if self.scenario.tax_on == on else []

    def _discount(self, at: Instant, coupon: str, on: str, number: int = 0) -> State:
        terms, tag = COUPONS[coupon], self.cards.ledger.tag
        item = self.items[0].id if on == "item" else None
        months = terms.get("duration_in_months")
        end = period_end(at, months, PRICES["monthly"]) if months else None
        discount = self.cards.ledger.create(
            "discount", f"di_{tag}{self.name}c{self.subscriptions}{number or ''}", at, None, customer=self.customer.id,
            start=at, end=end, subscription=None if on == "customer" else self.subscription.id, subscription_item=item,
            source={"coupon": f"{coupon}_{tag}", "type": "coupon"}, coupon_name=coupon,
        )  # fmt: skip
        return discount.at(at)

    # --- periods and invoices

    def _bounds(self) -> tuple[Instant, Instant]:
        price = PRICES[self.items[0].price]
        start = self.anchor if self.periods == 1 else period_end(self.anchor, self.periods - 1, price)
        return start, period_end(self.anchor, self.periods, price)

    def _write(self, at: Instant, event: str | None, start: Instant, end: Instant, **fields: Any) -> None:
        """Records the subscription's items and discounts with a change."""
        tag = self.cards.ledger.tag
        items = [
            {
                "id": item.id, "created": self.subscription.created, "price": f"price_{tag}{item.price}",
                "quantity": None if PRICES[item.price].metered else item.quantity, "subscription": self.subscription.id,
                "discounts": [item.discount["id"]] if item.discount else [],
                "current_period_start": start, "current_period_end": end,
                "tax_rates": self._tax_rates("item") if PRICES[item.price].inclusive else [],
            }
            for item in self.items
        ]  # fmt: skip
        discounts = [discount["id"] for discount in self.discounts]
        self.subscription.change(at, event, items=items, discounts=discounts, **fields)

    def _start_period(self, at: Instant) -> None:
        """Starts the next period, or cancels the subscription at the end of the last one."""
        if not self.active or at != (self._bounds()[1] if self.periods else self.anchor):
            return  # a step of a subscription that was canceled since
        if self.cancels_at_period_end:
            self._cancel(at, "")
            return
        self.discounts = [discount for discount in self.discounts if discount["end"] is None or discount["end"] > at]
        self.periods += 1
        start, end = self._bounds()
        was_trial = self.subscription.at(at)["status"] == "trialing"
        status = {"status": "active"} if was_trial else {}
        self._write(at, UPDATED if self.periods > 1 or was_trial else None, start, end, **status)
        first = self.periods == 1 and not was_trial
        self._invoice(at, "subscription_create" if first else "subscription_cycle", self._lines(start, end))
        self._schedule(end, self._start_period)

    def _lines(self, start: Instant, end: Instant) -> list[Line]:
        lines, self.prorations = self.prorations, []
        for item in self.items:
            price = PRICES[item.price]
            ids: dict[str, Any] = {"item": item.id, "subscription": self.subscription.id}
            if price.metered:  # the usage of the period before
                rng = Random(f"{self.cards.seed}:use:{self.subscription.id}:{self.periods}")
                used = rng.randrange(200, 3000) if self.periods > 1 else 0
                lines.append(Line(item.price, used, price.amount(used), start, end, **ids))
            else:
                lines.append(Line(item.price, item.quantity, price.amount(item.quantity), start, end, **ids))
        return lines

    def _invoice(self, at: Instant, reason: str, lines: list[Line]) -> StripeObject:
        ledger, self.invoices = self.cards.ledger, self.invoices + 1
        discounts = [] if reason == "manual" else self.discounts or self.customer_discounts
        apply_discounts(lines, discounts, {item.id: item.discount for item in self.items if item.discount})
        key, sums = f"in_{ledger.tag}{self.name}i{self.invoices:03d}", totals(lines)
        details = {"metadata": {}, "subscription": self.subscription.id}
        parent = {"type": "subscription_details", "subscription_details": details}
        invoice = ledger.create(
            "invoice", key, at, "invoice.created", customer=self.customer.id, customer_email=self.email,
            currency=ledger.currency.lower(), billing_reason=reason, status="draft",
            lines=line_states(key, ledger.currency.lower(), lines, ledger.tag), discounts=[],
            period_start=lines[0].start, period_end=lines[0].end, attempted=False, attempt_count=0,
            number=None, parent=None if reason == "manual" else parent,
            finalized_at=None, paid_at=None, voided_at=None, marked_uncollectible_at=None, **sums,
        )  # fmt: skip
        if reason != "manual":
            self.subscription.change(at, None, latest_invoice=key)
        once = any(COUPONS[discount["coupon_name"]]["duration"] == "once" for discount in self.discounts)
        if once and sums["subtotal"]:
            self.discounts = []
            self.subscription.change(at + 1, UPDATED, discounts=[])
        if reason == "subscription_create":
            self._finalize(at, invoice, sums["total"])
        else:
            self._schedule(at + HOUR, lambda later: self._finalize(later, invoice, sums["total"]))
        return invoice

    def _finalize(self, at: Instant, invoice: StripeObject, total: int) -> None:
        number = f"{self.name.upper()}-{self.invoices:04d}"
        if self.paused:
            invoice.change(at, "invoice.finalized", status="open", number=number, finalized_at=at)
            invoice.change(at, "invoice.voided", status="void", voided_at=at, amount_remaining=0)
            return
        invoice.change(at, "invoice.finalized", status="open", number=number, finalized_at=at, effective_at=at)
        if self.payments_fail and total:
            self.cards.decline(f"{invoice.id[-3:]}{self.name}x", at, total, customer=self.customer.id)
            invoice.change(at, "invoice.payment_failed", attempted=True, attempt_count=1)
            self.unpaid.append((invoice, total))
            if self.active:
                self.subscription.change(at, UPDATED, status="past_due")
            self.customer.change(at, "customer.updated", delinquent=True)
            return
        self._pay(at, invoice, total)

    def _pay(self, at: Instant, invoice: StripeObject, total: int) -> None:
        if total:
            self.cards.charge(
                f"{self.name}{invoice.id[-4:]}", at, total, customer=self.customer.id, metadata={},
                description="Subscription update" if self.invoices > 1 else "Subscription creation",
            )  # fmt: skip
        invoice.change(
            at, "invoice.paid", status="paid", paid_at=at, attempted=True, attempt_count=1, amount_paid=total,
            amount_remaining=0,
        )  # fmt: skip

    # --- the steps that a scenario names

    def _change_price(self, at: Instant, price: str) -> None:
        self._change_item(at, price, self.items[0].quantity)

    def _change_quantity(self, at: Instant, quantity: str) -> None:
        self._change_item(at, self.items[0].price, int(quantity))

    def _change_item(self, at: Instant, price: str, quantity: int) -> None:
        """Changes the price or quantity now. The next invoice has prorations, if the new amount is higher."""
        item, (start, end) = self.items[0], self._bounds()
        old, new = PRICES[item.price].amount(item.quantity), PRICES[price].amount(quantity)
        if new > old:
            fields: dict[str, Any] = {"item": item.id, "subscription": self.subscription.id, "proration": True}
            for name, count, amount in ((item.price, item.quantity, -old), (price, quantity, new)):
                part = half_up(amount * (end - at), end - start)
                self.prorations.append(Line(name, count, part, at, end, **fields))
        item.price, item.quantity = price, quantity
        self._write(at, UPDATED, start, end)

    def _cancel(self, at: Instant, _: str) -> None:
        self.active = False
        self.subscription.change(at, "customer.subscription.deleted", status="canceled", canceled_at=at, ended_at=at)
        for invoice, _total in self.unpaid:
            invoice.change(at, "invoice.marked_uncollectible", status="uncollectible", marked_uncollectible_at=at)
        self.unpaid, self.payments_fail = [], False

    def _cancel_at_period_end(self, at: Instant, _: str) -> None:
        self.cancels_at_period_end = True
        self.subscription.change(at, UPDATED, cancel_at_period_end=True, cancel_at=self._bounds()[1], canceled_at=at)

    def _revoke_cancellation(self, at: Instant, _: str) -> None:
        self.cancels_at_period_end = False
        self.subscription.change(at, UPDATED, cancel_at_period_end=False, cancel_at=None, canceled_at=None)

    def _fail_payments(self, at: Instant, _: str) -> None:
        self.payments_fail = True

    def _recover_payments(self, at: Instant, _: str) -> None:
        self.payments_fail = False
        for invoice, total in self.unpaid:
            self._pay(at, invoice, total)
        self.unpaid = []
        self.subscription.change(at, UPDATED, status="active")
        self.customer.change(at, "customer.updated", delinquent=False)

    def _pause(self, at: Instant, _: str) -> None:
        self.paused = True
        self.subscription.change(at, UPDATED, pause_collection={"behavior": "void", "resumes_at": None})

    def _resume(self, at: Instant, _: str) -> None:
        self.paused = False
        self.subscription.change(at, UPDATED, pause_collection=None)

    def _invoice_one_off(self, at: Instant, _: str) -> None:
        """An invoice without a subscription, with twelve lines: more than Stripe embeds in it."""
        self._invoice(at, "manual", [Line("one_off", 1, PRICES["one_off"].unit, at, at) for _ in range(12)])

    def _delete_customer(self, at: Instant, _: str) -> None:
        """Deletes a draft invoice, then the customer."""
        draft = self._invoice(at, "manual", [Line("one_off", 1, PRICES["one_off"].unit, at, at)])
        draft.delete(at + 60, "invoice.deleted")
        self._queue.clear()
        self.customer.delete(at + 120, "customer.deleted")
