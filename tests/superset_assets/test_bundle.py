"""What goes into a bundle."""

import json
from datetime import date, timedelta
from urllib.parse import parse_qs

import pytest

from semantic.catalog import Catalog
from superset_assets import build, ranges


def test_the_snapshot_of_datasets_is_what_the_catalog_gives(catalog: Catalog) -> None:
    kept = {path: item for path, item in build.read().items() if path.startswith("datasets/")}
    made = {f"datasets/warehouse/{name}.yaml": item for name, item in build.datasets(catalog).items()}
    assert sorted(path for path in kept.keys() | made.keys() if kept.get(path) != made.get(path)) == []


def test_the_same_input_gives_the_same_bytes_and_leaves_nothing_to_fill_in(catalog: Catalog) -> None:
    bundle = build.bundle(catalog)
    assert bundle == build.bundle(catalog)
    assert not [path for path, item in build.unpack(bundle).items() if "{{" in build.dump(item)]


def test_each_mart_with_metrics_becomes_a_dataset_and_so_does_the_build(catalog: Catalog) -> None:
    assert set(build.datasets(catalog)) == {"metrics_daily", "product_daily", "customer_daily", "cohorts", "build"}


def test_a_metric_with_thresholds_has_a_badge_beside_it_and_colours_its_big_number(catalog: Catalog) -> None:
    names = [item["metric_name"] for item in build.datasets(catalog)["metrics_daily"]["metrics"]]
    assert [name for name in names if name.endswith("_badge")] == ["refund_rate_by_status_badge"]
    assets = build.complete(build.read(), catalog)
    rules = assets["charts/refund_rate.yaml"]["params"]["conditional_formatting"]
    assert [(rule["operator"], rule.get("targetValue")) for rule in rules] == [("≤", 0.05), ("< x ≤", None), (">", 0.1)]
    assert "conditional_formatting" not in assets["charts/net_sales.yaml"]["params"]


def test_every_chart_carries_the_query_that_it_draws(catalog: Catalog) -> None:
    for path, chart in build.complete(build.read(), catalog).items():
        if path.startswith("charts/"):
            (query,) = json.loads(chart["query_context"])["queries"]
            assert query["columns"] or query["metrics"], path


def test_money_carries_its_rows_currency_and_no_symbol_of_ours(catalog: Catalog) -> None:
    dataset = build.datasets(catalog)["metrics_daily"]
    assert dataset["currency_code_column"] == "currency"
    assert {item["currency"] for item in dataset["metrics"]} == {None}


def test_a_dashboard_opens_with_thirty_days_including_today(catalog: Catalog) -> None:
    dashboard = build.complete(build.read(), catalog)["dashboards/store_performance.yaml"]
    (shown,) = [item for item in dashboard["metadata"]["native_filter_configuration"] if item["name"] == "Date range"]
    expected = 'DATEADD(DATETIME("today"), -29, day) : DATEADD(DATETIME("today"), 1, day)'
    assert shown["defaultDataMask"]["extraFormData"]["time_range"] == expected


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
