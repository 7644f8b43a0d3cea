"""Chats that lead to orders: what links a session to an order, and sessions that look like one and are none.

An order is known before its chat is drawn, so that the chat can be about it. Rules by which Takings finds the order:
the chat's visit, then the customer within 24 hours, then a product that was clicked within 7 days by the same visitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from simulator.books import DAY, HOUR, MINUTE, Instant, Order, Product
from simulator.scenarios.visits import Event

LATEST_CLICK = 7 * DAY
LINKS = {
    "visit": 44,
    "two_sessions_in_one_visit": 3,
    "visit_and_customer": 3,
    "customer": 22,
    "customer_too_early": 2,
    "click": 22,
    "click_of_another_product": 2,
    "click_too_early": 2,
}
"""Each with its weight.

- visit: in the visit of the order, before it
- two_sessions_in_one_visit: both before the order; the later one counts
- visit_and_customer: in the visit, and one of the same customer hours before it
- customer: the customer is known, the visit is not, less than 24 hours before the order
- customer_too_early: the same, five minutes more than 24 hours before it
- click: only the visitor is known, who clicked what the order contains less than seven days before it
- click_of_another_product: the order contains something else
- click_too_early: more than seven days before it
"""


@dataclass(frozen=True, slots=True)
class Start:
    """How a session begins. ``product`` is what the visitor clicks."""

    at: Instant
    link: str
    order_id: str
    customer_id: str | None = None
    visitor_id: str | None = None
    visit_id: str | None = None
    product: Product | None = None


def products_of(order: Order) -> list[Product]:
    """The products in an order as it was placed."""
    return [line.variant.product for line in order.lines if line.variant is not None]


def starts(link: str, order: Order, visit: Sequence[Event], other: Product, rng: Random) -> list[Start]:
    """The sessions of a link to an order; none where the order lacks what the link needs.

    ``visit`` are the events of the order's visit, ``other`` is a product that the order need not contain.
    """
    placed, order_id = order.created_at, str(order.id)
    customer = str(order.customer.id) if order.customer else None
    visitor, visit_id = visit[0].anonymous_id, visit[0].session_id

    def in_visit(share: float) -> Start:
        at = visit[0].occurred_at + int((placed - visit[0].occurred_at) * share)
        known = customer if rng.random() < 0.6 else None
        return Start(at, link, order_id, known, visitor, visit_id)

    def of_customer(before: Instant) -> Start:
        return Start(placed - before, link, order_id, customer)

    if link == "visit":
        return [in_visit(0.1 + 0.5 * rng.random())]
    if link == "two_sessions_in_one_visit":
        return [in_visit(0.1), in_visit(0.6)]
    if link.startswith("click"):
        click = _click(link, order, other, rng)
        return [Start(placed - click[0], link, order_id, visitor_id=visitor, product=click[1])] if click else []
    if customer is None:
        return []
    earlier = of_customer(DAY + 5 * MINUTE if link == "customer_too_early" else int(rng.uniform(2 * HOUR, DAY - HOUR)))
    return [earlier, in_visit(0.3)] if link == "visit_and_customer" else [earlier]


def _click(link: str, order: Order, other: Product, rng: Random) -> tuple[Instant, Product] | None:
    """How long before an order a product was clicked, and which. None where the order has no product for the link."""
    bought = products_of(order)
    if not bought or (link == "click_of_another_product" and other.id in {product.id for product in bought}):
        return None
    before = LATEST_CLICK + 10 * MINUTE if link == "click_too_early" else int(rng.uniform(HOUR, LATEST_CLICK - HOUR))
    return before, other if link == "click_of_another_product" else bought[0]
