"""Every number of every chart of the dashboard, asked of Superset over REST, equals the simulator's books."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from orchestration import bi
from superset_assets import verify
from superset_assets.client import call
from superset_assets.process import DEFAULT_PYTHON, Server
from tests.books import cards
from tests.books import marts as books
from tests.end_to_end.conftest import Shops

ACCOUNTS = ("aurora", "nordlicht")
RANGES = ((date(2026, 10, 22), date(2026, 11, 20)), (date(2025, 12, 1), date(2026, 3, 31)))
Rows = list[dict[str, Any]]
Books = Callable[[Shops, str, date, date], Rows]


@pytest.fixture(scope="module")
def admin(shops: Shops) -> Iterator[SupersetClient]:
    if not DEFAULT_PYTHON.exists():
        pytest.skip(f"no {DEFAULT_PYTHON}: `make test` makes Superset's environment")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = shops.settings.model_copy(update={"superset": shops.settings.superset.model_copy(update={"port": port})})
    server: Server = bi.server(settings)
    server.start()
    try:
        server.wait_ready()
        bi.apply(settings)
        yield bi.connect(settings)
    finally:
        server.stop()


def one(*names: str) -> Books:
    """A card: sums of the range, one row."""

    def rows(shops: Shops, account: str, since: date, until: date) -> Rows:
        total = cards.totals(shops.world, account, since, until)
        return [{name: _value(total, name) for name in names}]

    return rows


def by_day(*names: str) -> Books:
    """A line: the days that hold anything, in order."""

    def rows(shops: Shops, account: str, since: date, until: date) -> Rows:
        found = []
        for day in sorted({day for day, _ in books.metrics_daily(shops.world, account) if since <= day <= until}):
            total = cards.totals(shops.world, account, day, day)
            found.append({"date_day": day, **{name: _value(total, name) for name in names}})
        return found

    return rows


def average_order_value(shops: Shops, account: str, since: date, until: date) -> Rows:
    value = cards.aov(shops.world, account, since, until)
    assert value is not None
    return [{"aov": value / 100}]


def refund_rate(shops: Shops, account: str, since: date, until: date) -> Rows:
    return [{"refund_rate_by_status": cards.refund_card(shops.world, account, since, until).by_status}]


def refund_health(shops: Shops, account: str, since: date, until: date) -> Rows:
    card = cards.refund_card(shops.world, account, since, until)
    sums = one("orders_refunded", "orders_partially_refunded", "refunded_order_value", "refunded_amount")
    return [
        {
            "refund_rate_by_status_badge": card.badge,
            "refund_rate_by_status": card.by_status,
            "orders_settled": card.orders_settled,
            **sums(shops, account, since, until)[0],
        }
    ]


def top_products(shops: Shops, account: str, since: date, until: date) -> Rows:
    ranked = cards.top_products(shops.world, account, since, until)[:10]
    return [{"title": item.name, "product_revenue": _value(item.numbers, "product_revenue")} for item in ranked]


def top_customers(shops: Shops, account: str, since: date, until: date) -> Rows:
    ranked = cards.top_customers(shops.world, account, since, until)[:10]
    return [
        {
            "display_name": item.name,
            "customer_orders": item.numbers["orders_completed"],
            "customer_spend": _value(item.numbers, "customer_spend"),
        }
        for item in ranked
    ]


def cohort_retention(shops: Shops, account: str, since: date, until: date) -> Rows:
    return [
        {
            "cohort_month": cohort,
            "month_number": number,
            "retention": Fraction(row["active_customers"], row["customers"]),
        }
        for (cohort, number), row in books.cohorts(shops.world, account).items()
        if number > 0
    ]


CHARTS: dict[str, Books] = {
    "Net sales": one("net_sales"),
    "Total sales": one("total_sales"),
    "Orders placed": one("orders_placed"),
    "New customers": one("new_customers"),
    "Units sold": one("units_sold"),
    "Average order value": average_order_value,
    "Revenue by day": by_day("order_revenue", "refunded_order_value"),
    "From gross to net sales by day": by_day("gross_sales", "discounts", "returns", "net_sales"),
    "Refund rate": refund_rate,
    "Refund health": refund_health,
    "Top products": top_products,
    "Top customers": top_customers,
    "Customers who come back": cohort_retention,
}
WITHOUT_NUMBERS = {"Data as of"}


def test_every_chart_of_the_dashboard_is_compared(admin: SupersetClient) -> None:
    shown = {row["slice_name"] for row in call(admin, "get", f"dashboard/{verify.STORE_PERFORMANCE}/charts")["result"]}
    assert shown == set(CHARTS) | WITHOUT_NUMBERS


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_chart_shows_the_books(shops: Shops, admin: SupersetClient, account: str, chart: str) -> None:
    for since, until in RANGES:
        expected = CHARTS[chart](shops, account, since, until)
        span = f"{since} : {until + timedelta(days=1)}"
        shown = [_plain(row) for row in verify.chart_data(admin, chart, time_range=span, tenant=account)]
        if chart == "Customers who come back":
            shown.sort(key=lambda row: (row["cohort_month"], row["month_number"]))
        assert len(shown) == len(expected)
        for ours, theirs in zip(shown, expected, strict=True):
            wrong = {name: (ours[name], value) for name, value in theirs.items() if not _same(ours[name], value)}
            assert not wrong, (account, since, wrong)


def test_the_fresh_build_is_as_old_as_the_pull(shops: Shops, admin: SupersetClient) -> None:
    rows = verify.chart_data(admin, "Data as of", tenant="aurora")
    as_of = datetime.fromtimestamp(rows[0]["as_of"] / 1000, UTC)
    assert timedelta(0) <= shops.world.end - as_of <= timedelta(minutes=3)
    assert rows[0]["run_id"] == shops.published.name


def _value(row: dict[str, int], name: str) -> Decimal | int:
    """Money in major units (both shops have cents), counts as they are."""
    return Decimal(row.get(f"{name}_minor", 0)) / 100 if f"{name}_minor" in row or name not in row else row[name]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Superset's milliseconds as days, a product's label as its title."""
    found = dict(row)
    for name in ("date_day", "cohort_month"):
        if name in found:
            found[name] = datetime.fromtimestamp(found[name] / 1000, UTC).date()
    if "product_label" in found:  # the title, and the SKU that tells two of one title apart
        found["title"] = found["product_label"].rsplit(" · ", 1)[0]
    return found


def _same(ours: Any, theirs: Any) -> bool:
    """Money to the cent, counts and names exactly; only a quotient may differ in a float's last place."""
    if isinstance(theirs, Fraction):
        return math.isclose(ours, theirs, rel_tol=1e-12)
    return bool(Decimal(str(ours)) == theirs) if isinstance(theirs, Decimal) else bool(ours == theirs)
