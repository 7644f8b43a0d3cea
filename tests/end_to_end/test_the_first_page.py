"""Figures of the first page equal the oracle's days; today is compared with the same hours of yesterday."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.alerts import evaluate_tenants
from semantic.digest.fill import QUIET
from simulator.world import seconds
from tests.end_to_end.sources import ACCOUNTS, END, Shops
from tests.oracle.facts import counted_orders
from tests.oracle.tables import TABLES

AS_OF = END - timedelta(minutes=2)
"""A sync reads what is two minutes old: what happens now may not be visible yet."""
TODAY = AS_OF.date()
"""A Friday at 14:58 UTC: the same day in both shops' zones."""
RANGES = {
    ("7d", "prior"): ((13, 19, 11), (6, 12, 11)),
    ("This month", "prior"): ((1, 19, 11), (1, 19, 10)),
    ("Yesterday", "prior"): ((19, 19, 11), (18, 18, 11)),
    ("14d", "prior"): ((6, 19, 11), None),
    ("Last month", "prior"): ((1, 31, 10), (1, 30, 9)),
}
"""(first day, last day, month) of 2026: of the period, and of the earlier one"""


def days(part: tuple[int, int, int]) -> Iterator[date]:
    first, last, month = part
    return (date(2026, month, day) for day in range(first, last + 1))


@pytest.fixture(scope="module")
def totals(shops: Shops) -> Callable[[str, tuple[int, int, int], str], int]:
    """A column of the oracle's metrics_daily over days."""
    table = TABLES["metrics_daily"]
    day_of = table.key.index("date_day")
    known = {account: table.compute(shops.world, account, shops.pulls) for account in ACCOUNTS}

    def total(account: str, part: tuple[int, int, int], name: str) -> int:
        chosen = set(days(part))
        return sum(row.get(name, 0) for key, row in known[account].items() if key[day_of] in chosen)

    return total


def kpi(shops: Shops, account: str, period: str, comparison: str, metric: str) -> dict[str, Any]:
    names = ("value", "previous", "difference", "value_text", "change_text", "tone", "first_day", "last_day", "label")
    where = f"kpis where period = '{period}' and comparison = '{comparison}' and metric = '{metric}'"
    (row,) = shops.rows(account, where, names)
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("period", RANGES)
def test_figures_and_differences_equal_the_oracle(
    shops: Shops, totals: Callable[..., int], account: str, period: tuple[str, str]
) -> None:
    now, before = RANGES[period]
    for metric, column in (("net_sales", "net_sales_minor"), ("ad_spend", "ad_spend_minor")):
        row = kpi(shops, account, *period, metric)
        value = Decimal(totals(account, now, column)) / 100
        assert row["value"] == value, metric
        if before:
            assert row["previous"] == Decimal(totals(account, before, column)) / 100
            assert row["difference"] == value - row["previous"]
    orders = kpi(shops, account, *period, "orders_placed")
    assert orders["value"] == totals(account, now, "orders_placed") > 0
    aov = Decimal(totals(account, now, "order_value_minor")) / 100 / orders["value"]
    assert kpi(shops, account, *period, "aov")["value"] == pytest.approx(aov, abs=Decimal("0.000001"))
    costs, spend = totals(account, now, "cost_of_goods_minor"), totals(account, now, "ad_spend_minor")
    margin = Decimal(totals(account, now, "net_sales_minor") - costs - spend) / 100
    assert kpi(shops, account, *period, "margin_after_ads")["value"] == margin


@pytest.mark.parametrize("account", ACCOUNTS)
def test_today_so_far_is_compared_with_the_same_hours_of_yesterday(shops: Shops, account: str) -> None:
    """Counted in the books: what the shop had sold yesterday when its clock showed the time that it shows now."""
    shop, yesterday = shops.world.shop(account), TODAY - timedelta(days=1)
    until = AS_OF.astimezone(ZoneInfo(shop.time_zone)).replace(day=yesterday.day).timestamp()
    orders = [facts for facts in counted_orders(shops.world.books(account)) if facts.order_day == yesterday]
    row = kpi(shops, account, "Today", "prior", "orders_placed")
    assert row["first_day"] == row["last_day"] == TODAY
    assert row["previous"] == sum(facts.order.processed_at <= until for facts in orders)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_texts_say_currency_arrow_and_tone(shops: Shops, account: str) -> None:
    row = kpi(shops, account, "30d", "prior", "net_sales")
    assert row["value_text"] == {"aurora": "$", "nordlicht": "€"}[account] + f"{row['value']:,.0f}"
    arrow, tone = ("▲", "good") if row["difference"] > 0 else ("▼", "bad")
    assert row["change_text"].startswith(arrow)
    assert row["tone"] == tone


@pytest.mark.parametrize("account", ACCOUNTS)
def test_figures_beside_nothing_are_the_same_without_a_change(shops: Shops, account: str) -> None:
    shown, earlier = "period, metric, value, value_text", "previous, difference, previous_first_day, change_text, tone"
    alone, beside = (
        shops.rows(account, f"kpis where comparison = '{kind}' order by period, metric", shown.split(", "))
        for kind in ("none", "prior")
    )
    assert alone == beside and alone
    assert set(shops.rows(account, "kpis where comparison = 'none'", earlier.split(", "))) == {
        (None, None, None, "", "neutral")
    }
    assert set(shops.rows(account, "sales_trend where comparison = 'none'", ("previous_minor",))) == {(None,)}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(
    ("kind", "mart", "column", "most"),
    [("Product", "product_daily", "product_key", 5), ("Country", "sales_detail", "country", 3)],
)
def test_products_and_countries_that_moved_most_equal_the_oracle(
    shops: Shops, account: str, kind: str, mart: str, column: str, most: int
) -> None:
    table = TABLES[mart]
    days_of: dict[str, Counter[str]] = {"now": Counter(), "before": Counter()}
    for key, row in table.compute(shops.world, account, shops.pulls).items():
        values = {**row, **dict(zip(table.key, key, strict=True))}
        for side, part in zip(days_of, ((1, 19, 11), (1, 19, 10)), strict=True):
            if values["date_day"] in set(days(part)):
                days_of[side][values[column]] += row.get("net_sales_minor", 0)
    differences = Counter(days_of["now"])
    differences.subtract(days_of["before"])
    expected = sorted((Decimal(abs(minor)) / 100 for minor in differences.values() if minor), reverse=True)[:most]
    where = f"movers where period = 'This month' and comparison = 'prior' and kind = '{kind}' order by position"
    rows = shops.rows(account, where, ("difference", "value", "previous"))
    assert [abs(difference) for difference, *_ in rows] == expected
    assert all(difference == value - previous for difference, value, previous in rows)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_trend_has_each_day_and_ends_with_today_so_far(shops: Shops, totals: Callable[..., int], account: str) -> None:
    where = "sales_trend where period = '7d' and comparison = 'prior' order by date_day"
    rows = shops.rows(account, where, ("date_day", "net_sales_minor", "so_far_minor", "previous_minor"))
    assert [day for day, *_ in rows] == [date(2026, 11, day) for day in range(13, 21)]
    for number, (day, net_sales, so_far, previous) in enumerate(rows[:-1]):
        assert net_sales == totals(account, (day.day, day.day, 11), "net_sales_minor")
        assert previous == totals(account, (6 + number, 6 + number, 11), "net_sales_minor")
        assert so_far == (net_sales if number == 6 else None)
    assert rows[-1][1:] == (None, totals(account, (20, 20, 11), "net_sales_minor"), None)


def test_long_period_has_whole_weeks_that_end_yesterday(shops: Shops, totals: Callable[..., int]) -> None:
    where = "sales_trend where period = '365d' and comparison = 'year' order by date_day"
    rows = shops.rows("aurora", where, ("date_day", "net_sales_minor", "so_far_minor"))
    assert len(rows) == 52
    assert rows[-1][0] == date(2026, 11, 13)
    assert rows[-1][1] == totals("aurora", (13, 19, 11), "net_sales_minor")
    assert {so_far for *_, so_far in rows} == {None}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_trust_line_says_shop_time_sources_and_agreement(shops: Shops, account: str) -> None:
    ((text,),) = shops.rows(account, "build_info", ("trust",))
    time = {"aurora": "09:58", "nordlicht": "15:58"}[account]
    assert text == (
        f"{shops.world.shop(account).name} · updated {time} on 20 Nov 2026 · "
        "Shopify, Stripe, Meta Ads, TikTok Ads, Files · "
        "agrees with Shopify, Stripe, Meta Ads and TikTok Ads to the cent"
    )


@pytest.mark.parametrize("account", ACCOUNTS)
def test_annotations_are_those_of_the_books_and_the_alerts_on_their_last_day(shops: Shops, account: str) -> None:
    books = {
        (row.day, row.until or row.day, row.kind, row.title)
        for row in shops.world.visits(account).annotations(seconds(END))
    }
    firing = [alert for alert in evaluate_tenants(shops.settings, account) if alert.state == "firing"]
    ends = {(max(reading.days[1] for reading in alert.readings), alert.rule.title) for alert in firing}
    names = ("first_day", "last_day", "kind", "title")
    rows = shops.rows(account, "annotations", names)
    assert sorted(rows) == sorted(books | {(day, day, "alert", title) for day, title in ends})
    assert {kind for _, _, kind, _ in books} == {"promotion", "event"}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_alerts_are_those_of_the_command(shops: Shops, account: str) -> None:
    firing = [alert.rule.title for alert in evaluate_tenants(shops.settings, account) if alert.state == "firing"]
    rows = shops.rows(account, "alerts order by position", ("title",))
    assert [title for (title,) in rows] == (firing or [QUIET])
