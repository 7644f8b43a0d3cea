"""Every number of every chart of the dashboards, read from Superset over REST, equals the oracle."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from orchestration.superset import dashboard_titles
from superset_assets import verify
from superset_assets.client import call
from tests.end_to_end import home, shown
from tests.end_to_end.conftest import YEAR, worlds
from tests.end_to_end.sources import ACCOUNTS, TARGETS, Recipe, Shops
from tests.oracle import answers, cards, sales_charts
from tests.oracle import marts as books
from tests.oracle.answers import Answer, Rows, Shop, by_channel, by_day, by_month, funnel, newest_month, of_mart, total
from tests.sampling import sample, sample_of_sets
from tests.superset_assets.conftest import Running, point_to

pytestmark = pytest.mark.superset
# Whole days: a world ends on November 20, and a dashboard then with the day before. Beside each range the earlier one:
# as many days, or as many whole months.
RANGES = {
    11: (
        ((date(2026, 10, 22), date(2026, 11, 19)), (date(2026, 9, 23), date(2026, 10, 21))),
        ((date(2025, 12, 1), date(2026, 3, 31)), (date(2025, 8, 1), date(2025, 11, 30))),
    ),
    12: (((date(2026, 6, 15), date(2026, 11, 19)), (date(2026, 1, 8), date(2026, 6, 14))),),
    13: (((date(2026, 6, 30), date(2026, 9, 30)), (date(2026, 3, 29), date(2026, 6, 29))),),
}

ELSEWHERE = {"assistant", "creator"}
"""Dashboards of chats and event logs: test_the_charts_of_records.py."""


@pytest.fixture(scope="module")
def admin(superset: Running) -> SupersetClient:
    return superset.admin


@pytest.fixture(scope="module")
def queries(admin: SupersetClient) -> dict[str, dict[str, Any]]:
    """Every chart's stored query by its title, of all dashboards."""
    contexts: dict[str, dict[str, Any]] = {}
    for slug in dashboard_titles().keys() - ELSEWHERE:
        for row in call(admin, "get", f"dashboard/{slug}/charts")["result"]:
            if row["slice_name"] not in contexts:
                stored = call(admin, "get", f"chart/{row['id']}")["result"]["query_context"]
                contexts[row["slice_name"]] = json.loads(stored)
    return contexts


@pytest.fixture(scope="module", params=worlds(YEAR))
def world(
    request: pytest.FixtureRequest, shops_of: Callable[[Recipe], Shops], superset: Running
) -> Iterator[tuple[int, Shops]]:
    """A world whose build Superset reads."""
    its_shops, before = shops_of(request.param), (superset.published / "current").resolve()
    point_to(superset, its_shops.published)
    yield request.param.seed, its_shops
    point_to(superset, before.name)


def average_order_value(shop: Shop, since: date, until: date) -> Rows:
    return [{"aov": (cards.aov(shop.world, shop.account, since, until) or Fraction(0)) / 100}]


def refund_rate(shop: Shop, since: date, until: date) -> Rows:
    return [{"refund_rate_by_status": cards.refund_card(shop.world, shop.account, since, until).by_status}]


RATINGS = {"green": "● good", "yellow": "▲ watch", "red": "■ too high"}


def refund_health(shop: Shop, since: date, until: date) -> Rows:
    card = cards.refund_card(shop.world, shop.account, since, until)
    sums = total("orders_refunded", "orders_partially_refunded", "refunded_order_value", "refunded_amount")
    return [
        {
            "refund_rate_by_status_badge": RATINGS[card.badge],
            "refund_rate_by_status": card.by_status,
            "orders_settled": card.orders_settled,
            **sums(shop, since, until)[0],
        }
    ]


def top_products(shop: Shop, since: date, until: date) -> Rows:
    ranked = cards.top_products(shop.world, shop.account, since, until)[:10]
    return [
        {"title": item.name, "product_revenue": shown.major(item.numbers["product_revenue_minor"])} for item in ranked
    ]


def top_customers(shop: Shop, since: date, until: date) -> Rows:
    ranked = cards.top_customers(shop.world, shop.account, since, until)[:10]
    return [
        {
            "display_name": item.name,
            "customer_orders": item.numbers["orders_completed"],
            "customer_spend": shown.major(item.numbers["customer_spend_minor"]),
        }
        for item in ranked
    ]


def cohort_retention(shop: Shop, since: date, until: date) -> Rows:
    return [
        {
            "cohort_month": cohort,
            "month_number": number,
            "retention": Fraction(row["active_customers"], row["customers"]),
        }
        for (cohort, number), row in sorted(books.cohorts(shop.world, shop.account).items())
        if number > 0
    ]


def people(*metrics: str) -> Answer:
    return of_mart("activity_daily", {"date_day": 0}, *metrics, day=0)


CHARTS: dict[str, Answer] = {
    # Store Performance
    "Net sales": total("net_sales"),
    "Orders placed": total("orders_placed"),
    "New customers": total("new_customers"),
    "Units sold": total("units_sold"),
    "Average order value": average_order_value,
    "Revenue over time": by_day("order_revenue", "refunded_order_value"),
    "Net sales trend": by_day("net_sales"),
    "From gross sales to total sales": answers.steps("total_sales"),
    "From order revenue to net sales": answers.steps("net_sales"),
    "Refund rate": refund_rate,
    "Refund health": refund_health,
    "From visit to parcel": funnel("visits"),
    "Conversion funnel": funnel("orders"),
    "Top products": top_products,
    "Top customers": top_customers,
    "Customers who come back": cohort_retention,
    "Selected net sales": sales_charts.of_sales("detail_net_sales"),
    "Selected units sold": sales_charts.of_sales("detail_units_sold"),
    "By product": sales_charts.of_sales("detail_net_sales", by="product_title"),
    "By campaign": sales_charts.of_sales("detail_net_sales", by="campaign"),
    "By country": sales_charts.of_sales("detail_net_sales", by="country"),
    "By channel": sales_charts.of_sales("detail_net_sales", by="channel"),
    "By traffic source": sales_charts.of_sales("detail_net_sales", by="traffic_source"),
    "By kind of customer": sales_charts.of_sales("detail_net_sales", by="customer_kind"),
    "Orders": sales_charts.orders("detail_units_sold", "detail_units_returned", "detail_net_sales"),
    # Executive Summary
    "MRR": by_month("mrr_monthly", "mrr"),
    "ARR": by_month("mrr_monthly", "arr"),
    "Growth rate": by_month("mrr_monthly", "mrr_growth_rate"),
    "Churn rate": by_month("mrr_monthly", "churn_rate"),
    "Ad spend": total("ad_spend"),
    "ROAS": total("roas"),
    "Revenue trend": by_day("revenue"),
    "Blended and platform ROAS over time": by_day("roas", "platform_roas"),
    "MRR and its target": newest_month("mrr_monthly", "mrr_target", "mrr"),
    "Churn and its limit": newest_month("mrr_monthly", "subscribers_churn_target", "subscribers_churned"),
    "MRR to target": newest_month("mrr_monthly", "mrr_to_target"),
    "Churn to target": newest_month("mrr_monthly", "churn_to_target"),
    # Revenue Deep Dive
    "Cash received": total("cash_received"),
    "Money refunded": total("refunded_amount"),
    "Chargebacks": total("disputes"),
    "Revenue by source": answers.by_revenue_source("revenue"),
    "Revenue by source over time": answers.by_day_and_revenue_source("revenue"),
    "Average order value over time": by_day("aov"),
    "Refunds and chargebacks over time": by_day("refunded_amount", "disputes"),
    "Cash over time": by_day("cash_received", "cash_refunded", "cash_fees"),
    "Payouts over time": by_day("payouts"),
    "Cash by channel": by_channel(
        "cash_received", "cash_refunded", "disputes", "cash_fees", "payouts", "cash_other", "balance_change"
    ),
    # Marketing Performance
    "CAC": total("cac"),
    "Conversion rate": total("conversion_rate"),
    "Ad spend by platform": of_mart("spend", {"date_day": 4, "platform": 0}, "campaign_spend", day=4),
    "ROAS by campaign": answers.campaigns(
        "campaign_spend", "campaign_impressions", "campaign_clicks", "campaign_cpc", "campaign_ctr",
        "campaign_purchases", "campaign_cpa", "campaign_purchase_value", "campaign_roas",
    ),
    "CAC over time": by_day("cac"),
    "Traffic sources": of_mart(
        "sessions_daily", {"traffic_source": 2}, "traffic_sessions", day=1, order="traffic_sessions", limit=12
    ),
    "Web conversion over time": by_day("conversion_rate", "add_to_cart_rate", "cart_abandonment"),
    # Product Metrics
    "Active users": people("dau"),
    "Monthly active users": people("mau"),
    "Stickiness": people("stickiness"),
    "Active users by day": people("dau"),
    "API error rate": total("api_error_rate"),
    "API calls over time": by_day("api_calls"),
    "API error rate over time": by_day("api_error_rate"),
    "Feature adoption": of_mart(
        "feature_daily", {"feature": 0}, "feature_adoption", day=1, order="feature_adoption", limit=12
    ),
    "Feature uses": of_mart(
        "feature_daily", {"feature": 0}, "feature_use_count", day=1, order="feature_use_count", limit=12
    ),
    "Sessions over time": by_day("sessions", "visitors"),
    # Financial Health
    "Gross margin": total("gross_margin"),
    "Gross profit": total("gross_profit"),
    "Cost coverage": total("cost_coverage"),
    "Operating expenses": total("operating_expenses"),
    "Gross margin over time": by_day("gross_margin", "cost_coverage"),
    "Net sales and cost of goods over time": by_day("net_sales", "cost_of_goods"),
    "Operating expenses by month": by_month("finance_monthly", "monthly_operating_expenses", "monthly_fixed_expenses"),
    "Cash and runway by month": by_month("finance_monthly", "cash_balance", "monthly_result", "runway_months"),
    "Earned or used up by month": by_month("finance_monthly", "monthly_result"),
    "Sales and break-even by month": by_month("finance_monthly", "monthly_income", "break_even_revenue"),
    "MRR gained by month": by_month("mrr_monthly", "new_mrr", "expansion_mrr", "reactivation_mrr"),
    "MRR lost by month": by_month("mrr_monthly", "churned_mrr", "contraction_mrr"),
    "MRR movements": by_month(
        "mrr_monthly", "opening_mrr", "new_mrr", "expansion_mrr", "reactivation_mrr", "contraction_mrr", "churned_mrr",
        "fx_mrr", "mrr",
    ),
    "Lifetime value by age": of_mart(
        "ltv_horizons", {"horizon_days": 1}, "ltv_observed", "horizon_customers", order="horizon_customers"
    ),
}  # fmt: skip


def test_every_chart_of_every_dashboard_is_compared(queries: dict[str, Any]) -> None:
    assert len(dashboard_titles().keys() - ELSEWHERE) == 7
    assert set(queries) == set(CHARTS) | set(home.TEXTS) | {home.TREND}


EACH_CHART_ONCE = [(ACCOUNTS[number % len(ACCOUNTS)], chart) for number, chart in enumerate(CHARTS)]


@pytest.mark.parametrize(("account", "chart"), sample_of_sets(itertools.product(ACCOUNTS, CHARTS), *EACH_CHART_ONCE))
def test_chart_equals_the_oracle(
    world: tuple[int, Shops], admin: SupersetClient, queries: dict[str, Any], account: str, chart: str
) -> None:
    seed, shops = world
    targets = {name: Fraction(str(value)) for name, value in TARGETS.items()}
    shop = Shop(shops.world, account, shops.pulls, targets)
    for (since, until), earlier in RANGES[seed]:
        expected = CHARTS[chart](shop, since, until)
        assert expected
        expected = shown.compared(queries[chart], expected, CHARTS[chart](shop, *earlier), since - earlier[0])
        rows = shown.ask(admin, queries[chart], f"{since} : {until + timedelta(days=1)}", account)
        shown.check([shown.plain(row) for row in rows], expected, (account, since, chart))


@pytest.mark.parametrize("account", sample(ACCOUNTS, "nordlicht"))
def test_weeks_and_months_of_a_chart_equal_the_oracle(
    world: tuple[int, Shops], admin: SupersetClient, queries: dict[str, Any], account: str
) -> None:
    seed, shops = world
    shop = Shop(shops.world, account, shops.pulls, {})
    metrics = {
        "Net sales trend": ["net_sales"],
        "Average order value over time": ["aov"],
        "Cash over time": ["cash_received", "cash_refunded", "cash_fees"],
    }
    firsts = {"P1W": lambda day: day - timedelta(days=day.weekday()), "P1M": lambda day: day.replace(day=1)}
    for (since, until), _ in RANGES[seed]:
        for (chart, names), (grain, point) in itertools.product(metrics.items(), firsts.items()):
            expected = by_day(*names, point=point)(shop, since, until)
            span = f"{since} : {until + timedelta(days=1)}"
            rows = [shown.plain(row) for row in shown.ask(admin, queries[chart], span, account, grain)]
            assert [row["date_day"] for row in rows] == [row["date_day"] for row in expected]
            assert all(shown.same(ours[name], theirs[name]) for ours, theirs in zip(rows, expected, strict=True)
                       for name in names), (chart, grain)  # fmt: skip


@pytest.mark.parametrize("account", ACCOUNTS)
def test_home_shows_the_texts_of_the_tenants_file_and_the_oracles_net_sales(
    world: tuple[int, Shops], admin: SupersetClient, queries: dict[str, Any], account: str
) -> None:
    _, shops = world
    for chart, (_, show) in home.TEXTS.items():
        chosen = home.CHOSEN if chart in ("Figures", "What moved") else {}
        rows = shown.ask(admin, queries[chart], "No filter", account, **chosen)
        assert [show(row) for row in rows] == home.texts(shops.published, account, chart), chart
    expected = home.trend(Shop(shops.world, account, shops.pulls, {}))
    rows = [shown.plain(row) for row in shown.ask(admin, queries[home.TREND], "No filter", account, **home.CHOSEN)]
    assert len(rows) == len(expected)
    for ours, theirs in zip(rows, expected, strict=True):
        assert all(shown.same(ours[name], value) for name, value in theirs.items()), (ours, theirs)


def test_state_of_the_data_is_as_old_as_the_last_sync(world: tuple[int, Shops], admin: SupersetClient) -> None:
    _, shops = world
    (text,) = [row["trust_text"] for row in verify.chart_data(admin, "State of the data", tenant="aurora")]
    days = re.search(r", (\d+) (day|hour|minute)s? ago", text)
    assert days, text
    length = timedelta(**{f"{days[2]}s": int(days[1])})
    assert abs(datetime.now(UTC) - shops.world.end - length) <= timedelta(**{f"{days[2]}s": 1}) + timedelta(minutes=5)
