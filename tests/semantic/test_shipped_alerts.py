"""The shipped rules, each on both sides of its limit, over its own period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from semantic.alerts import rules
from semantic.alerts.evaluate import evaluate
from semantic.catalog import Catalog
from semantic.warehouse import Build, open_build
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


def sold(at: date, orders: int = 1, **numbers: int) -> Rows:
    """Orders of vaults on a day, each a row; the numbers are those of the first ones."""
    row = {**SHARED, "entry": "purchase", "niche": "AI Tools", "date_day": at, "orders": 1, "revenue_minor": 4_999}
    return [{**row, **{name: int(order < most) for name, most in numbers.items()}} for order in range(orders)]


def generated(successes: int, failures: int) -> Rows:
    """Generations of yesterday."""
    row = {"tenant_id": "acme", "date_day": YESTERDAY, "generations": 1}
    succeeded, failed = {**row, "successes": 1, "failures": 0}, {**row, "successes": 0, "failures": 1}
    return [succeeded] * successes + [failed] * failures


def chats(at: date, **numbers: int) -> dict[str, Any]:
    return {**SHARED, "variant": "(none)", "date_day": at, **numbers}


FOUR_WEEKS = [LAST_WEEK - timedelta(days=7 * n) for n in range(4)]
BUSY = [row for at in FOUR_WEEKS for row in sold(at, 7)]
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
    # no order of vaults in three days, about one a day before
    ("vault_sales_missing", "vault_sales", BUSY, "firing"),
    ("vault_sales_missing", "vault_sales", [*BUSY, *sold(YESTERDAY - timedelta(days=2))], "quiet"),
    ("vault_sales_missing", "vault_sales", BUSY[1:], "quiet"),  # who sells less has such days
    # refunds > 20 % of four weeks' orders, at least five
    ("vault_refunds", "vault_sales", sold(LAST_WEEK, 25, orders_refunded=5), "quiet"),
    ("vault_refunds", "vault_sales", sold(LAST_WEEK, 24, orders_refunded=5), "firing"),
    ("vault_refunds", "vault_sales", sold(FOUR_WEEKS[3], 10, orders_refunded=4), "quiet"),  # too few to tell
    # deliveries < 90 % of a week's orders, at least ten
    ("vault_deliveries_fail", "vault_sales", sold(LAST_WEEK, 10, deliveries_known=10, deliveries_made=9), "quiet"),
    ("vault_deliveries_fail", "vault_sales", sold(LAST_WEEK, 10, deliveries_known=10, deliveries_made=8), "firing"),
    ("vault_deliveries_fail", "vault_sales", sold(LAST_WEEK, 9, deliveries_known=9, deliveries_made=1), "quiet"),
    # generations < 90 % of a day, at least five failures
    ("ai_generations_fail", "ai_generations", generated(45, 5), "quiet"),
    ("ai_generations_fail", "ai_generations", generated(44, 5), "firing"),
    ("ai_generations_fail", "ai_generations", generated(1, 4), "quiet"),
    # the models' cost > +50 % week over week, and more than 10 USD
    ("assistant_cost_spike", "assistant_daily",
     [chats(WEEK_BEFORE, cost_micros=10_000_000), chats(LAST_WEEK, cost_micros=15_000_000)], "quiet"),
    ("assistant_cost_spike", "assistant_daily",
     [chats(WEEK_BEFORE, cost_micros=10_000_000), chats(LAST_WEEK, cost_micros=15_000_001)], "firing"),
    ("assistant_cost_spike", "assistant_daily",
     [chats(WEEK_BEFORE, cost_micros=1), chats(LAST_WEEK, cost_micros=10_000_000)], "quiet"),
    # a message without a known cost
    ("messages_without_price", "assistant_daily", [chats(YESTERDAY, messages_without_cost=0)], "quiet"),
    ("messages_without_price", "assistant_daily", [chats(YESTERDAY, messages_without_cost=1)], "firing"),
    # no chat in two days, about five a day before
    ("assistant_silent", "assistant_daily", [chats(at, sessions=35) for at in FOUR_WEEKS], "firing"),
    ("assistant_silent", "assistant_daily",
     [chats(YESTERDAY, sessions=1), *(chats(at, sessions=35) for at in FOUR_WEEKS)], "quiet"),
    ("assistant_silent", "assistant_daily", [chats(at, sessions=34) for at in FOUR_WEEKS], "quiet"),
]  # fmt: skip


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Iterator[Build]:
    """A build in which each case is a tenant."""
    about = {"run_id": "run-1", "as_of": datetime(2026, 11, 20, 9)}
    rows: dict[str, Rows] = {"build_info": [{"tenant_id": str(number), **about} for number in range(len(CASES))]}
    for number, (_, mart, of_case, _) in enumerate(CASES):
        rows.setdefault(mart, []).extend({**row, "tenant_id": str(number)} for row in of_case)
    published = synthetic.publish(tmp_path_factory.mktemp("alerts") / "published", catalog, rows, tenants=[])
    with open_build(published, every=True) as build:
        yield build


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{name}-{state}" for name, _, _, state in CASES])
def test_rule_fires_only_beyond_its_limit(number: int, every: Build) -> None:
    name, _, _, state = CASES[number]
    alerts = evaluate(replace(every, tenant=str(number)), rules.load(), today=TODAY)
    (alert,) = [alert for alert in alerts if alert.rule.name == name]
    assert alert.state == state, alert.text


def test_every_shipped_rule_is_tested_on_both_sides_of_its_limit() -> None:
    states = {(name, state) for name, _, _, state in CASES}
    assert states == {(rule.name, state) for rule in rules.load() for state in ("quiet", "firing")}
