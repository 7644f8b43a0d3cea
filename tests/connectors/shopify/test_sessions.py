"""Shopify's report of sessions: whole at first, later its last days again; a shop may not have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.shopify.pull import pull
from connectors.shopify.streams.sessions import COLUMNS
from connectors.sync.staging import Staging
from simulator import Fault, Faults, SimulatorServer, World, serve
from simulator.world import seconds
from tests.connectors.shopify.pulling import END, Place, settings, small_world
from tests.sampling import sample

EARLIER = END - timedelta(days=11, hours=9)
ROWS = f"select day, {', '.join(COLUMNS.values())} from shopify.sessions_totals order by day"


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(orders=500)


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, faults=Faults()) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def books(world: World, place: Place, at: object = END) -> list[tuple[object, ...]]:
    days = world.visits(place.account).days(seconds(at))  # type: ignore[arg-type]
    return [
        (day, visits.sessions, visits.visitors, visits.with_cart, visits.reached_checkout, visits.ordered)
        for day, visits in sorted(days.items())
        if visits.sessions
    ]


def asked_since(server: SimulatorServer) -> list[str]:
    """The first day of each request for the report of sessions."""
    queries = (str(request.parameters.get("q", "")) for request in server.log)
    return [query.split("SINCE ")[1][:10] for query in queries if query.startswith("FROM sessions")]


@pytest.mark.parametrize("account", sample(["aurora", "nordlicht"], "aurora"))
def test_sessions_report_equals_the_books_at_two_instants(
    world: World, server: SimulatorServer, tmp_path: Path, account: str
) -> None:
    place = Place(tmp_path, account)
    for at in (EARLIER, END):
        server.set_now(at)
        place.pull(server)
        assert place.rows(ROWS) == books(world, place, at)
    assert sum(row[1] for row in place.rows(ROWS)) > 500


def test_later_pulls_read_only_the_last_days_of_sessions_again(server: SimulatorServer, place: Place) -> None:
    server.set_now(EARLIER)
    place.pull(server)
    server.set_now(END)
    results = place.pull(server)
    [whole, again] = asked_since(server)
    assert whole < "2025-02-01", "there were visits before the first sale"
    assert again == "2026-03-01", "a week before the newest day it had: 8 March in New York"
    assert results["sessions_totals"].landed < 25


def test_completed_days_of_sessions_are_not_rewritten(server: SimulatorServer, place: Place) -> None:
    server.set_now(EARLIER)
    place.pull(server)
    place.run_id = "later"
    server.set_now(END)
    place.pull(server)
    changed = place.rows("select min(day) from shopify.sessions_totals where run_id = 'later'")
    assert changed[0][0] >= (EARLIER - timedelta(days=3)).date(), "an event comes two days late"


def denied_at_the_end(server: SimulatorServer, place: Place) -> tuple[str, ...]:
    """A pull in which the report is denied once the sales report has been read; its warnings."""
    account = place.known_as(server)
    with Staging(place.staging) as staging:
        for result in pull(place.context(account, staging), settings(account)):
            if result.stream == "products":
                server.faults.add(Fault("denied", on="QueryRoot.shopifyqlQuery", times=None))
    server.faults.clear()
    assert result.stream == "sessions_totals"
    return result.warnings


def test_denied_sessions_report_is_named_and_the_other_streams_are_pulled(
    server: SimulatorServer, place: Place
) -> None:
    [warning] = denied_at_the_end(server, place)
    assert "Access denied" in warning
    assert "docs/guides/shopify.md" in warning
    assert place.rows(ROWS) == []
    assert place.rows("select count(*) from shopify.orders")[0][0] > 50


def test_days_of_a_denied_sessions_report_are_read_when_access_returns(
    world: World, server: SimulatorServer, place: Place
) -> None:
    server.set_now(EARLIER - timedelta(days=9))
    place.pull(server)
    server.set_now(EARLIER)
    assert denied_at_the_end(server, place)
    server.set_now(END)
    assert place.pull(server)["sessions_totals"].warnings == ()
    assert place.rows(ROWS) == books(world, place)


def test_shop_without_the_sessions_report_is_pulled_without_it(
    world: World, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "visits_by_account", {})
    with serve(world) as server:
        results = place.pull(server)
    [warning] = results["sessions_totals"].warnings
    assert "Table 'sessions' not found" in warning
    assert place.rows(ROWS) == []


def test_shop_whose_reports_are_denied_is_pulled_and_not_reconciled(server: SimulatorServer, place: Place) -> None:
    server.faults.add(Fault("denied", on="QueryRoot.shopifyqlQuery", times=None))
    for _ in range(2):
        results = place.pull(server)
        [warning] = results["sales_totals"].warnings
        assert "not reconciled" in warning
        assert "Access denied for shopifyqlQuery" in warning
        assert "protected customer data" in warning, "where to grant it"
        assert place.tables()["sales_totals"] == []
        assert "sales_totals" not in place.cursors(), "no day is compared"
        assert place.tables()["refunds"], "the streams after it are read"
    server.faults.clear()
    assert place.pull(server)["sales_totals"].warnings == ()
    assert place.tables()["sales_totals"]
