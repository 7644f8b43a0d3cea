"""The published marts' numbers from the books: by day and channel, product, customer, cohort.

Each function answers for one shop as it stood at an instant (default: the world's end).  Names and definitions are the
marts' own; amounts are minor units (keys end in ``_minor`` as the columns do), days the shop's calendar days.  Rows of
which every number is zero are left out, except in cohorts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import date, datetime
from functools import lru_cache
from typing import TypeVar

from simulator import World
from simulator.books import value_at
from tests.oracle.facts import COMPLETED, OrderFacts, placed

Key = TypeVar("Key", bound=Hashable)
Row = dict[str, int]
MONEY = ("gross_sales", "discounts", "returns", "shipping", "taxes", "duties", "fees", "tips", "gift_cards_sold",
         "adjustments")  # fmt: skip


class Table(defaultdict[Key, Row]):
    """Rows by key; a number that was never added is zero."""

    def __init__(self) -> None:
        super().__init__(lambda: defaultdict(int))

    def done(self) -> dict[Key, Row]:
        return {key: dict(row) for key, row in self.items() if any(row.values())}


@lru_cache(maxsize=8)  # pure: a world does not change its past
def metrics_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[date, str], Row]:
    """(day, channel) to the row of the mart."""
    table: Table[tuple[date, str]] = Table()
    orders = placed(world.books(account, at))
    for order in orders:
        _count_order(table[order.own_day, order.channel], order)
        for each in order.movements:
            row = table[each.day, order.channel]
            if each.measure in MONEY:
                row[f"{each.measure}_minor"] += each.amount
            elif each.measure == "units_sold":
                row["units_sold"] += each.amount
        for refund in order.order.refunds:
            row = table[order.day(refund.processed_at), order.channel]
            row["refunds_made"] += 1
            row["refunded_amount_minor"] += order.paid_back(refund, to_store_credit=False)
            row["refunded_store_credit_minor"] += order.paid_back(refund, to_store_credit=True)
    for first in _first_orders(orders).values():
        table[first.own_day, first.channel]["new_customers"] += 1
    for row in table.values():
        row["net_sales_minor"] = row["gross_sales_minor"] - row["discounts_minor"] - row["returns_minor"]
        row["total_sales_minor"] = row["net_sales_minor"] + sum(
            row[f"{name}_minor"] for name in ("shipping", "taxes", "duties", "fees")
        )
    return table.done()


def _count_order(row: Row, order: OrderFacts) -> None:
    """What an order adds to its own day."""
    row["orders_placed"] += 1
    row["orders_valid"] += order.is_valid
    row["orders_completed"] += order.is_completed
    row["orders_refunded"] += order.status == "REFUNDED"
    row["orders_partially_refunded"] += order.status == "PARTIALLY_REFUNDED"
    row["orders_paid_back"] += order.refunded_amount > 0
    row["order_value_minor"] += order.sum_of("gross_sales") - order.sum_of("discounts")
    row["order_revenue_minor"] += order.worth_now if order.is_completed else 0
    row["refunded_order_value_minor"] += order.ordered if order.status in ("REFUNDED", "PARTIALLY_REFUNDED") else 0
    row["refunds_by_order_date_minor"] += order.refunded_amount


def _first_orders(orders: list[OrderFacts]) -> dict[str, OrderFacts]:
    """Known customer to the first order that they placed."""
    found: dict[str, OrderFacts] = {}
    for order in orders:
        if order.is_known:
            found.setdefault(order.buyer, order)
    return found


@lru_cache(maxsize=8)
def product_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[str, date], Row]:
    """(product key, day) to the row of the mart."""
    table: Table[tuple[str, date]] = Table()
    for order in placed(world.books(account, at)):
        for line in order.order.all_lines() if order.is_completed else ():
            if line.kind == "product":
                row = table[order.product(line), order.own_day]
                row["quantity_completed"] += order.left(line)
                row["product_revenue_minor"] += order.left(line) * line.unit_price
        for each in order.movements:
            if each.line is not None:
                row = table[order.product(each.line), each.day]
                row[each.measure if each.measure.startswith("units") else f"{each.measure}_minor"] += each.amount
    for row in table.values():
        row["net_sales_minor"] = row["gross_sales_minor"] - row["discounts_minor"] - row["returns_minor"]
    return table.done()


@lru_cache(maxsize=8)
def product_titles(world: World, account: str, at: datetime | None = None) -> dict[str, str]:
    """Product key to its title today; of one that is gone, the newest line's."""
    books = world.books(account, at)
    lines = [(order, line) for order in placed(books) for line in order.order.all_lines() if line.kind == "product"]
    found = {order.product(line): line.title for order, line in lines}
    today = {str(product.id): value_at(product.titles, books.at) for product in books.products}
    return {key: today.get(key, title) for key, title in found.items()}


@lru_cache(maxsize=8)
def customer_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[str, date], Row]:
    """(customer key, day) to the row of the mart; orders without a customer are left out.

    All of it stands on the order's day: what was taken back since lowers the net sales of the day it was bought.
    """
    table: Table[tuple[str, date]] = Table()
    for order in placed(world.books(account, at)):
        if order.order.customer is None:
            continue
        row = table[order.buyer, order.own_day]
        row["orders_placed"] += 1
        row["orders_completed"] += order.is_completed
        row["customer_spend_minor"] += order.worth_now if order.is_completed else 0
        row["net_sales_minor"] += order.net_sales
    return table.done()


@lru_cache(maxsize=8)
def customer_names(world: World, account: str, at: datetime | None = None) -> dict[str, str]:
    """Customer key to the name shown: billing, else shipping name of the newest order, else the customer's own."""
    books, found = world.books(account, at), dict[str, str]()
    for order in placed(books):
        customer = order.order.customer
        if customer is not None:
            addresses = (order.order.billing, order.order.shipping_address)
            written = [each.name for each in addresses if each is not None and each.name]
            own = " ".join(part for part in value_at(customer.names, books.at) if part)
            found[order.buyer] = (written or [own])[0]
    return found


@lru_cache(maxsize=8)
def cohorts(world: World, account: str, at: datetime | None = None) -> dict[tuple[date, int], Row]:
    """(cohort month, month number) to the row of the mart, to the newest month of the books, zero rows included."""
    orders = placed(world.books(account, at))
    joined = {buyer: _month(first.own_day) for buyer, first in _first_orders(orders).items()}
    newest = max((_month(each.day) for order in orders for each in order.movements), default=None)
    table: dict[tuple[date, int], Row] = {}
    for cohort in sorted(set(joined.values())):
        members = [buyer for buyer, month in joined.items() if month == cohort]
        own = [order for order in orders if order.buyer in set(members)]
        total = 0
        for number in range(_months(cohort, newest or cohort) + 1):
            now = [order for order in own if _months(cohort, _month(order.own_day)) == number]
            revenue = sum(order.net_revenue for order in now)
            total += revenue
            table[cohort, number] = {
                "customers": len(members), "active_customers": len({order.buyer for order in now}), "orders": len(now),
                "net_revenue_minor": revenue, "cumulative_net_revenue_minor": total,
            }  # fmt: skip
    return table


def _month(day: date) -> date:
    return day.replace(day=1)


def _months(since: date, until: date) -> int:
    return (until.year - since.year) * 12 + until.month - since.month


@lru_cache(maxsize=8)
def order_rows(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """Order id to what the mart ``orders`` says of it; test and deleted orders left out."""
    return {
        str(order.order.id): {
            "date_day": order.own_day, "channel": order.channel, "customer_key": order.buyer,
            "is_guest": order.order.customer is None, "financial_status": order.financial,
            "fulfillment_status": order.fulfilment, "order_status": order.status, "is_valid": order.is_valid,
            "is_completed": order.status in COMPLETED, "order_total_minor": order.ordered,
            "current_total_minor": order.worth_now, "refunded_amount_minor": order.refunded_amount,
            "net_sales_minor": order.net_sales, "gross_sales_minor": order.sum_of("gross_sales"),
            "discounts_minor": order.sum_of("discounts"), "returns_minor": order.sum_of("returns"),
            "shipping_minor": order.sum_of("shipping"), "taxes_minor": order.sum_of("taxes"),
        }
        for order in placed(world.books(account, at))
    }  # fmt: skip


@lru_cache(maxsize=8)
def refund_rows(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """Refund id to what the mart ``refunds`` says of it; a refund that settles a return names the return's goods."""
    return {
        str(refund.id): {
            "order_id": str(order.order.id), "date_day": order.day(refund.processed_at), "order_day": order.own_day,
            "channel": order.channel,
            "value_returned_minor": sum(back.net for back in refund.lines if back.line.kind == "product"),
            "refunded_amount_minor": order.paid_back(refund, to_store_credit=False),
            "refunded_store_credit_minor": order.paid_back(refund, to_store_credit=True),
        }
        for order in placed(world.books(account, at))
        for refund in order.order.refunds
    }  # fmt: skip
