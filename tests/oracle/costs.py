"""What the goods sold had cost, as far as the pulls have seen it: recorded, assumed or missing.

A shop knows today's cost only, so the books are asked what each pull saw.  A line's cost is the newest one seen until
the order's day; before the first one seen, that one, assumed; of a line without a product, or with one whose cost was
never told, it is missing.  Everything stands on the day and channel of the ledger's row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from simulator import World
from simulator.books import Line, Reversal, Variant, value_at
from simulator.world import seconds
from tests.oracle.facts import OrderFacts, placed
from tests.oracle.marts import Row, Table

RECORDED, ASSUMED, MISSING = "recorded", "assumed", "missing"
Seen = list[tuple[date, int]]  # day of the pull, cost in minor units; without pulls that saw none
Pulls = Sequence[datetime]
SIGNS = {"gross_sales": 1, "discounts": -1, "returns": -1}


def seen(order: OrderFacts, variant: Variant, pulls: Pulls) -> Seen:
    """The costs of a variant that the pulls saw, oldest first."""
    found: Seen = []
    for pull in map(seconds, pulls):
        exists = max(variant.created_at, variant.product.created_at) <= pull < variant.product.deleted_at
        cost = value_at(variant.costs, pull)
        if exists and cost is not None:
            found.append((order.day(pull), cost))
    return found


def cost(order: OrderFacts, line: Line, pulls: Pulls) -> tuple[str, int]:
    """How the cost of a line's unit is known, and what it is (0 where it is missing)."""
    known = seen(order, line.variant, pulls) if line.variant is not None else []
    if not known:
        return MISSING, 0
    until = [amount for day, amount in known if day <= order.own_day]
    return (RECORDED, until[-1]) if until else (ASSUMED, known[0][1])


def restocked(order: OrderFacts) -> Iterator[tuple[date, Reversal]]:
    """Units that went back on the shelf, on the day of the ledger's row: only a refund says that they did."""
    named = {each.id: each for refund in order.order.refunds for each in refund.lines if each.restock != "NO_RESTOCK"}
    for back in order.order.returns:
        yield from ((order.day(back.happened_at), each) for each in back.lines if each.id in named)
    for refund in order.order.refunds:
        if refund.of_return is None:
            yield from ((order.day(refund.created_at), each) for each in refund.lines if each.id in named)


def cost_daily(world: World, account: str, pulls: Pulls, at: datetime | None = None) -> dict[tuple[date, str], Row]:
    """(day, channel) to the costs family of ``metrics_daily``, the shop's part."""
    table: Table[tuple[date, str]] = Table()
    for order in placed(world.books(account, at)):
        for each in order.movements:
            if each.line is None or each.line.kind != "product":
                continue
            known, unit = cost(order, each.line, pulls)
            row = table[each.day, order.channel]
            if each.measure in SIGNS:
                row[f"sales_cost_{known}_minor"] += SIGNS[each.measure] * each.amount
            elif each.measure == "units_sold":
                _add(row, known, each.amount * unit)
        for day, back in restocked(order):
            if back.line.kind == "product":
                known, unit = cost(order, back.line, pulls)
                _add(table[day, order.channel], known, -back.quantity * unit)
    return table.done()


def _add(row: Row, known: str, amount: int) -> None:
    row["cost_of_goods_minor"] += amount
    if known == ASSUMED:
        row["cost_of_goods_assumed_minor"] += amount
