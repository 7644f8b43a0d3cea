"""One subscriber's life: trial, periods with their invoices, changes, failures, leaving and coming back.

Everything is done in the order of time and no further than the horizon, so a later horizon only adds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulator.books import Instant
from simulator.money import half_up
from simulator.scenarios.payments.books import DAY, State, StripeObject
from simulator.scenarios.payments.cards import Cards
from simulator.scenarios.payments.catalogue import COUPONS, PRICES, tax_rate
from simulator.scenarios.payments.invoicing import Line, line_states, period_end, take_off, totals
from simulator.scenarios.payments.scenarios import Scenario

HOUR = 3600
UPDATED = "customer.subscription.updated"


@dataclass
class Item:
    id: str
    price: str
    quantity: int
    discount: State | None = None


@dataclass
class Life:
    """A subscriber and all that is theirs; ``name`` is in each of its ids."""

    cards: Cards
    name: str
    scenario: Scenario
    start: Instant
    horizon: Instant
    email: str
    customer: StripeObject = field(init=False)
    sub: StripeObject = field(init=False)
    items: list[Item] = field(default_factory=list)
    discounts: list[State] = field(default_factory=list)
    on_customer: list[State] = field(default_factory=list)
    prorated: list[Line] = field(default_factory=list)
    unpaid: list[tuple[StripeObject, int]] = field(default_factory=list)
    anchor: Instant = 0
    periods: int = 0
    invoices: int = 0
    takes: int = 0
    failing: bool = False
    paused: bool = False
    leaving: bool = False
    alive: bool = False
    _agenda: list[tuple[Instant, int, Callable[[Instant], None]]] = field(default_factory=list)
    _steps: int = 0

    def live(self) -> None:
        """From the start until the horizon."""
        self._later(self.start, self._arrive)
        for days, what, value in self.scenario.then:
            self._later(self.start + days * DAY + 7 * 60, self._act(what, value))
        while self._agenda and self._agenda[0][0] <= self.horizon:
            at, _, step = heapq.heappop(self._agenda)
            step(at)

    def _later(self, at: Instant, step: Callable[[Instant], None]) -> None:
        heapq.heappush(self._agenda, (at, self._steps, step))
        self._steps += 1

    def _act(self, what: str, value: str) -> Callable[[Instant], None]:
        return lambda at: getattr(self, f"_{what}")(at, value)

    # --- arriving

    def _arrive(self, at: Instant) -> None:
        self.customer = self.cards.ledger.create(
            "customer", f"cus_{self.cards.ledger.tag}{self.name}", at, "customer.created", email=self.email,
            name=f"Member {self.name}", currency=self.cards.ledger.currency.lower(), delinquent=False, metadata={},
            address_country=None,
        )  # fmt: skip
        if self.scenario.customer_coupon:
            self.on_customer = [self._discount(at, self.scenario.customer_coupon, "customer")]
            self.customer.change(at, "customer.updated", discount=self.on_customer[0]["id"])
        self._again(at, self.scenario.price)

    def _again(self, at: Instant, price: str) -> None:
        """A subscription begins: the first, or a new one of somebody who had left."""
        number = self.sub.id[-1] if self.takes else "0"
        key = f"{self.cards.ledger.tag}{self.name}s{int(number) + 1}"
        first = not self.takes
        self.takes, self.anchor, self.periods, self.alive, self.leaving = self.takes + 1, at, 0, True, False
        self.items = [Item(f"si_{key}a", price, self.scenario.quantity)]
        if self.scenario.second:
            self.items.append(Item(f"si_{key}b", self.scenario.second, 1))
        trial_end = at + self.scenario.trial * DAY if self.scenario.trial and first else None
        self.sub = self.cards.ledger.create(
            "subscription", f"sub_{key}", at, "customer.subscription.created", customer=self.customer.id,
            currency=self.cards.ledger.currency.lower(), status="trialing" if trial_end else "active", start_date=at,
            billing_cycle_anchor=trial_end or at, trial_start=at if trial_end else None, trial_end=trial_end,
            canceled_at=None, ended_at=None, cancel_at=None, cancel_at_period_end=False, pause_collection=None,
            discounts=[], latest_invoice=None, metadata={}, default_tax_rates=self._rates("subscription"),
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
            self._later(trial_end, self._period)
        else:
            self._period(at)

    def _rates(self, where: str) -> list[State]:
        return [tax_rate(self.cards.ledger, self.start)] if self.scenario.tax_on == where else []

    def _discount(self, at: Instant, coupon: str, on: str, number: int = 0) -> State:
        terms, tag = COUPONS[coupon], self.cards.ledger.tag
        item = self.items[0].id if on == "item" else None
        months = terms.get("duration_in_months")
        end = period_end(at, months, PRICES["monthly"]) if months else None
        thing = self.cards.ledger.create(
            "discount", f"di_{tag}{self.name}c{self.takes}{number or ''}", at, None, customer=self.customer.id,
            start=at, end=end, subscription=None if on == "customer" else self.sub.id, subscription_item=item,
            source={"coupon": f"{coupon}_{tag}", "type": "coupon"}, coupon_name=coupon,
        )  # fmt: skip
        return thing.at(at)

    # --- periods and invoices

    def _bounds(self) -> tuple[Instant, Instant]:
        price = PRICES[self.items[0].price]
        start = self.anchor if self.periods == 1 else period_end(self.anchor, self.periods - 1, price)
        return start, period_end(self.anchor, self.periods, price)

    def _write(self, at: Instant, event: str | None, start: Instant, end: Instant, **fields: Any) -> None:
        """The subscription as it is now."""
        tag = self.cards.ledger.tag
        items = [
            {
                "id": item.id, "created": self.sub.created, "price": f"price_{tag}{item.price}",
                "quantity": None if PRICES[item.price].metered else item.quantity, "subscription": self.sub.id,
                "discounts": [item.discount["id"]] if item.discount else [],
                "current_period_start": start, "current_period_end": end,
                "tax_rates": self._rates("item") if PRICES[item.price].inclusive else [],
            }
            for item in self.items
        ]  # fmt: skip
        self.sub.change(at, event, items=items, discounts=[one["id"] for one in self.discounts], **fields)

    def _period(self, at: Instant) -> None:
        """A new period begins, or the subscription ends with the old one."""
        if not self.alive or at != (self._bounds()[1] if self.periods else self.anchor):
            return
        if self.leaving:
            self._cancel(at, "")
            return
        self.discounts = [one for one in self.discounts if one["end"] is None or one["end"] > at]
        self.periods += 1
        start, end = self._bounds()
        was_trial = self.sub.at(at)["status"] == "trialing"
        told = {"status": "active"} if was_trial else {}
        self._write(at, UPDATED if self.periods > 1 or was_trial else None, start, end, **told)
        first = self.periods == 1 and not was_trial
        self._invoice(at, "subscription_create" if first else "subscription_cycle", self._lines(start, end))
        self._later(end, self._period)

    def _lines(self, start: Instant, end: Instant) -> list[Line]:
        lines, self.prorated = self.prorated, []
        for item in self.items:
            price = PRICES[item.price]
            told: dict[str, Any] = {"item": item.id, "subscription": self.sub.id}
            if price.metered:  # what the period before has used
                rng = Random(f"{self.cards.seed}:use:{self.sub.id}:{self.periods}")
                used = rng.randrange(200, 3000) if self.periods > 1 else 0
                lines.append(Line(item.price, used, price.amount(used), start, end, **told))
            else:
                lines.append(Line(item.price, item.quantity, price.amount(item.quantity), start, end, **told))
        return lines

    def _invoice(self, at: Instant, reason: str, lines: list[Line]) -> StripeObject:
        ledger, self.invoices = self.cards.ledger, self.invoices + 1
        take_off(lines, (self.discounts or self.on_customer) if reason != "manual" else [],
                 {item.id: item.discount for item in self.items if item.discount})  # fmt: skip
        key, prices = f"in_{ledger.tag}{self.name}i{self.invoices:03d}", dict(PRICES)
        sums = totals(lines, prices)
        details = {"metadata": {}, "subscription": self.sub.id}
        of_sub = {"type": "subscription_details", "subscription_details": details}
        invoice = ledger.create(
            "invoice", key, at, "invoice.created", customer=self.customer.id, customer_email=self.email,
            currency=ledger.currency.lower(), billing_reason=reason, status="draft",
            lines=line_states(key, ledger.currency.lower(), lines, prices, ledger.tag), discounts=[],
            period_start=lines[0].start, period_end=lines[0].end, attempted=False, attempt_count=0,
            number=None, parent=None if reason == "manual" else of_sub,
            finalized_at=None, paid_at=None, voided_at=None, marked_uncollectible_at=None, **sums,
        )  # fmt: skip
        if reason != "manual":
            self.sub.change(at, None, latest_invoice=key)
        if any(COUPONS[one["coupon_name"]]["duration"] == "once" for one in self.discounts) and sums["subtotal"]:
            self.discounts = []
            self.sub.change(at + 1, UPDATED, discounts=[])
        if reason == "subscription_create":
            self._finalize(at, invoice, sums["total"])
        else:
            self._later(at + HOUR, lambda then: self._finalize(then, invoice, sums["total"]))
        return invoice

    def _finalize(self, at: Instant, invoice: StripeObject, total: int) -> None:
        number = f"{self.name.upper()}-{self.invoices:04d}"
        if self.paused:
            invoice.change(at, "invoice.finalized", status="open", number=number, finalized_at=at)
            invoice.change(at, "invoice.voided", status="void", voided_at=at, amount_remaining=0)
            return
        invoice.change(at, "invoice.finalized", status="open", number=number, finalized_at=at, effective_at=at)
        if self.failing and total:
            self.cards.decline(f"{invoice.id[-3:]}{self.name}x", at, total, customer=self.customer.id)
            invoice.change(at, "invoice.payment_failed", attempted=True, attempt_count=1)
            self.unpaid.append((invoice, total))
            if self.alive:
                self.sub.change(at, UPDATED, status="past_due")
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

    # --- what happens

    def _price(self, at: Instant, price: str) -> None:
        self._change_item(at, price, self.items[0].quantity)

    def _quantity(self, at: Instant, quantity: str) -> None:
        self._change_item(at, self.items[0].price, int(quantity))

    def _change_item(self, at: Instant, price: str, quantity: int) -> None:
        """Another price or quantity from now on; what is dearer is asked for by proration with the next invoice."""
        item, (start, end) = self.items[0], self._bounds()
        old, new = PRICES[item.price].amount(item.quantity), PRICES[price].amount(quantity)
        if new > old:
            told: dict[str, Any] = {"item": item.id, "subscription": self.sub.id, "proration": True}
            for name, count, amount in ((item.price, item.quantity, -old), (price, quantity, new)):
                part = half_up(amount * (end - at), end - start)
                self.prorated.append(Line(name, count, part, at, end, **told))
        item.price, item.quantity = price, quantity
        self._write(at, UPDATED, start, end)

    def _cancel(self, at: Instant, _: str) -> None:
        self.alive = False
        self.sub.change(at, "customer.subscription.deleted", status="canceled", canceled_at=at, ended_at=at)
        for invoice, _total in self.unpaid:
            invoice.change(
                at, "invoice.marked_uncollectible", status="uncollectible", marked_uncollectible_at=at
            )  # fmt: skip
        self.unpaid, self.failing = [], False

    def _cancel_at_end(self, at: Instant, _: str) -> None:
        self.leaving = True
        self.sub.change(at, UPDATED, cancel_at_period_end=True, cancel_at=self._bounds()[1], canceled_at=at)

    def _stay(self, at: Instant, _: str) -> None:
        self.leaving = False
        self.sub.change(at, UPDATED, cancel_at_period_end=False, cancel_at=None, canceled_at=None)

    def _fail(self, at: Instant, _: str) -> None:
        self.failing = True

    def _recover(self, at: Instant, _: str) -> None:
        self.failing = False
        for invoice, total in self.unpaid:
            self._pay(at, invoice, total)
        self.unpaid = []
        self.sub.change(at, UPDATED, status="active")
        self.customer.change(at, "customer.updated", delinquent=False)

    def _pause(self, at: Instant, _: str) -> None:
        self.paused = True
        self.sub.change(at, UPDATED, pause_collection={"behavior": "void", "resumes_at": None})

    def _resume(self, at: Instant, _: str) -> None:
        self.paused = False
        self.sub.change(at, UPDATED, pause_collection=None)

    def _one_off(self, at: Instant, _: str) -> None:
        """Twelve things bought once, on an invoice of their own."""
        self._invoice(at, "manual", [Line("one_off", 1, PRICES["one_off"].unit, at, at) for _ in range(12)])

    def _delete(self, at: Instant, _: str) -> None:
        """A draft that was never sent goes, then the customer."""
        draft = self._invoice(at, "manual", [Line("one_off", 1, PRICES["one_off"].unit, at, at)])
        draft.delete(at + 60, "invoice.deleted")
        self._agenda.clear()
        self.customer.delete(at + 120, "customer.deleted")
