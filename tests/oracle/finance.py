"""Expenses by day, months of money in and out, and what customers brought within so many days.

Integers and fractions throughout: a month's expense is spread over its days in whole minor units, what is left over on
the first days, so that a whole month is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil

from simulator import World
from tests.oracle.facts import OrderFacts, placed
from tests.oracle.marts import Row, Table
from tests.oracle.subscriptions import following

HORIZONS = (30, 60, 90, 180, 365)
FIXED = "fixed"
TEN_YEARS = 120  # months


@dataclass(frozen=True)
class Expense:
    """An amount of a month, in minor units; ``month`` is its first day."""

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
    count = (following(month) - month).days
    share, over = divmod(abs(amount), count)
    sign = -1 if amount < 0 else 1
    return {month + timedelta(days=number): sign * (share + (number < over)) for number in range(count)}


def expenses_daily(expenses: Iterable[Expense], today: date) -> dict[date, Row]:
    """Day to all operating expenses and the fixed ones among them; days to come are left out."""
    table: Table[date] = Table()
    for each in expenses:
        for day, amount in spread(each.amount, each.month).items():
            if day > today:
                break
            table[day]["operating_expenses_minor"] += amount
            table[day]["fixed_expenses_minor"] += amount if each.kind == FIXED else 0
    return table.done()


def cash_at(balances: Iterable[Balance], day: date) -> int | None:
    """What all bank accounts held by their newest balances of that day or before; None where there is none."""
    newest: dict[str, Balance] = {}
    for each in sorted(balances, key=lambda balance: balance.day):
        if each.day <= day:
            newest[each.account] = each
    return sum(each.amount for each in newest.values()) if newest else None


@dataclass(frozen=True)
class Month:
    """Money of a month, in minor units."""

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
        """What is left of the income after all that another sale brings with it."""
        paid = self.cost_of_goods + self.ad_spend + self.processing_fees + self.disputes + self.variable_expenses
        return self.income - paid

    @property
    def net_burn(self) -> int:
        """Money out less money in."""
        return self.fixed_expenses - self.contribution_margin

    @property
    def margin_rate(self) -> Fraction | None:
        """What of each unit of income is left for fixed expenses."""
        return Fraction(self.contribution_margin, self.income) if self.income else None


def mean(amounts: Sequence[int]) -> Fraction | None:
    return Fraction(sum(amounts), len(amounts)) if amounts else None


def break_even(months: Sequence[Month]) -> Fraction | None:
    """The income of a month at which fixed expenses are paid, by the months given; None where nothing is left to pay
    them with."""
    income, margin = sum(each.income for each in months), sum(each.contribution_margin for each in months)
    if income <= 0 or margin <= 0:
        return None
    return Fraction(sum(each.fixed_expenses for each in months), len(months)) * income / margin


def reaches(incomes: Sequence[int], ahead: int, goal: Fraction) -> int | None:
    """How many months after the one that lies ``ahead`` months behind the last income a straight line through the
    incomes (least squares) reaches a goal: 0 where it is there already, None where it never is within ten years."""
    count = len(incomes)
    if count < 3:
        return None
    middle, level = Fraction(count - 1, 2), Fraction(sum(incomes), count)
    spread_ = sum((place - middle) ** 2 for place in range(count))
    slope = sum((place - middle) * (amount - level) for place, amount in enumerate(incomes)) / spread_
    now = level + slope * (count - 1 + ahead - middle)
    if now >= goal:
        return 0
    if slope <= 0:
        return None
    months = ceil((goal - now) / slope)
    return months if months <= TEN_YEARS else None


def runway(cash: int | None, burn: Fraction | None) -> Fraction | None:
    """Months that the cash lasts at a burn a month; None while nothing is burnt."""
    return None if cash is None or burn is None or burn <= 0 else cash / burn


# --- what customers brought


def ltv_horizons(world: World, account: str, today: date, at: datetime | None = None) -> dict[tuple[date, int], Row]:
    """(cohort month, days) to its customers and their net revenue within so many days of each one's first order.

    By the orders' days, that of the first order being day one; refunds taken off them, also those without goods.
    A cohort is there once its last possible day is so many days past.
    """
    first: dict[str, OrderFacts] = {}
    orders = [each for each in placed(world.books(account, at)) if each.is_known]
    for order in orders:
        first.setdefault(order.buyer, order)
    table: dict[tuple[date, int], Row] = {}
    bought = orders_of(orders)
    for buyer, begun in first.items():
        month = begun.own_day.replace(day=1)
        for horizon in HORIZONS:
            if following(month) - timedelta(days=1) + timedelta(days=horizon) <= today:
                row = table.setdefault((month, horizon), {"customers": 0, "net_revenue_minor": 0})
                row["customers"] += 1
                row["net_revenue_minor"] += _within(begun, horizon, bought[buyer])
    return table


def _within(begun: OrderFacts, horizon: int, orders: Iterable[OrderFacts]) -> int:
    end = begun.own_day + timedelta(days=horizon)
    return sum(each.net_revenue for each in orders if each.own_day < end)


def orders_of(orders: Iterable[OrderFacts]) -> dict[str, list[OrderFacts]]:
    found: dict[str, list[OrderFacts]] = {}
    for each in orders:
        found.setdefault(each.buyer, []).append(each)
    return found
