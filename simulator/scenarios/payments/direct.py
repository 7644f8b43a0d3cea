"""Card payments without an order: a payment link, a terminal, a script."""

from __future__ import annotations

from random import Random
from typing import Any

from simulator.books import DAY, HOUR, Instant, Presentment
from simulator.scenarios.payments.cards import Cards
from simulator.scenarios.payments.scenarios import DIRECT_SCENARIOS, DISPUTE_OUTCOMES


def add_direct_payment(cards: Cards, number: int, day: Instant, presentments: tuple[Presentment, ...]) -> None:
    """Adds the payment of that number; the scenarios take turns."""
    rng, name = Random(f"{cards.seed}:direct:{number}"), f"d{number:05d}"
    round_number, place = divmod(number, len(DIRECT_SCENARIOS))
    scenario = DIRECT_SCENARIOS[place]
    at, amount = day + rng.randrange(8 * HOUR, 20 * HOUR), rng.randrange(1500, 45_000)
    fields: dict[str, Any] = {"description": "Payment link" if number % 2 else None, "metadata": {}}
    if scenario == "declined":
        cards.decline(name, at, amount, **fields)
        return
    foreign = presentments[number % len(presentments)] if scenario.startswith("foreign") else None
    charge = cards.charge(name, at, amount, foreign, **fields)
    part, refunded_at = amount // 3, at + rng.randrange(2, 9) * DAY
    if scenario in ("refunded", "foreign_refunded"):
        rest_at = refunded_at + 30 * DAY
        cards.schedule(refunded_at, lambda: cards.refund(charge, f"{name}a", refunded_at, part))
        cards.schedule(rest_at, lambda: cards.refund(charge, f"{name}b", rest_at, amount - part))
    elif scenario == "failed_refund":
        cards.refund(charge, f"{name}a", refunded_at, part, fails_at=refunded_at + 6 * DAY)
    elif scenario == "pending_refund":
        cards.refund(charge, f"{name}a", refunded_at, amount, pending=4 * DAY)
    elif scenario == "refund_without_event":
        cards.refund(charge, f"{name}a", refunded_at, part, with_event=False)
    elif scenario == "partial_capture":  # Stripe counts the part that is not captured as refunded
        charge.object.change(at, None, amount=amount + 700, amount_refunded=700)
    elif scenario == "disputed":
        cards.refund(charge, f"{name}a", refunded_at, part)
        cards.dispute(charge, name, refunded_at + 5 * DAY, DISPUTE_OUTCOMES[round_number % len(DISPUTE_OUTCOMES)])
    cards.run_scheduled()
