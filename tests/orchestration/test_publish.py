"""Readers see a complete build, rows of their tenant only, and nothing of a failed build."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from common.errors import StopError, TakingsError
from connectors.base import no_progress
from orchestration import dbt_parse, pipeline, publication, tenant_files, unchanged
from orchestration.blocked import write_blocked
from orchestration.builds import RETAINED_BUILDS
from orchestration.dbt_build import Built
from semantic.duckdb_files import attach_tenants, connect
from tests.orchestration.installation import SHOPS, Installation, ask, published_shops

pytestmark = pytest.mark.worlds
CHECKOUT = Path(__file__).resolve().parents[2]
TENANTS = ("aurora", "nordlicht")


@pytest.fixture(scope="module")
def master() -> Installation:
    """An installation with one build; tests change copies of it only. Both shops have orders of the same ids."""
    return published_shops()


@pytest.fixture
def place(master: Installation, tmp_path: Path) -> Installation:
    shutil.copytree(master.root, tmp_path / "copy", symlinks=True)
    return Installation(tmp_path / "copy")


def contents(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder with its bytes, every link with its target."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def plant(place: Installation, sql: str) -> None:
    with duckdb.connect(str(place.home.staging)) as db:
        assert db.execute(sql).fetchone() == (1,), "one row is broken"


def test_tenant_file_holds_all_rows_of_that_tenant_and_no_others(master: Installation) -> None:
    everything = master.marts()
    for tenant in TENANTS:
        own = master.marts(f"tenant-{tenant}")
        assert own.keys() == everything.keys()
        for mart, rows in own.items():
            where = [row for row in everything[mart] if mart == "time_spine" or tenant in row]
            assert rows == where, mart
        assert own["metrics_daily"]


def test_file_for_users_without_a_tenant_has_every_table_and_no_row(master: Installation) -> None:
    nobody = master.marts("nobody")
    assert nobody.keys() == master.marts().keys()
    assert [mart for mart, rows in nobody.items() if rows and mart != "time_spine"] == []


def test_published_file_holds_only_the_marts(master: Installation) -> None:
    for file in ("all", "nobody", *(f"tenant-{tenant}" for tenant in TENANTS)):
        tables = "select distinct schema_name from duckdb_tables()"
        views = "select schema_name from duckdb_views() where not internal"
        assert ask(master.current / f"{file}.duckdb", f"{tables} union {views}") == [("marts",)]


def test_published_files_cannot_be_opened_for_writing(master: Installation) -> None:
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (master.home.published / "current").iterdir()}
    assert set(modes.values()) == {"0o444"}, modes


def test_build_records_its_run_its_time_and_its_definitions(master: Installation) -> None:
    about = json.loads((master.current / "build.json").read_text())
    assert about["run_id"] == master.current.name
    assert about["tenants"] == list(TENANTS)
    assert about["definitions"]
    assert master.ask("select distinct run_id from marts.build_info") == [(master.current.name,)]
    as_of = master.ask("select distinct as_of from marts.build_info")
    read_until = (SHOPS.end - timedelta(minutes=2)).replace(tzinfo=None)
    assert as_of == [(read_until,)], "two minutes before the shop's clock"
    assert {name: item["as_of"] for name, item in about["calendars"].items()} == dict.fromkeys(
        TENANTS, read_until.isoformat()
    )
    assert about["calendars"]["aurora"]["time_zone"] == "America/New_York"


class Reader(threading.Thread):
    """Opens the current build repeatedly and checks that its numbers belong to one build."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path, self.wrong, self.builds = path, list[str](), set[str]()
        self.new = queue.SimpleQueue[str]()  # each build when it is read for the first time
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.look()
            except Exception as error:
                self.wrong.append(repr(error))
                return

    def look(self) -> None:
        folder = self.path.resolve()
        with connect(folder / "all.duckdb") as db:
            runs, placed, orders, sales, ledger = db.execute(
                """select (select string_agg(distinct run_id) from marts.build_info),
                    (select sum(orders_placed) from marts.metrics_daily), (select count(*) from marts.orders),
                    (select sum(total_sales_minor) from marts.metrics_daily),
                    (select sum(total_sales_minor) from marts.revenue)"""
            ).fetchall()[0]
        if placed != orders or sales != ledger or not orders:
            self.wrong.append(f"{runs}: {placed} orders placed of {orders}, {sales} sold of {ledger}")
        if folder == self.path.resolve() and runs != folder.name:
            self.wrong.append(f"the folder {folder.name} holds the run {runs}")
        if runs not in self.builds:
            self.builds.add(runs)
            self.new.put(runs)


READ = """
import sys; from pathlib import Path; from tests.orchestration.test_publish import Reader
reader = Reader(Path(sys.argv[1])); stop = Path(sys.argv[2])
while not stop.exists() and not reader.wrong:
    reader.look()
    while not reader.new.empty():
        print(reader.new.get(), flush=True)
print(*reader.wrong)
"""


def test_two_questions_of_one_process_about_all_tenants_are_answered_at_once(place: Installation) -> None:
    path = place.current.resolve() / "all.duckdb"
    with connect(path) as first, connect(path) as second:
        counts = [db.execute("select count(*) from marts.orders").fetchall() for db in (first, second)]
        assert counts[0] == counts[1] != [(0,)]


def test_readers_see_complete_builds_and_no_error_during_many_publishes(place: Installation) -> None:
    """Each publish has one order less than the one before, in every mart."""
    scratch, home, prepared = place.root / "scratch.duckdb", place.home, dict[str, Path]()
    with duckdb.connect(str(scratch)) as db:
        db.execute(f"attach '{place.current / 'all.duckdb'}' as everyone (read_only); create schema marts")
        attach_tenants(db, place.current)
        for mart in place.marts():
            db.execute(f"create table marts.{mart} as select * from everyone.marts.{mart}")
    home.builds.mkdir(exist_ok=True)
    for _ in range(5):  # before anybody reads: readers who wait for the next publish prove nothing
        run_id = pipeline.new_run_id()
        path = prepared[run_id] = home.builds / f"build_{run_id}.duckdb"
        shutil.copy(scratch, path)
        with duckdb.connect(str(path)) as db:
            order_id = db.execute("select order_id from marts.orders order by order_id limit 1").fetchall()[0][0]
            for mart in ("orders", "revenue"):
                db.execute(f"delete from marts.{mart} where order_id = ?", [order_id])
            db.execute(
                """create or replace table marts.metrics_daily as select * replace (
                    (select count(*) from marts.orders) as orders_placed,
                    (select sum(total_sales_minor) from marts.revenue) as total_sales_minor)
                from marts.metrics_daily limit 1"""
            )
            db.execute("update marts.build_info set run_id = ?", [run_id])
        shutil.copy(path, scratch)
        with duckdb.connect(str(path)) as db:
            write_blocked(db, [])
            unchanged.write(db, Built(path), home.staging, {}, [])
    stop = place.root / "stop"
    link = place.home.published / "current"
    reader = Reader(link)
    reader.start()
    command = [sys.executable, "-c", READ, str(link), str(stop)]
    other = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert other.stdout
    for run_id, path in prepared.items():
        before = place.current.name
        assert (reader.new.get(timeout=60), other.stdout.readline()) == (
            before,
            f"{before}\n",
        )  # both read all the time
        with home.writing():
            tenants = dict.fromkeys(TENANTS, publication.Tenant("UTC"))
            publication.publish(home, Built(path), run_id, tenants, no_progress)
    assert (reader.new.get(timeout=60), other.stdout.readline()) == (run_id, f"{run_id}\n")
    reader.stop.set()
    reader.join(30)
    stop.touch()
    wrong, _ = other.communicate(timeout=60)
    assert (reader.wrong, wrong) == ([], "\n")
    run_ids = list(prepared)
    retained = sorted(path.name for path in place.home.published.iterdir() if not path.is_symlink())
    assert retained == run_ids[-RETAINED_BUILDS:]
    assert place.current.name == run_ids[-1]


A_CENT_OFF = (
    "update shopify.orders set current_total = current_total + 0.01 where tenant_id = 'aurora' and order_id = "
    "(select min(order_id) from shopify.orders where not is_test)"
)
BROKEN = {
    "a part of a cent": (
        "update shopify.sales set amount = amount + 0.001 where tenant_id = 'aurora' and sale_id = "
        "(select min(sale_id) from shopify.sales)",
        "every_amount_fits_its_minor_units",
    ),
    "a refund that was not loaded": (
        "delete from shopify.refunds where tenant_id = 'aurora' and refund_id = "
        "(select min(refund_id) from shopify.refunds where tenant_id = 'aurora')",
        "every_refund_is_known",
    ),
    "a row that was rejected": (
        "insert into takings.rejects (tenant_id, source, source_account, row_key, reason) "
        "values ('aurora', 'shopify', 'aurora', '1', 'amount is not MONEY: x')",
        "no_row_was_rejected",
    ),
}


def test_broken_data_block_their_tenant_and_every_failed_test_is_named(place: Installation) -> None:
    for sql, _ in BROKEN.values():
        plant(place, sql)
    before = {tenant: place.marts(f"tenant-{tenant}")["orders"] for tenant in TENANTS}
    result = pipeline.rebuild(place.settings)
    (block,) = result.blocked
    assert block.tenant_id == "aurora"
    for name, (_, test) in BROKEN.items():
        assert f"{test}: 1 row" in block.reason, name
    assert {tenant: place.marts(f"tenant-{tenant}")["orders"] for tenant in TENANTS} == before


def test_one_wrong_cent_blocks_its_tenant_and_repaired_data_publishes_again(place: Installation) -> None:
    plant(place, A_CENT_OFF)
    before = place.marts()
    about = place.current.resolve() / "build.json"
    about.chmod(0o644)
    records = json.loads(about.read_text())["records"]
    about.write_text(json.dumps({**json.loads(about.read_text()), "records": {**records, "aurora": ["event_log"]}}))
    (block,) = pipeline.rebuild(place.settings).blocked
    assert block.tenant_id == "aurora"
    assert "every_order_adds_up: 1 row" in block.reason
    assert place.marts()["orders"] == before["orders"]
    now = json.loads((place.current / "build.json").read_text())["records"]
    assert now == {**records, "aurora": ["event_log"]}, "a blocked tenant keeps its dashboards"
    plant(place, A_CENT_OFF.replace("+ 0.01", "- 0.01"))
    assert pipeline.rebuild(place.settings).blocked == []
    assert place.marts() == before


def test_second_run_at_the_same_time_is_refused_and_names_the_running_process(place: Installation) -> None:
    hold = (
        "import sys; from pathlib import Path; from orchestration.home import Home\n"
        "with Home(Path(sys.argv[1])).writing(): print('holding', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(place.home.root)]
    first = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "holding\n"
    before = contents(place.home.published)
    actions: list[Callable[[], object]] = [
        place.run,
        lambda: pipeline.pull_all(place.settings),
        lambda: pipeline.rebuild(place.settings),
        lambda: pipeline.replay(place.settings, really=True),
    ]
    for action in actions:
        with pytest.raises(TakingsError, match=rf"Another run is writing.*process {first.pid}.*Wait for it to end"):
            action()
    assert contents(place.home.published) == before
    first.kill()
    first.communicate()
    with place.home.writing():
        pass  # the kernel released it


def test_rebuild_before_the_first_pull_is_refused(place: Installation) -> None:
    place.home.staging.unlink()
    with pytest.raises(TakingsError, match="takings run"):
        pipeline.rebuild(place.settings)


CHANGED = """update shopify.orders set updated_at = updated_at + interval 1 hour where tenant_id = 'aurora'
    and order_id = (select min(order_id) from shopify.orders where tenant_id = 'aurora')"""


def limit_publish(monkeypatch: pytest.MonkeyPatch, memory: str) -> None:
    """Limit the memory of publishes, and not that of builds."""
    publish = publication.publish

    def limited(*arguments: Any) -> Path:
        with monkeypatch.context() as patch:
            patch.setattr(dbt_parse, "resources", lambda staging: (1, memory))
            return publish(*arguments)

    monkeypatch.setattr(publication, "publish", limited)


def test_publish_keeps_to_the_memory_of_a_build_and_writes_the_rest_beside_it(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    write = tenant_files.write

    def noting(db: duckdb.DuckDBPyConnection, *arguments: Any) -> None:
        names = ("memory_limit", "temp_directory")
        limits.append(tuple(db.execute(f"select current_setting('{name}')").fetchall()[0][0] for name in names))
        write(db, *arguments)

    plant(place, CHANGED)
    monkeypatch.setattr(tenant_files, "write", noting)
    limit_publish(monkeypatch, "200MB")
    assert pipeline.rebuild(place.settings).blocked == []
    assert set(limits) == {("190.7 MiB", str(place.home.builds / "publish.tmp"))}


def test_publish_without_enough_memory_says_so_and_readers_keep_the_last_build(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.marts()
    plant(place, CHANGED)
    with monkeypatch.context() as patch:
        limit_publish(patch, "1MB")
        with pytest.raises(StopError, match="not enough memory to publish: it may take 1MB") as caught:
            pipeline.rebuild(place.settings)
    assert f"Free some space for {place.home.builds / 'publish.tmp'}, then run again" in str(caught.value)
    assert place.marts() == before
    assert pipeline.rebuild(place.settings).blocked == []


def test_what_a_killed_build_wrote_to_the_disk_for_lack_of_memory_is_removed(place: Installation) -> None:
    spilled = place.home.builds / "build.duckdb.tmp"
    spilled.mkdir()
    (spilled / "duckdb_temp_block-1.block").write_bytes(b"half")
    plant(place, CHANGED)
    assert pipeline.rebuild(place.settings).blocked == []
    assert [path.name for path in place.home.builds.iterdir() if not path.match("last_*.duckdb")] == []


def test_leftovers_of_an_interrupted_swap_are_removed(place: Installation) -> None:
    (place.home.published / "current.20200101T000000.000000Z").symlink_to("20200101T000000.000000Z")
    half = place.home.published / "20200101T000000.000000Z.partial"
    half.mkdir()
    (half / "all.duckdb").write_bytes(b"half")
    pipeline.rebuild(place.settings)
    names = {path.name for path in place.home.published.iterdir()}
    assert names == {"current", place.current.name, *(name for name in names if name.endswith("Z"))}
    assert len(names) == 3
