"""The rows of the sales marts from the books: by day and channel, product, customer, cohort, order, refund.

Each function is for one shop as of an instant (default: the world's end). Columns have the names of the marts; amounts
are minor units (``_minor``), days are the shop's calendar days. Rows with only zeros are left out, except in cohorts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import date, datetime
from functools import lru_cache
from typing import TypeVar

from simulator import World
from simulator.books import value_at
from tests.oracle.facts import COMPLETED, OrderFacts, counted_orders

Key = TypeVar("Key", bound=Hashable)
Row = dict[str, int]
MONEY = ("gross_sales", "discounts", "returns", "shipping", "taxes", "duties", "fees", "tips", "gift_cards_sold",
         "adjustments")  # fmt: skip


class Table(defaultdict[Key, Row]):
    """Rows by key; a number that was never set is zero."""

    def __init__(self) -> None:
        super().__init__(lambda: defaultdict(int))

    def rows(self) -> dict[Key, Row]:
        """The rows with a number other than zero."""
        return {key: dict(row) for key, row in self.items() if any(row.values())}


@lru_cache(maxsize=8)  # safe: the past of a world does not change
def metrics_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[date, str], Row]:
    """Rows by (day, channel)."""
    table: Table[tuple[date, str]] = Table()
    orders = counted_orders(world.books(account, at))
    for order in orders:
        _count_order(table[order.order_day, order.channel], order)
        for movement in order.movements:
            row = table[movement.day, order.channel]
            if movement.measure in MONEY:
                row[f"{movement.measure}_minor"] += movement.amount
            elif movement.measure == "units_sold":
                row["units_sold"] += movement.amount
        for refund in order.order.refunds:
            row = table[order.day(refund.processed_at), order.channel]
            row["refunds_made"] += 1
            row["refunded_amount_minor"] += order.refunded(refund, to_store_credit=False)
            row["refunded_store_credit_minor"] += order.refunded(refund, to_store_credit=True)
    for first in _first_orders(orders).values():
        table[first.order_day, first.channel]["new_customers"] += 1
    for row in table.values():
        row["net_sales_minor"] = row["gross_sales_minor"] - row["discounts_minor"] - row["returns_minor"]
        row["total_sales_minor"] = row["net_sales_minor"] + sum(
            row[f"{name}_minor"] for name in ("shipping", "taxes", "duties", "fees")
        )
    return table.rows()


def _count_order(row: Row, order: OrderFacts) -> None:
    """Adds the numbers of an order that count on its own day."""
    row["orders_placed"] += 1
    row["orders_valid"] += order.is_valid
    row["orders_completed"] += order.is_completed
    row["orders_refunded"] += order.status == "REFUNDED"
    row["orders_partially_refunded"] += order.status == "PARTIALLY_REFUNDED"
    row["orders_paid_back"] += order.refunded_amount > 0
    row["order_value_minor"] += order.sum_of("gross_sales") - order.sum_of("discounts")
    row["revenue_all_orders_minor"] += order.order_total
    row["order_revenue_minor"] += order.current_total if order.is_completed else 0
    row["refunded_order_value_minor"] += order.order_total if order.status in ("REFUNDED", "PARTIALLY_REFUNDED") else 0
    row["refunds_by_order_date_minor"] += order.refunded_amount


def _first_orders(orders: list[OrderFacts]) -> dict[str, OrderFacts]:
    """The first order of each known buyer."""
    first: dict[str, OrderFacts] = {}
    for order in orders:
        if order.has_known_buyer:
            first.setdefault(order.buyer, order)
    return first


def customer_kinds(orders: list[OrderFacts]) -> dict[int, str]:
    """Whether each order, by its id, is the first of a known buyer (new), a later one (returning), or of a guest."""
    first = {order.order.id for order in _first_orders(orders).values()}
    return {
        order.order.id: "guest" if not order.has_known_buyer else "new" if order.order.id in first else "returning"
        for order in orders
    }


@lru_cache(maxsize=8)
def product_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[str, date], Row]:
    """Rows by (product key, day)."""
    table: Table[tuple[str, date]] = Table()
    for order in counted_orders(world.books(account, at)):
        for line in order.order.all_lines() if order.is_completed else ():
            if line.kind == "product":
                row = table[order.product(line), order.order_day]
                row["quantity_completed"] += order.remaining_units(line)
                row["product_revenue_minor"] += order.remaining_units(line) * line.unit_price
        for movement in order.movements:
            if movement.line is not None:
                name = movement.measure if movement.measure.startswith("units") else f"{movement.measure}_minor"
                table[order.product(movement.line), movement.day][name] += movement.amount
    for row in table.values():
        row["net_sales_minor"] = row["gross_sales_minor"] - row["discounts_minor"] - row["returns_minor"]
    return table.rows()


@lru_cache(maxsize=8)
def product_titles(world: World, account: str, at: datetime | None = None) -> dict[str, str]:
    """The title of each product key today; of a deleted product, the title of its newest line."""
    books = world.books(account, at)
    lines = [(order, line) for order in counted_orders(books) for line in order.order.all_lines()]
    sold = {order.product(line): line.title for order, line in lines if line.kind == "product"}
    today = {str(product.id): value_at(product.titles, books.at) for product in books.products}
    return {key: today.get(key, title) for key, title in sold.items()}


@lru_cache(maxsize=8)
def customer_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[str, date], Row]:
    """Rows by (customer key, day), without orders of guests.

    Everything counts on the day of the order: a later return lowers the net sales of that day.
    """
    table: Table[tuple[str, date]] = Table()
    for order in counted_orders(world.books(account, at)):
        if order.order.customer is None:
            continue
        row = table[order.buyer, order.order_day]
        row["orders_placed"] += 1
        row["orders_completed"] += order.is_completed
        row["customer_spend_minor"] += order.current_total if order.is_completed else 0
        row["net_sales_minor"] += order.net_sales
    return table.rows()


@lru_cache(maxsize=8)
def customer_names(world: World, account: str, at: datetime | None = None) -> dict[str, str]:
    """The name of each customer key: billing or shipping name of the newest order, else the customer's name."""
    books, names = world.books(account, at), dict[str, str]()
    for order in counted_orders(books):
        if order.order.customer is not None:
            names[order.buyer] = order.buyer_name or ""
    return names


@lru_cache(maxsize=8)
def cohorts(world: World, account: str, at: datetime | None = None) -> dict[tuple[date, int], Row]:
    """Rows by (cohort month, month number), until the newest month of the books, with rows of zeros."""
    orders = counted_orders(world.books(account, at))
    joined = {buyer: _month(first.order_day) for buyer, first in _first_orders(orders).items()}
    newest = max((_month(movement.day) for order in orders for movement in order.movements), default=None)
    table: dict[tuple[date, int], Row] = {}
    for cohort in sorted(set(joined.values())):
        members = [buyer for buyer, month in joined.items() if month == cohort]
        own = [order for order in orders if order.buyer in set(members)]
        total = 0
        for number in range(_months(cohort, newest or cohort) + 1):
            of_month = [order for order in own if _months(cohort, _month(order.order_day)) == number]
            revenue = sum(order.net_revenue for order in of_month)
            total += revenue
            table[cohort, number] = {
                "customers": len(members), "active_customers": len({order.buyer for order in of_month}),
                "orders": len(of_month), "net_revenue_minor": revenue, "cumulative_net_revenue_minor": total,
            }  # fmt: skip
    return table


def _month(day: date) -> date:
    return day.replace(day=1)


def _months(since: date, until: date) -> int:
    return (until.year - since.year) * 12 + until.month - since.month


@lru_cache(maxsize=8)
def order_rows(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """The rows of the mart ``orders`` by order id."""
    orders = counted_orders(world.books(account, at))
    kinds = customer_kinds(orders)
    return {
        str(order.order.id): {
            "date_day": order.order_day, "channel": order.channel, "customer_key": order.buyer,
            "country_code": order.country, "customer_kind": kinds[order.order.id],
            "is_guest": order.order.customer is None, "financial_status": order.financial_status,
            "fulfillment_status": order.fulfilment_status, "order_status": order.status, "is_valid": order.is_valid,
            "is_completed": order.status in COMPLETED, "order_total_minor": order.order_total,
            "current_total_minor": order.current_total, "refunded_amount_minor": order.refunded_amount,
            "net_sales_minor": order.net_sales, "gross_sales_minor": order.sum_of("gross_sales"),
            "discounts_minor": order.sum_of("discounts"), "returns_minor": order.sum_of("returns"),
            "shipping_minor": order.sum_of("shipping"), "taxes_minor": order.sum_of("taxes"),
        }
        for order in orders
    }  # fmt: skip


@lru_cache(maxsize=8)
def refund_rows(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """The rows of the mart ``refunds`` by refund id; a refund that settles a return has the return's goods."""
    return {
        str(refund.id): {
            "order_id": str(order.order.id), "date_day": order.day(refund.processed_at), "order_day": order.order_day,
            "channel": order.channel,
            "value_returned_minor": sum(line.net for line in refund.lines if line.line.kind == "product"),
            "refunded_amount_minor": order.refunded(refund, to_store_credit=False),
            "refunded_store_credit_minor": order.refunded(refund, to_store_credit=True),
        }
        for order in counted_orders(world.books(account, at))
        for refund in order.order.refunds
    }  # fmt: skip
