"""The first load by bulk operations, and the ways in which one can end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.base import Account, Window, no_progress
from connectors.errors import ConfigurationError, ContractError, IncompleteError, RetryError
from connectors.http import Transport
from connectors.shopify import bulk
from connectors.shopify import pull as pulling_module
from connectors.shopify.client import Client
from connectors.shopify.denials import without
from connectors.shopify.streams import ORDERS
from connectors.sync.landing import Landing
from simulator import Fault, Faults, SimulatorServer, World, serve
from tests.connectors.scripted import Reply, scripted
from tests.connectors.shopify.pulling import END, Place, request_count, small_world
from tests.sampling import sample


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    with serve(world) as server:
        place.pull(server)
    return place


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, faults=Faults()) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def starts(server: SimulatorServer, of: str) -> int:
    return request_count(server, f"bulk:{of}")


def test_first_load_reads_orders_with_all_children_by_one_bulk_operation(
    undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    place.pull(server)
    assert starts(server, "orders") == 1
    assert request_count(server, "orders") == 0, "no page was requested"
    counts = {name: len(rows) for name, rows in place.tables().items()}
    books = server.world.books("aurora", END)
    orders = len(books.orders)
    assert counts["orders"] == orders > 40
    assert counts["order_lines"] == sum(len(order.at(books.at).all_lines()) for order in books.orders)
    assert counts["refunds"] == sum(len(order.at(books.at).refunds) for order in books.orders) > 8
    assert place.tables() == undisturbed.tables()


def test_bulk_operation_over_the_limit_waits_and_cancels_no_other_operation(
    undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("bulk_limit", on="bulk:orders", times=3))
    place.pull(server)
    assert starts(server, "orders") == 4
    assert request_count(server, "bulkOperationCancel") == 0
    assert sum(place.waits) > 2
    assert place.tables() == undisturbed.tables()


def test_bulk_operation_blocked_by_another_app_fails_with_a_clear_message(
    server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BUSY_ATTEMPTS", 3)
    server.faults.add(Fault("bulk_limit", on="bulk:orders", times=None))
    with pytest.raises(RetryError, match="another bulk operation of this app does not end"):
        place.pull(server)
    assert place.tables()["orders"] == []
    assert "orders" not in place.cursors()


@pytest.mark.parametrize(
    "fate", sample(["bulk_failed", "bulk_timeout", "bulk_expired", "bulk_canceled"], "bulk_failed", "bulk_expired")
)
def test_failed_bulk_operation_is_started_again_and_its_partial_file_is_not_used(
    fate: str, undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault(fate, on="bulk:orders"))
    place.pull(server)
    assert starts(server, "orders") == 2
    assert place.tables() == undisturbed.tables()


@pytest.mark.parametrize("fate", sample(["bulk_failed", "bulk_expired"], "bulk_failed"))
def test_bulk_operation_that_always_fails_loads_nothing_and_the_next_pull_recovers(
    fate: str, undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault(fate, on="bulk:orders", times=None))
    with pytest.raises(RetryError, match="bulk operation for orders"):
        place.pull(server)
    assert starts(server, "orders") == pulling_module.ATTEMPTS
    assert place.tables()["orders"] == []
    assert set(place.cursors()) == {"shop"}
    server.faults.clear()
    place.pull(server)
    assert place.tables() == undisturbed.tables()


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (Fault("truncated_file", on="bulk_file"), "operation"),
        (Fault("wrong_count", on="bulk:orders"), "operation"),
        (Fault("url_expired", on="bulk_file"), "operation"),
        (Fault("cut", on="bulk_file"), "file"),
        (Fault("error", on="bulk_file", status=503), "file"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else value,
)
def test_incomplete_bulk_file_is_not_loaded_and_is_fetched_again(
    fault: Fault, again: str, undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(fault)
    place.pull(server)
    assert starts(server, "orders") == (2 if again == "operation" else 1)
    assert place.tables() == undisturbed.tables()


@pytest.mark.parametrize(
    "kind", sample(["truncated_file", "wrong_count", "url_expired", "cut"], "truncated_file", "wrong_count")
)
def test_bulk_files_that_stay_incomplete_leave_no_partial_rows_in_staging(
    kind: str, undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault(kind, on="bulk:orders" if kind == "wrong_count" else "bulk_file", times=None))
    with pytest.raises(IncompleteError):
        place.pull(server)
    tables = place.tables()
    assert [name for name, rows in tables.items() if rows] == ["shop"]
    assert set(place.cursors()) == {"shop"}
    server.faults.clear()
    place.pull(server)
    assert place.tables() == undisturbed.tables()


def test_bulk_operation_whose_file_has_expired_is_started_again(
    undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("error", on="bulk_file", times=None))
    with pytest.raises(IncompleteError):
        place.pull(server)
    server.faults.clear()
    server.set_now(END + timedelta(days=8))  # a file is kept for seven days
    place.pull(server)
    assert starts(server, "orders") == 3  # the one whose file ran out, the same again, the eight days since
    ends = [window.manifest.end for window in place.landing.windows(place.known_as(server), "orders")]
    settled = timedelta(minutes=2)
    assert ends == [END - settled, END + timedelta(days=8) - settled], "the same window, then what came since"
    ids = {row[0] for row in place.rows("select order_id from shopify.orders")}
    assert ids >= {row[0] for row in undisturbed.rows("select order_id from shopify.orders")} - {
        row[0] for row in place.rows("select subject_id from shopify.deletions")
    }


def test_bulk_operation_without_rows_and_file_is_an_empty_shop_and_moves_the_cursor(world: World, place: Place) -> None:
    opening = END.replace(month=1, day=14, hour=0)  # the day before the first order
    with serve(world, now=opening) as server:
        results = place.pull(server)
    assert results["orders"].landed == 0
    assert place.tables()["orders"] == []
    assert place.cursors()["orders"] == (opening - timedelta(minutes=2)).replace(tzinfo=None)


def test_bulk_operation_with_denied_fields_loads_everything_else_and_says_which_fields(
    undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("denied", on="Order.email", times=None, scope="`read_customers` access scope"))
    server.faults.add(Fault("denied", on="Order.channelInformation", times=None))
    results = place.pull(server)
    assert starts(server, "orders") == 2
    assert results["orders"].denied == ("orders.nodes.channelInformation", "orders.nodes.email")
    [channel, warning] = results["orders"].warnings
    assert "orders.nodes.channelInformation stays empty" in channel
    for word in ("orders.nodes.email stays empty", "`read_customers` access scope", "Dev Dashboard"):
        assert word in warning
    assert place.rows("select count(email), count(is_marketplace) from shopify.orders") == [(0, 0)]
    without, whole = place.tables(), undisturbed.tables()
    assert {name for name in whole if whole[name] != without[name]} == {"orders"}
    columns = "* exclude (run_id, landing_part, email, channel_name, is_marketplace)"
    sql = f"select {columns} from shopify.orders order by all"
    assert place.rows(sql) == undisturbed.rows(sql)


@pytest.mark.parametrize(
    "field", sample(["Order.customer", "Sale.totalAmount", "LineItem.quantity"], "Sale.totalAmount")
)
def test_denied_field_without_which_numbers_would_be_wrong_is_named_and_nothing_is_loaded(
    field: str, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("denied", on=field, times=None, scope="`read_customers` access scope"))
    if field == "Sale.totalAmount":
        server.faults.add(Fault("denied", on="ProductSale.totalAmount", times=None))
    with pytest.raises(ConfigurationError, match=field.split(".")[1]) as caught:
        place.pull(server)
    assert "Dev Dashboard" in str(caught.value)
    assert starts(server, "orders") == 1
    assert place.tables()["orders"] == []


def test_query_without_denied_fields_keeps_everything_else() -> None:
    root = """{ orders(query: "updated_at:>='2026-01-01T00:00:00Z'") { edges { node { __typename id """
    query = "email billingAddress { name } customer { id email } "
    query += "lineItems { edges { node { id title ... on X { code } } } }"
    denied = {("orders", "email"), ("orders", "billingAddress", "name"), ("orders", "lineItems", "code")}
    rest = "customer { id email } lineItems { edges { node { id title } } } } } } }"
    assert without(f"{root}{query} }} }} }} }}", denied) == root + rest


@pytest.mark.parametrize("count", [None, "many", "1_000", [], 2.5])
def test_count_of_another_shape_is_a_contract_error(count: object) -> None:
    operation = {"id": "gid://1", "status": "COMPLETED", "objectCount": count, "rootObjectCount": "1", "url": None}
    with pytest.raises(ContractError, match=r"Shopify shop shop-1.*shape"):
        wait_for(operation)


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"bulkOperation": []}}, {"data": {"bulkOperation": {}}}])
def test_operation_of_another_shape_is_a_contract_error(body: object) -> None:
    with pytest.raises(ContractError, match="Shopify shop shop-1"):
        wait_for(body=body)


def test_operation_that_stays_running_without_a_rising_count_ends_after_a_day_and_its_id_is_kept() -> None:
    waits: list[float] = []
    running = {"id": "gid://1", "status": "RUNNING", "objectCount": "7", "rootObjectCount": "7"}
    with pytest.raises(RetryError, match="does not end") as caught:
        wait_for(running, waits=waits)
    assert 24 * 3600 <= sum(waits) < 25 * 3600
    assert len(waits) < 2_000
    assert "gid://1" in str(caught.value)


def wait_for(operation: object = None, body: object = None, waits: list[float] | None = None) -> None:
    """Land a window whose operation has been started, at a server that always answers in the same way."""
    reply = body if body is not None else {"data": {"bulkOperation": operation}}
    with scripted(Reply(reply)) as server, tempfile.TemporaryDirectory() as folder:
        account = Account("acme", "shopify", "shop-1", server.url, "token")
        landed = Landing(Path(folder)).begin(account, "orders", Window(None, END))
        landed.remember(bulk_id="gid://1")
        client = Client(account, Transport(sleep=(waits if waits is not None else []).append))
        try:
            bulk.land_by_bulk(client, ORDERS, landed, no_progress)
        finally:
            assert landed.manifest.state["bulk_id"] == "gid://1"


def test_interrupted_pull_waits_for_the_same_bulk_operation(
    undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("error", on="bulkOperation", times=None))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()
    place.pull(server)
    assert starts(server, "orders") == 1
    assert place.tables() == undisturbed.tables()
