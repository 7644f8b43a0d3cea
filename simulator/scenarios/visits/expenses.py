"""Operating expenses and bank balances of a shop, in integer minor units of its currency.

Fixed expenses follow from the expected number of orders, variable ones from the real orders. One of the demo shops
makes a profit, the other one slowly runs out of money.
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
VARIABLE = (("Packaging", 3), ("Shipping labels", 3), ("Customer support", 1))  # percent of the month's order value
TYPICAL = {"aurora": (25_700, 30), "nordlicht": (14_100, 20)}  # (value of an order, fixed expenses in percent of all)
MARGIN = {"aurora": 36, "nordlicht": 14}  # percent of the order value that remains after goods, ads and fees
BALANCE_DAYS = (10, 20)  # of each month, and its last day


class Expense(NamedTuple):
    """``month`` is its first day; ``cost_kind`` is fixed or variable."""

    month: date
    category: str
    cost_kind: str
    amount: int
    currency: str


class Balance(NamedTuple):
    """The balance of a bank account at the end of a day in the shop's zone."""

    day: date
    bank_account: str
    balance: int
    currency: str


@dataclass(frozen=True)
class Finances:
    """``per_day`` is the expected number of orders per day."""

    shop: Shop
    seed: str
    start: date
    per_day: float

    @property
    def fixed(self) -> int:
        """The fixed expenses of the first months."""
        value, share = TYPICAL.get(self.shop.account, (10_000, 25))
        return int(self.per_day * 30 * value) * share // 100

    def _today(self, at: Instant) -> date:
        return datetime.fromtimestamp(at, ZoneInfo(self.shop.time_zone)).date()

    def expenses(self, orders: Sequence[Order], at: Instant) -> list[Expense]:
        """The known expenses: fixed ones from the begin of their month, variable ones from its end."""
        today, sold = self._today(at), self._order_value(orders)
        expenses: list[Expense] = []
        for number, month in enumerate(_months(self.start, today)):
            raised = 100 + number // 6 * 4
            for category, share in FIXED:
                amount = self.fixed * share * raised // 10_000
                expenses.append(Expense(month, category, "fixed", amount, self.shop.currency))
            value = sum(amount for day, amount in sold.items() if day.replace(day=1) == month)
            for category, share in VARIABLE if _next(month) <= today else ():
                dice = draw(self.seed, "expense", month, category)[0] % 41
                amount = value * share * (80 + dice) // 10_000
                expenses.append(Expense(month, category, "variable", amount, self.shop.currency))
        return sorted(expenses)

    def balances(self, orders: Sequence[Order], at: Instant) -> list[Balance]:
        """The balances of both accounts on the 10th, the 20th and the last day of each month until ``at``."""
        today, sold = self._today(at), self._order_value(orders)
        savings, current, balances, day = self.fixed * 2, self.fixed * 6, list[Balance](), self.start
        while day < today:
            current += sold.get(day, 0) * MARGIN.get(self.shop.account, 30) // 100
            last = (day + timedelta(days=1)).day == 1
            current -= self.fixed if last else 0
            savings += savings // 800 if last else 0
            if last or day.day in BALANCE_DAYS:
                noise = draw(self.seed, "balance", day)[0]
                balances.append(Balance(day, "Current account", current + noise, self.shop.currency))
                balances.append(Balance(day, "Savings", savings, self.shop.currency))
            day += timedelta(days=1)
        return balances

    def _order_value(self, orders: Sequence[Order]) -> dict[date, int]:
        """The value of each day's orders when they were placed."""
        zone, values = ZoneInfo(self.shop.time_zone), dict[date, int]()
        for order in orders:
            if not order.test:
                day = datetime.fromtimestamp(order.created_at, zone).date()
                value = sum(line.quantity * line.unit_price - sum(discount.amount for discount in line.discounts)
                            for line in order.lines)  # fmt: skip
                values[day] = values.get(day, 0) + value
        return values


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _months(first: date, last: date) -> Iterator[date]:
    """The first days of the months from one day's to another's."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _next(month)
