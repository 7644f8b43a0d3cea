"""A chart's CSV file from Superset: byte order mark, the names of the reports, the places of the currency."""

import csv
import json
import re
from typing import Any

import pytest

from orchestration import superset_log
from semantic.reports.library import built_in
from superset_assets import datasets
from superset_assets.client import call, ids_by_uuid, send
from superset_assets.names import asset_uuid
from tests.superset_assets import marts
from tests.superset_assets.conftest import Running
from tests.superset_assets.test_logins import Browser


def downloaded(superset: Running, who: str, chart: str, **query: Any) -> bytes:
    """The chart's file as this login gets it."""
    number = ids_by_uuid(superset.admin, "chart")[asset_uuid("charts", chart)]
    context = json.loads(call(superset.admin, "get", f"chart/{number}")["result"]["query_context"])
    context["queries"] = [{**item, **query} for item in context["queries"]]
    return send(superset.user(who), "post", "chart/data", json=context | {"result_format": "csv"}).content


def test_csv_begins_with_the_byte_order_mark_that_excel_needs(superset: Running) -> None:
    body = downloaded(superset, "admin", "top_customers")
    assert body.startswith(b"\xef\xbb\xbf") and not body.startswith(b"\xef\xbb\xbf" * 2)


@pytest.mark.parametrize(("who", "currency"), marts.TENANTS.items())
def test_csv_has_the_columns_of_the_report_and_the_places_of_the_currency(
    superset: Running, who: str, currency: str
) -> None:
    header, *rows = csv.reader(downloaded(superset, who, "top_customers").decode("utf-8-sig").splitlines())
    assert header == ["display_name", "customer_key", "order_count", f"total_spent_{currency.lower()}"]
    assert len(rows) == 10 and all(re.fullmatch(r"-?\d+\.\d\d", row[3]) for row in rows)


def test_csv_of_all_tenants_names_no_currency(superset: Running) -> None:
    text = downloaded(superset, "admin", "revenue_by_day").decode("utf-8-sig")
    assert text.splitlines()[0] == "month,revenue,refunded"


@pytest.mark.parametrize("report", ["revenue-overview", "revenue-by-day", "top-products", "top-customers"])
def test_names_are_those_of_the_reports(report: str) -> None:
    names = {column.of: column.name.removesuffix("_{currency}") for column in built_in()[report].report.columns}
    shared = names.keys() & datasets.EXPORTED.keys()
    assert shared and {of: datasets.EXPORTED[of] for of in shared} == {of: names[of] for of in shared}


def test_login_logout_and_export_are_in_supersets_log(superset: Running) -> None:
    """So that `takings audit export` has them: who, of which tenant, and the file's name; nothing secret."""
    who = superset.log_in("nordlicht")
    number = ids_by_uuid(superset.admin, "chart")[asset_uuid("charts", "top_customers")]
    context = json.loads(call(superset.admin, "get", f"chart/{number}")["result"]["query_context"])
    context["form_data"] = {**context.get("form_data", {}), "slice_id": number}
    send(who, "post", "chart/data", json=context | {"result_format": "csv"})
    send(who, "post", "chart/data", json=context)  # shown, not exported
    metadata = superset.server.home / "metadata.db"
    events = [event for event in superset_log.events(metadata) if event.actor == "nordlicht"]
    exported = [event for event in events if event.action == "export"][-1]
    assert exported.tenant == "nordlicht" and exported.store == "superset"
    assert exported.detail["format"] == "csv" and exported.object == "chart Top customers", exported
    assert exported.detail["name"].startswith("top-customers")
    assert [event.action for event in events][-1] == "export"
    browser = Browser(superset)
    browser.log_in(superset.server.credentials.login("nordlicht"))
    browser.get("/logout/")
    actions = [event.action for event in superset_log.events(metadata) if event.actor == "nordlicht"]
    assert actions[-2:] == ["login", "logout"]
