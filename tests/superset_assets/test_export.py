"""What people edited in Superset, back in the compact files: nothing else changes, and nothing is lost in silence."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semantic.catalog import Catalog
from superset_assets import bundle, chart_form, compact_chart, dashboard_form, decisions, export, ranges
from superset_assets.names import asset_uuid

BOARD = "dashboards/store_performance.yaml"
CHART, CARD, TABLE = "charts/revenue_by_day.yaml", "charts/net_sales.yaml", "charts/top_customers.yaml"
Edit = Callable[[bundle.Assets], Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of our files, to be written to."""
    for kind in decisions.KINDS:
        shutil.copytree(decisions.ROOT / kind, tmp_path / kind)
    return tmp_path


@pytest.fixture(scope="module")
def imported(catalog: Catalog) -> bundle.Assets:
    """Our assets as Superset has them after an import."""
    return bundle.unpack(bundle.to_zip(catalog))


def exported(imported: bundle.Assets, catalog: Catalog, root: Path, edit: Edit) -> export.Export:
    assets = copy.deepcopy(imported)
    edit(assets)
    return export.compare(assets, decisions.read(root), catalog, root=root)


def changed(result: export.Export) -> list[str]:
    """The lines that the export removes and adds."""
    return [line for line in result.lines() if line[0] in "+-" and not line.startswith(("---", "+++"))]


def tile(assets: bundle.Assets, name: str) -> dict[str, Any]:
    meta: dict[str, Any] = assets[BOARD]["position"][name]["meta"]
    return meta


def test_expanded_charts_and_dashboards_are_read_back_as_the_same_decisions(catalog: Catalog) -> None:
    files = decisions.read()
    for name, chart in files.charts.items():
        form = chart_form.expand(name, chart, catalog)
        read, left = compact_chart.read_chart(form, name, catalog)
        written = {key: value for key, value in chart.plain().items() if key != "empty"}  # Superset has no place for it
        assert (read.plain(), left) == (written, [])
    empty = {"rows": {}, "tabs": {}, "cross_filter": []}
    blank = {
        name: board.model_copy(update=empty | {"filters": dict.fromkeys({"date_range"} & board.filters.keys())})
        for name, board in files.dashboards.items()
    }
    forms = {
        f"dashboards/{name}.yaml": dashboard_form.expand(name, board, files.charts, catalog)
        for name, board in files.dashboards.items()
    }
    charts = {path: item for path, item in bundle.expand(files, catalog).items() if path.startswith("charts/")}
    without_rows = decisions.Files(files.charts, blank, files.databases, files.chart_files)
    result = export.compare(bundle.complete(charts | forms), without_rows, catalog)
    assert result.dashboards == files.dashboards and not result.charts and result.warnings == []


@pytest.mark.parametrize("default_range", [None, "2011-11-10 : 2011-12-09"])
def test_nothing_edited_is_nothing_to_write(catalog: Catalog, default_range: str | None) -> None:
    files = decisions.read()
    assets = bundle.complete(bundle.expand(files, catalog), default_range=default_range)
    assert export.compare(assets, files, catalog, default_range=default_range).lines() == []


OWN = {
    "slice_name": "Discounts, by day!",
    "uuid": "5d6ef3f0-3f4d-4b2c-9a56-0a5f0f5a7a11",
    "description": "What was taken off.",
    "viz_type": "echarts_timeseries_line",
    "dataset_uuid": asset_uuid("datasets", "metrics_daily"),
}


def place_own_chart(assets: bundle.Assets) -> None:
    """Somebody makes a chart in Superset and puts it into a row of its own."""
    params = assets[CHART]["params"] | {"metrics": ["discounts"], "show_legend": False, "x_axis_time_format": "%-d %b"}
    assets["charts/Discounts_by_day_77.yaml"] = {**assets[CHART], **OWN, "certified_by": None, "params": params}
    position = assets[BOARD]["position"]
    position["GRID_ID"]["children"].append("ROW-N-x7Yz")
    position["ROW-N-x7Yz"] = {**position["ROW-sales"], "id": "ROW-N-x7Yz", "children": ["CHART-a1"]}
    meta = {"uuid": OWN["uuid"], "chartId": 77, "width": 6, "height": 50, "sliceName": OWN["slice_name"]}
    position["CHART-a1"] = {**position["CHART-net_sales_by_day"], "id": "CHART-a1", "meta": meta}


def add_filter(assets: bundle.Assets) -> None:
    days, tenant = assets[BOARD]["metadata"]["native_filter_configuration"]
    controls = tenant["controlValues"] | {"multiSelect": True, "enableEmptyFilter": False, "defaultToFirstItem": False}
    target = {"datasetUuid": asset_uuid("datasets", "metrics_daily"), "column": {"name": "channel"}}
    more = {"id": "NATIVE_FILTER-a1", "name": "Channel", "controlValues": controls, "targets": [target]}
    added = {key: value for key, value in {**tenant, **more, "description": ""}.items() if key != "requiredFirst"}
    assets[BOARD]["metadata"]["native_filter_configuration"] = [days, tenant, added]


def put_a_row_into_a_new_tab(assets: bundle.Assets) -> None:
    position = assets[BOARD]["position"]
    position["GRID_ID"]["children"].remove("ROW-sources")
    position["TABS-tabs"]["children"].append("TAB-1")
    meta = {"text": "Sources", "defaultText": "Tab title", "placeholder": "Tab title"}
    position["TAB-1"] = {"type": "TAB", "id": "TAB-1", "children": ["ROW-sources"], "meta": meta}


EDITS: dict[str, tuple[Edit, list[str]]] = {
    "title of a chart": (
        lambda a: a[CHART].update(slice_name="Revenue and refunds"),
        ["-  title: Revenue over time", "+  title: Revenue and refunds"],
    ),
    "subtitle of a card": (
        lambda a: a[CARD]["params"].update(subtitle="after returns"),
        ["-  caption: gross − discounts − returns", "+  caption: after returns"],
    ),
    "metric of a chart": (
        lambda a: a[CHART]["params"]["metrics"].append("total_sales"),
        [
            "-  metrics: [order_revenue, refunded_order_value]",
            "+  metrics: [order_revenue, refunded_order_value, total_sales]",
        ],
    ),
    "filter of a chart": (
        lambda a: a[CARD]["params"]["adhoc_filters"].append(
            {
                "expressionType": "SIMPLE",
                "clause": "WHERE",
                "subject": "channel",
                "operator": "IN",
                "comparator": ["Online store"],
                "filterOptionName": "filter_x",
                "isNew": False,
            }
        ),
        ["+  filters: {channel: [Online store]}"],
    ),
    "number format": (lambda a: a[CARD]["params"].update(y_axis_format=",.2f"), ["+  format: ',.2f'"]),
    "limit of a table": (lambda a: a[TABLE]["params"].update(row_limit=20), ["+  limit: 20"]),
    "setting that is an option": (
        lambda a: a[CARD]["params"].update(header_font_size=0.3),
        ["+  options: {header_font_size: 0.3}"],
    ),
    "what Superset adds when a chart is saved": (
        lambda a: a[CARD]["params"].update(slice_id=7, datasource="3__table", dashboards=[1], extra_form_data={}),
        [],
    ),
    "width of a tile": (
        lambda a: (tile(a, "CHART-refund_rate").update(width=4), tile(a, "CHART-refund_health").update(width=8)),
        [
            "-  refunds: [[refund_rate, 3, 19], [refund_health, 9, 19]]",
            "+  refunds: [[refund_rate, 4, 19], [refund_health, 8, 19]]",
        ],
    ),
    "height of a row": (
        lambda a: [tile(a, f"CHART-{name}").update(height=50) for name in ("net_sales_by_day", "aov_by_day")],
        [
            "-  sales: [net_sales_by_day, aov_by_day]",
            "+  sales: [[net_sales_by_day, 6, 50], [aov_by_day, 6, 50]]",
        ],
    ),
    "order of tiles": (
        lambda a: a[BOARD]["position"]["ROW-sales"]["children"].reverse(),
        ["-  sales: [net_sales_by_day, aov_by_day]", "+  sales: [aov_by_day, net_sales_by_day]"],
    ),
    "order of rows": (
        lambda a: a[BOARD]["position"]["TAB-sales"]["children"].append(
            a[BOARD]["position"]["TAB-sales"]["children"].pop(0)
        ),
        [
            "-  Sales: [sales, top, refunds]",
            "+  Sales: [top, refunds, sales]",
            "-  sales: [net_sales_by_day, aov_by_day]",
            "+  sales: [net_sales_by_day, aov_by_day]",
        ],
    ),
    "a row put into a new tab": (put_a_row_into_a_new_tab, ["+  Sources: [sources]"]),
    "title of a dashboard": (
        lambda a: a[BOARD].update(dashboard_title="Our store"),
        ["-title: Store Performance", "+title: Our store"],
    ),
    "seconds until a refresh": (
        lambda a: a[BOARD]["metadata"].update(refresh_frequency=300),
        ["+options:", "+  refresh_frequency: 300"],
    ),
    "what Superset works out when a dashboard is saved": (
        lambda a: a[BOARD]["metadata"].update(shared_label_colors=["x"], map_label_colors={"x": "y"}),
        [],
    ),
    "a filter more": (add_filter, ["+filters:", "+  a1: {title: Channel, dataset: metrics_daily, column: channel}"]),
    "a chart of somebody's own": (
        place_own_chart,
        [
            "+",
            "+discounts_by_day:",
            "+  type: line",
            "+  title: Discounts, by day!",
            "+  caption: What was taken off.",
            "+  metric: discounts",
            "+  N-x7Yz: [[discounts_by_day, 6, 50]]",
        ],
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_edit_in_superset_changes_only_its_lines_in_the_file(
    edit: str, imported: bundle.Assets, catalog: Catalog, root: Path
) -> None:
    change, lines = EDITS[edit]
    result = exported(imported, catalog, root, change)
    assert sorted(changed(result)) == sorted(lines)
    assert [warning for warning in result.warnings if "it becomes our chart" not in warning] == []
    result.write()
    bundle.expand(decisions.read(root), catalog)
    assert exported(imported, catalog, root, change).texts() == {} or edit == "a chart of somebody's own"


def test_chart_made_in_superset_is_named_with_what_to_do_about_the_original(
    imported: bundle.Assets, catalog: Catalog, root: Path
) -> None:
    (warning,) = exported(imported, catalog, root, place_own_chart).warnings
    assert warning.endswith("it becomes our chart discounts_by_day. Delete the original in Superset after an apply.")


def test_chart_on_two_dashboards_is_exported_and_named_once(
    imported: bundle.Assets, catalog: Catalog, root: Path
) -> None:
    def edit(assets: bundle.Assets) -> None:
        place_own_chart(assets)
        other = assets["dashboards/revenue_deep_dive.yaml"]["position"]
        other["GRID_ID"]["children"].append("ROW-N-x7Yz")
        other |= {key: assets[BOARD]["position"][key] for key in ("ROW-N-x7Yz", "CHART-a1")}
        assets["charts/trust.yaml"]["cache_timeout"] = 5

    result = exported(imported, catalog, root, edit)
    assert len(result.warnings) == 2, result.warnings
    assert list(result.charts) == ["discounts_by_day"] and len(result.dashboards) == 2


def test_comments_and_other_charts_stay_as_they_are(imported: bundle.Assets, catalog: Catalog, root: Path) -> None:
    file = root / "charts/store_performance.yaml"
    text = "# of the shop\n" + file.read_text().replace("\nunits_sold:", "\n# pieces, not orders\nunits_sold:")
    file.write_text(text)
    exported(imported, catalog, root, lambda a: a["charts/new_customers.yaml"].update(slice_name="New people")).write()
    assert file.read_text() == text.replace("title: New customers", "title: New people")


SQL = {"expressionType": "SQL", "sqlExpression": "SUM(net_sales_minor)", "label": "Mine"}


def add_tabs(assets: bundle.Assets) -> None:
    position = assets[BOARD]["position"]
    position["GRID_ID"]["children"].append("TABS-1")
    position["TABS-1"] = {"type": "TABS", "id": "TABS-1", "children": [], "parents": ["ROOT_ID", "GRID_ID"], "meta": {}}


def add_unknown_chart(assets: bundle.Assets) -> None:
    place_own_chart(assets)
    assets["charts/Discounts_by_day_77.yaml"]["viz_type"] = "sunburst_v2"


# edit, what the warning says
UNSAID: dict[str, tuple[Edit, str]] = {
    "metric in SQL": (lambda a: a[CHART]["params"].update(metrics=[SQL]), "revenue_by_day: metric"),
    "one metric of two in SQL": (
        lambda a: a[CHART]["params"]["metrics"].append(SQL),
        "revenue_by_day: params.metrics is",
    ),
    "filter in SQL": (
        lambda a: a[CHART]["params"]["adhoc_filters"].append(SQL | {"clause": "WHERE"}),
        "revenue_by_day: params.adhoc_filters is",
    ),
    "date filter removed": (
        lambda a: a[CHART]["params"].update(adhoc_filters=[]),
        "revenue_by_day: params.adhoc_filters is nothing",
    ),
    "cache of a chart": (lambda a: a[CHART].update(cache_timeout=5), "revenue_by_day: cache_timeout is 5 in Superset"),
    "type that we do not have": (
        lambda a: a[CHART].update(viz_type="sunburst_v2"),
        "revenue_by_day: type: sunburst_v2 is no type of chart",
    ),
    "description of a card, which shows its subtitle": (
        lambda a: a[CARD].update(description="after returns"),
        "net_sales: description is 'after returns' in Superset",
    ),
    "style sheet": (lambda a: a[BOARD].update(css="a {}"), f"{BOARD}: css is 'a {{}}' in Superset"),
    "colour of a metric": (
        lambda a: a[BOARD]["metadata"]["label_colors"].update({"Net sales": "#000000"}),
        f"{BOARD}: metadata.label_colors.Net sales is '#000000'",
    ),
    "tabs without a tab": (add_tabs, f"{BOARD}: layout.TABS-1 is"),
    "title of a tile": (
        lambda a: tile(a, "CHART-net_sales").update(sliceNameOverride="Mine"),
        f"{BOARD}: layout.kpi.children is",
    ),
    "default of the date filter": (
        lambda a: a[BOARD]["metadata"]["native_filter_configuration"][0]["defaultDataMask"]["extraFormData"].update(
            time_range="Last week"
        ),
        "metadata.filters.date_range.defaultDataMask.extraFormData.time_range is 'Last week'",
    ),
    "filter removed": (
        lambda a: a[BOARD]["metadata"]["native_filter_configuration"].pop(),
        f"{BOARD}: metadata.filters.tenant",
    ),
    "own chart of a type that we do not have": (add_unknown_chart, "sunburst_v2 is no type of chart in defaults.yaml"),
    "chart taken off its dashboard": (
        lambda a: a[BOARD]["position"]["ROW-kpi"]["children"].remove("CHART-units_sold"),
        "charts/store_performance.yaml: units_sold: no dashboard shows it any more.",
    ),
    "dashboard that was never imported": (lambda a: a.pop(BOARD), f"{BOARD}: Superset does not have it."),
}


@pytest.mark.parametrize("edit", UNSAID)
def test_edit_that_the_files_cannot_say_is_a_warning_with_file_and_key(
    edit: str, imported: bundle.Assets, catalog: Catalog, root: Path
) -> None:
    change, words = UNSAID[edit]
    result = exported(imported, catalog, root, change)
    assert [warning for warning in result.warnings if words in warning], result.lines()
    assert "SUM(" not in "".join(after for _, after in result.texts().values())


def test_only_the_named_dashboard_is_exported(imported: bundle.Assets, catalog: Catalog, root: Path) -> None:
    assets = copy.deepcopy(imported)
    assets[BOARD]["description"] = assets["dashboards/product_metrics.yaml"]["description"] = "edited"
    result = export.compare(assets, decisions.read(root), catalog, only=["product_metrics"], root=root)
    assert list(result.texts()) == ["dashboards/product_metrics.yaml"]


def test_presets_of_another_default_range_are_still_the_presets(
    imported: bundle.Assets, catalog: Catalog, root: Path
) -> None:
    links = ranges.preset_links("2011-11-10 : 2011-12-09")

    def edit(assets: bundle.Assets) -> None:
        meta = tile(assets, "MARKDOWN-range")
        meta["code"] = links

    assert exported(imported, catalog, root, edit).lines() == []
