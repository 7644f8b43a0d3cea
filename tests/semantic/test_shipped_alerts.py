"""The shipped rules, each on both sides of its limit, over its own period."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from semantic.alerts import rules
from semantic.alerts.evaluate import evaluate
from semantic.catalog import Catalog
from semantic.warehouse import open_build
from tests.semantic import synthetic

TODAY = date(2026, 11, 20)  # a Friday
YESTERDAY, LAST_WEEK, WEEK_BEFORE = TODAY - timedelta(days=1), date(2026, 11, 11), date(2026, 11, 4)
OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)
SHARED = {"tenant_id": "acme", "currency": "USD", "minor_units": 100}
Rows = list[dict[str, Any]]


def day(at: date, **numbers: int) -> dict[str, Any]:
    return {**SHARED, "source": "shopify", "channel": "Online store", "date_day": at, **numbers}


def month(at: date, **numbers: int) -> dict[str, Any]:
    return {**SHARED, "date_month": at, **numbers}


def ads(spend: int, sales: int, before: int) -> Rows:
    """Yesterday's spend and sales in cents, then the two days before with the same spend and other sales."""
    earlier = [day(YESTERDAY - timedelta(days=n), ad_spend_minor=spend, net_sales_minor=before) for n in (1, 2)]
    return [day(YESTERDAY, ad_spend_minor=spend, net_sales_minor=sales), *earlier]


CASES: list[tuple[str, str, Rows, str]] = [
    # MRR drop > 5 % month over month
    ("mrr_drop", "mrr_monthly",
     [month(SEPTEMBER, closing_mrr_minor=100_000), month(OCTOBER, closing_mrr_minor=95_000)], "quiet"),
    ("mrr_drop", "mrr_monthly",
     [month(SEPTEMBER, closing_mrr_minor=100_000), month(OCTOBER, closing_mrr_minor=94_999)], "firing"),
    ("mrr_drop", "mrr_monthly",  # twice as much is no drop
     [month(SEPTEMBER, closing_mrr_minor=100_000), month(OCTOBER, closing_mrr_minor=200_000)], "quiet"),
    # churn > 8 % monthly
    ("churn", "mrr_monthly", [month(OCTOBER, customers_opening=100, customers_churned=8)], "quiet"),
    ("churn", "mrr_monthly", [month(OCTOBER, customers_opening=1000, customers_churned=81)], "firing"),
    ("churn", "mrr_monthly",  # of one month, not of several
     [month(SEPTEMBER, customers_opening=100, customers_churned=7),
      month(OCTOBER, customers_opening=100, customers_churned=7)], "quiet"),
    # CAC > +50 % week over week
    ("cac_spike", "metrics_daily",
     [day(WEEK_BEFORE, ad_spend_minor=10_000, new_customers=10), day(LAST_WEEK, ad_spend_minor=15_000,
      new_customers=10)], "quiet"),
    ("cac_spike", "metrics_daily",
     [day(WEEK_BEFORE, ad_spend_minor=10_000, new_customers=10), day(LAST_WEEK, ad_spend_minor=15_010,
      new_customers=10)], "firing"),
    # API errors > 1 %
    ("api_errors", "metrics_daily", [day(YESTERDAY, api_calls=1_000, api_errors=10)], "quiet"),
    ("api_errors", "metrics_daily", [day(YESTERDAY, api_calls=1_000, api_errors=11)], "firing"),
    ("api_errors", "metrics_daily",  # of the day, not of the days before
     [day(YESTERDAY, api_calls=1_000, api_errors=0), day(WEEK_BEFORE, api_calls=1_000, api_errors=900)], "quiet"),
    # ad spend > 10,000 a day without revenue to match: that day, and over the last three
    ("ad_spend_without_revenue", "metrics_daily", ads(1_000_100, 900_000, 900_000), "firing"),
    ("ad_spend_without_revenue", "metrics_daily", ads(1_000_000, 900_000, 900_000), "quiet"),  # at the limit
    ("ad_spend_without_revenue", "metrics_daily", ads(1_000_100, 1_100_000, 100), "quiet"),  # the day matched
    ("ad_spend_without_revenue", "metrics_daily", ads(1_000_100, 900_000, 1_200_000), "quiet"),  # the three days did
]  # fmt: skip


@pytest.mark.parametrize(("name", "mart", "rows", "state"), CASES)
def test_rule_fires_only_beyond_its_limit(
    name: str, mart: str, rows: Rows, state: str, tmp_path: Path, catalog: Catalog
) -> None:
    about = {"tenant_id": "acme", "run_id": "run-1", "as_of": datetime(2026, 11, 20, 9)}
    published = synthetic.publish(tmp_path / "published", catalog, {mart: rows, "build_info": [about]})
    with open_build(published, "acme") as build:
        alerts = {alert.rule.name: alert for alert in evaluate(build, rules.load(), today=TODAY)}
    assert alerts[name].state == state, alerts[name].text


def test_every_shipped_rule_is_tested_on_both_sides_of_its_limit() -> None:
    states = {(name, state) for name, _, _, state in CASES}
    assert states == {(rule.name, state) for rule in rules.load() for state in ("quiet", "firing")}
