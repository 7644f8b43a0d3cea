"""No tenant reads rows of another one anywhere that its login reaches; planted leaks prove that the walk sees them."""

import functools
import json
from pathlib import Path

import duckdb
import pytest
from supersetapiclient.client import SupersetClient

from semantic.catalog import Catalog
from semantic.duckdb_files import connect
from superset_assets import datasets, decisions
from superset_assets.client import call, ids_by_uuid, listing
from superset_assets.names import asset_uuid
from tests.sampling import sample, sample_of_sets
from tests.superset_assets import marts, walls
from tests.superset_assets.conftest import TENANTS, Running, copied, point_to
from tests.superset_assets.marts import CANARIES

OTHER = {"aurora": "nordlicht", "nordlicht": "aurora"}
NUMBERS = {"BIGINT", "INTEGER"}
WITHOUT_NAMES = {
    "assistant_daily",
    "assistant_now",
    "build_info",
    "cohorts",
    "funnel_daily",
    "metrics_daily",
    "mrr_monthly",
    "customers_monthly",
    "finance_monthly",
    "ltv_horizons",
    "sales_bridge",
    "sales_trend",
}


def leaks(superset: Running) -> set[str]:
    """The places of a quick walk where aurora's login reads a name of nordlicht's."""
    return set(walls.leaks(superset.user("aurora"), CANARIES["nordlicht"], "nordlicht"))


def missed(superset: Running, planted_places: set[str]) -> set[str]:
    """The places of `wanted`, where a leak was planted, at which the walk does not see it."""
    left = set(planted_places)
    for place in walls.leaks(superset.user("aurora"), CANARIES["nordlicht"], "nordlicht"):
        left.discard(place)
        if not left:
            break
    return left


@pytest.mark.parametrize(
    ("who", "extra"),
    sample_of_sets(
        [("aurora", walls.EXPORTS_OF_NAMES), ("aurora", walls.EVERYTHING), ("nordlicht", walls.EVERYTHING)],
        ("aurora", walls.EXPORTS_OF_NAMES),
    ),
    ids=["aurora", "aurora, every export", "nordlicht, every export"],
)
def test_tenant_reads_no_name_of_the_other_tenant_anywhere(
    superset: Running, catalog: Catalog, who: str, extra: tuple[str, ...]
) -> None:
    places = list(walls.walk(superset.user(who), OTHER[who], extra))
    assert [place for place, text in places if CANARIES[OTHER[who]] in text.lower()] == []
    # the walk reached everything, and all names were the tenant's own
    own = {place for place, text in places if CANARIES[who] in text.lower()}
    assert {f"{title} as {kind}" for title in walls.NAMING for kind in ("json", "csv", "xlsx")} <= own
    assert {
        f"{kind} of {table}"
        for table in datasets.generate(catalog).keys() - WITHOUT_NAMES
        for kind in ("full", "samples")
    } <= own
    assert len([place for place, _ in places if place.endswith(" as json")]) == len(decisions.read().charts)


@pytest.mark.deep  # test_the_charts compares what the administrator reads, the tests below what a tenant reads
def test_tenant_and_admin_read_the_same_numbers_of_the_tenant(superset: Running) -> None:
    aurora = superset.user("aurora")
    queries: dict[int, list[walls.Query]] = {}
    for row in listing(superset.admin, "chart/", ["id"]):
        context = json.loads(call(superset.admin, "get", f"chart/{row['id']}")["result"]["query_context"])
        queries.setdefault(context["datasource"]["id"], []).extend(context["queries"])
    for dataset, of_dataset in queries.items():
        by_tenant = walls.chart_data(aurora, dataset, of_dataset)
        by_admin = walls.chart_data(superset.admin, dataset, [walls.narrowed(query, "aurora") for query in of_dataset])
        assert [result["data"] for result in by_tenant] == [result["data"] for result in by_admin], dataset


@functools.cache
def dataset(client: SupersetClient, table: str) -> int:
    return ids_by_uuid(client, "dataset")[asset_uuid("datasets", table)]


def counted(superset: Running, catalog: Catalog, who: str, table: str) -> list[float]:
    """The row count and the sum of each number of a dataset, as a login reads them by REST."""
    sums = [item.name for item in catalog.marts[table].columns if item.type.upper() in NUMBERS]
    aggregates = [("tenant_id", "COUNT"), *((name, "SUM") for name in sums)]
    metrics = [
        {"expressionType": "SIMPLE", "column": {"column_name": name}, "aggregate": how, "label": f"{how} {name}"}
        for name, how in aggregates
    ]
    body = {
        "datasource": {"id": dataset(superset.admin, table), "type": "table"},
        "queries": [{"columns": [], "metrics": metrics, "filters": [], "row_limit": 10}],
        "force": True, "result_format": "json", "result_type": "full",
    }  # fmt: skip
    ((row,),) = [part["data"] for part in call(superset.user(who), "post", "chart/data", json=body)["result"]]
    return [float(row[metric["label"]] or 0) for metric in metrics]


def written(superset: Running, catalog: Catalog, who: str, table: str, run_id: str) -> list[float]:
    """The same, of the tenant's rows in the file of all tenants."""
    sums = [item.name for item in catalog.marts[table].columns if item.type.upper() in NUMBERS]
    aggregates = ", ".join(["count(tenant_id)", *(f"sum({name})" for name in sums)])
    with connect(superset.published / run_id / "all.duckdb") as db:
        (row,) = db.execute(f"SELECT {aggregates} FROM marts.{table} WHERE tenant_id = ?", [who]).fetchall()
    return [float(value or 0) for value in row]


@pytest.mark.parametrize("who", sample(TENANTS, "aurora"))
def test_tenant_reads_the_numbers_of_its_own_rows_in_every_dataset(
    superset: Running, catalog: Catalog, who: str
) -> None:
    run_id = (superset.published / "current").resolve().name
    for table in datasets.generate(catalog):
        read, own = counted(superset, catalog, who, table), written(superset, catalog, who, table, run_id)
        assert own[0] > 0, table
        assert read == pytest.approx(own), table


def test_administrator_reads_all_tenants_by_views_over_their_files_and_a_tenant_its_own_file(
    superset: Running, catalog: Catalog
) -> None:
    folder = (superset.published / "current").resolve()
    with duckdb.connect(str(folder / "all.duckdb"), read_only=True) as db:
        assert db.execute("select distinct table_type from information_schema.tables").fetchall() == [("VIEW",)]
    for table in ("metrics_daily", "build_info"):
        by_tenant = [counted(superset, catalog, who, table) for who in TENANTS]
        assert all(rows > 0 for rows, *_ in by_tenant)
        assert by_tenant == [pytest.approx(written(superset, catalog, who, table, folder.name)) for who in TENANTS]
        for reader in ("admin", "ola"):
            every = counted(superset, catalog, reader, table)
            assert every == pytest.approx([sum(values) for values in zip(*by_tenant, strict=True)]), (reader, table)


def test_row_in_the_wrong_tenants_file_changes_the_numbers_of_every_dataset(
    restored: Running, catalog: Catalog
) -> None:
    """Most datasets have no names by which the walk could see it."""
    run_id = (restored.published / "current").resolve().name
    folder, tables = copied(restored, "wrong-numbers"), list(datasets.generate(catalog))
    with duckdb.connect(str(folder / "tenant-aurora.duckdb")) as db:
        db.execute(f"ATTACH '{folder / 'tenant-nordlicht.duckdb'}' AS other (READ_ONLY)")
        for table in tables:
            db.execute(
                f"INSERT INTO marts.{table} SELECT * REPLACE ('aurora' AS tenant_id) FROM other.marts.{table} LIMIT 1"
            )
    point_to(restored, "wrong-numbers")
    own = {table: written(restored, catalog, "aurora", table, run_id) for table in tables}
    unseen = [table for table in tables if counted(restored, catalog, "aurora", table) == pytest.approx(own[table])]
    assert unseen == []


def _put_all_into(path: Path) -> None:
    """Replace a tenant's file by one with the rows of all tenants."""
    path.unlink()
    marts.write(path, TENANTS, path.parent.name)


@pytest.mark.deep  # a whole walk; test_tenant_reads_only_its_own_rows_of_every_dataset stays
def test_rules_alone_hide_the_other_tenant_in_a_file_of_all_tenants(restored: Running) -> None:
    folder = copied(restored, "one-file")
    _put_all_into(folder / "tenant-aurora.duckdb")
    point_to(restored, "one-file")
    assert leaks(restored) == set()


@pytest.mark.deep  # two walks; test_superset reads without the rules as well
def test_file_alone_hides_the_other_tenant_and_without_both_walls_the_walk_sees_it(
    restored: Running,
) -> None:
    for row in list(listing(restored.admin, "rowlevelsecurity/")):
        call(restored.admin, "delete", f"rowlevelsecurity/{row['id']}")
    assert leaks(restored) == set()
    folder = copied(restored, "no-wall")
    _put_all_into(folder / "tenant-aurora.duckdb")
    point_to(restored, "no-wall")
    planted_places = {f"{kind} of spend" for kind in ("full", "samples", "drill_detail")} | {"Top products as json"}
    assert missed(restored, planted_places) == set()


@pytest.mark.deep
def test_walk_sees_rows_in_the_wrong_tenants_file(restored: Running) -> None:
    folder, planted = copied(restored, "wrong"), ("spend", "feature_daily", "customer_daily")
    with duckdb.connect(str(folder / "tenant-aurora.duckdb")) as db:
        db.execute(f"ATTACH '{folder / 'tenant-nordlicht.duckdb'}' AS other (READ_ONLY)")
        for mart in planted:
            rows = f"SELECT * REPLACE ('aurora' AS tenant_id) FROM other.marts.{mart} LIMIT 1"
            db.execute(f"INSERT INTO marts.{mart} {rows}")
    point_to(restored, "wrong")
    assert missed(restored, {f"full of {mart}" for mart in planted} | {"ROAS by campaign as json"}) == set()
