"""An incremental build equals a full build of the same staging in every cell of every table, and in every check."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration import dbt_build, dbt_parse, incremental, last_build, pipeline, units
from tests.orchestration import first_build
from tests.orchestration.histories import CHANGES, History, differences
from tests.orchestration.installation import Installation, marts, published_shops, published_sources
from tests.sampling import sample

pytestmark = pytest.mark.worlds


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(50))
def test_random_history_equals_full_builds(seed: int, tmp_path: Path) -> None:
    history = History(published_sources().home.staging, tmp_path, seed)
    for _ in range(4):
        steps = [history.change() for _ in range(history.chance.choice([1, 1, 2, 4]))]
        history.build()
        assert differences(history.last, history.full()) == [], steps


@pytest.mark.parametrize("seed", sample(range(5), 0))
def test_five_changes_in_a_row_equal_one_full_build(seed: int, tmp_path: Path) -> None:
    """Each of the five has its own incremental build; a wrong row of one of them would be there in the last."""
    history = History(published_shops().home.staging, tmp_path, seed)
    names = history.chance.sample(list(CHANGES), 5)
    for name in names:
        history.change(name)
        history.build()
    assert differences(history.last, history.full()) == [], names


def test_every_declared_unit_exists_and_every_unique_key_names_its_columns() -> None:
    """A model whose unit does not exist would be built whole each time, and nobody would notice."""
    nodes = first_build.nodes()
    declared = {node["name"]: node["meta"] for node in nodes if "unit" in node["meta"]}
    assert {meta["unit"] for meta in declared.values()} == set(units.UNITS)
    for node in (node for node in nodes if "through" in node["meta"]):
        above = {name.rpartition(".")[2] for name in node["depends_on"]}
        assert node["meta"]["through"].keys() <= node["meta"]["lookups"].keys() <= above, node["name"]
        assert set(node["meta"]["through"].values()) <= above, node["name"]
    sums = [node for node in nodes if "sums_by" in node["meta"]]
    assert len(sums) >= 8 and all("unit" in node["meta"] and "lookups" not in node["meta"] for node in sums)
    assert all(f"as {units.ROWS}" in node["compiled_code"] for node in sums)
    keys = [node for node in nodes if node["name"].endswith("_has_one_row_per_key")]
    assert len(keys) > 20 and all("tenant_id" in node["meta"]["keys"] for node in keys)


def test_wrongly_declared_unit_is_found(tmp_path: Path) -> None:
    """Whether a customer came back in a month depends on all orders of the customer."""
    history = History(published_shops().home.staging, tmp_path, 1)
    history.declared["int_customer_months"] = {"unit": "order", "sums_by": ["tenant_id", "month"]}
    with duckdb.connect(str(history.staging)) as db:
        db.execute(
            "delete from shopify.orders where order_id in (select arg_max(order_id, processed_at) from shopify.orders "
            "where customer_id is not null group by tenant_id, customer_id having count(*) > 1)"
        )
    history.build()
    wrong = [line.partition(":")[0] for line in differences(history.last, history.full())]
    assert "intermediate.int_customer_months" in wrong
    assert "marts.customers_monthly" in wrong


def test_models_that_were_built_whole_are_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(published_shops().home.staging, tmp_path, 1)
    with duckdb.connect(str(history.staging)) as db:
        db.execute("update shopify.orders set country = 'FR' where rowid in (2, 3, 5)")
        db.execute("update shopify.customers set display_name = 'Another' where rowid = 2")
    history.build()
    assert history.whole == {}
    assert history.counts["by unit"] > 10
    history.change("a channel changes")
    history.build()
    assert "stg_shopify__orders" in history.whole["takings.channels changed"]
    monkeypatch.setattr(incremental, "MOST_TOUCHED", 2)
    with duckdb.connect(str(history.staging)) as db:
        db.execute("update shopify.orders set country = 'IT' where rowid in (2, 3, 5)")
    history.build()
    assert "stg_shopify__orders" in history.whole["more than 2 order groups are touched"]
    assert "int_orders" in history.whole["more than 2 orders are touched"]
    assert differences(history.last, history.full()) == []


def test_line_names_the_first_models_of_many() -> None:
    assert incremental.described({"a changed": ["b"], "c changed": list("defghijk")}) == [
        "built whole, since a changed: b",
        "built whole, since c changed: d, e, f, g, h, i and 2 more",
    ]


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    shutil.copytree(published_shops().root, tmp_path / "place", symlinks=True)
    return Installation(tmp_path / "place")


def test_second_build_continues_the_first_and_publishes_what_a_full_one_does(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_nodes = dbt_build.run_nodes
    monkeypatch.setattr(dbt_build, "run_nodes", None)
    with duckdb.connect(str(place.home.staging)) as db:
        chosen = "select order_id from shopify.orders where tenant_id = 'aurora' order by order_id limit 3"
        db.execute(f"update shopify.orders set country = 'FR' where tenant_id = 'aurora' and order_id in ({chosen})")
    run = pipeline.rebuild(place.settings)
    assert run.built and not run.built.is_full and run.unchanged == ["nordlicht"]
    assert place.ask("select count(*) >= 3 from marts.orders where country_code = 'FR'") == [(True,)]
    rows, own = place.marts(), marts(place.current / "tenant-aurora.duckdb")
    monkeypatch.setattr(dbt_build, "run_nodes", run_nodes)
    assert run.built.whole == {}
    assert (full := pipeline.rebuild(place.settings, full=True).built) and full.is_full
    assert full.whole == {"a full build was asked for": ["every model"]}
    assert place.marts() == rows
    assert marts(place.current / "tenant-aurora.duckdb") == own


def test_other_program_or_damaged_last_build_means_a_full_build(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (last,) = place.home.builds.iterdir()
    last.write_bytes(last.read_bytes()[:100_000])
    pipeline.record_run(place.settings, "one")
    built = dbt_build.build(place.home, "one")
    assert built.is_full
    assert built.whole == {"the last build could not be continued": ["every model"]}
    assert any("the last build could not be continued" in text for text in built.warnings)
    last_build.keep(place.home, built.path)
    hash_of_files = dbt_parse.hash_of_files
    monkeypatch.setattr(dbt_parse, "fingerprint", lambda: "another project")
    assert dbt_build.build(place.home, "two").whole == {"the program of builds changed": ["every model"]}
    for part, folder in (("a model's SQL", dbt_parse.PROJECT), ("the definition of a metric", dbt_parse.METRICS)):
        monkeypatch.setattr(
            dbt_parse,
            "hash_of_files",
            lambda other, parts, folder=folder: "another" if other == folder else hash_of_files(other, parts),
        )
        built = dbt_build.build(place.home, "three")
        assert built.is_full and built.whole == {f"{part} changed": ["every model"]}
    last_build.path(place.home, last_build.tenants_of(place.home.staging)).unlink()
    built = dbt_build.build(place.home, "four")
    assert built.whole == {"these tenants have no earlier build": ["every model"]}


def test_last_builds_are_bounded(place: Installation) -> None:
    for number, tenants in enumerate((["aurora"], ["nordlicht"], ["aurora", "nordlicht"])):
        pipeline.record_run(place.settings.without({"aurora", "nordlicht"} - set(tenants)), str(number))
        last_build.keep(place.home, dbt_build.build(place.home, str(number)).path)
        assert last_build.path(place.home, tenants).exists()
    assert len(list(place.home.builds.iterdir())) == last_build.RETAINED


def test_marts_that_are_filled_after_the_build_are_known() -> None:
    """They are built again each time: the last build's have rows of its own instant."""
    project = dbt_parse.PROJECT / "models" / "marts"
    assert {path.stem for path in project.glob("*.sql") if "Publishing fills" in path.read_text()} <= set(
        incremental.FILLED
    )
