"""What an owner, an analyst and an operator may do, and that nobody reaches another tenant by it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from superset_assets.client import call, ids_by_uuid, listing, send
from superset_assets.errors import RequestFailedError
from superset_assets.names import asset_uuid
from tests.superset_assets import walls
from tests.superset_assets.conftest import Running
from tests.superset_assets.marts import CANARIES

SECRET = "heron"
"""A word in what the analyst of aurora saves: nobody of another tenant may read it."""
FUNCTIONS = ("getenv('HOME')", "(SELECT content FROM read_text('/etc/passwd'))", "current_setting('temp_directory')")


def dataset(client: SupersetClient, table: str = "metrics_daily") -> int:
    return ids_by_uuid(client, "dataset")[asset_uuid("datasets", table)]


def chart(client: SupersetClient, metrics: list[Any], title: str = SECRET) -> dict[str, Any]:
    """A chart as Superset's editor saves it."""
    source = {"id": dataset(client), "type": "table"}
    query = {"columns": ["channel"], "metrics": metrics, "row_limit": 10, "filters": []}
    context = {"datasource": source, "queries": [query], "result_format": "json", "result_type": "full", "force": True}
    return {
        "slice_name": title, "description": title, "viz_type": "table", "datasource_type": "table",
        "datasource_id": source["id"], "query_context": json.dumps(context),
        "params": json.dumps({"viz_type": "table", "metrics": metrics, "groupby": ["channel"]}),
    }  # fmt: skip


def refused(client: SupersetClient, method: str, path: str, **options: Any) -> int:
    """The status of an answer that has to be a refusal."""
    with pytest.raises(RequestFailedError) as answer:
        call(client, method, path, **options)
    assert answer.value.status in {400, 401, 403, 404, 422}, answer.value
    return int(answer.value.status or 0)


@dataclass
class Saved:
    """What the analyst of aurora saved: a chart on a dashboard that is published, the numbers of both."""

    chart: int
    dashboard: int


@pytest.fixture(scope="module")
def analyst(superset: Running) -> SupersetClient:
    return superset.user("maria")


@pytest.fixture(scope="module")
def saved(superset: Running, analyst: SupersetClient) -> Iterator[Saved]:
    number = call(analyst, "post", "dashboard/", json={"dashboard_title": SECRET, "slug": "birds", "published": True})[
        "id"
    ]
    figure = call(analyst, "post", "chart/", json=chart(analyst, ["orders_placed"]) | {"dashboards": [number]})["id"]
    yield Saved(figure, number)
    call(superset.admin, "delete", f"chart/{figure}")
    call(superset.admin, "delete", f"dashboard/{number}")


def test_analyst_saves_changes_and_reads_an_own_chart(analyst: SupersetClient, saved: Saved) -> None:
    call(analyst, "put", f"chart/{saved.chart}", json={"description": f"{SECRET} again"})
    (answer,) = call(analyst, "get", f"chart/{saved.chart}/data/")["result"]
    assert answer["data"] and set(answer["data"][0]) == {"channel", "orders_placed"}


@pytest.mark.parametrize("who", ["aurora", "admin", "ola"])
def test_chart_of_an_analyst_is_seen_by_its_tenant_and_by_who_sees_all(
    superset: Running, saved: Saved, who: str
) -> None:
    seen = {row["id"] for row in listing(superset.user(who), "chart/", ["id"])}
    assert saved.chart in seen


@pytest.mark.parametrize("who", ["nordlicht", "nils"])
def test_chart_of_an_analyst_is_nowhere_for_another_tenant(superset: Running, saved: Saved, who: str) -> None:
    other = superset.user(who)
    places = [
        f"chart/{saved.chart}", f"chart/{saved.chart}/data/", f"dashboard/{saved.dashboard}", "dashboard/birds",
        f"dashboard/{saved.dashboard}/charts", f"dashboard/{saved.dashboard}/datasets",
        f"explore/?slice_id={saved.chart}", "chart/", "dashboard/", "log/recent_activity/",
        f"chart/favorite_status/?q=!({saved.chart})", f"dataset/{dataset(other)}/related_objects",
    ]  # fmt: skip
    for place in places:
        assert SECRET not in walls.text_of(other, place), place
    for path in (f"chart/{saved.chart}", f"dashboard/{saved.dashboard}"):
        refused(other, "put", path, json={"description": "mine"})
        refused(other, "delete", path)


def test_analyst_changes_nothing_that_others_use(superset: Running, analyst: SupersetClient, saved: Saved) -> None:
    ours = ids_by_uuid(superset.admin, "chart")[asset_uuid("charts", "net_sales")]
    board = ids_by_uuid(superset.admin, "dashboard")[asset_uuid("dashboards", "home")]
    for path in (f"chart/{ours}", f"dashboard/{board}", f"dataset/{dataset(analyst)}"):
        refused(analyst, "put", path, json={"description": "mine"})
        refused(analyst, "delete", path)
    refused(analyst, "post", "dataset/", json={"database": 1, "schema": "marts", "table_name": "x", "sql": "SELECT 1"})
    refused(analyst, "post", "sqllab/execute/", json={"database_id": 1, "sql": "SELECT 1", "client_id": "m"})
    for path in ("database/", "security/users/", "security/roles/", "rowlevelsecurity/", "saved_query/", "query/"):
        assert "result" not in walls.text_of(analyst, path) or not json.loads(walls.text_of(analyst, path))["result"]
    for path in (f"chart/export/?q=!({ours})", "assets/export/", f"dataset/export/?q=!({dataset(analyst)})"):
        refused(analyst, "get", path)


@pytest.mark.parametrize("sql", FUNCTIONS)
def test_saved_expression_is_refused_when_its_data_are_read(
    superset: Running, analyst: SupersetClient, sql: str
) -> None:
    """Saving is no query; the wall stands where the data are asked for, also by another login of the tenant."""
    metric = {"expressionType": "SQL", "sqlExpression": f"max({sql})", "label": "x"}
    number = call(analyst, "post", "chart/", json=chart(analyst, [metric]))["id"]
    try:
        for client in (analyst, superset.user("aurora")):
            refused(client, "get", f"chart/{number}/data/")
    finally:
        call(superset.admin, "delete", f"chart/{number}")


@pytest.mark.deep  # `make test` walks as an owner, whose datasets these are
def test_analyst_reads_no_name_of_the_other_tenant(analyst: SupersetClient, saved: Saved) -> None:
    places = list(walls.walk(analyst, "nordlicht"))
    assert [place for place, text in places if CANARIES["nordlicht"] in text.lower()] == []
    assert any(CANARIES["aurora"] in text.lower() for _, text in places)


def test_owner_reads_and_saves_nothing(superset: Running, saved: Saved) -> None:
    owner = superset.user("aurora")
    refused(owner, "post", "chart/", json=chart(owner, ["orders_placed"]))
    refused(owner, "post", "dashboard/", json={"dashboard_title": "mine"})
    refused(owner, "put", f"chart/{saved.chart}", json={"description": "mine"})
    refused(owner, "get", f"explore/?slice_id={saved.chart}")


def test_operator_reads_all_tenants_and_changes_nothing(superset: Running, saved: Saved) -> None:
    operator = superset.user("ola")
    query: walls.Query = {"columns": ["tenant_id"], "metrics": [], "filters": [], "row_limit": 10}
    (answer,) = walls.chart_data(operator, dataset(operator), [query])
    assert {row["tenant_id"] for row in answer["data"]} == {"aurora", "nordlicht"}
    refused(operator, "post", "chart/", json=chart(operator, ["orders_placed"]))
    refused(operator, "post", "security/users/", json={"username": "more"})
    for row in listing(superset.admin, "rowlevelsecurity/"):
        refused(operator, "delete", f"rowlevelsecurity/{row['id']}")
    refused(operator, "post", "sqllab/execute/", json={"database_id": 1, "sql": "SELECT 1", "client_id": "o"})


@pytest.mark.parametrize(("who", "filters"), [("aurora", False), ("maria", False), ("ola", True), ("admin", True)])
def test_filter_by_tenant_is_there_for_who_has_several(superset: Running, who: str, filters: bool) -> None:
    text = send(superset.user(who), "get", "dashboard/store-performance").text
    assert ("NATIVE_FILTER-tenant" in text) == filters and "NATIVE_FILTER-date_range" in text
