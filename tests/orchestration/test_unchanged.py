"""A tenant is built where its numbers could differ; otherwise its file stays, and equals that of a full build."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.registry import prepare_schemas
from connectors.sync.staging import Staging
from orchestration import builds, dbt_build, dbt_parse, full_build, pipeline, unchanged
from tests.orchestration.installation import Installation, marts, published_sources

pytestmark = pytest.mark.worlds
AURORA, NORDLICHT = "aurora", "nordlicht"
OWN = 'id = "aurora"'


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    shutil.copytree(published_sources().root, tmp_path / "place", symlinks=True)
    return Installation(tmp_path / "place")


def stage(place: Installation, sql: str) -> None:
    with Staging(place.home.staging) as staging:
        staging.db.execute(sql)


def configure(place: Installation, old: str, new: str) -> None:
    """Change the first place of takings.toml that says `old`: aurora's."""
    path = place.root / "takings.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def rates(place: Installation, text: str) -> None:
    (place.root / "rates.csv").write_text(f"day,from,to,rate\n{text}")
    if "exchange_rates" not in (place.root / "takings.toml").read_text():
        with (place.root / "takings.toml").open("a") as file:
            file.write('\n[exchange_rates]\nfile = "rates.csv"\n')


def changed(place: Installation) -> set[str]:
    """The tenants that the next run builds."""
    with Staging(place.home.staging) as staging:
        prepare_schemas(staging)
        states = unchanged.states(place.settings, staging)
    return {AURORA, NORDLICHT} - set(unchanged.find(place.home, states, builds.about(place.home)))


ROWS = {
    "late refund": "insert into shopify.refunds select * replace ('9' || refund_id as refund_id) from shopify.refunds "
    "where tenant_id = 'aurora' limit 1",
    "edited order": "update shopify.orders set current_total = 1 where tenant_id = 'aurora' and order_id = "
    "(select min(order_id) from shopify.orders)",
    "deleted row": "delete from shopify.sales where tenant_id = 'aurora' and sale_id = "
    "(select min(sale_id) from shopify.sales where tenant_id = 'aurora')",
    "two values swapped": "update stripe.charges set amount = amount + 1 where tenant_id = 'aurora' and charge_id = "
    "(select min(charge_id) from stripe.charges where tenant_id = 'aurora')",
    "rejected row": "insert into takings.rejects (tenant_id, source, source_account, row_key, reason) values "
    "('aurora', 'shopify', 'aurora', '1', 'amount is not MONEY: x')",
    "new day by the clock of one tenant": "update takings.cursors set loaded_until = timestamp '2026-03-02 05:30:00' "
    "where tenant_id = 'aurora'",
}
SETTINGS: dict[str, Callable[[Installation], None]] = {
    "currency": lambda place: configure(place, 'currency = "USD"', 'currency = "EUR"'),
    "zone": lambda place: configure(place, "America/New_York", "America/Chicago"),
    "target": lambda place: configure(place, OWN, f"{OWN}\ntargets = {{aov = 3}}"),
    "channel": lambda place: configure(place, "[tenants.channels]", "[tenants.channels]\nfax = 'Other channels'"),
    "limit of an alert": lambda place: configure(place, OWN, f"{OWN}\nalert_budget = 3"),
    "rate": lambda place: rates(place, "2026-01-05,EUR,USD,1.1\n2026-01-05,CHF,JPY,1.1\n"),
}


@pytest.mark.parametrize("name", ROWS)
def test_row_of_one_tenant_that_differs_is_a_change_of_that_tenant_alone(name: str, place: Installation) -> None:
    stage(place, ROWS[name])
    assert changed(place) == {AURORA}


def test_setting_of_one_tenant_is_a_change_of_that_tenant_alone(place: Installation) -> None:
    text = (place.root / "takings.toml").read_text()
    for name, change in SETTINGS.items():
        change(place)
        assert changed(place) == {AURORA}, name
        (place.root / "takings.toml").write_text(text)
    assert changed(place) == set()


def test_rows_read_again_and_a_later_instant_of_the_same_day_are_no_change(place: Installation) -> None:
    stage(place, "update shopify.orders set run_id = 'another', landing_part = 'elsewhere'")
    stage(place, "update takings.cursors set loaded_until = loaded_until + interval 7 minute, run_id = 'another'")
    stage(place, "update takings.days_read set as_of = as_of + interval 7 minute")
    assert changed(place) == set()


def test_other_program_changes_every_tenant(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_parse, "fingerprint", lambda: "another project")
    assert changed(place) == {AURORA, NORDLICHT}


def test_file_that_is_missing_is_written_again(place: Installation) -> None:
    (place.current / f"tenant-{AURORA}.duckdb").unlink()
    assert changed(place) == {AURORA}


def without_freshness(content: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """The marts without the run that built them: build_info has its instants apart."""
    return {mart: rows for mart, rows in content.items() if mart not in ("build_info", "time_spine")}


def test_unchanged_tenant_keeps_its_rows_and_follows_how_far_it_was_read(place: Installation, tmp_path: Path) -> None:
    """Seven minutes later one tenant's expense differs. The other's file equals that of a full build."""
    stage(place, "update takings.cursors set loaded_until = loaded_until + interval 7 minute")
    stage(place, "update takings.days_read set as_of = as_of + interval 7 minute")
    stage(place, "update files.operating_expenses set amount = amount + 1 where tenant_id = 'aurora'")
    before = json.loads((place.current / "build.json").read_text())["calendars"]
    run = pipeline.rebuild(place.settings)
    assert (run.unchanged, run.blocked) == ([NORDLICHT], [])
    retained, own = (
        marts(place.current / f"tenant-{NORDLICHT}.duckdb"),
        marts(place.current / f"tenant-{AURORA}.duckdb"),
    )
    every, after = place.marts(), json.loads((place.current / "build.json").read_text())["calendars"]
    ((as_of, trust),) = place.ask("select as_of, trust from marts.build_info", file=f"tenant-{NORDLICHT}")
    assert after[NORDLICHT]["as_of"] == as_of.isoformat()
    assert after[NORDLICHT]["as_of"] > before[NORDLICHT]["as_of"]
    compared = pipeline.rebuild(place.settings, full=True).compared
    assert compared
    assert (sorted(compared.tenants), compared.differences, compared.cells > 10_000) == ([AURORA, NORDLICHT], [], True)
    assert without_freshness(marts(place.current / f"tenant-{NORDLICHT}.duckdb")) == without_freshness(retained)
    assert without_freshness(marts(place.current / f"tenant-{AURORA}.duckdb")) == without_freshness(own)
    assert without_freshness(place.marts()) == without_freshness(every)
    assert place.ask("select as_of, trust from marts.build_info", file=f"tenant-{NORDLICHT}") == [(as_of, trust)]


def test_run_without_changes_keeps_every_file_and_builds_nothing(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [f"tenant-{name}.duckdb" for name in (AURORA, NORDLICHT)]
    before, rows = [(place.current / file).stat().st_ino for file in files], place.marts()
    monkeypatch.setattr(dbt_build, "run_nodes", None)
    run = pipeline.rebuild(place.settings)
    assert run.unchanged == [AURORA, NORDLICHT]
    assert [(place.current / file).stat().st_ino for file in files] == before
    assert place.marts() == rows
    assert place.current.name == run.run_id


def test_unchanged_tenant_is_published_beside_one_that_fails_a_check(place: Installation) -> None:
    """No tenant is left to build, and no number changes; once the row is right again, nothing has to be built."""
    rows = place.marts()
    stage(place, ROWS["rejected row"])
    run = pipeline.rebuild(place.settings)
    assert ([block.tenant_id for block in run.blocked], run.unchanged) == ([AURORA], [NORDLICHT])
    assert place.ask("select tenant_id from marts.build_info where blocked_since is not null") == [(AURORA,)]
    assert without_freshness(place.marts()) == without_freshness(rows)
    stage(place, "delete from takings.rejects")
    assert changed(place) == set()
    run = pipeline.rebuild(place.settings)
    assert (run.blocked, run.unchanged) == ([], [AURORA, NORDLICHT])
    assert place.ask("select tenant_id from marts.build_info where blocked_since is not null") == []


def test_tenant_removed_from_the_configuration_changes_no_other(place: Installation) -> None:
    text = (place.root / "takings.toml").read_text()
    (place.root / "takings.toml").write_text(text[text.index(f'[[tenants]]\nid = "{NORDLICHT}"') :])
    before = (place.current / f"tenant-{NORDLICHT}.duckdb").stat().st_ino
    assert pipeline.rebuild(place.settings).unchanged == [NORDLICHT]
    assert (place.current / f"tenant-{NORDLICHT}.duckdb").stat().st_ino == before
    assert not (place.current / f"tenant-{AURORA}.duckdb").exists()
    assert place.ask("select distinct tenant_id from marts.orders") == [(NORDLICHT,)]
    (place.root / "takings.toml").write_text(text)
    assert changed(place) == {AURORA}


def test_comparison_names_tenant_mart_column_and_number_of_cells_that_differ(place: Installation) -> None:
    other = place.root / "other"
    shutil.copytree(place.current, other)
    file = other / f"tenant-{AURORA}.duckdb"
    file.chmod(0o644)
    with duckdb.connect(str(file)) as db:
        db.execute("update marts.orders set units = -7 where order_id in (select order_id from marts.orders limit 2)")
        db.execute("update marts.build_info set run_id = 'another', published_at = null")
    result = full_build.compare(place.current, other)
    assert result.tenants == [AURORA, NORDLICHT]
    assert result.differences == [full_build.Difference(AURORA, "orders", "units", 2)]
    assert "tenant aurora, mart orders, column units: 2 cells" in str(result)


def checks(warnings: list[str]) -> set[str]:
    return {text.partition(":")[0] for text in warnings}


def test_warnings_of_an_unchanged_tenant_stay_with_its_file(place: Installation) -> None:
    """As many rows of each as checks of a full build warn of."""
    stage(place, "update shopify.orders set source_name = 'fax' where tenant_id = 'nordlicht' and order_id in "
          "(select order_id from shopify.orders where tenant_id = 'nordlicht' and not is_test limit 3)")  # fmt: skip
    pipeline.rebuild(place.settings)
    first = json.loads((place.current / "build.json").read_text())["tenant_warnings"]
    assert any("every_sales_channel" in text for text in first[NORDLICHT])
    stage(place, "update files.operating_expenses set amount = amount + 1 where tenant_id = 'aurora'")
    run = pipeline.rebuild(place.settings)
    assert run.unchanged == [NORDLICHT]
    assert json.loads((place.current / "build.json").read_text())["tenant_warnings"][NORDLICHT] == first[NORDLICHT]
    assert run.built
    assert checks(first[NORDLICHT]) <= checks(run.built.warnings)
    assert not set(first[NORDLICHT]) & set(run.built.warnings), "it is in the build, whose checks say it themselves"
