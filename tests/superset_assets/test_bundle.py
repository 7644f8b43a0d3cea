"""What goes into a bundle."""

import json
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from semantic.catalog import Catalog
from superset_assets import bundle, ranges, yaml_text


def test_the_snapshot_of_datasets_is_what_the_catalog_gives(catalog: Catalog) -> None:
    kept = {path: item for path, item in bundle.read().items() if path.startswith("datasets/")}
    made = {f"datasets/warehouse/{name}.yaml": item for name, item in bundle.datasets(catalog).items()}
    assert sorted(path for path in kept.keys() | made.keys() if kept.get(path) != made.get(path)) == []


def test_the_same_input_gives_the_same_bytes_and_leaves_nothing_to_fill_in(catalog: Catalog) -> None:
    zipped = bundle.to_zip(catalog)
    assert zipped == bundle.to_zip(catalog)
    assert not [path for path, item in bundle.unpack(zipped).items() if "{{" in yaml_text.dump(item)]


def test_each_mart_with_metrics_becomes_a_dataset_and_so_does_the_build(catalog: Catalog) -> None:
    assert set(bundle.datasets(catalog)) == {
        "activity_daily", "build_info", "cohorts", "customer_daily", "events", "feature_daily", "finance_monthly",
        "funnel_daily", "ltv_horizons", "metrics_daily", "mrr_monthly", "product_daily", "sessions_daily", "spend",
    }  # fmt: skip


def test_a_metric_with_thresholds_has_a_badge_beside_it_and_colours_its_big_number(catalog: Catalog) -> None:
    names = [item["metric_name"] for item in bundle.datasets(catalog)["metrics_daily"]["metrics"]]
    assert [name for name in names if name.endswith("_badge")] == ["refund_rate_by_status_badge"]
    assets = bundle.complete(bundle.read(), catalog)
    rules = assets["charts/refund_rate.yaml"]["params"]["conditional_formatting"]
    assert [(rule["operator"], rule.get("targetValue")) for rule in rules] == [("≤", 0.05), ("< x ≤", None), (">", 0.1)]
    assert "conditional_formatting" not in assets["charts/net_sales.yaml"]["params"]


def test_every_chart_carries_the_query_that_it_draws(catalog: Catalog) -> None:
    for path, chart in bundle.complete(bundle.read(), catalog).items():
        if path.startswith("charts/"):
            (query,) = json.loads(chart["query_context"])["queries"]
            assert query["columns"] or query["metrics"], path


def test_money_carries_its_rows_currency_and_no_symbol_of_ours(catalog: Catalog) -> None:
    dataset = bundle.datasets(catalog)["metrics_daily"]
    assert dataset["currency_code_column"] == "currency"
    assert {item["currency"] for item in dataset["metrics"]} == {None}


def dashboards(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """What Superset gets of each dashboard, by title."""
    done = bundle.complete(bundle.read(), catalog)
    return {item["dashboard_title"]: item for path, item in done.items() if path.startswith("dashboards/")}


def test_the_views_of_both_requirements_documents_are_there(catalog: Catalog) -> None:
    assert set(dashboards(catalog)) == {
        "Store Performance", "Executive Summary", "Revenue Deep Dive", "Marketing Performance", "Product Metrics",
        "Financial Health",
    }  # fmt: skip


RECOMMENDED = {
    "Executive Summary": {
        "MRR": "big_number", "ARR": "big_number", "Growth rate": "big_number",
        "Revenue trend": "echarts_timeseries_line", "MRR to target": "gauge_chart", "Churn to target": "gauge_chart",
    },
    "Revenue Deep Dive": {
        "Revenue by source": "pie", "Revenue by source and day": "echarts_timeseries_bar",
        "Revenue trend": "echarts_timeseries_line", "Average order value by day": "echarts_timeseries_line",
        "Refunds and chargebacks by day": "echarts_timeseries_line",
    },
    "Marketing Performance": {
        "Ad spend by platform": "echarts_timeseries_bar", "ROAS by campaign": "table",
        "CAC by day": "echarts_timeseries_line", "Web funnel": "funnel", "Traffic sources": "pie",
    },
    "Product Metrics": {
        "API calls by day": "echarts_timeseries_line", "Sessions by day": "echarts_timeseries_line",
        "Feature adoption by day": "echarts_timeseries_line",
        "User engagement by day": "echarts_timeseries_line", "Customers who come back": "pivot_table_v2",
    },
    "Financial Health": {
        "Gross margin by day": "echarts_timeseries_line", "Operating expenses by month": "echarts_timeseries_bar",
        "Runway": "big_number_total", "Break-even projection": "pivot_table_v2",
    },
    "Store Performance": {"Conversion funnel": "funnel", "Top products": "echarts_timeseries_bar"},
}  # fmt: skip
"""What the documents ask a view to show, and as which picture: lines for trends, bars for comparisons, pies for what a
whole is made of, funnels, tables of cohorts, gauges against targets."""


@pytest.mark.parametrize("title", RECOMMENDED)
def test_a_view_shows_what_its_document_asks_for_as_it_recommends(title: str, catalog: Catalog) -> None:
    charts = {item["uuid"]: item for path, item in bundle.read().items() if path.startswith("charts/")}
    tiles = dashboards(catalog)[title]["position"].values()
    shown = [charts[tile["meta"]["uuid"]] for tile in tiles if isinstance(tile, dict) and tile["type"] == "CHART"]
    kinds = {chart["slice_name"]: chart["viz_type"] for chart in shown}
    assert {name: kinds.get(name) for name in RECOMMENDED[title]} == RECOMMENDED[title]


def test_only_tables_are_wider_than_half_a_row(catalog: Catalog) -> None:
    """On a phone half a row fills the screen: a table scrolls, a wider picture would be cut."""
    charts = {item["uuid"]: item for path, item in bundle.read().items() if path.startswith("charts/")}
    for title, dashboard in dashboards(catalog).items():
        for tile in dashboard["position"].values():
            if isinstance(tile, dict) and tile["type"] == "CHART" and tile["meta"]["width"] > 6:
                assert charts[tile["meta"]["uuid"]]["viz_type"] in ("table", "pivot_table_v2"), (title, tile["id"])


def test_each_dashboard_opens_with_thirty_days_including_today_of_one_tenant(catalog: Catalog) -> None:
    for title, dashboard in dashboards(catalog).items():
        days, tenant = dashboard["metadata"]["native_filter_configuration"]
        expected = 'DATEADD(DATETIME("today"), -29, day) : DATEADD(DATETIME("today"), 1, day)'
        assert days["defaultDataMask"]["extraFormData"]["time_range"] == expected, title
        assert tenant["controlValues"]["defaultToFirstItem"] and tenant["scope"]["rootPath"] == ["ROOT_ID"], title


def test_each_dashboard_says_how_fresh_it_is_what_is_what_and_shares_one_look(catalog: Catalog) -> None:
    for title, dashboard in dashboards(catalog).items():
        tiles = [tile["meta"] for tile in dashboard["position"].values() if isinstance(tile, dict) and "meta" in tile]
        texts = "".join(tile.get("code", "") for tile in tiles)
        assert "365d" in texts and "####" in texts, title
        assert "Data as of" in [tile.get("sliceName") for tile in tiles], title
        assert dashboard["metadata"]["refresh_frequency"] == 60 and "@media" in dashboard["css"], title


def test_a_range_of_days_reaches_exactly_the_charts_that_have_days(catalog: Catalog) -> None:
    charts = {item["uuid"]: item for path, item in bundle.read().items() if path.startswith("charts/")}
    for title, dashboard in dashboards(catalog).items():
        reached = dashboard["metadata"]["native_filter_configuration"][0]["scope"]["rootPath"]
        for tile in dashboard["position"].values():
            if isinstance(tile, dict) and tile["type"] == "CHART":
                operators = [item["operator"] for item in charts[tile["meta"]["uuid"]]["params"]["adhoc_filters"]]
                assert ("TEMPORAL_RANGE" in operators) == (tile["parents"][-1] in reached), (title, tile["id"])


def test_a_given_range_shows_both_its_days_and_moves_the_presets_to_its_end() -> None:
    assert ranges.expression("2011-11-10 : 2011-12-09") == "2011-11-10 : 2011-12-10"
    presets = {name: value.split(" : ") for name, value in ranges.presets("2011-11-10 : 2011-12-09").items()}
    days = {name: date.fromisoformat(end) - date.fromisoformat(start) for name, (start, end) in presets.items()}
    assert days["7d"] == timedelta(7) and days["30d"] == timedelta(30) and days["90d"] == timedelta(90)
    assert presets["YTD"] == ["2011-01-01", "2011-12-10"]


def test_a_preset_link_survives_markdown_and_the_address_bar() -> None:
    query = ranges.preset_query('DATEADD(DATETIME("today"), -6, day) : x')
    assert not set(query) & set("() \"'")
    (mask,) = parse_qs(query.removeprefix("?"))["native_filters"]
    assert "time_range:'DATEADD(DATETIME(\"today\"), -6, day) : x'" in mask


@pytest.mark.parametrize("text", ["last month", "2026-01-01", "2026-13-01 : 2026-13-02", "2026-02-01 : 2026-01-01"])
def test_a_range_that_is_none_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="date range"):
        ranges.expression(text)
