"""The cost of goods sold, from the costs that the pulls read: recorded, assumed or missing.

Shopify knows only today's cost, so the books give the cost as of each pull. The cost of a line is the newest one read
until the order's day (recorded). Before the first one read, it is that one (assumed). A line without a product, or with
a product without a cost, has none (missing). Costs count on the day and channel of the sale, the return or the edit: a
unit that was edited away was not sold and has no cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from simulator import World
from simulator.books import Line, Reversal, Variant, value_at
from simulator.world import seconds
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.marts import Row, Table

RECORDED, ASSUMED, MISSING = "recorded", "assumed", "missing"
Costs = list[tuple[date, int]]  # (day of the pull, cost in minor units), without pulls that read no cost
Pulls = Sequence[datetime]
SIGNS = {"gross_sales": 1, "discounts": -1, "returns": -1}


def pulled_costs(order: OrderFacts, variant: Variant, pulls: Pulls) -> Costs:
    """The costs of a variant that the pulls read, oldest first."""
    costs: Costs = []
    for pull in map(seconds, pulls):
        exists = max(variant.created_at, variant.product.created_at) <= pull < variant.product.deleted_at
        cost = value_at(variant.costs, pull)
        if exists and cost is not None:
            costs.append((order.day(pull), cost))
    return costs


def cost(order: OrderFacts, line: Line, pulls: Pulls) -> tuple[str, int]:
    """How the cost of a unit is known, and the cost (0 if it is missing)."""
    costs = pulled_costs(order, line.variant, pulls) if line.variant is not None else []
    if not costs:
        return MISSING, 0
    recorded = [amount for day, amount in costs if day <= order.order_day]
    return (RECORDED, recorded[-1]) if recorded else (ASSUMED, costs[0][1])


def restocked(order: OrderFacts) -> Iterator[tuple[date, Reversal]]:
    """Units that take their cost with them, with their day: edited away, or restocked. Only a refund says whether
    returned units were restocked."""
    for edit in order.order.edits:
        yield from ((order.day(edit.happened_at), line) for line in edit.removed)
    ids = {line.id for refund in order.order.refunds for line in refund.lines if line.restock != "NO_RESTOCK"}
    for return_ in order.order.returns:
        yield from ((order.day(return_.happened_at), line) for line in return_.lines if line.id in ids)
    for refund in order.order.refunds:
        if refund.of_return is None:
            yield from ((order.day(refund.created_at), line) for line in refund.lines if line.id in ids)


def cost_daily(world: World, account: str, pulls: Pulls, at: datetime | None = None) -> dict[tuple[date, str], Row]:
    """The costs family of ``metrics_daily`` by (day, channel)."""
    table: Table[tuple[date, str]] = Table()
    for order in counted_orders(world.books(account, at)):
        for movement in order.movements:
            if movement.line is None or movement.line.kind != "product":
                continue
            source, unit_cost = cost(order, movement.line, pulls)
            row = table[movement.day, order.channel]
            if movement.measure in SIGNS:
                row[f"sales_cost_{source}_minor"] += SIGNS[movement.measure] * movement.amount
            elif movement.measure == "units_sold":
                _add(row, source, movement.amount * unit_cost)
        for day, reversal in restocked(order):
            if reversal.line.kind == "product":
                source, unit_cost = cost(order, reversal.line, pulls)
                _add(table[day, order.channel], source, -reversal.quantity * unit_cost)
    return table.rows()


def _add(row: Row, source: str, amount: int) -> None:
    row["cost_of_goods_minor"] += amount
    if source == ASSUMED:
        row["cost_of_goods_assumed_minor"] += amount
