"""What a report says beside its table: figures with their change, charts with the period before, caveats, freshness."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.comparison import Comparison
from semantic.catalog import Catalog
from semantic.errors import CatalogError, NoDataError, RangeError, ReportError, UnknownNameError
from semantic.periods import whole
from semantic.reports import facts
from semantic.reports.charts import grain_of, points
from semantic.reports.content import Content
from semantic.reports.fill import fill
from semantic.subject import Subject
from tests.semantic import shop, synthetic

MARCH = (date(2026, 3, 1), date(2026, 3, 4))
LATER = datetime(2026, 3, 9, 12, tzinfo=UTC)
ACME = Subject("Acme & Söhne", "UTC", {"shopify": "Shopify", "files": "Files"})


def filled(published: Path, name: str, days: tuple[date, date] = MARCH, **other: Any) -> Content:
    return fill(published, name, *days, **{"tenant": "acme", "now": LATER, "subject": ACME, **other})


def build_with(catalog: Catalog, folder: Path, **rows: list[dict[str, Any]]) -> Path:
    return synthetic.publish(folder / "published", catalog, {**shop.ROWS, **rows})


def figures(content: Content) -> dict[str, tuple[Any, Any, float | None]]:
    return {figure.metric.name: (figure.value, figure.previous, figure.change) for figure in content.figures}


def test_figures_are_of_the_whole_days_beside_those_before(published: Path) -> None:
    content = filled(published, "revenue-overview", (date(2026, 3, 3), date(2026, 3, 4)))
    assert content.comparison == Comparison((date(2026, 3, 3), date(2026, 3, 4)), (date(2026, 3, 1), date(2026, 3, 2)))
    sales = Decimal("-10.01"), Decimal("42.50"), pytest.approx(-10.01 / 42.5 - 1)
    assert figures(content) == {
        "net_sales": sales, "orders_placed": (0, 3, -1.0), "aov": (None, Decimal("14.17"), None),
        "refunded_amount": (Decimal("10.81"), Decimal("0.00"), None),
    }  # fmt: skip
    assert (content.tenant_name, content.currency.code, content.run_id) == ("Acme & Söhne", "USD", "run-1")
    assert content.definitions["Net sales"] == "What the goods brought in = gross sales − discounts − returns."


def test_today_is_in_the_table_and_not_in_figures_and_charts(published: Path) -> None:
    now = datetime(2026, 3, 4, 18, tzinfo=UTC)
    content = filled(published, "revenue-overview", now=now)
    assert content.comparison is not None and content.comparison.now == (date(2026, 3, 1), date(2026, 3, 3))
    assert figures(content)["net_sales"][0] == Decimal("42.50")
    assert content.charts[0].table.column("day").to_pylist()[-1] == date(2026, 3, 3)
    assert content.table.column("net_sales_usd").to_pylist()[-1] == Decimal("-10.01")
    assert any(
        "2026-03-01 to 2026-03-03; the table is of 2026-03-01 to 2026-03-04, today" in text for text in content.caveats
    )


def test_named_period_is_compared_as_a_query_by_its_name(published: Path) -> None:
    now = datetime(2026, 3, 4, 18, tzinfo=UTC)
    week = (date(2026, 2, 26), date(2026, 3, 4))
    content = filled(published, "sales-velocity", week, now=now, period="7d", rolling=True)
    assert content.comparison == Comparison(
        (date(2026, 2, 25), date(2026, 3, 3)), (date(2026, 2, 18), date(2026, 2, 24))
    )
    assert content.rolling == "7d"
    month = filled(published, "sales-velocity", (date(2026, 3, 1), date(2026, 3, 4)), now=now, period="this-month")
    assert month.comparison == Comparison((date(2026, 3, 1), date(2026, 3, 3)), (date(2026, 2, 1), date(2026, 2, 3)))


@pytest.mark.parametrize("period", ["7d", "this-month", "last-month"])
def test_figures_and_table_are_of_the_same_days_where_all_of_them_are_over(published: Path, period: str) -> None:
    now = datetime(2026, 3, 9, 12, tzinfo=UTC)
    content = filled(published, "sales-velocity", whole(period, "UTC", now), now=now, period=period)
    assert content.comparison and content.comparison.now == content.days
    assert not [text for text in content.caveats if "the table is of" in text]


def test_one_running_day_has_figures_without_a_comparison(published: Path) -> None:
    today = (date(2026, 3, 2), date(2026, 3, 2))
    content = filled(published, "revenue-overview", today, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert content.comparison is None and content.charts[0].before is None
    assert figures(content)["net_sales"] == (Decimal("42.50"), None, None)


def test_days_after_the_last_sync_are_unknown(published: Path) -> None:
    content = filled(published, "revenue-overview", (date(2026, 3, 8), date(2026, 3, 11)))
    assert content.table.column("net_sales_usd").to_pylist() == [Decimal(0), Decimal(0), None, None]
    assert any("days after 2026-03-09" in text for text in content.caveats)


def test_number_of_a_source_that_is_not_connected_is_unknown_and_one_sentence_says_so(
    catalog: Catalog, tmp_path: Path
) -> None:
    rows = [{**row, "ad_spend_minor": None} for row in shop.ROWS["metrics_daily"]]
    content = filled(build_with(catalog, tmp_path, metrics_daily=rows), "marketing-performance")
    assert set(figures(content).values()) == {(None, None, None)}
    assert content.table.num_rows == 0
    (sentence,) = [text for text in content.caveats if "advertising" in text and text.startswith("Unknown")]
    assert sentence.startswith("Unknown without advertising (connect Meta Ads or TikTok Ads): Ad spend, ROAS (blended)")
    assert all(text not in sentence for text in ("Net sales,", "Orders placed"))
    assert set(content.charts[0].table.column("ad_spend").to_pylist()) == {None}


def test_day_without_a_row_is_zero_where_the_metric_is_known(published: Path) -> None:
    content = filled(published, "revenue-overview", (date(2026, 3, 5), date(2026, 3, 6)))
    assert figures(content)["net_sales"][0] == Decimal("0.00")
    assert content.table.column("net_sales_usd").to_pylist() == [Decimal("0.00")] * 2
    assert content.table.column("aov_usd").to_pylist() == [None, None]


def test_chart_has_a_bar_for_a_loss_and_none_for_zero(catalog: Catalog, tmp_path: Path) -> None:
    zero = dict.fromkeys(("gross_sales_minor", "net_sales_minor", "orders_placed", "order_value_minor"), 0)
    quiet = {**shop.US, **shop.NONE, **zero, "channel": "Draft orders", "date_day": date(2026, 3, 4)}
    published = build_with(catalog, tmp_path, metrics_daily=[*shop.ROWS["metrics_daily"], quiet])
    bars = filled(published, "channel-comparison", (date(2026, 3, 3), date(2026, 3, 4))).charts[0]
    assert bars.table.to_pylist() == [{"channel": "Online store", "net_sales": Decimal("-10.01")}]


FUNNEL = [
    {"tenant_id": "acme", "funnel": "orders", "step_number": number, "step": step, "date_day": date(2026, 3, 2),
     "step_count": count, "previous_count": before}
    for number, (step, count, before) in enumerate(
        [("Sessions Started", 40, None), ("Sessions Completed", 30, 40), ("Orders Confirmed", 33, 30),
         ("Orders Shipped", 0, 33)], start=1)
]  # fmt: skip


def test_funnel_is_one_row_of_four_counts_and_their_rates(catalog: Catalog, tmp_path: Path) -> None:
    other = [{**row, "funnel": "web", "step_count": 999} for row in FUNNEL]
    published = build_with(catalog, tmp_path, funnel_daily=FUNNEL + other)
    content = filled(published, "funnel")
    assert content.table.to_pylist() == [{
        "sessions_started": 40, "sessions_completed": 30, "orders_confirmed": 33, "orders_shipped": 0,
        "sessions_completed_rate_percent": Decimal("75.0000"), "orders_confirmed_rate_percent": Decimal("110.0000"),
        "orders_shipped_rate_percent": Decimal("0.0000"),
    }]  # fmt: skip
    assert content.charts[0].table.to_pylist() == [
        {"step": row["step"], "funnel_count": row["step_count"]} for row in FUNNEL
    ]
    quiet = filled(published, "funnel", (date(2026, 3, 5), date(2026, 3, 6)))
    assert list(quiet.table.to_pylist()[0].values()) == [0, 0, 0, 0, None, None, None]


def test_funnel_of_a_shop_without_known_visits_begins_unknown(catalog: Catalog, tmp_path: Path) -> None:
    orders = [{**row, "previous_count": None} if row["step_number"] == 3 else row for row in FUNNEL[2:]]
    content = filled(build_with(catalog, tmp_path, funnel_daily=orders), "funnel")
    assert list(content.table.to_pylist()[0].values()) == [None, None, 33, 0, None, None, Decimal(0)]


def finance(*months: tuple[int, int | None], complete: int) -> list[dict[str, Any]]:
    """Rows of (month of 2026, cash), the first `complete` of them over."""
    common = {"tenant_id": "acme", "currency": "USD", "minor_units": 100, "income_minor": 50_000}
    return [
        {**common, "date_month": date(2026, month, 1), "cash_balance_minor": cash, "is_complete": number < complete}
        for number, (month, cash) in enumerate(months)
    ]


def test_cash_is_that_of_the_newest_whole_month_beside_the_month_before(catalog: Catalog, tmp_path: Path) -> None:
    published = build_with(
        catalog, tmp_path, finance_monthly=finance((1, 900_00), (2, 810_00), (3, 700_00), complete=2)
    )
    content = filled(published, "financial-health", (date(2026, 1, 15), date(2026, 3, 5)))
    cash = next(figure for figure in content.figures if figure.metric.name == "cash_balance")
    assert (cash.value, cash.previous, cash.days) == (810, 900, (date(2026, 2, 1), date(2026, 2, 28)))
    assert cash.change == pytest.approx(-0.1)
    assert content.table.column("month").to_pylist() == [date(2026, month, 1) for month in (1, 2, 3)]
    assert content.table.column("is_complete").to_pylist() == [True, True, False]
    text = " ".join(content.caveats)
    assert "of all months from January 2026 to March 2026, which is not over" in text
    assert {chart.months for chart in content.charts} == {(date(2026, 1, 1), date(2026, 3, 31))}
    assert "Break-even revenue: of February 2026, the newest month of these days that is over." in text


def test_running_month_alone_is_not_compared(catalog: Catalog, tmp_path: Path) -> None:
    published = build_with(catalog, tmp_path, finance_monthly=finance((2, 810_00), (3, 700_00), complete=1))
    content = filled(published, "financial-health", (date(2026, 3, 1), date(2026, 3, 5)))
    cash = next(figure for figure in content.figures if figure.metric.name == "cash_balance")
    assert (cash.value, cash.previous, cash.change) == (700, None, None)


def test_cash_before_the_first_known_balance_is_unknown_and_not_zero(catalog: Catalog, tmp_path: Path) -> None:
    published = build_with(catalog, tmp_path, finance_monthly=finance((1, None), (2, 810_00), complete=2))
    content = filled(published, "financial-health", (date(2026, 1, 1), date(2026, 1, 31)))
    assert content.table.column("cash_balance_usd").to_pylist() == [None]
    assert next(figure.value for figure in content.figures if figure.metric.name == "cash_balance") is None


def test_blocked_tenant_says_first_that_its_numbers_are_older(catalog: Catalog, tmp_path: Path) -> None:
    since = {"blocked_since": datetime(2026, 3, 9, 7, 5), "blocked_reason": "acme has two currencies."}
    rows = [{**row, **since} if row["tenant_id"] == "acme" else row for row in shop.ROWS["build_info"]]
    published = build_with(catalog, tmp_path, build_info=rows)
    content = filled(published, "revenue-by-day")
    assert content.blocked == content.caveats[0]
    assert content.blocked == (
        "These are older numbers: newer data are not published since 2026-03-09 07:05 UTC. acme has two currencies."
    )
    assert filled(published, "revenue-by-day", tenant="hinode").blocked == ""


def test_reconciliation_names_compared_differing_and_other_sources(catalog: Catalog, tmp_path: Path) -> None:
    row = {"tenant_id": "acme", "source": "shopify", "source_account": "acme-shop", "metric": "net_sales"}
    rows = [
        {**row, "date_day": date(2026, 2, day), "ours_minor": 5, "theirs_minor": 5 - off, "difference_minor": off}
        for day, off in ((1, 0), (2, 1), (3, -1))
    ]
    content = filled(build_with(catalog, tmp_path, reconciliation=rows), "revenue-by-day")
    assert content.reconciliation.compared == ("Shopify",)
    assert content.reconciliation.differences == ("Shopify on 2 days",)
    assert content.reconciliation.not_compared == ("Files",)
    second = build_with(catalog, tmp_path / "two", reconciliation=[*rows, {**rows[0], "source_account": "other-shop"}])
    assert filled(second, "revenue-by-day").reconciliation.compared == ("Shopify (acme-shop)", "Shopify (other-shop)")


def test_published_build_itself_knows_zone_and_sources(published: Path, tmp_path: Path) -> None:
    copied = synthetic.copy(published, tmp_path / "published")
    about = {"calendars": {"acme": {"time_zone": "Asia/Tokyo"}}, "sources": {"acme": ["shopify", "meta_ads"]}}
    (copied / "current").resolve().joinpath("build.json").write_text(json.dumps(about))
    content = fill(copied, "revenue-by-day", *MARCH, tenant="acme", now=LATER)
    assert (content.tenant_name, content.time_zone) == ("acme", "Asia/Tokyo")
    assert content.reconciliation.not_compared == ("Shopify", "Meta Ads")


@pytest.mark.parametrize(
    ("length", "grain", "first"),
    [(1, "day", date(2026, 3, 4)), (60, "day", date(2026, 3, 4)), (61, "week", date(2026, 3, 2)),
     (180, "week", date(2026, 3, 2)), (181, "month", date(2026, 3, 1)), (730, "month", date(2026, 3, 1))],
)  # fmt: skip
def test_grain_of_a_chart_follows_the_length_of_the_range(length: int, grain: str, first: date) -> None:
    days = date(2026, 3, 4), date(2026, 3, 4) + timedelta(days=length - 1)
    assert grain_of(days) == grain
    axis = points(grain, days)
    assert axis[0] == first and axis == sorted(set(axis)) and axis[-1] <= days[1]


def test_earlier_line_has_a_point_beside_each_point(published: Path) -> None:
    content = filled(published, "revenue-overview", (date(2026, 3, 3), date(2026, 3, 4)))
    chart = content.charts[0]
    assert chart.before is not None
    assert chart.table.column("day").to_pylist() == chart.before.column("day").to_pylist() == [
        date(2026, 3, 3), date(2026, 3, 4),
    ]  # fmt: skip
    assert chart.before.column("net_sales").to_pylist() == [Decimal("0.00"), Decimal("42.50")]


def test_mistakes_are_one_clear_error_before_anything_is_asked(published: Path, tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text("title: A\nquestion: B?\ncolumns: {sales: net_saless}\n")
    with pytest.raises(ReportError, match=r"own.yml, line 3: 'net_saless' is neither a metric"):
        filled(published, "own", custom=tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean revenue-overview"):
        filled(published, "revenue-overwiev")
    with pytest.raises(RangeError, match="Swap the two dates"):
        filled(published, "revenue-overview", MARCH[::-1])


def test_build_of_another_release_that_lacks_a_metric_says_to_publish_again(catalog: Catalog, tmp_path: Path) -> None:
    older = replace(catalog, metrics={name: item for name, item in catalog.metrics.items() if name != "fees"})
    published = synthetic.publish(tmp_path / "published", older, shop.ROWS)
    with pytest.raises(CatalogError, match="takings run"):
        filled(published, "revenue-overview")


def test_own_report_is_filled_like_those_of_takings(published: Path, tmp_path: Path) -> None:
    (tmp_path / "channels.yml").write_text(
        "title: Channels\nquestion: Where?\nfigures: [net_sales]\nby: [channel]\norder: [-net_sales]\n"
        "columns: {channel: channel, sales: net_sales, part: {of: net_sales, show: share}}\n"
    )
    content = filled(published, "channels", custom=tmp_path)
    assert content.table.to_pylist() == [
        {"channel": "Online store", "sales": Decimal("19.99"), "part": Decimal("0.615266")},
        {"channel": "Point of sale", "sales": Decimal("12.50"), "part": Decimal("0.384734")},
    ]
    assert content.columns == {"channel": "Channel", "sales": "Net sales", "part": "Share of net sales"}


def test_nothing_is_known_of_days_to_come(published: Path) -> None:
    content = filled(published, "revenue-overview", (date(2026, 3, 10), date(2026, 3, 12)))
    assert set(figures(content).values()) == {(None, None, None)}
    assert set(content.charts[0].table.column("net_sales").to_pylist()) == {None}
    running = filled(published, "sales-velocity", (date(2026, 3, 9), date(2026, 3, 12)))
    assert running.charts[0].table.to_pylist() == [{"day": date(2026, 3, 9), "orders_placed": 0}]


OWN = "title: A\nquestion: B?\nby: [day]\ncolumns: {date: day, sales: net_sales}\n"


def test_people_of_a_day_are_shown_by_day_over_any_range(catalog: Catalog, tmp_path: Path) -> None:
    rows = [{"tenant_id": "acme", "date_day": date(2026, 3, day), "active_users": day} for day in (1, 2)]
    published = build_with(catalog, tmp_path, activity_daily=rows)
    (tmp_path / "own.yml").write_text(OWN + "charts: [{kind: line, title: People, metrics: [dau], by: [time]}]\n")
    content = filled(published, "own", (date(2025, 12, 1), date(2026, 3, 3)), custom=tmp_path)
    assert content.charts[0].table.column_names == ["day", "dau"]
    assert content.charts[0].table.column("dau").to_pylist()[-3:] == [1, 2, None]


def test_chart_of_one_number_is_the_newest_month_of_what_is_counted_by_month(catalog: Catalog, tmp_path: Path) -> None:
    published = build_with(catalog, tmp_path, finance_monthly=finance((1, 900_00), (2, 810_00), complete=2))
    (tmp_path / "own.yml").write_text(OWN + "charts: [{kind: figure, title: Cash, metrics: [cash_balance]}]\n")
    (chart,) = filled(published, "own", (date(2026, 1, 1), date(2026, 3, 2)), custom=tmp_path).charts
    assert chart.before is not None
    assert chart.table.to_pylist() + chart.before.to_pylist() == [{"cash_balance": 810}, {"cash_balance": 900}]


def test_report_of_the_rows_that_a_truth_is_true_of(catalog: Catalog, tmp_path: Path) -> None:
    published = build_with(catalog, tmp_path, finance_monthly=finance((1, 900_00), (2, 810_00), complete=1))
    (tmp_path / "own.yml").write_text(
        "title: A\nquestion: B?\nby: [month]\nwhere: {is_complete: true}\ncolumns: {cash: cash_balance}\n"
    )
    content = filled(published, "own", (date(2026, 1, 1), date(2026, 2, 28)), custom=tmp_path)
    assert content.table.to_pylist() == [{"cash": Decimal("900.00")}]


def test_tenant_that_was_never_published_says_why(catalog: Catalog, tmp_path: Path) -> None:
    since = {"blocked_since": datetime(2026, 3, 9, 7, 5), "blocked_reason": "acme has two currencies."}
    published = synthetic.publish(tmp_path / "published", catalog, {"build_info": [{"tenant_id": "acme", **since}]})
    with pytest.raises(NoDataError, match=r"not published since 2026-03-09 07:05 UTC\. acme has two currencies"):
        filled(published, "revenue-overview")


def test_refunded_value_of_orders_and_money_paid_back_are_shown_beside_each_other(published: Path) -> None:
    """Of shop.py: an order of 20.00 of March 2 was refunded in part, 10.81 of it on March 4."""
    rows = filled(published, "refund-health").table.to_pylist()
    amounts = {row["date"].day: (row["refunded_order_value_usd"], row["refunded_usd"]) for row in rows}
    assert amounts == {1: (0, 0), 2: (20, 0), 3: (0, 0), 4: (0, Decimal("10.81"))}


def test_day_of_the_last_read_is_not_called_today_a_day_later(published: Path) -> None:
    content = filled(
        published, "revenue-overview", (MARCH[0], date(2026, 3, 5)), now=datetime(2026, 3, 4, 9, tzinfo=UTC)
    )
    sentence = next(text for text in content.caveats if text.startswith("Figures and charts are of whole days"))
    assert sentence.endswith("the table is of 2026-03-01 to 2026-03-05, 2026-03-04 so far included.")


def test_days_before_the_first_number_are_named(published: Path) -> None:
    """Of shop.py: the first order is of March 2."""
    text = "The first day with any number is 2026-03-02. Amounts and counts of earlier days are zero"
    ranges = {
        (date(2020, 1, 1), date(2020, 1, 31)): [f"{text}."],
        (date(2026, 3, 2), date(2026, 3, 4)): [f"{text}, also in the period before."],
        (date(2026, 3, 4), date(2026, 3, 4)): [],
    }
    for days, sentences in ranges.items():
        caveats = filled(published, "revenue-overview", days).caveats
        assert [caveat for caveat in caveats if caveat.startswith("The first day")] == sentences


def test_report_of_a_tenant_without_products_is_unknown(catalog: Catalog, tmp_path: Path) -> None:
    content = filled(build_with(catalog, tmp_path, product_daily=[]), "top-products")
    assert set(figures(content).values()) == {(None, None, None)}
    assert content.caveats[0] == facts.NOTHING
