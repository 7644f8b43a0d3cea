"""A run that publishes in PostgreSQL shows the rows that one of files shows, whole, tenant by tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from common.errors import ConfigurationError, RetryError, StopError
from connectors.base import Progress, no_progress
from orchestration import builds, cli, pipeline, publication
from orchestration.postgres import publish, readers, tables, warehouse
from orchestration.postgres.readers import Reader
from tests.connectors.postgres.database import administrator, server
from tests.orchestration.installation import Installation
from tests.orchestration.postgres.databases import new_warehouse
from tests.orchestration.postgres.published import (
    TENANTS,
    Place,
    as_login,
    differing,
    name_of,
    of_tenant,
    published_rows,
    shops_in_files,
    stage,
)

AURORA, NORDLICHT = TENANTS
A_CENT = (
    "update shopify.orders set current_total = current_total {} 0.01 where tenant_id = 'aurora' and order_id = "
    "(select min(order_id) from shopify.orders where tenant_id = 'aurora' and not is_test)"
)
LATER = "update takings.cursors set loaded_until = loaded_until + interval 1 minute"
RENAMED = "update shopify.products set title = 'A new name' where tenant_id = 'aurora'"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Published once; each test leaves a whole build."""
    with pytest.MonkeyPatch.context() as patch:
        place = Place.copied(tmp_path_factory.mktemp("published") / "place", patch)
        with administrator(place.uri()) as admin:
            admin.execute(f"alter role {name_of(place)} createrole")
        assert place.build().blocked == []
        yield place


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The same shops, published in files."""
    return shops_in_files(tmp_path_factory.mktemp("files") / "place")


def test_every_row_is_that_of_the_files(place: Place, files: Installation) -> None:
    assert differing(place, files) == set()
    rows = place.rows()
    assert min(len(rows[mart]) for mart in ("orders", "product_daily", "build_info", "kpis", "movers", "alerts")) > 1
    assert place.published_run() == place.current.name == place.about()["run_id"]


def test_unchanged_tenants_are_not_built_and_say_how_far_they_were_read(place: Place, files: Installation) -> None:
    before, run = place.rows(), place.published_run()
    ((first,),) = place.ask_postgres("select min(as_of) from marts.build_info")
    stage(LATER, place, files)
    files.rebuild()
    result = place.build()
    assert (result.unchanged, result.built and result.built.models) == ([AURORA, NORDLICHT], 0)
    assert differing(place, files) == set()
    assert place.rows()["build_info"] != before["build_info"]
    ((now,),) = place.ask_postgres("select min(as_of) from marts.build_info")
    assert (now - first).total_seconds() == 60
    assert run < place.published_run() == place.current.name
    assert place.about()["calendars"][AURORA]["as_of"] == now.isoformat()


def test_blocked_tenant_keeps_its_rows_and_says_why(place: Place, files: Installation) -> None:
    before = place.rows()
    stage(A_CENT.format("+"), place, files)
    (expected,) = pipeline.rebuild(files.settings).blocked
    (block,) = place.build().blocked
    assert block.tenant_id == expected.tenant_id == AURORA
    assert "every_order_adds_up: 1 row" in block.reason
    assert differing(place, files) == {"build_info"}, "the instant and the words of the database"
    rows = place.rows()
    assert {mart for mart in rows if rows[mart] != before[mart]} == {"build_info"}
    reason = "select tenant_id, blocked_reason from marts.build_info where blocked_since is not null"
    assert place.ask_postgres(reason) == [(AURORA, block.reason)]
    assert place.about()["blocked"] == {AURORA: block.reason}
    stage(A_CENT.format("-"), place, files)
    files.rebuild()
    assert place.build().unchanged == [AURORA, NORDLICHT]
    assert differing(place, files) == set()
    assert place.rows() == before


def test_wherever_a_publish_ends_readers_see_one_build_and_the_next_run_is_right(
    place: Place, files: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One build of the tenant that changed; its publish ends early in each way before it succeeds."""
    before, current = place.rows(), place.current
    others = of_tenant(place, NORDLICHT)
    stage(RENAMED, place, files)
    files.rebuild()
    run = pipeline.new_run_id()
    with place.home.writing():
        built, _, unchanged = pipeline.build(place.settings, run)
    assert unchanged == [NORDLICHT]

    def publishes(progress: Progress = no_progress, run_id: str = run) -> None:
        tenants, target = publication.of_settings(place.settings), publish.of_engine(place.settings)
        publication.publish(place.home, built, run_id, tenants, progress, target)

    def end_connections(*_: object) -> None:
        with server().connect() as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name_of(place)])

    def end_half_way(step: str, count: int, total: int | None, detail: str) -> None:
        if detail == "orders":
            end_connections()

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    ends: list[tuple[Any, str, Callable[..., None]]] = [
        (publication, "_sync", end_connections),  # before the transaction ends: the server goes
        (publication, "_sync", end),  # this process goes
    ]
    with pytest.raises(RetryError, match="Run again"):
        publishes(end_half_way)
    for module, step, what in ends:
        with monkeypatch.context() as patch, pytest.raises((RetryError, KeyboardInterrupt)):
            patch.setattr(module, step, what)
            publishes()
        assert (place.rows(), place.current) == (before, current)
    with pytest.raises(StopError, match="does not hold a finished build of run other"):
        publishes(run_id="other")
    assert (place.rows(), place.current) == (before, current)

    with place.connect() as db, db.transaction():
        db.execute("set transaction isolation level repeatable read")
        assert published_rows(db) == before
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(builds, "switch", end)  # after the transaction, before `current` is moved
            publishes()
        assert published_rows(db) == before, "a reader's transaction goes on with the build that it began with"
    after = place.rows()
    assert {mart for mart in after if after[mart] != before[mart]} >= {"products", "sales_detail"}
    assert of_tenant(place, NORDLICHT) == others
    assert (place.published_run(), place.current) == (run, current)
    assert publish.before(warehouse.of_settings(place.settings))["run_id"] == run == place.current.name
    assert place.build().unchanged == [AURORA, NORDLICHT]
    assert place.rows() == after
    assert differing(place, files) == set()


def test_run_that_finds_another_database_state_builds_every_tenant_again(place: Place) -> None:
    place.ask_postgres("update takings.published set run = '20200101T000000.000000Z' returning 1")
    assert publish.before(warehouse.of_settings(place.settings)) == {}
    place.ask_postgres("update takings.published set run = %s returning 1", [place.current.name])
    assert publish.before(warehouse.of_settings(place.settings))["run_id"] == place.current.name


def test_commands_answer_from_the_engine_that_published_last(
    place: Place, files: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = [
        "query",
        "--metrics",
        "net_sales,orders_placed",
        "--by",
        "channel",
        "--tenant",
        AURORA,
        "--format",
        "csv",
    ]

    def says(of: Installation, *command: str) -> str:
        monkeypatch.setenv("TAKINGS_HOME", str(of.home.root))
        monkeypatch.setenv("TAKINGS_CONFIG", str(of.root / "takings.toml"))
        result = CliRunner().invoke(cli.app, list(command))
        assert result.exit_code == 0, result.output
        return result.stdout

    answer = says(files, *question)
    assert answer.count("\n") > 3
    assert says(place, *question) == answer
    assert says(place, "reconciliation") == says(files, "reconciliation")
    for each in (place, files):
        days = ("--from", "2026-02-01", "--to", "2026-02-20", "--folder", str(each.root / "reports"))
        says(each, "report", "revenue-overview", "--tenant", AURORA, *days)
    reports = [next((each.root / "reports").iterdir()) for each in (place, files)]
    assert reports[0].read_bytes() == reports[1].read_bytes()
    run, rows = place.current.name, place.rows()
    says(place, "build", "--target", "duckdb")
    assert place.ask("select count(*) from marts.orders") == files.ask("select count(*) from marts.orders")
    assert place.rows() == rows
    assert says(place, *question) == answer
    assert publish.before(warehouse.of_settings(place.settings)) == {}, "the next run there builds every tenant"
    builds.switch(place.home, run)


# --- logins


@pytest.fixture(scope="module")
def logins(place: Place) -> dict[str, str]:
    """The URI of a login for each tenant, and of one for all."""
    target = warehouse.of_settings(place.settings)
    result = {}
    for name, tenant in (("first", AURORA), ("second", NORDLICHT), ("everybody", None)):
        password = readers.add(place.settings, target, Reader(f"{name}_{name_of(place)}", tenant), None)
        assert password is not None
        result[tenant or "all"] = as_login(place, f"{name}_{name_of(place)}", password)
    return result


def test_login_sees_the_rows_of_its_tenant_in_every_table(place: Place, logins: dict[str, str]) -> None:
    for tenant in TENANTS:
        expected = of_tenant(place, tenant)
        assert place.rows(logins[tenant]) == expected
        assert sum(map(bool, expected.values())) > 15
    assert place.rows(logins["all"]) == place.rows()


def test_login_finds_no_other_tenant_in_anything_that_it_can_read(place: Place, logins: dict[str, str]) -> None:
    read = 0
    with place.connect(logins[AURORA]) as db:
        for (relation,) in db.execute(
            "select oid::regclass::text from pg_class where relkind in ('r', 'v', 'm', 'p', 'f') "
            "and has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select')"
        ).fetchall():
            try:
                rows = db.execute(f"select t::text from {relation} as t".encode()).fetchall()
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
                continue  # a view of the server that asks for more
            read += 1
            assert not [row for row in rows if NORDLICHT in str(row).casefold()], relation
    assert read > 150
    with place.connect() as db:
        assert NORDLICHT in str(db.execute("select * from takings.readers").fetchall())


def test_login_can_write_nothing_and_use_no_other_schema(place: Place, logins: dict[str, str]) -> None:
    owned = place.ask_postgres("select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|public)'")
    others = {schema for (schema,) in owned} - {"marts", "takings"}
    assert {"build_marts", "raw_shopify", "takings_load"} <= others
    with place.connect(logins[AURORA]) as db:
        for statement in (
            "insert into marts.orders (tenant_id) values ('aurora')", "update marts.orders set currency = 'EUR'",
            "delete from marts.orders", "truncate marts.orders", "alter table marts.orders disable row level security",
            "drop policy own_tenant on marts.orders", "create table marts.mine (n int)", "create schema mine",
            "create table public.mine (n int)", "insert into takings.readers values (current_user, '*')",
            "update takings.readers set tenant_id = '*'", "update takings.published set run = ''",
            f"set role {name_of(place)}", *(f"select * from {schema}.anything" for schema in others),
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement.encode())


def test_role_without_a_tenant_sees_no_row(place: Place) -> None:
    name = f"stranger_{name_of(place)}"
    with administrator(place.uri()) as admin:
        admin.execute(f"create role {name} login password 'p'")
        uri = as_login(place, name, "p")
        with place.connect(uri) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("select * from marts.orders")
        admin.execute(f"grant usage on schema marts to {name}; grant select on all tables in schema marts to {name}")
    assert {mart for mart, rows in place.rows(uri).items() if rows} == {"time_spine"}


def test_login_is_made_once_and_removed_with_all_that_it_may(place: Place) -> None:
    target, reader = warehouse.of_settings(place.settings), Reader(f"third_{name_of(place)}", AURORA)
    assert readers.add(place.settings, target, reader, "a given password") == "a given password"
    uri = as_login(place, reader.name, "a%20given%20password")
    assert readers.add(place.settings, target, reader, "another") is None
    with pytest.raises(ConfigurationError, match="is there already and sees tenant aurora"):
        readers.add(place.settings, target, Reader(reader.name, None), None)
    with pytest.raises(ConfigurationError, match="There is no tenant 'nobody'"):
        readers.add(place.settings, target, Reader("another", "nobody"), None)
    for taken in (name_of(place), "postgres"):
        with pytest.raises(ConfigurationError, match=f"has a role {taken} that Takings did not make"):
            readers.add(place.settings, target, Reader(taken, AURORA), None)
    with pytest.raises(ConfigurationError, match="cannot be its name"):
        readers.add(place.settings, target, Reader('a"b', AURORA), None)
    with place.connect(uri) as db:
        assert db.execute("select count(*) > 0 from marts.orders").fetchall() == [(True,)]
        assert readers.remove(target, reader.name, really=False) == reader
        assert reader in readers.listed(target)
        assert readers.remove(target, reader.name, really=True) == reader
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("select * from marts.orders")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        place.connect(uri)
    with pytest.raises(ConfigurationError, match=f"made no login '{reader.name}'"):
        readers.remove(target, reader.name, really=True)
    assert reader not in readers.listed(target)


# --- tables


def test_tables_follow_their_contracts_and_keep_rows_policies_and_rights(tmp_path: Path) -> None:
    target = new_warehouse(tmp_path)
    old = {"orders": {"tenant_id": "text", "amount": "integer", "gone": "text"}, "left": {"tenant_id": "text"}}
    new = {
        "orders": {"tenant_id": "text", "amount": "bigint", "added": "date"},
        "fresh": {"tenant_id": "text", "date_day": "date"},
        "days": {"date_day": "date"},
    }
    with administrator(target.uri) as admin, target.writing() as db:
        reader = f"reads_{target.uri.rpartition('/')[2]}"
        tables.prepare(db)
        tables.conform(db, old)
        admin.execute(f"create role {reader}; comment on role {reader} is 'made by Takings'")
        admin.execute(f"grant usage on schema marts to {reader}; grant {reader} to {db.info.user}")
        db.execute("insert into takings.readers values (%s, 'aurora')", [reader])
        tables.grant(db, "orders", [reader])
        tables.conform(db, old)
        db.execute("insert into marts.orders values ('aurora', 5, 'x'), ('nordlicht', 6, 'y')")
        tables.conform(db, new)
        assert tables.columns(db, "marts") == new
        assert db.execute("select * from marts.orders order by 1").fetchall() == [
            ("aurora", None, None), ("nordlicht", None, None),
        ]  # fmt: skip
        db.execute("insert into marts.fresh values ('aurora', '2026-01-01'), ('nordlicht', '2026-01-02')")
        admin.execute(f"set role {reader}")
        seen = [
            admin.execute(f"select tenant_id from marts.{name}".encode()).fetchall() for name in ("orders", "fresh")
        ]
        assert seen == [[("aurora",)], [("aurora",)]]
        assert admin.execute("select * from marts.days").fetchall() == []


def test_published_schema_that_somebody_else_made_is_not_touched(tmp_path: Path) -> None:
    target = new_warehouse(tmp_path)
    with psycopg.connect(target.uri) as db:
        db.execute("create schema marts; create table marts.orders (mine text)")
    with pytest.raises(ConfigurationError, match="a schema marts that Takings did not make"):
        publish.before(target)


def test_login_of_the_warehouse_needs_the_right_to_make_roles(tmp_path: Path, place: Place) -> None:
    with pytest.raises(ConfigurationError, match="may not make roles"):
        readers.add(place.settings, new_warehouse(tmp_path), Reader("somebody", AURORA), None)
