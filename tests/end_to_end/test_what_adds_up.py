"""Numbers that must be equal: spend at every level, MRR from month to month, cash and the balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import duckdb
import pytest

from simulator.scenarios.payments import payment_books
from tests.end_to_end.conftest import SHOPS_OF_WORLDS
from tests.end_to_end.sources import Recipe, Shops
from tests.oracle import ads, daily

Find = Callable[[Recipe], Shops]
LEVELS = {
    "account": ("source_account",),
    "campaign": ("source_account", "campaign_id"),
    "ad set": ("source_account", "campaign_id", "ad_set_id"),
    "ad": ("source_account", "campaign_id", "ad_set_id", "ad_id"),
}
MOVEMENTS = {"new": 1, "reactivation": 1, "expansion": 1, "contraction": -1, "churned": -1, "fx": 1}
CASH = ("cash_received_minor", "cash_refunded_minor", "disputes_minor", "cash_fees_minor", "cash_other_minor",
        "payouts_minor", "balance_change_minor")  # fmt: skip


def pulled_from_staging(shops: Shops, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shops.installation.home.staging), read_only=True) as db:
        rows: list[tuple[Any, ...]] = db.execute(sql).fetchall()
    return rows


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_daily_spend_is_equal_at_every_level(shops_of: Find, recipe: Recipe, account: str) -> None:
    shops = shops_of(recipe)
    daily: dict[str, dict[tuple[str, date], list[int]]] = {}
    for level, keys in LEVELS.items():
        spend: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        rows = shops.rows(
            account, f"spend group by platform, date_day, {', '.join(keys)}",
            ("platform", "date_day", *(f"sum({name})::bigint" for name in ads.MEASURES)),
        )  # fmt: skip
        for platform, day, *amounts in rows:
            spend[platform, day] = [a + b for a, b in zip(spend[platform, day], amounts, strict=True)]
        daily[level] = dict(spend)
    control = {
        (name, ad_day.day): list(ad_day.total().values())
        for platform, (_, name) in ads.PLATFORMS.items()
        for ad_day in ads.days(shops.world.ad_account(account, platform), shops.pulls)
        if any(ad_day.total().values())
    }
    assert daily["account"] == daily["campaign"] == daily["ad set"] == daily["ad"] == control


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_metrics_daily_rounds_the_spend_of_a_day_once(shops_of: Find, recipe: Recipe, account: str) -> None:
    shops = shops_of(recipe)
    by_day = {(f"{platform} Ads", day): micros for platform, day, micros in shops.rows(
        account, "spend group by all", ("platform", "date_day", "sum(spend_micros)::bigint"))}  # fmt: skip
    rows = shops.rows(account, "metrics_daily where ad_spend_minor <> 0", ("channel", "date_day", "ad_spend_minor"))
    assert {(channel, day): minor for channel, day, minor in rows} == {
        key: ads.minor(micros, 2) for key, micros in by_day.items() if ads.minor(micros, 2)
    }


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_opening_mrr_plus_movements_is_closing_mrr_and_the_next_opening(
    shops_of: Find, recipe: Recipe, account: str
) -> None:
    names = [f"{name}_mrr_minor" for name in MOVEMENTS]
    rows = sorted(shops_of(recipe).rows(
        account, "mrr_monthly", ("date_month", "opening_mrr_minor", "closing_mrr_minor", *names)
    ))  # fmt: skip
    assert len(rows) > 5
    for _, opening, closing, *movements in rows:
        assert opening + sum(sign * by for sign, by in zip(MOVEMENTS.values(), movements, strict=True)) == closing
    assert rows[0][1] == 0
    assert all(before[2] == after[1] for before, after in pairwise(rows))
    of_customers = dict(shops_of(recipe).rows(
        account, "customer_mrr group by all", ("date_month", "sum(mrr_minor)::bigint")
    ))  # fmt: skip
    assert of_customers == {month: closing for month, _, closing, *_ in rows}


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_cash_less_fees_refunds_and_disputes_equals_payouts_and_balance(
    shops_of: Find, recipe: Recipe, account: str
) -> None:
    shops = shops_of(recipe)
    for mart in ("cash", "metrics_daily"):
        sums = tuple(f"sum({name})::bigint" for name in CASH)
        rows = shops.rows(account, f"{mart} where source = 'stripe' group by all", ("date_day", *sums))
        assert len(rows) > 100
        for _, received, refunded, disputes, fees, other, payouts, change in rows:
            assert received - refunded - disputes - fees + other == payouts + change
        assert sum(row[-1] for row in rows) == payment_books(shops.world, account, shops.pulls[-1]).balance
    ((net,),) = pulled_from_staging(
        shops, f"select sum(net)::bigint from stripe.balance_transactions where tenant_id = '{account}'"
    )
    assert net == payment_books(shops.world, account, shops.pulls[-1]).balance


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_sales_by_kind_of_cost_add_up_to_net_sales_in_every_row(shops_of: Find, recipe: Recipe, account: str) -> None:
    names = ("net_sales_minor", *(f"sales_cost_{name}_minor" for name in ("recorded", "assumed", "missing")))
    rows = shops_of(recipe).rows(account, "metrics_daily", names)
    assert all(net == sum(parts) for net, *parts in rows)
    assert all(any(row[place] for row in rows) for place in range(4))


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_sales_in_detail_are_the_net_sales_of_each_day(shops_of: Find, recipe: Recipe, account: str) -> None:
    """The days' net sales are the oracle's; each column by which they are split has every row's value."""
    shops, expected = shops_of(recipe), defaultdict[date, int](int)
    for (_, day, _), row in daily.metrics_daily(shops.world, account, shops.pulls).items():
        expected[day] += row.get("net_sales_minor", 0)
    columns = ("date_day", "sum(net_sales_minor)::bigint")
    by_day = dict(shops.rows(account, "sales_detail group by date_day", columns))
    assert {day: net for day, net in by_day.items() if net} == {day: net for day, net in expected.items() if net}
    for name in ("channel", "country", "customer_kind", "product_title", "traffic_source", "campaign"):
        groups = shops.rows(account, f"sales_detail group by {name}", (name, "sum(net_sales_minor)::bigint"))
        assert len(groups) > 2, name
        assert sum(net for _, net in groups) == sum(expected.values()), name


@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_operating_expenses_of_whole_months_equal_the_file(shops_of: Find, recipe: Recipe, account: str) -> None:
    shops = shops_of(recipe)
    expenses: dict[date, int] = defaultdict(int)
    for expense in shops.world.visits(account).expenses(int(shops.pulls[-1].timestamp())):
        expenses[expense.month] += expense.amount
    running = max(expenses)
    rows = shops.rows(
        account, "metrics_daily where operating_expenses_minor <> 0 group by all",
        ("date_trunc('month', date_day)::date", "sum(operating_expenses_minor)::bigint"),
    )  # fmt: skip
    assert {month: amount for month, amount in rows if month < running} == {
        month: amount for month, amount in expenses.items() if month < running
    }
