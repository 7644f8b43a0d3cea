"""No tenant finds anything of another one's, wherever its login reaches; and what the walk is worth: planted leaks."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from semantic.catalog import Catalog
from superset_assets import access, build
from superset_assets.client import call, listing
from tests.superset_assets import walls
from tests.superset_assets.conftest import TENANTS, Running
from tests.superset_assets.marts import CANARIES

OTHER = {"aurora": "nordlicht", "nordlicht": "aurora"}
NAMING = ("Top products", "Top customers", "ROAS by campaign", "Traffic sources", "Feature uses")
WITHOUT_NAMES = {"build", "cohorts", "funnel_daily", "metrics_daily", "mrr_monthly", "finance_monthly", "ltv_horizons"}


@pytest.fixture
def restored(superset: Running) -> Iterator[Running]:
    """For tests that break a wall: the sound build and all rules stand again after them."""
    sound = (superset.published / "current").resolve()
    yield superset
    point_to(superset, sound.name)
    access.grant(superset.admin, TENANTS, superset.server.credentials)


def point_to(superset: Running, name: str) -> None:
    """Swap `current` to the published folder of that name, and forget what was answered from another."""
    link = superset.published / f".{name}.again"
    link.symlink_to(name)
    os.replace(link, superset.published / "current")  # noqa: PTH105
    superset.server.flush_data_cache()


def spoilt(superset: Running, name: str) -> Path:
    """A copy of the build, to be spoilt before it is pointed to."""
    return Path(shutil.copytree((superset.published / "current").resolve(), superset.published / name))


def names_of_theirs(superset: Running) -> set[str]:
    """Where aurora's login, walked quickly, reads a name of nordlicht's."""
    return set(walls.leaks(superset.user("aurora"), CANARIES["nordlicht"], "nordlicht"))


def missed(superset: Running, wanted: set[str]) -> set[str]:
    """Of the places where a leak was planted, the ones at which the walk does not see it; it ends when it saw all."""
    left = set(wanted)
    for place in walls.leaks(superset.user("aurora"), CANARIES["nordlicht"], "nordlicht"):
        left.discard(place)
        if not left:
            break
    return left


@pytest.mark.parametrize("who", TENANTS)
def test_nothing_that_a_tenant_reaches_names_the_other_tenants_rows(
    superset: Running, catalog: Catalog, who: str
) -> None:
    besides = walls.EVERYTHING if who == "aurora" else walls.QUICK
    places = list(walls.walk(superset.user(who), OTHER[who], besides))
    assert [place for place, text in places if CANARIES[OTHER[who]] in text.lower()] == []
    # the walk has been everywhere, and where there are names they were the tenant's own
    own = {place for place, text in places if CANARIES[who] in text.lower()}
    exports = [kind for kind in ("json", "csv", "xlsx") if kind == "json" or kind in besides]
    assert {f"{title} as {kind}" for title in NAMING for kind in exports} <= own
    assert {
        f"{kind} of {table}" for table in build.datasets(catalog).keys() - WITHOUT_NAMES for kind in ("full", "samples")
    } <= own
    charts = list((build.ROOT / "charts").glob("*.yaml"))
    assert len([place for place, _ in places if place.endswith(" as json")]) == len(charts)


def test_a_tenants_numbers_are_those_that_the_admin_sees_of_it(superset: Running) -> None:
    aurora = superset.user("aurora")
    for row in listing(superset.admin, "chart/", ["id", "slice_name"]):
        context = json.loads(call(superset.admin, "get", f"chart/{row['id']}")["result"]["query_context"])
        named = [walls.narrowed(query, "aurora") for query in context["queries"]]
        ours = call(aurora, "post", "chart/data", json=context)["result"]
        theirs = call(superset.admin, "post", "chart/data", json=context | {"queries": named})["result"]
        assert [part["data"] for part in ours] == [part["data"] for part in theirs], row["slice_name"]


def test_the_rules_alone_hold_when_the_file_holds_everybodys_rows(restored: Running) -> None:
    folder = spoilt(restored, "one-file")
    shutil.copyfile(folder / "all.duckdb", folder / "tenant-aurora.duckdb")
    point_to(restored, "one-file")
    assert names_of_theirs(restored) == set()


def test_the_file_alone_holds_without_rules_and_the_walk_finds_what_comes_when_that_is_gone_too(
    restored: Running,
) -> None:
    for row in list(listing(restored.admin, "rowlevelsecurity/")):
        call(restored.admin, "delete", f"rowlevelsecurity/{row['id']}")
    assert names_of_theirs(restored) == set()
    folder = spoilt(restored, "no-wall")
    shutil.copyfile(folder / "all.duckdb", folder / "tenant-aurora.duckdb")
    point_to(restored, "no-wall")
    wanted = {f"{kind} of spend" for kind in ("full", "samples", "drill_detail")} | {"Top products as json"}
    assert missed(restored, wanted) == set()


def test_the_walk_finds_rows_that_were_given_to_the_wrong_tenant(restored: Running) -> None:
    folder, planted = spoilt(restored, "wrong"), ("spend", "feature_daily", "customer_daily")
    with duckdb.connect(str(folder / "tenant-aurora.duckdb")) as db:
        db.execute(f"ATTACH '{folder / 'tenant-nordlicht.duckdb'}' AS theirs (READ_ONLY)")
        for mart in planted:
            rows = f"SELECT * REPLACE ('aurora' AS tenant_id) FROM theirs.marts.{mart} LIMIT 1"
            db.execute(f"INSERT INTO marts.{mart} {rows}")
    point_to(restored, "wrong")
    assert missed(restored, {f"full of {mart}" for mart in planted} | {"ROAS by campaign as json"}) == set()
