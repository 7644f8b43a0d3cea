"""Purchases that a platform says it brought: orders of the shop, put on the day of the click or the view.

A purchase is told one to twenty hours after the order, and belongs to a day up to 27 days before it: that is what
makes past days change. Two platforms claim the same orders where their shares overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from simulator.books import Instant, Order
from simulator.scenarios.ads.plan import HOUR, draw

DELAYS = (0, 0, 0, 0, 1, 1, 1, 2, 3, 5, 7, 7, 10, 16, 24, 27)
DEFAULT_WINDOW = "default"  # the platform's own setting: 7 days after a click, 1 day after a view
WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")


@dataclass(frozen=True)
class Claim:
    """``order`` as it is claimed: its value when placed, in micros; ``told_at`` is when the platform knows of it."""

    order: int
    day: date
    delay: int
    view: bool
    value: int
    told_at: Instant
    choice: int  # which of the day's ads

    @property
    def windows(self) -> tuple[str, ...]:
        """The attribution windows that it counts in."""
        if self.view:
            return ("1d_view", DEFAULT_WINDOW)
        reached = [name for name, days in (("1d_click", 1), ("7d_click", 7), ("28d_click", 28)) if self.delay <= days]
        return (*reached, *([DEFAULT_WINDOW] if self.delay <= 7 else []))


def claim(order: Order, seed: str, share: range, ordered_on: date, exponent: int) -> Claim | None:
    """The claim on an order, None if the platform makes none. ``share`` of 0..99 is what it claims."""
    if order.test or order.source == "pos" or draw("claimed", order.id)[0] % 100 not in share:
        return None
    dice = draw(seed, "claim", order.id)
    delay = DELAYS[dice[0] % len(DELAYS)]
    minor = sum(line.quantity * line.unit_price - sum(cut.amount for cut in line.discounts) for line in order.lines)
    return Claim(
        order=order.id,
        day=ordered_on - timedelta(days=delay),
        delay=delay,
        view=delay <= 1 and dice[1] % 4 == 0,
        value=minor * 10 ** (6 - exponent),
        told_at=order.created_at + (1 + dice[2] % 20) * HOUR,
        choice=dice[3],
    )
