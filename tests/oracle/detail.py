"""Net sales split by everything that people ask for: the rows of the mart ``sales_detail``, from the books."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from simulator import World
from tests.oracle import ads, marts, web
from tests.oracle.facts import OrderFacts, counted_orders

Key = tuple[str, str, date]  # order, product, day of the change
UNKNOWN = "(unknown)"
COUNTRIES = {
    "US": "United States", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany", "AT": "Austria",
    "CH": "Switzerland", "FR": "France", None: UNKNOWN,
}  # fmt: skip
"""The countries of the simulated shops."""


@lru_cache(maxsize=8)
def sales_detail(world: World, account: str, pulls: tuple[datetime, ...]) -> dict[Key, dict[str, Any]]:
    """Rows by (order id, product key, day), with zeros where nothing of a kind happened."""
    at, names = pulls[-1], ads.names(world, account, pulls)
    names = {key[1]: names[key[1]] for key in ads.spend(world, account, pulls) if key[1]}
    orders, titles = counted_orders(world.books(account, at)), marts.product_titles(world, account, at)
    kinds, visits = marts.customer_kinds(orders), visits_of_orders(world, account, at)
    rows: dict[Key, dict[str, Any]] = {}
    for order in orders:
        visit = visits.get(str(order.order.id))
        labels = {
            "order_name": order.order.name, "order_day": order.order_day,
            "processed_at": datetime.fromtimestamp(order.order.processed_at, UTC).replace(tzinfo=None),
            "channel": order.channel,
            "country": COUNTRIES[order.country], "customer_kind": kinds[order.order.id],
            "customer_name": order.buyer_name or "(no name)", "order_status": order.status,
            "traffic_source": visit.source if visit else UNKNOWN,
            "campaign": names.get(visit.campaign or "", visit.campaign or "(no campaign)") if visit else UNKNOWN,
        }  # fmt: skip
        for (product, day), amounts in _changes(order).items():
            rows[str(order.order.id), product, day] = {**labels, "product_title": titles[product], **amounts}
    return rows


def _changes(order: OrderFacts) -> dict[tuple[str, date], dict[str, int]]:
    """The sums of the order's goods by product and day."""
    sums: dict[tuple[str, date], dict[str, int]] = {}
    for movement in order.movements:
        if movement.line is not None:
            row = sums.setdefault((order.product(movement.line), movement.day), {})
            name = movement.measure if movement.measure.startswith("units") else f"{movement.measure}_minor"
            row[name] = row.get(name, 0) + movement.amount
    for row in sums.values():
        row["net_sales_minor"] = row.get("gross_sales_minor", 0) - row.get("discounts_minor", 0)
        row["net_sales_minor"] -= row.get("returns_minor", 0)
    return sums


def visits_of_orders(world: World, account: str, at: datetime) -> dict[str, web.Session]:
    """The first visit that submitted each order."""
    visits: dict[str, web.Session] = {}
    for session in web.sessions(web.events(world, account, at)):
        if session.order is not None:
            visits.setdefault(session.order, session)
    return visits
