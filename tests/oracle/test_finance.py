"""Expenses, runway and break-even by hand; what customers brought within a horizon."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from simulator.books import Adjustment, Reversal
from tests.oracle import finance
from tests.oracle.finance import Balance, Expense, Month
from tests.oracle.shop import Corner, refund

FEBRUARY, MARCH, LAST = date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 20)


def test_a_months_expense_is_spread_over_its_days_and_the_rest_stands_on_the_first() -> None:
    """10.00 over 28 days: 20 days of 0.36 and 8 of 0.35 are 10.00."""
    found = finance.expenses_daily(
        [Expense(FEBRUARY, "Rent", "fixed", 1000), Expense(MARCH, "Boxes", "variable", 31)], LAST
    )
    fixed = [found[day]["fixed_expenses_minor"] for day in sorted(found) if day < MARCH]
    assert fixed == [36] * 20 + [35] * 8
    assert sum(fixed) == 1000
    assert {(row["operating_expenses_minor"], row["fixed_expenses_minor"]) for day, row in found.items()
            if day >= MARCH} == {(1, 0)}  # fmt: skip
    assert max(found) == LAST
    assert sum(finance.spread(-1000, FEBRUARY).values()) == -1000


def test_cash_is_each_accounts_newest_balance() -> None:
    balances = [Balance(date(2026, 1, 10), "a", 100), Balance(date(2026, 1, 31), "a", 70),
                Balance(date(2026, 1, 20), "b", 5)]  # fmt: skip
    days = (date(2026, 1, 9), date(2026, 1, 10), date(2026, 1, 30), date(2026, 1, 31), date(2026, 3, 1))
    assert [finance.cash_at(balances, day) for day in days] == [None, 100, 105, 75, 75]


def test_runway_is_cash_by_the_mean_burn_and_empty_while_money_comes_in() -> None:
    assert finance.runway(900, finance.mean([100, 200, 300])) == Fraction(9, 2)
    assert finance.runway(900, finance.mean([100, -200, 100])) is None
    assert finance.runway(None, finance.mean([100])) is None
    assert finance.runway(900, finance.mean([])) is None


def test_a_month_that_burns_and_where_it_would_break_even() -> None:
    """Income 1,000; each unit brings 600 of costs with it, so 40 % are left, and 800 fixed expenses need 2,000."""
    month = Month(net_sales=870, shipping=60, adjustments=-20, direct_revenue=100, direct_refunds=10,
                  cost_of_goods=400, ad_spend=100, processing_fees=40, disputes=20,
                  variable_expenses=40, fixed_expenses=800)  # fmt: skip
    assert (month.income, month.contribution_margin, month.net_burn) == (1000, 400, 400)
    assert (month.operating_expenses, month.margin_rate) == (840, Fraction(2, 5))
    assert finance.break_even([month]) == 2000
    assert finance.break_even([month, Month(net_sales=1000, fixed_expenses=400)]) == Fraction(600 * 2000, 1400)
    assert finance.break_even([Month(net_sales=100, cost_of_goods=100, fixed_expenses=5)]) is None
    assert Month().margin_rate is None


def test_when_a_line_through_the_incomes_reaches_a_goal() -> None:
    """100, 200, 300 grows by 100 a month: at the next month it stands at 400, and 650 is reached three months later."""
    assert finance.reaches([100, 200, 300], 1, Fraction(400)) == 0
    assert finance.reaches([100, 200, 300], 1, Fraction(650)) == 3
    assert finance.reaches([100, 200, 300], 0, Fraction(650)) == 4
    assert finance.reaches([300, 200, 100], 1, Fraction(650)) is None
    assert finance.reaches([100, 100, 101], 1, Fraction(650)) is None
    assert finance.reaches([100, 200], 1, Fraction(1)) is None


def test_what_customers_brought_within_a_horizon() -> None:
    """Ann: 20.00 on 10 January, 10.00 on 8 February (the 30th day) and 10.00 on the 9th.

    Of the first 4.00 come back with goods and 1.00 without.
    """
    corner = Corner()
    for when, quantity in (("2026-01-10", 2), ("2026-02-08", 1), ("2026-02-09", 1)):
        line = corner.line(corner.cup, quantity, len(corner.history.orders))
        corner.order(f"{when}T15:00:00", corner.ann, line, paid=quantity * 1000)
    corner.order("2026-01-20T15:00:00", None, corner.line(corner.cup, 1, 9), paid=1000)
    first = corner.history.orders[0]
    refund(first, 50, "2026-03-10T15:00:00", 400, lines=[Reversal(5, first.lines[0], 1, 400, 0, 0)])
    refund(first, 60, "2026-03-11T15:00:00", 100, adjustments=[Adjustment(7, "Goodwill", -100)])
    world = corner.world()
    assert finance.ltv_horizons(world, "corner", date(2026, 3, 1)) == {}
    assert finance.ltv_horizons(world, "corner", date(2026, 3, 2)) == {
        (date(2026, 1, 1), 30): {"customers": 1, "net_revenue_minor": 2500}
    }
    assert finance.ltv_horizons(world, "corner", date(2026, 4, 1))[date(2026, 1, 1), 60]["net_revenue_minor"] == 3500
