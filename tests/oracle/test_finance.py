"""The oracle of finance: expenses, runway, break-even and customer revenue that are counted by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from simulator.books import Adjustment, Reversal
from tests.oracle import finance
from tests.oracle.finance import Balance, Expense, Month
from tests.oracle.shop import Corner, refund

FEBRUARY, MARCH, LAST = date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 20)


def test_a_months_expense_is_spread_over_its_days_with_the_remainder_on_the_first_ones() -> None:
    """10.00 over 28 days: 20 days of 0.36 and 8 of 0.35 are 10.00."""
    days = finance.expenses_daily(
        [Expense(FEBRUARY, "Rent", "fixed", 1000), Expense(MARCH, "Boxes", "variable", 31)], LAST
    )
    fixed = [days[day]["fixed_expenses_minor"] for day in sorted(days) if day < MARCH]
    assert fixed == [36] * 20 + [35] * 8
    assert sum(fixed) == 1000
    assert {(row["operating_expenses_minor"], row["fixed_expenses_minor"]) for day, row in days.items()
            if day >= MARCH} == {(1, 0)}  # fmt: skip
    assert max(days) == LAST
    assert sum(finance.spread(-1000, FEBRUARY).values()) == -1000


def test_cash_is_the_sum_of_each_accounts_newest_balance() -> None:
    balances = [Balance(date(2026, 1, 10), "a", 100), Balance(date(2026, 1, 31), "a", 70),
                Balance(date(2026, 1, 20), "b", 5)]  # fmt: skip
    days = (date(2026, 1, 9), date(2026, 1, 10), date(2026, 1, 30), date(2026, 1, 31), date(2026, 3, 1))
    assert [finance.cash_at(balances, day) for day in days] == [None, 100, 105, 75, 75]


def test_runway_is_cash_divided_by_the_mean_burn_and_none_without_a_burn() -> None:
    assert finance.runway(900, finance.mean([100, 200, 300])) == Fraction(9, 2)
    assert finance.runway(900, finance.mean([100, -200, 100])) is None
    assert finance.runway(None, finance.mean([100])) is None
    assert finance.runway(900, finance.mean([])) is None


def test_the_margin_burn_and_break_even_income_of_a_month() -> None:
    """Income 1,000, variable costs 600: a margin of 40 %, so that 800 of fixed expenses need an income of 2,000."""
    month = Month(net_sales=870, shipping=60, adjustments=-20, direct_revenue=100, direct_refunds=10,
                  cost_of_goods=400, ad_spend=100, processing_fees=40, disputes=20,
                  variable_expenses=40, fixed_expenses=800)  # fmt: skip
    assert (month.income, month.contribution_margin, month.net_burn) == (1000, 400, 400)
    assert (month.operating_expenses, month.margin_rate) == (840, Fraction(2, 5))
    assert finance.break_even([month]) == 2000
    assert finance.break_even([month, Month(net_sales=1000, fixed_expenses=400)]) == Fraction(600 * 2000, 1400)
    assert finance.break_even([Month(net_sales=100, cost_of_goods=100, fixed_expenses=5)]) is None
    assert Month().margin_rate is None


def test_the_month_in_which_the_line_through_the_incomes_reaches_a_goal() -> None:
    """100, 200, 300 grows by 100 per month: the next month has 400, and three months later the line is above 650."""
    assert finance.reaches([100, 200, 300], 1, Fraction(400)) == 0
    assert finance.reaches([100, 200, 300], 1, Fraction(650)) == 3
    assert finance.reaches([100, 200, 300], 0, Fraction(650)) == 4
    assert finance.reaches([300, 200, 100], 1, Fraction(650)) is None
    assert finance.reaches([100, 100, 101], 1, Fraction(650)) is None
    assert finance.reaches([100, 200], 1, Fraction(1)) is None


def test_the_revenue_of_a_cohort_within_a_horizon() -> None:
    """Ann buys for 20.00 on January 10, for 10.00 on February 8 (the 30th day) and for 10.00 on February 9.

    Of the first order 4.00 are refunded with goods and 1.00 without.
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
