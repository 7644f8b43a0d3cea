"""Active customers and predictions of a shop that is small enough to count."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.oracle import configuration, customers
from tests.oracle.shop import Corner

TODAY, NOW = date(2026, 3, 15), datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def corner(monkeypatch: pytest.MonkeyPatch) -> Corner:
    """Ann orders in December and on 14 March, Bob on 10 January and 1 February; 40 days without an order are many."""
    monkeypatch.setitem(configuration.INACTIVE_AFTER, "corner", 40)
    corner = Corner()
    for number, (day, customer) in enumerate((
        ("2025-12-20", corner.ann), ("2026-01-10", corner.bob), ("2026-02-01", corner.bob), ("2026-03-14", corner.ann),
        ("2026-03-14", None),
    )):  # fmt: skip
        corner.order(f"{day}T15:00:00", customer, corner.line(corner.cup, 1, 1000 + number), paid=1000)
    return corner


def test_customer_is_active_for_forty_days_from_each_order(corner: Corner) -> None:
    rows = customers.customers_monthly(corner.world(), "corner", TODAY, NOW)
    counts = {
        month: tuple(row[f"customers_{name}"] for name in ("opening", "new", "returned", "lost", "closing"))
        for month, row in rows.items()
    }
    assert counts == {
        date(2025, 12, 1): (0, 1, 0, None, 1),
        date(2026, 1, 1): (1, 1, 0, 1, 1),  # Ann until 28 January
        date(2026, 2, 1): (1, 0, 0, 0, 1),  # Bob until 12 March
        date(2026, 3, 1): (1, 0, 1, 1, 1),
    }
    assert [row["is_complete"] for row in rows.values()] == [True, True, True, False]


def test_nothing_is_predicted_in_the_first_year(corner: Corner) -> None:
    rows = customers.customer_ltv(corner.world(), "corner", TODAY, NOW)
    values = {buyer: (row["orders"], row["net_revenue_minor"], row["next_year_minor"]) for buyer, row in rows.items()}
    assert values == {"1": (2, 2000, None), "2": (2, 2000, None)}
    assert {row["no_prediction_because"] for row in rows.values()} == {"The first order is less than a year old"}


def test_next_year_is_the_mean_of_thirty_similar_customers(corner: Corner) -> None:
    """A year later, thirty customers who had ordered once by 15 March 2026 are like one who orders then."""
    for number in range(3, 33):
        buyer = corner.customer(number, f"C{number}", f"c{number}@example.com")
        corner.order("2026-03-01T15:00:00", buyer, corner.line(corner.cup, 1, 2000 + number), paid=1000)
        if number < 5:
            corner.order("2026-06-01T15:00:00", buyer, corner.line(corner.mug, 1, 3000 + number), paid=2500)
    new = corner.customer(99, "New", "new@example.com")
    corner.order("2027-03-01T15:00:00", new, corner.line(corner.cup, 2, 4000), paid=2000)
    at = datetime(2027, 3, 15, 12, tzinfo=UTC)
    rows = customers.customer_ltv(corner.world(at), "corner", date(2027, 3, 15), at)
    assert rows["99"]["similar_customers"] == 30
    assert rows["99"]["next_year_minor"] == 167, "2 x 25.00 of 30 customers"
    assert rows["99"]["predicted_ltv_minor"] == 2167
    assert rows["1"]["no_prediction_because"] == "Fewer than 30 similar customers a year ago"
