"""What a shop's company pays beside its goods, and what its bank shows. Integer minor units of the shop's currency.

The size follows from the orders that a day is meant to bring, and varying costs from those that came: one of the demo
shops earns, the other burns its money slowly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.books import Instant, Order, Shop
from simulator.scenarios.ads.plan import draw

FIXED = (("Salaries", 55), ("Rent", 15), ("Agencies", 10), ("Software", 8), ("Accounting, tax advice", 8),
         ("Insurance", 4))  # fmt: skip
VARIABLE = (("Packaging", 3), ("Shipping labels", 3), ("Customer support", 1))  # percent of the month's orders
TYPICAL = {"aurora": (25_700, 30), "nordlicht": (14_100, 20)}  # an order's value; fixed costs in percent of all
KEPT = {"aurora": 36, "nordlicht": 14}  # percent of the orders' value that stays when goods, ads and fees are paid
SHOWN_ON = (10, 20)


class Expense(NamedTuple):
    """``month`` is its first day; ``cost_kind`` is fixed or variable."""

    month: date
    category: str
    cost_kind: str
    amount: int
    currency: str


class Balance(NamedTuple):
    """What an account at a bank held at the end of a day of the shop's."""

    day: date
    bank_account: str
    balance: int
    currency: str


@dataclass(frozen=True)
class Company:
    """``per_day`` is how many orders a mean day is meant to bring."""

    shop: Shop
    seed: str
    start: date
    per_day: float

    @property
    def fixed(self) -> int:
        """The fixed costs of a month when the company begins."""
        value, share = TYPICAL.get(self.shop.account, (10_000, 25))
        return int(self.per_day * 30 * value) * share // 100

    def _today(self, at: Instant) -> date:
        return datetime.fromtimestamp(at, ZoneInfo(self.shop.time_zone)).date()

    def expenses(self, orders: Sequence[Order], at: Instant) -> list[Expense]:
        today, sold = self._today(at), self._sold(orders)
        found: list[Expense] = []
        for number, month in enumerate(_months(self.start, today)):
            raised = 100 + number // 6 * 4
            for category, share in FIXED:
                amount = self.fixed * share * raised // 10_000
                found.append(Expense(month, category, "fixed", amount, self.shop.currency))
            value = sum(amount for day, amount in sold.items() if day.replace(day=1) == month)
            for category, share in VARIABLE if _next(month) <= today else ():
                dice = draw(self.seed, "expense", month, category)[0] % 41
                amount = value * share * (80 + dice) // 10_000
                found.append(Expense(month, category, "variable", amount, self.shop.currency))
        return sorted(found)

    def balances(self, orders: Sequence[Order], at: Instant) -> list[Balance]:
        today, sold = self._today(at), self._sold(orders)
        savings, held, found, day = self.fixed * 2, self.fixed * 6, list[Balance](), self.start
        while day < today:
            held += sold.get(day, 0) * KEPT.get(self.shop.account, 30) // 100
            last = (day + timedelta(days=1)).day == 1
            held -= self.fixed if last else 0
            savings += savings // 800 if last else 0
            if last or day.day in SHOWN_ON:
                noise = draw(self.seed, "balance", day)[0]
                found.append(Balance(day, "Current account", held + noise, self.shop.currency))
                found.append(Balance(day, "Savings", savings, self.shop.currency))
            day += timedelta(days=1)
        return found

    def _sold(self, orders: Sequence[Order]) -> dict[date, int]:
        """The value of each day's orders as they were placed."""
        zone, found = ZoneInfo(self.shop.time_zone), dict[date, int]()
        for order in orders:
            if not order.test:
                day = datetime.fromtimestamp(order.created_at, zone).date()
                value = sum(line.quantity * line.unit_price - sum(cut.amount for cut in line.discounts)
                            for line in order.lines)  # fmt: skip
                found[day] = found.get(day, 0) + value
        return found


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _months(first: date, last: date) -> Iterator[date]:
    """The first days of the months from one day's to another's."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _next(month)
