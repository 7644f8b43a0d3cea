"""The compact files: their one form, and an error that names file, chart and key for each kind of mistake."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from semantic.catalog import Catalog
from superset_assets import bundle, chart_form, decisions, yaml_text
from superset_assets.errors import DecisionError, InvalidAssetsError
from superset_assets.export import BLOCKS

CARD = "units_sold:\n  type: card\n  title: Units sold\n"
BOARD, CHARTS = "dashboards/store_performance.yaml", "charts/store_performance.yaml"
COHORTS = "charts/product_metrics.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of our files, to be changed."""
    for kind in decisions.KINDS:
        shutil.copytree(decisions.ROOT / kind, tmp_path / kind)
    return tmp_path


def problems(root: Path, catalog: Catalog, file: str, old: str, new: str) -> str:
    """What reading and expanding says after a replacement in a file."""
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new, 1))
    with pytest.raises(InvalidAssetsError) as error:
        bundle.expand(decisions.read(root), catalog)
    return str(error.value)


# file, text, replacement, message
MISTAKES = {
    "unknown key of a chart": (
        CHARTS,
        "  caption: pieces",
        "  captoin: pieces",
        f"{CHARTS}: units_sold: captoin: no such key; did you mean caption?",
    ),
    "missing key": (CHARTS, "  title: Units sold\n", "", f"{CHARTS}: units_sold: title: field required"),
    "unknown type": (
        CHARTS,
        CARD,
        CARD.replace("card", "crad"),
        "units_sold: type: 'crad' is no type of chart; did you",
    ),
    "key of another type": (
        CHARTS,
        CARD,
        CARD + "  stacked: true\n",
        "units_sold: stacked: a chart of type card has no",
    ),
    "unknown metric": (
        CHARTS,
        CARD,
        CARD + "  metric: units_solt\n",
        "units_sold: metric: no metric is called 'units_solt'",
    ),
    "metrics of two marts": (
        CHARTS,
        "[order_revenue, refunded_order_value",
        "[order_revenue, retention",
        "revenue_by_day: metrics: retention is a metric of",
    ),
    "unknown column": (
        CHARTS,
        "by: product_label",
        "by: product",
        "top_products: by: product_daily has no column 'product'",
    ),
    "unknown column to label": (
        CHARTS,
        "    orders_settled:",
        "    orders:",
        "refund_health: labels: metrics_daily has no",
    ),
    "unknown operator": (COHORTS, "{'>': 0}", "{above: 0}", "cohort_retention: filters: 'above' is no operator"),
    "truth as text": (COHORTS, "shaded: true", "shaded: half", "cohort_retention: shaded"),
    "SQL in the options": (
        CHARTS,
        CARD,
        CARD + "  options: {extra: {sqlExpression: SUM(x)}}\n",
        "units_sold: options: a chart holds no SQL",
    ),
    "metric in the options": (
        CHARTS,
        CARD,
        CARD + "  options: {metrics: [SUM(x)]}\n",
        "units_sold: options.metrics: this is no option",
    ),
    "chart of the same name in another file": (
        "charts/revenue_deep_dive.yaml",
        "payouts_by_day:\n",
        "net_sales:\n",
        f"{CHARTS}: net_sales: charts/revenue_deep_dive.yaml has a chart of the same name",
    ),
    "chart of the same name in one file": (
        CHARTS,
        "units_sold:\n",
        "net_sales:\n",
        "the key 'net_sales' is written twice",
    ),
    "no YAML": (CHARTS, "units_sold:\n", "units_sold: [\n", f"{CHARTS}: it is no YAML"),
    "unknown key of a dashboard": (
        BOARD,
        "description:",
        "descripton:",
        f"{BOARD}: descripton: no such key; did you mean",
    ),
    "unknown chart": (
        BOARD,
        "[[net_sales,",
        "[[net_sale,",
        f"{BOARD}: rows.kpi: no chart is called 'net_sale'; did you mean net_sales?",
    ),
    "row too wide": (BOARD, "[refund_rate, 3, 19]", "[refund_rate, 4, 19]", "rows.refunds: it is 13 columns wide"),
    "tile too wide": (BOARD, "[refund_rate, 3, 19]", "[refund_rate, 13, 19]", "rows.refunds.0.width"),
    "tile of four parts": (BOARD, "[refund_rate, 3, 19]", "[refund_rate, 3, 19, 1]", "is no tile"),
    "unknown key of a text": (
        BOARD,
        "  - height: 15\n",
        "  - hight: 15\n",
        "rows.sources.0.hight: no such key; did you mean height?",
    ),
    "width that cannot be shared": (
        BOARD,
        "[net_sales_by_day, aov_by_day]",
        "[net_sales_by_day, aov_by_day, top_products, top_customers, revenue_by_day]",
        "rows.sales: 5 tiles cannot share 12 columns equally",
    ),
    "chart twice": (
        BOARD,
        "[net_sales_by_day,",
        "[net_sales,",
        "rows.sales: CHART-net_sales is on the dashboard already",
    ),
    "days and months in a row": (
        BOARD,
        "[net_sales_by_day, aov_by_day]",
        "[net_sales_by_day, mrr_gained]",
        "rows.sales: some of its charts follow",
    ),
    "tab of an unknown row": (BOARD, "[sales, top", "[sale, top", "tabs: no row is called 'sale'; did you mean sales?"),
    "row in two tabs": (BOARD, "[funnel, literal]", "[funnel, top]", "tabs: the row 'top' is in two places"),
    "filter by no column": (
        BOARD,
        "rows:\n",
        "filters: {channel: {title: Channel, dataset: metrics_daily, column: chanel}}\nrows:\n",
        "filters.channel: no mart 'metrics_daily' with a column 'chanel'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_a_file_is_an_error_that_names_file_chart_and_key(
    mistake: str, root: Path, catalog: Catalog
) -> None:
    file, old, new, message = MISTAKES[mistake]
    assert message in problems(root, catalog, file, old, new)


def test_all_mistakes_are_listed_at_once(root: Path, catalog: Catalog) -> None:
    (root / BOARD).write_text((root / BOARD).read_text().replace("title:", "titel:"))
    text = problems(root, catalog, CHARTS, "type: card", "type: crad")
    assert f"{BOARD}: title: field required" in text and f"{BOARD}: titel: no such key" in text and "'crad'" in text


def test_every_file_has_the_form_that_an_export_writes() -> None:
    """So that an export changes only the lines that it has to."""
    for file in sorted(path for kind in ("charts", "dashboards") for path in (decisions.ROOT / kind).glob("*.yaml")):
        text = "".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith("#"))
        content = yaml_text.load(text)
        separator = "\n" if file.parent.name == "charts" else ""
        assert text == separator.join(yaml_text.dump_compact({key: content[key]}, BLOCKS) for key in content), file.name


def test_every_title_is_of_one_chart() -> None:
    """Checks, exports and people name a chart by its title, also where they see the charts of all dashboards."""
    titles = [chart.title for chart in decisions.read().charts.values()]
    assert sorted(titles) == sorted(set(titles))


def test_no_table_shows_names_as_html(catalog: Catalog) -> None:
    charts = [chart_form.expand(name, chart, catalog) for name, chart in decisions.read().charts.items()]
    tables = [chart for chart in charts if chart["viz_type"] in ("table", "pivot_table_v2")]
    assert len(tables) > 5
    assert {chart["params"].get("allow_render_html") for chart in tables} == {False}


def test_every_decision_changes_something(catalog: Catalog) -> None:
    files = decisions.read()
    for name, chart in files.charts.items():
        expanded = chart_form.expand(name, chart, catalog)
        for key in chart.model_fields_set - {"type", "title", "caption", "empty"}:
            content = {other: value for other, value in chart.plain().items() if other != key}
            with suppress(DecisionError):
                shorter = chart_form.expand(name, decisions.Chart.model_validate(content), catalog)
                assert shorter != expanded, (name, key)


def test_one_more_filter_chooses_values_of_a_column(root: Path, catalog: Catalog) -> None:
    text = (root / BOARD).read_text()
    more = "filters: {channel: {title: Channel, dataset: metrics_daily, column: channel}}\nrows:\n"
    (root / BOARD).write_text(text.replace("rows:\n", more, 1))
    configuration = bundle.expand(decisions.read(root), catalog)[BOARD]["metadata"]["native_filter_configuration"]
    assert [item["id"] for item in configuration][2:] == ["NATIVE_FILTER-channel"]
    assert configuration[2]["targets"][0]["column"] == {"name": "channel"}
    assert configuration[2]["controlValues"]["multiSelect"] and "requiredFirst" not in configuration[2]
