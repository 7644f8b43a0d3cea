"""A shop with Shopify alone, over real marts: each chart that it sees has known numbers or a sentence.

Its navigation has no dashboard that cannot be filled."""

import json
from collections.abc import Iterator

import pytest
import requests
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait
from supersetapiclient.client import SupersetClient

from semantic.catalog import Catalog
from superset_assets import chart_form, dashboard_form, decisions, verify
from superset_assets.client import call, ids_by_uuid, listing
from superset_assets.errors import EmptyChartError
from superset_assets.names import asset_uuid
from tests.orchestration.installation import published_shops
from tests.superset_assets import browser
from tests.superset_assets.conftest import TENANTS, Running, point_to
from tests.superset_assets.test_logins import Browser

HIDDEN = {"assistant", "creator", "marketing-performance", "product-metrics"}
UNKNOWN = {
    # advertising
    "ad_spend", "roas", "roas_by_day",
    # Stripe
    "mrr", "arr", "mrr_growth", "churn", "mrr_gained", "mrr_lost", "mrr_movements", "mrr_progress", "churn_progress",
    "mrr_target", "churn_target", "cash_received", "disputes", "cash_by_day", "payouts_by_day", "cash_by_channel",
    # files
    "operating_expenses_total", "operating_expenses", "result_by_month", "cash_and_runway",
}  # fmt: skip
"""What the dashboards of a shop without these sources cannot know, counted by hand."""
HALF = {"break_even": {"monthly_income"}, "refunds_and_chargebacks": {"refunded_amount"}}
"""Charts of several metrics, of which only these are known."""
OLD = ("ltv_by_horizon", "needs_a_look", "trust", "figures", "cash_outlook", "what_moved", "net_sales_beside_before")
"""Charts that depend on the age of the shop, or hold texts."""
ALL = 'DATEADD(DATETIME("today"), -365, day) : DATETIME("today")'


@pytest.fixture
def alone(superset: Running) -> Iterator[Running]:
    """Both tenants have Shopify alone while a test runs."""
    before = (superset.published / "current").resolve()
    build = superset.published / "shopify-alone"
    if not build.exists():
        build.mkdir()
        for file in published_shops().current.iterdir():
            (build / file.name).hardlink_to(file)
    point_to(superset, build.name)
    yield superset
    point_to(superset, before.name)


def links(client: SupersetClient, slug: str) -> set[str]:
    """The dashboards that the strip of links leads to."""
    position = call(client, "get", f"dashboard/{slug}")["result"]["position_json"]
    boards = map(dashboard_form.slug, decisions.read().dashboards)
    return {board for board in boards if f"/superset/dashboard/{board}/" in position}


def listed(client: SupersetClient) -> set[str]:
    return {str(row["slug"]) for row in listing(client, "dashboard/", ["slug"])}


def navigation(superset: Running, name: str) -> dict[str, list[str]]:
    """What the page of a login asks for: the dashboards that are not in a tenant's navigation."""
    page = Browser(superset)
    page.log_in(superset.server.credentials.login(name))
    answer: dict[str, list[str]] = page.get("/takings/navigation").json()
    return answer


def test_navigation_has_no_dashboard_that_the_sources_cannot_fill(alone: Running) -> None:
    boards = {dashboard_form.slug(name) for name in decisions.read().dashboards}
    for name in TENANTS:
        client = alone.user(name)
        assert listed(client) & boards == boards - HIDDEN
        for slug in boards - HIDDEN:
            assert links(client, slug) == boards - HIDDEN - {slug}
        assert call(client, "get", "dashboard/product-metrics")["result"]["slug"] == "product-metrics"
        assert navigation(alone, name) == {name: sorted(HIDDEN)}
    for name in ("admin", "ola"):
        assert listed(alone.user(name)) & boards == boards
        assert links(alone.user(name), "home") == boards - {"home"}
        assert navigation(alone, name) == dict.fromkeys(TENANTS, sorted(HIDDEN))


@pytest.mark.browser
@pytest.mark.skipif(not browser.CHROMIUM.exists(), reason="no chromium: `make test` installs it")
def test_page_of_the_administrator_has_only_the_links_of_the_chosen_tenant(alone: Running) -> None:
    boards = {dashboard_form.slug(name) for name in decisions.read().dashboards}
    with browser.chromium() as driver:
        browser.log_in(driver, alone.server.url, alone.server.credentials.admin)
        driver.get(f"{alone.server.url}/superset/dashboard/home/")
        strip = """.dashboard-markdown a[href^="/superset/dashboard/"]"""
        visible = f"[...document.querySelectorAll('{strip}')].filter(link => link.offsetParent)"

        def shown(driver: webdriver.Chrome) -> set[str]:
            addresses = str(driver.execute_script(f"return {visible}.map(link => link.href)"))
            return {board for board in boards if f"/dashboard/{board}/" in addresses}

        WebDriverWait(driver, 60).until(lambda d: shown(d) == boards - HIDDEN - {"home"})


def test_navigation_of_a_build_that_names_no_sources_is_whole(superset: Running) -> None:
    boards = {dashboard_form.slug(name) for name in decisions.read().dashboards}
    assert listed(superset.user("aurora")) & boards == boards
    assert navigation(superset, "aurora") == {"aurora": []}
    assert Browser(superset).get("/takings/navigation").status_code == requests.codes.unauthorized


def test_each_chart_has_known_numbers_or_a_sentence(alone: Running, catalog: Catalog) -> None:
    client, files = alone.user("aurora"), decisions.read()
    numbers = ids_by_uuid(client, "chart")
    shown = {
        chart
        for name, board in files.dashboards.items()
        if dashboard_form.slug(name) not in HIDDEN
        for chart in dashboard_form.chart_names(board)
    }
    wrong = []
    for name in sorted(shown - set(OLD)):
        chart = files.charts[name]
        context = json.loads(
            call(client, "get", f"chart/{numbers[asset_uuid('charts', name)]}")["result"]["query_context"]
        )
        for query in context["queries"]:
            query["filters"] = [
                {**item, "val": ALL} if item["op"] == "TEMPORAL_RANGE" else item for item in query["filters"]
            ]
        (answer,) = call(client, "post", "chart/data", json=context)["result"]
        metrics = set(chart_form.metric_names(name, chart))
        known = {key for row in answer["data"] for key, value in row.items() if key in metrics and value is not None}
        sentence = chart_form.empty_text(name, chart, catalog)
        expected = set() if name in UNKNOWN else HALF.get(name, metrics)
        if known != expected or not (answer["data"] or sentence):
            wrong.append((name, sorted(known), sorted(expected), len(answer["data"]), sentence))
        if name in UNKNOWN and answer["data"]:
            wrong.append((name, answer["data"][:2]))
    assert wrong == []
    assert shown >= UNKNOWN


def test_check_of_the_charts_tells_unknown_groups_from_missing_rows(alone: Running) -> None:
    with pytest.raises(EmptyChartError) as caught:
        verify.check_charts(alone.admin, "revenue-deep-dive", tenant="aurora")
    missing = {part.partition(":")[0] for part in str(caught.value).split("; ")}
    assert "Chargebacks" in str(caught.value)  # one number that is not there
    assert not missing & {"Cash over time", "Payouts over time"}  # days, of which no number is known
    with pytest.raises(EmptyChartError, match="Revenue by source: no rows"):
        verify.check_charts(alone.admin, "revenue-deep-dive", tenant="nobody")
