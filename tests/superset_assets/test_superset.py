"""The assets in a real Superset: imported, compared, walled, and read while builds are swapped."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from superset_assets import access, bundle, datasets, decisions, sync, verify
from superset_assets.client import call, connect, ids_by_uuid, listing, send
from superset_assets.dashboard_form import slug
from superset_assets.errors import EmptyChartError, RequestFailedError
from superset_assets.names import asset_uuid
from superset_assets.process import Server
from tests.superset_assets import marts
from tests.superset_assets.conftest import TENANTS, Running, free_port


def ask(client: SupersetClient, columns: list[str], table: str = "metrics_daily", **query: Any) -> Any:
    """One query of a dataset by REST, as a chart of somebody's own would send it."""
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
def repaired(superset: Running) -> Iterator[Running]:
    """For tests that spoil something: everything is put right again after them."""
    yield superset
    sync.apply(superset.admin, superset.bundle)
    access.grant(superset.admin, TENANTS, superset.server.credentials)


def test_a_second_apply_finds_nothing_to_do(superset: Running) -> None:
    plan = sync.apply(superset.admin, superset.bundle)
    assert plan.empty and not plan.orphans, plan.lines()
    assert len(plan.unchanged) == len(bundle.unpack(superset.bundle))


def test_granting_again_changes_nothing(superset: Running) -> None:
    assert access.grant(superset.admin, TENANTS, superset.server.credentials) == []


def test_a_change_made_in_superset_is_shown_as_drift_and_apply_undoes_it(repaired: Running) -> None:
    number = ids_by_uuid(repaired.admin, "chart")[asset_uuid("charts", "net_sales")]
    call(repaired.admin, "put", f"chart/{number}", json={"slice_name": "My sales"})
    (change,) = sync.drift(repaired.admin, repaired.bundle)
    assert change.differences == (("slice_name", "Net sales", "My sales"),)
    sync.apply(repaired.admin, repaired.bundle)
    assert sync.plan(repaired.admin, repaired.bundle).empty


def test_prune_names_then_removes_what_no_file_holds_and_leaves_what_people_made(repaired: Running) -> None:
    assets = bundle.unpack(repaired.bundle)
    old = dict(assets["charts/net_sales.yaml"], uuid=asset_uuid("charts", "old"), slice_name="Old chart")
    sync.apply(repaired.admin, bundle.pack(assets | {"charts/old.yaml": old}))
    own = {"slice_name": "Their own", "viz_type": "table", "datasource_type": "table", "params": "{}"}
    made = call(
        repaired.admin, "post", "chart/", json=own | {"datasource_id": dataset(repaired.admin, "metrics_daily")}
    )
    assert [asset.title for asset in sync.prune(repaired.admin, repaired.bundle)] == ["Old chart"]
    assert asset_uuid("charts", "old") in ids_by_uuid(repaired.admin, "chart")
    sync.prune(repaired.admin, repaired.bundle, dry_run=False)
    left = {row["slice_name"] for row in listing(repaired.admin, "chart/", ["slice_name"])}
    assert "Their own" in left and "Old chart" not in left
    call(repaired.admin, "delete", f"chart/{made['id']}")


def test_a_bundle_that_superset_cannot_read_changes_nothing_and_says_what_to_do(superset: Running) -> None:
    assets = bundle.unpack(superset.bundle)
    broken = dict(assets["charts/net_sales.yaml"], dataset_uuid=asset_uuid("datasets", "nothing"), slice_name="Broken")
    with pytest.raises(RequestFailedError, match="offline check"):
        sync.apply(superset.admin, bundle.pack(assets | {"charts/net_sales.yaml": broken}))
    assert sync.plan(superset.admin, superset.bundle).empty


@pytest.mark.parametrize("who", TENANTS)
def test_every_chart_has_rows_for_a_tenant(superset: Running, who: str) -> None:
    files = decisions.read()
    slugs = map(slug, files.dashboards)
    counts = {title: rows for name in slugs for title, rows in verify.check_charts(superset.user(who), name)}
    assert len(counts) == len(files.charts)
    assert counts["Revenue by day"] == counts["Revenue trend"] == counts["CAC by day"] == 30
    assert counts["MRR to target"] == counts["Churn to target"] == 1
    assert counts["Conversion funnel"] == counts["Web funnel"] == 4
    assert counts["Top products"] == counts["Top customers"] == 10


def test_an_admin_asks_for_one_tenant_since_two_currencies_are_never_added_up(superset: Running) -> None:
    assert dict(verify.check_charts(superset.admin, tenant="nordlicht"))["Net sales"] == 1
    with pytest.raises(EmptyChartError, match=r"Net sales: no rows"):
        verify.check_charts(superset.admin)


def test_a_tenant_sees_only_its_own_rows_whatever_it_asks_for(superset: Running) -> None:
    aurora = superset.user("aurora")
    for table in datasets.generate(marts.catalog()):
        assert [row["tenant_id"] for row in ask(aurora, ["tenant_id"], table, row_limit=9)["data"][:1]] == ["aurora"]
        other = [{"col": "tenant_id", "op": "==", "val": "nordlicht"}]
        assert ask(aurora, ["tenant_id"], table, filters=other)["data"] == []
    assert verify.chart_data(aurora, "Top products", tenant="nordlicht") == []


def test_a_tenant_has_no_sql_lab_and_changes_nothing(superset: Running) -> None:
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


def test_a_user_without_a_tenant_sees_no_rows(repaired: Running) -> None:
    admin = repaired.admin
    known = {row["name"]: int(row["id"]) for row in listing(admin, "security/roles/")}
    granted = [
        row["id"] for row in call(admin, "get", f"security/roles/{known['tenant:aurora']}/permissions/")["result"]
    ]
    role = known.get("stray") or call(admin, "post", "security/roles/", json={"name": "stray"})["id"]
    call(admin, "post", f"security/roles/{role}/permissions", json={"permission_view_menu_ids": granted})
    login = repaired.server.credentials.login("stray")
    body = {
        "username": "stray",
        "first_name": "s",
        "last_name": "s",
        "email": "s@x.invalid",
        "active": True,
        "roles": [role],
    }
    call(admin, "post", "security/users/", json=body | {"password": login.password})
    stray = repaired.user("stray")
    answer = ask(stray, ["tenant_id"])
    assert answer["data"] == [] and "1 = 0" in answer["query"]
    _remove_rules(admin)
    answer = ask(stray, ["tenant_id"])
    assert answer["data"] == [] and "1 = 0" not in answer["query"]


def test_with_the_row_level_rules_gone_a_tenant_still_has_only_its_own_file(repaired: Running) -> None:
    _remove_rules(repaired.admin)
    for who in TENANTS:
        user = repaired.user(who)
        answer = ask(user, ["tenant_id"])
        assert [row["tenant_id"] for row in answer["data"]] == [who] and "tenant_id =" not in answer["query"]
        assert verify.chart_data(user, "Data as of") and len(verify.chart_data(user, "Top products")) == 10
    # not from the cache either: both asked the same question a moment ago
    same = [verify.chart_data(repaired.user(who), "Top products") for who in TENANTS]
    assert same[0] != same[1]


def _remove_rules(admin: SupersetClient) -> None:
    for row in list(listing(admin, "rowlevelsecurity/")):
        call(admin, "delete", f"rowlevelsecurity/{row['id']}")


def test_access_that_somebody_changed_is_set_right(repaired: Running) -> None:
    _remove_rules(repaired.admin)
    users = {row["username"]: row for row in listing(repaired.admin, "security/users/")}
    call(repaired.admin, "put", f"security/users/{users['aurora']['id']}", json={"password": "another one entirely"})
    done = access.grant(repaired.admin, TENANTS, repaired.server.credentials)
    assert len([line for line in done if line.startswith("rule")]) == 1 + len(TENANTS)
    assert "login aurora: password set to the one in credentials.json" in done
    assert repaired.user("aurora").session


def test_a_tenant_that_is_no_longer_configured_cannot_log_in(repaired: Running) -> None:
    done = access.grant(repaired.admin, ["aurora"], repaired.server.credentials)
    assert done == ["login nordlicht switched off: its tenant is no longer configured"]
    with pytest.raises(RequestFailedError):
        repaired.user("nordlicht")


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM read_csv('/etc/passwd')", "ATTACH '/tmp/x.duckdb' AS x", "INSTALL httpfs"]
)
def test_even_an_admin_cannot_leave_the_published_file(superset: Running, sql: str) -> None:
    database = ids_by_uuid(superset.admin, "database")[asset_uuid("databases", "warehouse")]
    with pytest.raises(RequestFailedError):
        call(
            superset.admin, "post", "sqllab/execute/", json={"database_id": database, "sql": sql, "client_id": sql[:9]}
        )


def test_a_csv_begins_with_the_mark_that_excel_needs(superset: Running) -> None:
    number = ids_by_uuid(superset.admin, "chart")[asset_uuid("charts", "top_customers")]
    context = json.loads(call(superset.admin, "get", f"chart/{number}")["result"]["query_context"])
    body = send(superset.admin, "post", "chart/data", json=context | {"result_format": "csv"}).content
    assert body.startswith(b"\xef\xbb\xbf") and not body.startswith(b"\xef\xbb\xbf" * 2)


def test_equal_rows_are_ranked_by_name(superset: Running) -> None:
    order = {"orderby": [["product_daily_rows", False]], "row_limit": 5}
    count = [{"label": "product_daily_rows", "expressionType": "SQL", "sqlExpression": "COUNT(*)"}]
    rows = ask(superset.user("aurora"), ["product_label"], "product_daily", **order | {"metrics": count})["data"]
    titles = [row["product_label"] for row in rows]
    assert titles == sorted(titles) and len(titles) == 5 and len({row["product_daily_rows"] for row in rows}) == 1


def test_two_products_of_one_title_are_two_bars(superset: Running) -> None:
    rows = verify.chart_data(superset.user("aurora"), "Top products")
    mugs = [row["product_label"] for row in rows if row["product_label"].startswith("Enamel Mug")]
    assert sorted(mugs) == ["Enamel Mug · SKU-12-kestrel", "Enamel Mug · SKU-14-kestrel"]


def test_a_publish_is_seen_once_the_cache_is_flushed(superset: Running) -> None:
    aurora = superset.user("aurora")
    before = verify.chart_data(aurora, "Data as of", force=True)  # kept for a minute from now
    marts.publish(superset.published, "second")
    assert verify.chart_data(aurora, "Data as of") == before
    assert superset.server.flush_data_cache() > 0
    assert [row["run_id"] for row in verify.chart_data(aurora, "Data as of")] == ["second"]


def test_readers_of_many_publishes_get_whole_builds_and_no_error(superset: Running) -> None:
    marts.publish(superset.published, "scale-1")
    base = verify.chart_data(superset.user("aurora"), "Top products", force=True)[0]["product_revenue"]
    seen: list[float] = []
    errors: list[str] = []
    over = threading.Event()

    def read(client: SupersetClient, tenant: str | None) -> None:
        while not over.is_set():
            try:
                value = verify.chart_data(client, "Top products", tenant=tenant, force=True)[0]["product_revenue"]
                seen.append(round(value / base, 9))
            except Exception as error:  # (whatever a reader meets is what this test is about)
                errors.append(str(error))

    readers = [(superset.user("aurora"), None), (superset.user("aurora"), None), (superset.admin, "aurora")]
    threads = [threading.Thread(target=read, args=reader) for reader in readers]
    for thread in threads:
        thread.start()
    scale, deadline = 1, time.monotonic() + 90
    while (scale < 11 or len(set(seen)) < 5) and not errors and time.monotonic() < deadline:
        scale += 1
        marts.publish(superset.published, f"scale-{scale}", scale=scale)
    over.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(seen) <= set(range(1, scale + 1)), sorted(set(seen))
    assert len(set(seen)) >= 5


def test_starting_a_server_that_runs_is_no_second_server(superset: Running) -> None:
    said: list[str] = []
    assert superset.server.start(lambda done, total, detail: said.append(detail)) is False
    assert said == [f"Superset already runs at {superset.server.url}"]


def test_a_second_home_is_a_copy_with_logins_of_its_own(superset: Running, tmp_path: Path) -> None:
    server = Server(tmp_path / "home", tmp_path / "published", free_port())
    steps: list[str] = []
    server.start(lambda done, total, detail: steps.append(detail))
    try:
        server.wait_ready()
        assert Server(server.home, server.published, server.port).running()
        assert "Superset: creating the metadata tables" not in steps
        assert server.credentials.admin != superset.server.credentials.admin
        admin = connect(server.url, "admin", server.credentials.admin.password)
        sync.apply(admin, superset.bundle)  # before anything is published
        assert sync.plan(admin, superset.bundle).empty
        with pytest.raises(EmptyChartError, match="Nothing is published yet"):
            verify.check_charts(admin)
        assert connect(superset.server.url, "admin", superset.server.credentials.admin.password).session
    finally:
        server.stop()
    assert not server.running() and not Server(server.home, server.published, server.port).running()


def test_a_wrong_password_is_one_clear_message(superset: Running) -> None:
    with pytest.raises(RequestFailedError, match=r"credentials\.json") as refused:
        connect(superset.server.url, "admin", "wrong")
    assert refused.value.status == 401
