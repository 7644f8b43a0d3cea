"""The expanded bundle: what Superset gets of the compact files and the catalog."""

import json
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs

import duckdb
import pytest

from semantic.catalog import Catalog
from semantic.digest import fill
from superset_assets import bundle, datasets, decisions, defaults, ranges, yaml_text
from superset_assets.process import SERVER


@pytest.fixture(scope="module")
def assets(catalog: Catalog) -> bundle.Assets:
    """Everything that an import sends, by its path in the bundle."""
    return bundle.complete(bundle.expand(decisions.read(), catalog))


@pytest.fixture(scope="module")
def dashboards(assets: bundle.Assets) -> dict[str, dict[str, Any]]:
    """What Superset gets of each dashboard, by title."""
    return {item["dashboard_title"]: item for path, item in assets.items() if path.startswith("dashboards/")}


@pytest.fixture(scope="module")
def charts(assets: bundle.Assets) -> dict[str, dict[str, Any]]:
    """What Superset gets of each chart, by uuid."""
    return {item["uuid"]: item for path, item in assets.items() if path.startswith("charts/")}


def tiles(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The charts of a dashboard's layout."""
    return [tile for tile in dashboard["position"].values() if isinstance(tile, dict) and tile["type"] == "CHART"]


def test_same_input_gives_same_bytes_and_no_placeholder_is_left(catalog: Catalog) -> None:
    zipped = bundle.to_zip(catalog)
    assert zipped == bundle.to_zip(catalog)
    assert not [path for path, item in bundle.unpack(zipped).items() if "{{" in yaml_text.dump(item)]


def test_charts_and_dashboards_together_have_fewer_than_2000_lines() -> None:
    files = [path for kind in ("charts", "dashboards") for path in (decisions.ROOT / kind).glob("*.yaml")]
    assert sum(len(path.read_text().splitlines()) for path in [*files, defaults.PATH]) < 2000


def test_each_mart_with_metrics_and_the_build_become_datasets(catalog: Catalog) -> None:
    assert set(datasets.generate(catalog)) == {
        "activity_daily", "ai_generations", "alerts", "answer_variants", "assistant_daily", "assistant_now",
        "assisted_orders", "build_info", "chat_messages", "chat_sessions", "cohorts", "customer_daily",
        "customer_ltv", "customers_monthly", "events", "feature_daily", "finance_monthly", "funnel_daily", "kpis",
        "ltv_horizons", "metrics_daily", "model_usage_daily", "movers", "mrr_monthly", "outlook", "product_daily",
        "product_events", "sales_bridge", "sales_detail", "sales_trend", "sessions_daily", "spend", "vault_funnel",
        "vault_profit", "vault_sales",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["<b>Tent</b>", "<img src=x onerror=alert(1)>", "a < b", "Tent"])
def test_name_in_a_picture_holds_no_tag_and_all_its_letters(name: str) -> None:
    """Superset's tooltips are HTML."""
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = parser.handle_endtag = lambda tag, *_: tags.append(tag)  # type: ignore[method-assign]
    _, sql = datasets.CALCULATED["feature_daily"]["feature_label"]
    with duckdb.connect() as db:
        ((shown,),) = db.execute(f"SELECT {sql} FROM (SELECT ? AS feature)", [name]).fetchall()
    parser.feed(shown)
    assert tags == []
    assert shown.replace("\N{WORD JOINER}", "") == name


def test_mark_of_a_quiet_page_goes_by_the_text_that_publishing_writes() -> None:
    assert datasets.QUIET == fill.QUIET


def test_lines_of_the_sales_trend_have_their_styles_by_the_labels_of_its_metrics(catalog: Catalog) -> None:
    """Superset's configuration lives in another environment: it repeats the labels."""
    configuration = (SERVER / "superset_config.py").read_text()
    labels = [metric.label for metric in catalog.metrics.values() if metric.mart == "sales_trend"]
    assert len(labels) == 3
    assert [label for label in labels if f'"name": "{label}"' not in configuration] == []


def test_metric_with_thresholds_has_a_badge_and_colours_its_card(assets: bundle.Assets) -> None:
    names = [item["metric_name"] for item in assets["datasets/warehouse/metrics_daily.yaml"]["metrics"]]
    assert [name for name in names if name.endswith("_badge")] == ["refund_rate_by_status_badge"]
    rules = assets["charts/refund_rate.yaml"]["params"]["conditional_formatting"]
    assert [(rule["operator"], rule.get("targetValue")) for rule in rules] == [("≤", 0.05), ("< x ≤", None), (">", 0.1)]
    assert "conditional_formatting" not in assets["charts/net_sales.yaml"]["params"]


def test_every_chart_carries_its_query(charts: dict[str, dict[str, Any]]) -> None:
    for chart in charts.values():
        (query,) = json.loads(chart["query_context"])["queries"]
        assert query["columns"] or query["metrics"], chart["slice_name"]


def test_money_is_shown_in_the_currency_of_its_rows(assets: bundle.Assets) -> None:
    dataset = assets["datasets/warehouse/metrics_daily.yaml"]
    assert dataset["currency_code_column"] == "currency"
    currencies = {item["metric_name"]: item["currency"] for item in dataset["metrics"]}
    assert currencies["net_sales"] == datasets.CURRENCY and currencies["orders_placed"] is None
    assert assets["charts/net_sales.yaml"]["params"]["currency_format"]["symbol"] == "AUTO"
    assert "currency_format" not in assets["charts/orders_placed.yaml"]["params"]


CHARTS = {
    "Home": {"Figures": "table", "Sales over time": "echarts_timeseries_smooth", "What moved": "table"},
    "Executive Summary": {
        "MRR": "big_number", "ARR": "big_number", "Growth rate": "big_number",
        "Net sales trend": "echarts_timeseries_line", "MRR to target": "gauge_chart", "Churn to target": "gauge_chart",
        "MRR and its target": "echarts_timeseries_bar", "Churn and its limit": "echarts_timeseries_bar",
    },
    "Revenue Deep Dive": {
        "Revenue by source": "pie", "Revenue by source over time": "echarts_timeseries_bar",
        "Revenue trend": "echarts_timeseries_line", "Average order value over time": "echarts_timeseries_line",
        "Refunds and chargebacks over time": "echarts_timeseries_line",
    },
    "Marketing Performance": {
        "Ad spend by platform": "echarts_timeseries_bar", "ROAS by campaign": "table",
        "CAC over time": "echarts_timeseries_line", "From visit to parcel": "table", "Traffic sources": "pie",
    },
    "Assistant": {
        "Chats over time": "echarts_timeseries_line", "Messages over time": "echarts_timeseries_bar",
        "Cost by model": "pie", "When people chat": "echarts_timeseries_bar",
        "Top recommended": "echarts_timeseries_bar", "Most inquired": "echarts_timeseries_bar", "Recent chats": "table",
    },
    "Product Metrics": {
        "API calls over time": "echarts_timeseries_line", "Sessions over time": "echarts_timeseries_line",
        "Feature adoption": "echarts_timeseries_bar", "Active users by day": "echarts_timeseries_line",
        "Customers who come back": "pivot_table_v2",
    },
    "Financial Health": {
        "Gross margin over time": "echarts_timeseries_line", "Operating expenses by month": "echarts_timeseries_bar",
        "Outlook": "table", "Cash and runway by month": "pivot_table_v2",
        "Sales and break-even by month": "echarts_timeseries_line",
    },
    "Store Performance": {
        "Net sales trend": "echarts_timeseries_line", "Conversion funnel": "table", "From visit to parcel": "table",
        "From gross sales to total sales": "waterfall", "From order revenue to net sales": "waterfall",
        "Top products": "echarts_timeseries_bar",
    },
    "Creator": {
        "Vault revenue over time": "echarts_timeseries_line", "Revenue by niche": "echarts_timeseries_bar",
        "Niches": "table",
        "Refunded by reason": "echarts_timeseries_bar", "How long after the sale": "table",
        "From visit to purchase": "table", "AI versions": "table", "Revenue by AI style": "echarts_timeseries_bar",
        "Revenue by hour of day": "echarts_timeseries_bar", "Revenue hour by hour": "echarts_timeseries_bar",
        "Sales and refunds by language": "echarts_timeseries_bar",
    },
}  # fmt: skip
"""What each dashboard has to show, and as which picture: lines for trends, bars for comparisons, pies for parts of a
whole, bars of steps, tables of cohorts, waterfalls, gauges against targets."""


@pytest.mark.parametrize("title", CHARTS)
def test_dashboard_shows_its_main_charts_as_the_right_picture(
    title: str, dashboards: dict[str, dict[str, Any]], charts: dict[str, dict[str, Any]]
) -> None:
    assert set(dashboards) == set(CHARTS)
    shown = [charts[tile["meta"]["uuid"]] for tile in tiles(dashboards[title])]
    kinds = {chart["slice_name"]: chart["viz_type"] for chart in shown}
    assert {name: kinds.get(name) for name in CHARTS[title]} == CHARTS[title]


def test_only_tables_are_wider_than_half_a_row(
    dashboards: dict[str, dict[str, Any]], charts: dict[str, dict[str, Any]]
) -> None:
    """On a phone half a row fills the screen: a table scrolls, a wider picture would be cut."""
    for title, dashboard in dashboards.items():
        for tile in tiles(dashboard):
            if tile["meta"]["width"] > 6:
                assert charts[tile["meta"]["uuid"]]["viz_type"] in ("table", "pivot_table_v2"), (title, tile["id"])


def test_each_dashboard_opens_with_thirty_whole_days_of_one_tenant(
    dashboards: dict[str, dict[str, Any]],
) -> None:
    for title, dashboard in dashboards.items():
        *others, tenant = dashboard["metadata"]["native_filter_configuration"][: 1 if title == "Home" else 2]
        assert tenant["controlValues"]["defaultToFirstItem"] and tenant["scope"]["rootPath"] == ["ROOT_ID"], title
        if title == "Home":
            continue
        (days,) = others
        expected = 'DATEADD(DATETIME("today"), -30, day) : DATETIME("today")'
        assert days["defaultDataMask"]["extraFormData"]["time_range"] == expected, title


def test_home_opens_with_thirty_days_beside_those_before_in_the_order_of_periods(
    dashboards: dict[str, dict[str, Any]], assets: bundle.Assets
) -> None:
    _, period, comparison = dashboards["Home"]["metadata"]["native_filter_configuration"]
    assert period["defaultDataMask"]["filterState"]["value"] == ["30d"] and period["requiredFirst"]
    assert (
        comparison["defaultDataMask"]["filterState"]["value"] == ["the period before"] and comparison["requiredFirst"]
    )
    metrics = {item["metric_name"]: item["expression"] for item in assets["datasets/warehouse/kpis.yaml"]["metrics"]}
    assert metrics[period["controlValues"]["sortMetric"]] == "MIN(period_position)"
    for item in (period, comparison):
        assert item["scope"]["rootPath"] == ["ROW-figures", "ROW-sales"]
        for dataset in ("kpis", "movers", "sales_trend"):
            columns = [column["column_name"] for column in assets[f"datasets/warehouse/{dataset}.yaml"]["columns"]]
            assert item["targets"][0]["column"]["name"] in columns


def test_each_dashboard_says_how_fresh_it_is_and_explains_its_terms(dashboards: dict[str, dict[str, Any]]) -> None:
    for title, dashboard in dashboards.items():
        metas = [tile["meta"] for tile in dashboard["position"].values() if isinstance(tile, dict) and "meta" in tile]
        texts = "".join(meta.get("code", "") for meta in metas)
        assert title == "Home" or ("365d" in texts and "####" in texts), title
        assert texts.startswith(("**Home**", "[Home](")), title
        assert "State of the data" in [meta.get("sliceName") for meta in metas], title
        assert dashboard["metadata"]["refresh_frequency"] == (30 if title in ("Home", "Assistant") else 60), title
        assert "@media" in dashboard["css"], title


def test_date_filter_reaches_exactly_the_charts_that_have_days(
    dashboards: dict[str, dict[str, Any]], charts: dict[str, dict[str, Any]]
) -> None:
    for title, dashboard in dashboards.items():
        if title == "Home":  # its period is a filter of its own
            continue
        reached = dashboard["metadata"]["native_filter_configuration"][0]["scope"]["rootPath"]
        for tile in tiles(dashboard):
            operators = [item["operator"] for item in charts[tile["meta"]["uuid"]]["params"]["adhoc_filters"]]
            assert ("TEMPORAL_RANGE" in operators) == (tile["parents"][-1] in reached), (title, tile["id"])


def test_every_dashboard_links_to_all_others_home_first(assets: bundle.Assets) -> None:
    filled = bundle.complete(assets)
    boards = [item for path, item in filled.items() if path.startswith("dashboards/")]
    for board in boards:
        tile = board["position"]["MARKDOWN-links"]
        parts = re.findall(r"\*\*([^*]+)\*\*|\[([^]]+)\]\(/superset/dashboard/([\w-]+)/\)", tile["meta"]["code"])
        assert [current for current, _, _ in parts if current] == [board["dashboard_title"]]
        assert {slug for _, _, slug in parts if slug} == {other["slug"] for other in boards} - {board["slug"]}
        assert "Home" in parts[0]


def test_default_range_shows_both_its_days_and_presets_end_with_it() -> None:
    assert ranges.expression("2011-11-10 : 2011-12-09") == "2011-11-10 : 2011-12-10"
    presets = {name: value.split(" : ") for name, value in ranges.presets("2011-11-10 : 2011-12-09").items()}
    days = {name: date.fromisoformat(end) - date.fromisoformat(start) for name, (start, end) in presets.items()}
    assert days["7d"] == timedelta(7) and days["30d"] == timedelta(30) and days["90d"] == timedelta(90)
    assert presets["ytd"] == ["2011-01-01", "2011-12-10"]


def test_preset_link_needs_no_escaping_in_markdown_or_the_address_bar() -> None:
    query = ranges.preset_query('DATEADD(DATETIME("today"), -6, day) : x', "This month")
    assert not set(query) & set("() \"'")
    (mask,) = parse_qs(query.removeprefix("?"))["native_filters"]
    assert "time_range:'DATEADD(DATETIME(\"today\"), -6, day) : x'" in mask
    assert "col:period,op:IN,val:!('This month')" in mask


@pytest.mark.parametrize("text", ["last month", "2026-01-01", "2026-13-01 : 2026-13-02", "2026-02-01 : 2026-01-01"])
def test_text_that_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="date range"):
        ranges.expression(text)
