"""Purchases that a platform attributes to its ads: orders of the shop, counted on the day of the click or the view.

A platform reports a purchase one to twenty hours after the order, for a day up to 27 days before it: so past days
change. Two platforms report the same orders where their shares overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from simulator.books import HOUR, Instant, Order
from simulator.scenarios.ads.plan import draw

DELAYS = (0, 0, 0, 0, 1, 1, 1, 2, 3, 5, 7, 7, 10, 16, 24, 27)  # days from the click to the order
DEFAULT_WINDOW = "default"  # the platform's own setting: 7 days after a click, 1 day after a view
WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")


@dataclass(frozen=True)
class AttributedPurchase:
    """``order`` is the order's id, ``value`` its value when it was placed, in micros; ``day`` has the click or view."""

    order: int
    day: date
    delay: int  # days
    view: bool
    value: int
    reported_at: Instant
    ad: int  # which of the day's ads, counted round and round

    @property
    def windows(self) -> tuple[str, ...]:
        """The attribution windows that count the purchase."""
        if self.view:
            return ("1d_view", DEFAULT_WINDOW)
        reached = [name for name, days in (("1d_click", 1), ("7d_click", 7), ("28d_click", 28)) if self.delay <= days]
        return (*reached, *([DEFAULT_WINDOW] if self.delay <= 7 else []))


def attribute(order: Order, seed: str, share: range, ordered_on: date, exponent: int) -> AttributedPurchase | None:
    """The purchase that a platform reports for an order, None if it reports none. ``share`` is a part of 0..99."""
    # The texts that draw numbers are part of the world: another text gives another world.
    if order.test or order.source == "pos" or draw("claimed", order.id)[0] % 100 not in share:
        return None
    dice = draw(seed, "claim", order.id)
    delay = DELAYS[dice[0] % len(DELAYS)]
    value = sum(
        line.quantity * line.unit_price - sum(discount.amount for discount in line.discounts) for line in order.lines
    )
    return AttributedPurchase(
        order=order.id,
        day=ordered_on - timedelta(days=delay),
        delay=delay,
        view=delay <= 1 and dice[1] % 4 == 0,
        value=value * 10 ** (6 - exponent),
        reported_at=order.created_at + (1 + dice[2] % 20) * HOUR,
        ad=dice[3],
    )
