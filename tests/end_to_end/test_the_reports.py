"""Every number of every report equals the oracle's, over whole days, months and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from semantic.reports.content import Content
from semantic.reports.declaration import Report
from semantic.reports.fill import fill_build
from semantic.reports.library import built_in
from semantic.warehouse import Build, open_build
from tests.end_to_end.sources import ACCOUNTS, END, TARGETS, Shops
from tests.oracle import answers, cards
from tests.oracle.answers import Metric, Shop, money, rounded, share
from tests.sampling import sample_of_sets

METRICS: Mapping[str, Metric] = {
    **answers.METRICS,
    **{name: money(name) for name in ("shipping", "taxes", "duties", "fees", "refunded_store_credit")},
    **{name: Metric(name) for name in ("orders_paid_back", "refunds_made")},
    "orders_settled": Metric("orders_completed", also=("orders_refunded", "orders_partially_refunded")),
    "refund_rate": share("orders_paid_back", "orders_placed"),
    "margin_after_ads": money("net_sales", "cost_of_goods", "ad_spend"),
    "product_revenue": money("product_revenue"),
    "product_quantity": Metric("quantity_completed"),
    "product_returns": money("returns"),
    "product_units_returned": Metric("units_returned"),
    "product_return_rate": share("units_returned", "units_sold"),
    "customer_spend": money("customer_spend"),
    "customer_orders": Metric("orders_completed"),
    "customer_net_sales": money("net_sales"),
    "cohort_customers": Metric("customers"),
    "cohort_active_customers": Metric("active_customers"),
    "cohort_net_revenue": money("net_revenue"),
    "cohort_cumulative_net_revenue": money("cumulative_net_revenue"),
    "retention": share("active_customers", "customers"),
    "ltv": money("cumulative_net_revenue", over="customers"),
    "monthly_cost_of_goods": money("cost_of_goods"),
    "monthly_ad_spend": money("ad_spend"),
    "monthly_processing_fees": money("processing_fees"),
    "monthly_contribution_margin": money("contribution_margin"),
    "monthly_result": money("contribution_margin", "fixed_expenses"),
    "funnel_count": Metric("step_count"),
}
PLACES: Mapping[str, Mapping[str, int]] = {
    "metrics_daily": {"day": 1, "channel": 2},
    "product_daily": {"product_key": 0, "day": 1},
    "customer_daily": {"customer_key": 0, "day": 1},
    "cohorts": {"month": 0, "month_number": 1},
    "finance_monthly": {"month": 0},
    "funnel_daily": {"funnel": 0, "step_number": 1, "day": 2},
    "spend": {"platform": 0, "campaign_id": 1, "day": 4},
}
"""Where the oracle's keys have what reports are asked by."""
ELSEWHERE = {"funnel", "refund-rate", "assistant", "creator", "creator-ai", "creator-audience"}
"""Reports that are compared below, and those of chats and event logs: test_the_reports_of_records.py."""
UNSEEN = {"active_customers", "inactivity_churn_rate", "refund_rate_by_status", "cart_abandonment"}
"""Figures that other tests compare with the oracle, or that are checked below."""
RANGES = ((date(2026, 10, 22), date(2026, 11, 19)), (date(2025, 12, 1), date(2026, 3, 31)))
IN_EACH_RANGE = pytest.mark.parametrize(
    ("account", "days"), sample_of_sets(product(ACCOUNTS, RANGES), *zip(ACCOUNTS, RANGES, strict=True)), ids=str
)
"""`make test` asks each shop over one of the ranges."""


def chosen(shop: Shop, mart: str, days: tuple[date, date]) -> Iterator[tuple[Sequence[Any], Mapping[str, Any]]]:
    """The oracle's rows of these days, or of each month with one of them."""
    places = PLACES[mart]
    month = places.get("day") is None
    first = days[0].replace(day=1) if month else days[0]
    for key, row in shop.table(mart).items():
        parts = key if isinstance(key, tuple) else (key,)
        if first <= parts[places["month" if month else "day"]] <= days[1]:
            yield parts, row


def expected(shop: Shop, build: Build, report: Report, days: tuple[date, date]) -> list[tuple[Any, ...]]:
    """The rows of a report: its columns of dates, channels and numbers, from sums of the oracle's rows by group."""
    columns = shown_columns(build, report)
    (mart,) = {build.catalog.metrics[of].mart for of, _ in columns if of in build.catalog.metrics}
    places = PLACES[mart]
    rows = [
        (tuple(parts[places[name]] for name in report.by if name in places), row)
        for parts, row in chosen(shop, mart, days)
        if all(str(parts[places[name]]) == value for name, value in report.where.items())
    ]
    groups = dict(rows) if "day" not in places else answers.grouped(rows)
    keys = [name for name in report.by if name in places]
    return [
        tuple(
            rounded(METRICS[of](row), places_of) if of in METRICS else key[keys.index(of)] for of, places_of in columns
        )
        for key, row in groups.items()
        if not report.only or (METRICS[report.only](row) or 0) > 0
    ]


def shown_columns(build: Build, report: Report) -> list[tuple[str, int]]:
    """The columns that the oracle knows: what each shows, and its decimal places."""
    columns = []
    for column in report.columns:
        metric = build.catalog.metrics.get(column.of)
        if metric is None and column.of in ("day", "month", "month_number", "channel", "step_number"):
            columns.append((column.of, 0))
        if metric is not None and column.show == "value" and not column.where and column.of in METRICS:
            money_places = 6 if metric.micros and metric.kind != "ratio" else 2
            columns.append((column.of, {"money": money_places, "count": 0, "ratio": 6}[metric.unit]))
    return columns


def actual(build: Build, content: Content, report: Report) -> list[tuple[Any, ...]]:
    names = [of for of, _ in shown_columns(build, report)]
    by_metric = {
        column.of: name
        for column, name in zip(report.columns, content.table.column_names, strict=True)
        if column.show == "value"
    }
    return [tuple(row[by_metric[name]] for name in names) for row in content.table.to_pylist()]


def compared(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Sorted, without rows in which every number is zero or empty: either side may leave these out."""
    numbers = [row for row in rows if any(isinstance(cell, int | Decimal) and cell for cell in row)]
    return sorted(numbers, key=str)


@pytest.fixture
def build(account: str, shops: Shops) -> Iterator[tuple[Build, Shop]]:
    """A tenant's published build, and the same shop in the oracle."""
    targets = {name: Fraction(str(value)) for name, value in TARGETS.items()}
    with open_build(shops.installation.home.published, account) as opened:
        yield opened, Shop(shops.world, account, shops.pulls, targets)


@IN_EACH_RANGE
@pytest.mark.parametrize("name", sorted(set(built_in()) - ELSEWHERE))
def test_report_equals_the_oracle(build: tuple[Build, Shop], name: str, days: tuple[date, date]) -> None:
    opened, shop = build
    report = built_in()[name].report
    content = fill_build(opened, built_in()[name], *days, now=END)
    rows, books = compared(actual(opened, content, report)), compared(expected(shop, opened, report, days))
    assert len(books) > 1
    if report.limit:
        assert len(rows) == report.limit and set(rows) <= set(books)
    else:
        assert rows == books
    check_figures(shop, opened, content)


def check_figures(shop: Shop, build: Build, content: Content) -> None:
    """Each figure is made of the sums over its days, and so is the one before it."""
    assert content.comparison is not None
    for figure in content.figures:
        metric = figure.metric
        if metric.name in UNSEEN or metric.name not in METRICS:
            assert metric.name in UNSEEN or metric.name == "runway_months", metric.name
            continue
        places = {"money": 2, "count": 0, "ratio": 6}[metric.unit]
        now = figure.days or content.comparison.now
        assert rounded(figure.value, places) == rounded(total(shop, metric.mart, now, metric.name), places), metric.name
        if figure.days is None:
            before = total(shop, metric.mart, content.comparison.before, metric.name)
            assert rounded(figure.previous, places) == rounded(before, places), metric.name


def total(shop: Shop, mart: str, days: tuple[date, date], name: str) -> Any:
    rows = [((), row) for _, row in chosen(shop, mart, days)]
    row = dict(rows).get(()) if "day" not in PLACES[mart] else answers.grouped(rows).get(())
    return METRICS[name](row or {})


@IN_EACH_RANGE
def test_funnel_and_refund_card_equal_the_oracle(build: tuple[Build, Shop], days: tuple[date, date]) -> None:
    opened, shop = build
    (row,) = fill_build(opened, built_in()["funnel"], *days, now=END).table.to_pylist()
    steps = answers.funnel("orders")(shop, *days)
    assert list(row.values()) == [
        *(step["funnel_count"] for step in steps),
        *(rounded(step["funnel_step_rate"] * 100, 4) for step in steps[1:]),
    ]
    content = fill_build(opened, built_in()["refund-rate"], *days, now=END)
    (row,) = content.table.to_pylist()
    card = cards.refund_card(shop.world, shop.account, *days)
    sums = answers.total("orders_refunded", "orders_partially_refunded", "refunded_order_value")(shop, *days)[0]
    assert card.by_status is not None
    assert list(row.values()) == [rounded(card.by_status * 100, 4), card.orders_settled, *sums.values(), card.badge]
    assert content.figures[0].value == pytest.approx(float(card.by_status)) and content.figures[0].badge == card.badge


@IN_EACH_RANGE
def test_top_lists_have_the_names_and_the_order_of_the_oracle(
    build: tuple[Build, Shop], days: tuple[date, date]
) -> None:
    opened, shop = build
    products = fill_build(opened, built_in()["top-products"], *days, now=END)
    ranked = cards.top_products(shop.world, shop.account, *days)[:10]
    assert [(row["name"], row["qty_sold"]) for row in products.table.to_pylist()] == [
        (item.name, item.numbers["quantity_completed"]) for item in ranked
    ]
    (chart,) = products.charts
    assert chart.table.column("product_title").to_pylist() == [item.name for item in ranked]
    customers = fill_build(opened, built_in()["top-customers"], *days, now=END)
    ranked = cards.top_customers(shop.world, shop.account, *days)[:10]
    assert customers.table.column("display_name").to_pylist() == [item.name for item in ranked]
