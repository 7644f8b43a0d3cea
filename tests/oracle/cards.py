"""The numbers of dashboard cards from the books, over a range of days with both ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from simulator import World
from tests.oracle import marts

Row = dict[str, int]


def totals(world: World, account: str, since: date, until: date, at: datetime | None = None) -> Row:
    """The sums of ``metrics_daily`` over the range and all channels."""
    return _sum([row for (day, _), row in marts.metrics_daily(world, account, at).items() if since <= day <= until])


def revenue_by_day(
    world: World, account: str, since: date, until: date, at: datetime | None = None
) -> list[tuple[date, Row]]:
    """Each day of the range, days without sales too."""
    rows: dict[date, list[Row]] = {}
    for (day, _), row in marts.metrics_daily(world, account, at).items():
        rows.setdefault(day, []).append(row)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    names = ("order_revenue_minor", "refunded_order_value_minor", "net_sales_minor", "refunded_amount_minor",
             "orders_placed", "orders_completed")  # fmt: skip
    return [(day, {name: _sum(rows.get(day, [])).get(name, 0) for name in names}) for day in days]


@dataclass(frozen=True)
class Ranked:
    """A row of a top list: ``name`` is a product's title or a customer's name."""

    key: str
    name: str
    numbers: Row


def top_products(
    world: World, account: str, since: date, until: date, at: datetime | None = None, by: str = "product_revenue_minor"
) -> list[Ranked]:
    """Products by the revenue of completed orders of the range, highest first, then by key."""
    names = marts.product_titles(world, account, at)
    return _ranked(marts.product_daily(world, account, at), names, since, until, by)


def top_customers(
    world: World, account: str, since: date, until: date, at: datetime | None = None, by: str = "customer_spend_minor"
) -> list[Ranked]:
    """Customers by the current total of their completed orders of the range, highest first; without guests."""
    names = marts.customer_names(world, account, at)
    return _ranked(marts.customer_daily(world, account, at), names, since, until, by)


@dataclass(frozen=True)
class RefundCard:
    """``by_status`` is the share of orders with a refund status; ``rate`` that of orders with a paid refund."""

    orders_placed: int
    orders_paid_back: int
    orders_settled: int
    orders_refunded_by_status: int

    @property
    def rate(self) -> Fraction | None:
        return Fraction(self.orders_paid_back, self.orders_placed) if self.orders_placed else None

    @property
    def by_status(self) -> Fraction | None:
        return Fraction(self.orders_refunded_by_status, self.orders_settled) if self.orders_settled else None

    @property
    def badge(self) -> str | None:
        """The colour by the unrounded rate: green up to 5 %, yellow up to 10 %, red above."""
        if self.by_status is None:
            return None
        if self.by_status <= Fraction(5, 100):
            return "green"
        return "yellow" if self.by_status <= Fraction(10, 100) else "red"


def refund_card(world: World, account: str, since: date, until: date, at: datetime | None = None) -> RefundCard:
    row = totals(world, account, since, until, at)
    refunded = row.get("orders_refunded", 0) + row.get("orders_partially_refunded", 0)
    completed = row.get("orders_completed", 0)
    return RefundCard(row.get("orders_placed", 0), row.get("orders_paid_back", 0), completed + refunded, refunded)


def aov(world: World, account: str, since: date, until: date, at: datetime | None = None) -> Fraction | None:
    """Net order value per placed order, in minor units."""
    row = totals(world, account, since, until, at)
    return Fraction(row["order_value_minor"], row["orders_placed"]) if row.get("orders_placed") else None


def _ranked(
    table: dict[tuple[str, date], Row], names: dict[str, str], since: date, until: date, by: str
) -> list[Ranked]:
    rows: dict[str, list[Row]] = {}
    for (key, day), row in table.items():
        if since <= day <= until:
            rows.setdefault(key, []).append(row)
    ranked = [Ranked(key, names[key], _sum(of_key)) for key, of_key in rows.items()]
    return sorted(ranked, key=lambda row: (-row.numbers.get(by, 0), row.key))


def _sum(rows: list[Row]) -> Row:
    sums: Row = {}
    for row in rows:
        for name, amount in row.items():
            sums[name] = sums.get(name, 0) + amount
    return sums
