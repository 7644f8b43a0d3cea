"""The assets in a real Superset: import, comparison, export, access, and reads while builds are published."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from supersetapiclient.client import SupersetClient

from semantic.catalog import Catalog
from superset_assets import access, bundle, datasets, decisions, export, sync, verify
from superset_assets.client import call, connect, ids_by_uuid, listing, send
from superset_assets.dashboard_form import slug
from superset_assets.errors import EmptyChartError, RequestFailedError
from superset_assets.names import asset_uuid
from superset_assets.process import Server
from tests.sampling import sample
from tests.superset_assets import marts, walls
from tests.superset_assets.conftest import COLLEAGUES, TENANTS, Running, free_port


def query_dataset(client: SupersetClient, columns: list[str], table: str = "metrics_daily", **query: Any) -> Any:
    """One query of a dataset by REST, as a chart that somebody made would send it."""
    number = dataset(client, table)
    body = {
        "datasource": {"id": number, "type": "table"},
        "force": True,
        "result_type": "full",
        "result_format": "json",
    }
    (result,) = call(
        client, "post", "chart/data", json=body | {"queries": [{"columns": columns, "metrics": [], **query}]}
    )["result"]
    return result


def dataset(client: SupersetClient, table: str) -> int:
    return ids_by_uuid(client, "dataset")[asset_uuid("datasets", table)]


@pytest.fixture
def restored_access(superset: Running) -> Iterator[Running]:
    """For tests that take or add rights: rules, roles and logins are restored after them."""
    yield superset
    access.grant(superset.admin, TENANTS, superset.server.credentials, COLLEAGUES)


def test_second_apply_changes_nothing(superset: Running) -> None:
    plan = sync.apply(superset.admin, superset.bundle)
    assert plan.empty and not plan.orphans, plan.lines()
    assert len(plan.unchanged) == len(bundle.unpack(superset.bundle))


def test_second_grant_changes_nothing(superset: Running) -> None:
    assert access.grant(superset.admin, TENANTS, superset.server.credentials, COLLEAGUES) == []


def test_edit_in_superset_is_the_only_change_of_an_export_and_drift_that_apply_undoes(
    superset: Running, catalog: Catalog
) -> None:
    admin, files = superset.admin, decisions.read()
    assert export.compare(bundle.unpack(sync.exported(admin)), files, catalog).lines() == []
    chart = ids_by_uuid(admin, "chart")[asset_uuid("charts", "refund_rate")]
    call(admin, "put", f"chart/{chart}", json={"slice_name": "Refunds"})
    board = call(admin, "get", "dashboard/store-performance")["result"]
    position = json.loads(board["position_json"])
    position["CHART-refund_rate"]["meta"] |= {"width": 4, "sliceName": "Refunds"}
    position["CHART-refund_health"]["meta"]["width"] = 8
    call(admin, "put", f"dashboard/{board['id']}", json={"position_json": json.dumps(position)})
    result = export.compare(bundle.unpack(sync.exported(admin)), files, catalog)
    assert [line for line in result.lines() if line[0] in "+-!"] == [
        "--- charts/store_performance.yaml",
        "+++ charts/store_performance.yaml",
        "-  title: Refund rate",
        "+  title: Refunds",
        "--- dashboards/store_performance.yaml",
        "+++ dashboards/store_performance.yaml",
        "-  refunds: [[refund_rate, 3, 19], [refund_health, 9, 19]]",
        "+  refunds: [[refund_rate, 4, 19], [refund_health, 8, 19]]",
    ]
    changes = {change.asset.kind: change for change in sync.drift(admin, superset.bundle)}
    assert changes.keys() == {"charts", "dashboards"} and changes["dashboards"].asset.title == "Store Performance"
    assert changes["charts"].differences == (("slice_name", "Refund rate", "Refunds"),)
    sync.apply(admin, superset.bundle)
    assert sync.plan(admin, superset.bundle).empty


def test_prune_removes_our_orphans_and_leaves_charts_that_people_made(superset: Running) -> None:
    assets = bundle.unpack(superset.bundle)
    old = dict(assets["charts/net_sales.yaml"], uuid=asset_uuid("charts", "old"), slice_name="Old chart")
    sync.apply(superset.admin, bundle.pack(assets | {"charts/old.yaml": old}))
    chart = {"slice_name": "Their own", "viz_type": "table", "datasource_type": "table", "params": "{}"}
    body = chart | {"datasource_id": dataset(superset.admin, "metrics_daily")}
    created = call(superset.admin, "post", "chart/", json=body)
    assert [asset.title for asset in sync.prune(superset.admin, superset.bundle)] == ["Old chart"]
    assert asset_uuid("charts", "old") in ids_by_uuid(superset.admin, "chart")
    sync.prune(superset.admin, superset.bundle, dry_run=False)
    titles = {row["slice_name"] for row in listing(superset.admin, "chart/", ["slice_name"])}
    assert "Their own" in titles and "Old chart" not in titles
    call(superset.admin, "delete", f"chart/{created['id']}")


def test_unreadable_bundle_changes_nothing_and_names_the_next_step(superset: Running) -> None:
    assets = bundle.unpack(superset.bundle)
    broken = dict(assets["charts/net_sales.yaml"], dataset_uuid=asset_uuid("datasets", "nothing"), slice_name="Broken")
    with pytest.raises(RequestFailedError, match="offline check"):
        sync.apply(superset.admin, bundle.pack(assets | {"charts/net_sales.yaml": broken}))
    assert sync.plan(superset.admin, superset.bundle).empty


@pytest.mark.parametrize("who", sample(TENANTS, "aurora"))
def test_every_chart_has_rows_for_each_tenant(superset: Running, who: str) -> None:
    files = decisions.read()
    slugs = map(slug, files.dashboards)
    counts = {title: rows for name in slugs for title, rows in verify.check_charts(superset.user(who), name)}
    assert len(counts) == len(files.charts) and 0 not in counts.values()
    assert counts["Revenue over time"] == counts["Revenue trend"] == counts["CAC over time"] == 30
    assert counts["MRR to target"] == counts["Churn to target"] == 1
    assert counts["Conversion funnel"] == 4 and counts["From visit to parcel"] == 5
    assert counts["From gross sales to total sales"] == 3 and counts["From order revenue to net sales"] == 2
    assert counts["Top products"] == counts["Top customers"] == 10


def test_admin_without_a_tenant_filter_reads_no_sum_of_two_currencies(superset: Running) -> None:
    assert dict(verify.check_charts(superset.admin, tenant="nordlicht"))["Net sales"] == 1
    with pytest.raises(EmptyChartError, match=r"Net sales: no rows"):
        verify.check_charts(superset.admin)


def test_tenant_reads_only_its_own_rows_of_every_dataset(superset: Running) -> None:
    aurora = superset.user("aurora")
    numbers = ids_by_uuid(aurora, "dataset")
    query: dict[str, Any] = {"columns": ["tenant_id"], "metrics": [], "row_limit": 9, "filters": []}
    for table in datasets.generate(marts.catalog()):
        number = numbers[asset_uuid("datasets", table)]
        own, other = walls.chart_data(aurora, number, [query, walls.narrowed(query, "nordlicht")], force=True)
        assert [row["tenant_id"] for row in own["data"][:1]] == ["aurora"], table
        assert other["data"] == [], table
    assert verify.chart_data(aurora, "Top products", tenant="nordlicht") == []


def test_tenant_has_no_sql_lab_and_may_change_nothing(superset: Running) -> None:
    aurora = superset.user("aurora")
    number = ids_by_uuid(aurora, "chart")[asset_uuid("charts", "net_sales")]
    sql = {"database_id": 1, "sql": "SELECT 1", "client_id": "x"}
    for method, path, body in (
        ("post", "sqllab/execute/", sql),
        ("put", f"chart/{number}", {"slice_name": "Mine"}),
        ("get", "security/users/", {}),
        ("get", "rowlevelsecurity/", {}),
        ("get", "database/", {}),
        ("get", "assets/export/", {}),
    ):
        with pytest.raises(RequestFailedError) as refused:
            call(aurora, method, path, json=body)  # type: ignore[arg-type]
        assert refused.value.status in {401, 403, 404}, path


def test_user_without_a_tenant_reads_no_rows(restored_access: Running) -> None:
    admin = restored_access.admin
    known = {row["name"]: int(row["id"]) for row in listing(admin, "security/roles/")}
    granted = [
        row["id"] for row in call(admin, "get", f"security/roles/{known['tenant:aurora']}/permissions/")["result"]
    ]
    role = known.get("stray") or call(admin, "post", "security/roles/", json={"name": "stray"})["id"]
    call(admin, "post", f"security/roles/{role}/permissions", json={"permission_view_menu_ids": granted})
    login = restored_access.server.credentials.login("stray")
    body = {
        "username": "stray",
        "first_name": "s",
        "last_name": "s",
        "email": "s@x.invalid",
        "active": True,
        "roles": [role],
    }
    call(admin, "post", "security/users/", json=body | {"password": login.password})
    stray = restored_access.user("stray")
    answer = query_dataset(stray, ["tenant_id"])
    assert answer["data"] == [] and "1 = 0" in answer["query"]
    _remove_rules(admin)
    answer = query_dataset(stray, ["tenant_id"])
    assert answer["data"] == [] and "1 = 0" not in answer["query"]


def test_without_row_level_rules_a_tenant_still_reads_only_its_own_file(restored_access: Running) -> None:
    _remove_rules(restored_access.admin)
    for who in TENANTS:
        user = restored_access.user(who)
        answer = query_dataset(user, ["tenant_id"])
        assert [row["tenant_id"] for row in answer["data"]] == [who] and "tenant_id =" not in answer["query"]
        assert verify.chart_data(user, "State of the data") and len(verify.chart_data(user, "Top products")) == 10
    # nor from the cache: both sent the same query a moment ago
    same = [verify.chart_data(restored_access.user(who), "Top products") for who in TENANTS]
    assert same[0] != same[1]


def _remove_rules(admin: SupersetClient) -> None:
    for row in list(listing(admin, "rowlevelsecurity/")):
        call(admin, "delete", f"rowlevelsecurity/{row['id']}")


def test_grant_restores_rules_that_somebody_removed(restored_access: Running) -> None:
    _remove_rules(restored_access.admin)
    changes = access.grant(restored_access.admin, TENANTS, restored_access.server.credentials, COLLEAGUES)
    assert len(changes) == 1 + len(TENANTS) and all(line.startswith("rule") for line in changes)


def test_tenant_that_is_no_longer_configured_cannot_log_in(restored_access: Running) -> None:
    left = [person for person in COLLEAGUES if "tenant:nordlicht" not in person.roles]
    changes = access.grant(restored_access.admin, ["aurora"], restored_access.server.credentials, left)
    people = ("nordlicht", "nils")
    assert sorted(changes) == sorted(f"login {name} deactivated: its tenant is no longer configured" for name in people)
    for name in people:
        with pytest.raises(RequestFailedError):
            restored_access.log_in(name)


def test_colleague_who_is_no_longer_configured_cannot_log_in(restored_access: Running) -> None:
    left = [person for person in COLLEAGUES if person.username != "maria"]
    changes = access.grant(restored_access.admin, TENANTS, restored_access.server.credentials, left)
    assert changes == ["login maria deactivated: it is no longer configured"]
    with pytest.raises(RequestFailedError):
        restored_access.log_in("maria")


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM read_csv('/etc/passwd')", "ATTACH '/tmp/x.duckdb' AS x", "INSTALL httpfs"]
)
def test_admin_cannot_read_outside_the_published_file(superset: Running, sql: str) -> None:
    database = ids_by_uuid(superset.admin, "database")[asset_uuid("databases", "warehouse")]
    with pytest.raises(RequestFailedError):
        call(
            superset.admin, "post", "sqllab/execute/", json={"database_id": database, "sql": sql, "client_id": sql[:9]}
        )


def test_file_of_a_chart_is_named_by_its_title_and_days(superset: Running) -> None:
    tenant = superset.user("aurora")
    numbers = ids_by_uuid(superset.admin, "chart")

    def name_of(chart: str, time_range: str | None, number: int) -> str:
        context = json.loads(
            call(superset.admin, "get", f"chart/{numbers[asset_uuid('charts', chart)]}")["result"]["query_context"]
        )
        for query in context["queries"] if time_range else []:
            query["filters"] = [{**item, "val": time_range} for item in query["filters"]]
        body = context | {"result_format": "csv", "form_data": {"slice_id": number}}
        return str(send(tenant, "post", "chart/data", json=body).headers["Content-Disposition"])

    top, net = (numbers[asset_uuid("charts", name)] for name in ("top_customers", "net_sales"))
    days = "2026-10-01 : 2026-11-01"
    assert 'filename="top-customers-2026-10-01-2026-10-31.csv"' in name_of("top_customers", days, top)
    assert 'filename="net-sales.csv"' in name_of("net_sales", None, net)
    plan = {"slice_name": "Plan of the others", "viz_type": "table", "params": "{}", "datasource_type": "table"}
    own = call(superset.admin, "post", "chart/", json=plan | {"datasource_id": 1})["id"]
    try:
        assert "plan" not in name_of("net_sales", None, own), "a title that somebody else wrote"
    finally:
        call(superset.admin, "delete", f"chart/{own}")


def test_ties_are_ordered_by_name(superset: Running) -> None:
    order = {"orderby": [["product_daily_rows", False]], "row_limit": 5}
    column = {"column_name": "tenant_id"}
    count = [{"label": "product_daily_rows", "expressionType": "SIMPLE", "column": column, "aggregate": "COUNT"}]
    rows = query_dataset(superset.user("aurora"), ["product_label"], "product_daily", **order | {"metrics": count})[
        "data"
    ]
    titles = [row["product_label"] for row in rows]
    assert titles == sorted(titles) and len(titles) == 5 and len({row["product_daily_rows"] for row in rows}) == 1


def test_two_products_with_one_title_are_two_bars(superset: Running) -> None:
    rows = verify.chart_data(superset.user("aurora"), "Top products")
    mugs = [row["product_label"] for row in rows if row["product_label"].startswith("Enamel Mug")]
    assert sorted(mugs) == ["Enamel Mug · SKU-12-kestrel", "Enamel Mug · SKU-14-kestrel"]


@pytest.mark.deep  # test_publish has the same without Superset
def test_readers_during_many_publishes_get_complete_builds_and_no_error(superset: Running) -> None:
    marts.publish(superset.published, "scale-1")
    base = verify.chart_data(superset.user("aurora"), "Top products", force=True)[0]["product_revenue"]
    values: list[float] = []
    errors: list[str] = []
    ended = threading.Event()

    def read(client: SupersetClient, tenant: str | None) -> None:
        while not ended.is_set():
            try:
                value = verify.chart_data(client, "Top products", tenant=tenant, force=True)[0]["product_revenue"]
                values.append(round(value / base, 9))
            except Exception as error:  # (any error of a reader fails this test)
                errors.append(str(error))

    readers = [(superset.log_in("aurora"), None), (superset.log_in("aurora"), None), (superset.admin, "aurora")]
    threads = [threading.Thread(target=read, args=reader) for reader in readers]
    for thread in threads:
        thread.start()
    scale, deadline = 1, time.monotonic() + 90
    while (scale < 11 or len(set(values)) < 5) and not errors and time.monotonic() < deadline:
        scale += 1
        marts.publish(superset.published, f"scale-{scale}", scale=scale)
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(values) <= set(range(1, scale + 1)), sorted(set(values))
    assert len(set(values)) >= 5


def test_start_of_a_running_server_starts_no_second_one(superset: Running) -> None:
    details: list[str] = []
    assert superset.server.start(lambda step, total, detail: details.append(detail)) is False
    assert details == [f"Superset already runs at {superset.server.url}"]


@pytest.mark.deep  # it starts a second server
def test_second_home_copies_the_template_and_has_its_own_logins(superset: Running, tmp_path: Path) -> None:
    server = Server(tmp_path / "home", tmp_path / "published", free_port())
    steps: list[str] = []
    server.start(lambda step, total, detail: steps.append(detail))
    try:
        server.wait_ready()
        assert Server(server.home, server.published, server.port).running()
        assert "Superset: creating the metadata tables" not in steps
        assert server.credentials.admin != superset.server.credentials.admin
        admin = connect(server.url, "admin", server.credentials.admin.password)
        cookie = requests.get(f"{server.url}/login/", timeout=60).headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "Secure" not in cookie, "a browser would not send it back by http"
        sync.apply(admin, superset.bundle)  # before anything is published
        assert sync.plan(admin, superset.bundle).empty
        with pytest.raises(EmptyChartError, match="Nothing is published yet"):
            verify.check_charts(admin)
        assert connect(superset.server.url, "admin", superset.server.credentials.admin.password).session
    finally:
        server.stop()
    assert not server.running() and not Server(server.home, server.published, server.port).running()


def test_wrong_password_is_one_clear_message(superset: Running) -> None:
    with pytest.raises(RequestFailedError, match=r"credentials\.json") as refused:
        connect(superset.server.url, "admin", "wrong")
    assert refused.value.status == 401
