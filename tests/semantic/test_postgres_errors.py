"""A database that cannot be read is one message that says why and what to do, and the next question is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from semantic import query, warehouse
from semantic.errors import NoBuildError, SemanticError, UnknownTenantError, UnreachableError
from semantic.postgres import InPostgres
from semantic.warehouse import open_build
from tests.connectors.postgres.database import administrator, server
from tests.orchestration.postgres.databases import PASSWORD, new_database
from tests.semantic import in_postgres, synthetic

SUM = "SELECT SUM(orders_placed) FROM marts.metrics_daily"


@pytest.fixture(scope="module")
def place(published: Path) -> InPostgres:
    """Two small shops; tests change nothing but what they put back."""
    return in_postgres.copied(published)


def ask(place: InPostgres) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = query.ask(place, ["orders_placed"], tenant="acme").to_pylist()
    return rows


ANSWER = [{"orders_placed": 3}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda uri: uri.replace("p%40ss", "wrong"),
            r"password authentication failed.* Put the right user",
        ),
        (lambda uri: f"{uri}_gone", r"does not exist.* Put the right database"),
        (lambda uri: f"{uri} at work", r"its secret is not a connection URI|does not exist"),
        (lambda uri: "postgresql://a:b@127.0.0.1:1/c", r"Cannot open .*refused.* Start the server"),
    ],
    ids=["a wrong password", "a database that does not exist", "no URI", "no server"],
)
def test_a_login_that_is_refused_and_a_server_that_is_not_there(
    place: InPostgres, change: Callable[[str], str], words: str
) -> None:
    with pytest.raises(UnreachableError, match=words) as raised:
        ask(replace(place, uri=change(place.uri)))
    assert PASSWORD not in str(raised.value)
    assert "p%40ss" not in str(raised.value) + repr(place)


def test_a_connection_that_breaks_during_a_question_is_one_message_and_the_next_question_is_answered(
    place: InPostgres,
) -> None:
    with pytest.raises(UnreachableError, match=r"No answer from .*ask again"), open_build(place, "acme") as build:
        end_sessions(place)
        build.rows(SUM)
    assert ask(place) == ANSWER


def test_an_idle_connection_that_the_server_has_ended_is_replaced(place: InPostgres) -> None:
    assert ask(place) == ANSWER
    end_sessions(place)
    assert ask(place) == ANSWER


def end_sessions(place: InPostgres) -> None:
    with server().connect() as admin:
        name = place.uri.rpartition("/")[2]
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])


def test_a_login_without_rights_says_what_to_grant(place: InPostgres) -> None:
    with server().connect() as admin:
        admin.execute("create role stranger login password 'x'")
    stranger = replace(place, uri=place.uri.replace(place.uri.split("//")[1].split("@")[0], "stranger:x"))
    with pytest.raises(SemanticError, match=r"may not read .*permission denied for schema takings.*Grant it `usage`"):
        ask(stranger)
    with administrator(place.uri) as owner:
        owner.execute("grant usage on schema takings to stranger; grant select on takings.published to stranger")
    with pytest.raises(SemanticError, match=r"may not read .*permission denied for schema marts.*Grant it `usage`"):
        ask(stranger)
    with administrator(place.uri) as owner:
        owner.execute("grant usage on schema marts to stranger; grant select on all tables in schema marts to stranger")
    assert ask(stranger) == ANSWER


def test_a_login_that_sees_the_rows_of_one_tenant_has_that_tenant_alone(published: Path) -> None:
    place = in_postgres.copied(published)
    with server().connect() as admin:
        admin.execute("create role of_hinode login password 'x'")
    with administrator(place.uri) as owner:
        owner.execute(
            "grant usage on schema takings, marts to of_hinode; "
            "grant select on all tables in schema takings, marts to of_hinode"
        )
        for mart in ("build_info", "metrics_daily"):
            owner.execute(f"alter table marts.{mart} enable row level security")
            owner.execute(f"create policy own on marts.{mart} using (tenant_id = 'hinode')")
    own = replace(place, uri=place.uri.replace(place.uri.split("//")[1].split("@")[0], "of_hinode:x"))
    assert query.ask(own, ["orders_placed"]).to_pylist() == [{"orders_placed": 1}]
    with pytest.raises(UnknownTenantError, match=r"Unknown tenant 'acme'.*Choose from: hinode"):
        ask(own)
    assert query.ask(own, ["orders_placed"], ["tenant_id"]).num_rows == 1


def test_a_missing_table_says_to_build_again(published: Path) -> None:
    place = in_postgres.copied(published)
    with in_postgres.changing(place) as db:
        db.execute("drop table marts.metrics_daily")
    with pytest.raises(SemanticError, match=r"Cannot query .*marts.metrics_daily.* does not exist.*`takings run`"):
        ask(place)


def test_a_database_in_which_nothing_is_published_says_how_to_publish(published: Path) -> None:
    place = InPostgres(published, new_database())
    with pytest.raises(NoBuildError, match=r"Nothing is published in .*takings\.published.*`takings run`"):
        ask(place)
    with in_postgres.changing(place) as db:
        db.execute(in_postgres.BOOK)
    with pytest.raises(NoBuildError, match=r"no build has finished yet.*`takings run`"):
        ask(place)
    with pytest.raises(NoBuildError, match="Nothing is published"):
        warehouse.current(place)


def test_a_build_without_its_folder_is_incomplete(published: Path, tmp_path: Path) -> None:
    place = in_postgres.copied(synthetic.copy(published, tmp_path / "published"))
    (place.folder / "run-1" / "catalog.json").unlink()
    with pytest.raises(NoBuildError, match=r"run-1 is incomplete: it has no catalog\.json"):
        ask(place)


def test_tenants_are_those_of_the_rows(place: InPostgres) -> None:
    with pytest.raises(UnknownTenantError, match=r"2 tenants: acme, hinode.*--tenant"):
        query.ask(place, ["orders_placed"])
    with pytest.raises(UnknownTenantError, match="Did you mean acme"):
        query.ask(place, ["orders_placed"], tenant="acne")
