"""The steps between two revenues from the books, order by order: what each adds, by the day on which it counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from simulator import World
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.marts import MONEY, Row, Table

Step = tuple[str, str, str]  # bridge, stage, step
TO_TOTAL, TO_NET = "total_sales", "net_sales"
TAKEN_AWAY = ("discounts", "returns")
STEPS: dict[Step, tuple[int, int]] = {
    (TO_TOTAL, "Net sales", "Gross sales"): (1, 1),
    (TO_TOTAL, "Net sales", "Discounts"): (1, 2),
    (TO_TOTAL, "Net sales", "Returns"): (1, 3),
    (TO_TOTAL, "Total sales", "Shipping"): (2, 1),
    (TO_TOTAL, "Total sales", "Taxes"): (2, 2),
    (TO_TOTAL, "Total sales", "Duties and fees"): (2, 3),
    (TO_NET, "All orders", "Completed orders"): (1, 1),
    (TO_NET, "All orders", "Open, refunded or cancelled"): (1, 2),
    (TO_NET, "Total sales", "Changed on other days"): (2, 1),
    (TO_NET, "Total sales", "Tips"): (2, 2),
    (TO_NET, "Total sales", "Gift cards"): (2, 3),
    (TO_NET, "Total sales", "Refund adjustments"): (2, 4),
    (TO_NET, "Net sales", "Duties and fees"): (3, 1),
    (TO_NET, "Net sales", "Taxes"): (3, 2),
    (TO_NET, "Net sales", "Shipping"): (3, 3),
}
"""Each step's stage and step position."""
BY_MEASURE: dict[str, tuple[Step, ...]] = {
    "gross_sales": ((TO_TOTAL, "Net sales", "Gross sales"),),
    "discounts": ((TO_TOTAL, "Net sales", "Discounts"),),
    "returns": ((TO_TOTAL, "Net sales", "Returns"),),
    "shipping": ((TO_TOTAL, "Total sales", "Shipping"), (TO_NET, "Net sales", "Shipping")),
    "taxes": ((TO_TOTAL, "Total sales", "Taxes"), (TO_NET, "Net sales", "Taxes")),
    "duties": ((TO_TOTAL, "Total sales", "Duties and fees"), (TO_NET, "Net sales", "Duties and fees")),
    "fees": ((TO_TOTAL, "Total sales", "Duties and fees"), (TO_NET, "Net sales", "Duties and fees")),
    "tips": ((TO_NET, "Total sales", "Tips"),),
    "gift_cards_sold": ((TO_NET, "Total sales", "Gift cards"),),
    "adjustments": ((TO_NET, "Total sales", "Refund adjustments"),),
}


def sales_bridge(world: World, account: str, at: datetime) -> dict[tuple[str, int, int, date], Row]:
    """Rows by (bridge, stage position, step position, day)."""
    table: Table[tuple[str, int, int, date]] = Table()
    for order in counted_orders(world.books(account, at)):
        for step, day, amount in _steps(order):
            table[step[0], *STEPS[step], day]["amount_minor"] += amount
    return table.rows()


def _steps(order: OrderFacts) -> Iterator[tuple[Step, date, int]]:
    first = "Completed orders" if order.is_completed else "Open, refunded or cancelled"
    yield (TO_NET, "All orders", first), order.order_day, order.current_total
    for movement in order.movements:
        if movement.measure not in MONEY:
            continue
        signed = -movement.amount if movement.measure in TAKEN_AWAY else movement.amount
        for step in BY_MEASURE[movement.measure]:
            yield step, movement.day, signed if step[0] == TO_TOTAL else -signed
        if movement.day != order.order_day:
            other = (TO_NET, "Total sales", "Changed on other days")
            yield other, movement.day, signed
            yield other, order.order_day, -signed
