"""Expenses by day, income and costs by month, and the revenue of customers within a horizon.

All numbers are integers or fractions. A month's expense is spread over its days in whole minor units; the first days
get one more, so that the whole month is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil

from simulator import World
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.marts import Row, Table
from tests.oracle.subscriptions import following

HORIZONS = (30, 60, 90, 180, 365)
FIXED = "fixed"
TEN_YEARS = 120  # months


@dataclass(frozen=True)
class Expense:
    """The expense of a month in minor units; ``month`` is its first day."""

    month: date
    category: str
    kind: str
    amount: int


@dataclass(frozen=True)
class Balance:
    day: date
    account: str
    amount: int


def spread(amount: int, month: date) -> dict[date, int]:
    """A month's amount by day."""
    days = (following(month) - month).days
    share, rest = divmod(abs(amount), days)
    sign = -1 if amount < 0 else 1
    return {month + timedelta(days=number): sign * (share + (number < rest)) for number in range(days)}


def expenses_daily(expenses: Iterable[Expense], today: date) -> dict[date, Row]:
    """Operating expenses and the fixed ones among them by day, until today."""
    table: Table[date] = Table()
    for expense in expenses:
        for day, amount in spread(expense.amount, expense.month).items():
            if day > today:
                break
            table[day]["operating_expenses_minor"] += amount
            table[day]["fixed_expenses_minor"] += amount if expense.kind == FIXED else 0
    return table.rows()


def cash_at(balances: Iterable[Balance], day: date) -> int | None:
    """The sum of each account's newest balance of that day or before; None if there is none."""
    newest: dict[str, Balance] = {}
    for balance in sorted(balances, key=lambda balance: balance.day):
        if balance.day <= day:
            newest[balance.account] = balance
    return sum(balance.amount for balance in newest.values()) if newest else None


@dataclass(frozen=True)
class Month:
    """Income and costs of a month, in minor units."""

    net_sales: int = 0
    shipping: int = 0
    adjustments: int = 0
    direct_revenue: int = 0
    direct_refunds: int = 0
    cost_of_goods: int = 0
    ad_spend: int = 0
    processing_fees: int = 0
    disputes: int = 0
    variable_expenses: int = 0
    fixed_expenses: int = 0

    @property
    def income(self) -> int:
        return self.net_sales + self.shipping + self.adjustments + self.direct_revenue - self.direct_refunds

    @property
    def operating_expenses(self) -> int:
        return self.fixed_expenses + self.variable_expenses

    @property
    def contribution_margin(self) -> int:
        """The income less all costs that grow with sales."""
        variable = self.cost_of_goods + self.ad_spend + self.processing_fees + self.disputes + self.variable_expenses
        return self.income - variable

    @property
    def net_burn(self) -> int:
        """Costs less income."""
        return self.fixed_expenses - self.contribution_margin

    @property
    def margin_rate(self) -> Fraction | None:
        """The contribution margin per unit of income."""
        return Fraction(self.contribution_margin, self.income) if self.income else None


def mean(amounts: Sequence[int]) -> Fraction | None:
    return Fraction(sum(amounts), len(amounts)) if amounts else None


def break_even(months: Sequence[Month]) -> Fraction | None:
    """The monthly income that covers the mean fixed expenses of the months; None without a positive margin."""
    income, margin = sum(month.income for month in months), sum(month.contribution_margin for month in months)
    if income <= 0 or margin <= 0:
        return None
    return Fraction(sum(month.fixed_expenses for month in months), len(months)) * income / margin


def reaches(incomes: Sequence[int], ahead: int, goal: Fraction) -> int | None:
    """In how many months the least-squares line through the incomes reaches a goal; None if not within ten years.

    It counts from the month that is ``ahead`` months after the last income: 0 if the line has reached the goal by then.
    """
    count = len(incomes)
    if count < 3:
        return None
    middle, level = Fraction(count - 1, 2), Fraction(sum(incomes), count)
    squares = sum((place - middle) ** 2 for place in range(count))
    slope = sum((place - middle) * (amount - level) for place, amount in enumerate(incomes)) / squares
    now = level + slope * (count - 1 + ahead - middle)
    if now >= goal:
        return 0
    if slope <= 0:
        return None
    months = ceil((goal - now) / slope)
    return months if months <= TEN_YEARS else None


def runway(cash: int | None, burn: Fraction | None) -> Fraction | None:
    """The months that the cash lasts at a burn per month; None without a burn."""
    return None if cash is None or burn is None or burn <= 0 else cash / burn


# --- the revenue of customers


def ltv_horizons(world: World, account: str, today: date, at: datetime | None = None) -> dict[tuple[date, int], Row]:
    """Customers and their net revenue within a number of days after their first order, by (cohort month, days).

    The day of the first order is day one. Refunds count on the day of their order, also those without goods. A cohort
    has a row when the horizon of its last possible customer is over.
    """
    first: dict[str, OrderFacts] = {}
    orders = [order for order in counted_orders(world.books(account, at)) if order.has_known_buyer]
    for order in orders:
        first.setdefault(order.buyer, order)
    table: dict[tuple[date, int], Row] = {}
    by_buyer = orders_by_buyer(orders)
    for buyer, first_order in first.items():
        month = first_order.order_day.replace(day=1)
        for horizon in HORIZONS:
            if following(month) - timedelta(days=1) + timedelta(days=horizon) <= today:
                row = table.setdefault((month, horizon), {"customers": 0, "net_revenue_minor": 0})
                row["customers"] += 1
                row["net_revenue_minor"] += _revenue_within(horizon, first_order, by_buyer[buyer])
    return table


def _revenue_within(days: int, first: OrderFacts, orders: Iterable[OrderFacts]) -> int:
    end = first.order_day + timedelta(days=days)
    return sum(order.net_revenue for order in orders if order.order_day < end)


def orders_by_buyer(orders: Iterable[OrderFacts]) -> dict[str, list[OrderFacts]]:
    by_buyer: dict[str, list[OrderFacts]] = {}
    for order in orders:
        by_buyer.setdefault(order.buyer, []).append(order)
    return by_buyer
