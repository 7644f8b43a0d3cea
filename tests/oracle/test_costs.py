"""The oracle of cost of goods: costs that are counted by hand, and costs of restocked goods."""

from __future__ import annotations

from datetime import UTC, date, datetime

from simulator.books import Edit, Line, Return, Reversal
from tests.oracle import costs, marts
from tests.oracle.shop import Corner, at, refund

FIRST, SECOND = datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 2, 15, 12, tzinfo=UTC)
JAN_10, JAN_20, MARCH = "2026-01-10T15:00:00", "2026-01-20T15:00:00", "2026-03-01T15:00:00"


def numbers(corner: Corner, *pulls: datetime) -> dict[date, dict[str, int]]:
    rows = costs.cost_daily(corner.world(), "corner", pulls or (FIRST, SECOND))
    return {day: {name: value for name, value in row.items() if value} for (day, _), row in rows.items()}


def test_a_cost_is_assumed_before_the_first_pull_and_recorded_after_it() -> None:
    """4.00 until February 1, then 4.50, which the pull of February 15 is the first to read."""
    corner = Corner()
    corner.cup.costs.append((at("2026-02-01T00:00:00"), 450))
    for number, when in enumerate((JAN_10, JAN_20, "2026-02-10T15:00:00", MARCH)):
        corner.order(when, corner.ann, corner.line(corner.cup, 2, number), paid=2000)
    assert numbers(corner) == {
        date(2026, 1, 10): {"cost_of_goods_minor": 800, "cost_of_goods_assumed_minor": 800,
                            "sales_cost_assumed_minor": 2000},
        date(2026, 1, 20): {"cost_of_goods_minor": 800, "sales_cost_recorded_minor": 2000},
        date(2026, 2, 10): {"cost_of_goods_minor": 800, "sales_cost_recorded_minor": 2000},
        date(2026, 3, 1): {"cost_of_goods_minor": 900, "sales_cost_recorded_minor": 2000},
    }  # fmt: skip
    assert numbers(corner, SECOND)[date(2026, 1, 10)]["cost_of_goods_minor"] == 900


def test_the_cost_of_a_custom_line_and_of_a_product_without_a_cost_is_missing() -> None:
    corner = Corner()
    corner.mug.costs[:] = [(0, None)]
    custom = Line(2, "product", "Engraving", None, None, None, None, 1, 500)
    corner.order(JAN_20, corner.ann, custom, corner.line(corner.mug, 1, 3), corner.line(corner.cup, 1, 4), paid=4000)
    assert numbers(corner) == {
        date(2026, 1, 20): {"cost_of_goods_minor": 400, "sales_cost_recorded_minor": 1000,
                            "sales_cost_missing_minor": 3000}
    }  # fmt: skip


def test_restocked_goods_lower_the_cost_on_the_day_of_their_return() -> None:
    corner = Corner()
    order = corner.order(JAN_20, corner.ann, corner.line(corner.cup, 4, 1), paid=4000)
    restocked = Reversal(5, order.lines[0], 1, 1000, 0, 0)
    discarded = Reversal(6, order.lines[0], 1, 1000, 0, 0, "NO_RESTOCK")
    refund(order, 50, "2026-02-05T15:00:00", 1000, lines=[restocked])
    refund(order, 60, "2026-02-06T15:00:00", 1000, lines=[discarded])
    days = numbers(corner)
    assert days[date(2026, 2, 5)] == {"cost_of_goods_minor": -400, "sales_cost_recorded_minor": -1000}
    assert days[date(2026, 2, 6)] == {"sales_cost_recorded_minor": -1000}


def test_goods_edited_away_take_their_cost_with_them_on_the_day_of_the_edit() -> None:
    corner = Corner()
    order = corner.order(JAN_20, corner.ann, corner.line(corner.cup, 4, 1), paid=4000)
    removed = Reversal(5, order.lines[0], 3, 3000, 0, 0, "NO_RESTOCK")
    order.edits = [Edit(80, at("2026-01-22T15:00:00"), removed=[removed])]
    assert numbers(corner)[date(2026, 1, 22)] == {"cost_of_goods_minor": -1200, "sales_cost_recorded_minor": -3000}


def test_a_return_lowers_the_cost_only_if_a_refund_says_that_it_was_restocked() -> None:
    corner = Corner()
    order = corner.order(JAN_20, corner.ann, corner.line(corner.cup, 4, 1), paid=4000)
    refunded, unrefunded = (Reversal(number, order.lines[0], 1, 1000, 0, 0) for number in (5, 6))
    order.returns = [Return(7, 70, at("2026-02-01T15:00:00"), [refunded]), Return(8, 80, at(MARCH), [unrefunded])]
    refund(order, 50, "2026-02-04T15:00:00", 1000, lines=[refunded]).of_return = order.returns[0]
    days = numbers(corner)
    assert days[date(2026, 2, 1)] == {"cost_of_goods_minor": -400, "sales_cost_recorded_minor": -1000}
    assert days[date(2026, 3, 1)] == {"sales_cost_recorded_minor": -1000}
    assert date(2026, 2, 4) not in days


def test_sales_with_recorded_assumed_and_missing_costs_add_up_to_net_sales() -> None:
    corner = Corner()
    custom = Line(2, "product", "Engraving", None, None, None, None, 1, 500)
    order = corner.order(JAN_10, corner.ann, custom, corner.line(corner.cup, 3, 1), paid=3500)
    refund(order, 50, MARCH, 1000, lines=[Reversal(5, order.lines[1], 1, 1000, 0, 0)])
    sales = [sum(row.get(f"sales_cost_{name}_minor", 0) for name in ("recorded", "assumed", "missing"))
             for row in numbers(corner).values()]  # fmt: skip
    assert sales == [row["net_sales_minor"] for row in marts.metrics_daily(corner.world(), "corner").values()]
