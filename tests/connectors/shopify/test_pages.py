"""Changes since the last pull, read page by page."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from connectors.base import Account, Stream, Window, no_progress
from connectors.errors import ContractError, RetryError
from connectors.http import LONGEST_PAUSE, Transport
from connectors.shopify import pages
from connectors.shopify.client import Client
from connectors.shopify.streams import DELETIONS
from connectors.sync.landing import Landing
from connectors.sync.parts import Parts
from simulator import Fault, Faults, SimulatorServer, World, serve
from simulator.apis.shopify import endpoint
from tests.connectors.scripted import Reply, scripted
from tests.connectors.shopify.pulling import END, Place, request_count, small_world
from tests.sampling import sample

BEFORE = END - timedelta(days=2)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(orders=700)


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    with serve(world, now=BEFORE) as server:
        place.pull(server)
        server.set_now(END)
        place.pull(server)
    return place


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    """Two days before the end; the first load is done."""
    with serve(world, now=BEFORE, faults=Faults()) as server:
        yield server


@pytest.fixture
def place(server: SimulatorServer, tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.pull(server)
    server.set_now(END)
    server.log.clear()
    return place


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_WITH_CHILDREN", 2)


def test_changes_of_two_days_are_read_by_pages(undisturbed: Place, server: SimulatorServer, place: Place) -> None:
    results = place.pull(server)
    assert request_count(server, "orders") == 1
    assert request_count(server, "bulkOperationRunQuery") == 0
    assert results["orders"].changed > 0
    assert place.tables() == undisturbed.tables()


@pytest.mark.usefixtures("small_pages")
def test_many_small_pages_give_the_same_rows_as_one(undisturbed: Place, server: SimulatorServer, place: Place) -> None:
    place.pull(server)
    assert request_count(server, "orders") > 2
    assert place.tables() == undisturbed.tables()


def test_page_over_the_cost_limit_is_halved_until_it_fits(
    undisturbed: Place, server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = pages.page_query

    def noted(stream: object, window: object, page: int, inner: int) -> str:
        sizes.append(page)
        return real(stream, window, page, inner)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "page_query", noted)
    monkeypatch.setattr(pages, "PAGE_WITH_CHILDREN", 2000)
    monkeypatch.setattr(pages, "PAGE", 200)
    monkeypatch.setattr(endpoint, "MAX_COST", 260)
    place.pull(server)
    assert sizes[:5] == [2000, 1000, 500, 250, 125]
    assert place.tables() == undisturbed.tables()


def test_object_over_the_cost_limit_on_its_own_page_is_read_with_fewer_children_then_by_bulk(
    undisturbed: Place, server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    real = pages.page_query

    def noted(stream: object, window: object, page: int, inner: int) -> str:
        sizes.append((page, inner))
        return real(stream, window, page, inner)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "page_query", noted)
    monkeypatch.setattr(endpoint, "MAX_COST", 30)
    place.pull(server)
    assert [inner for page, inner in sizes if page == 1][:5] == [20, 10, 5, 2, 1]
    assert request_count(server, "bulk:orders") == 1
    assert place.tables() == undisturbed.tables()


def test_pages_that_lead_in_a_circle_end_with_a_contract_error() -> None:
    node = {"__typename": "BasicEvent", "id": "gid://shopify/BasicEvent/1"}

    def page(cursor: str) -> Reply:
        info = {"hasNextPage": True, "endCursor": cursor}
        return Reply({"data": {"events": {"nodes": [node], "pageInfo": info}}})

    with scripted(*map(page, "ABCABC")) as server:
        with pytest.raises(ContractError, match="endless loop"):
            land_deletions(server.url)
        assert len(server.requests) == 4


def test_page_cursor_that_is_never_accepted_ends_with_an_error_instead_of_beginning_again_for_ever() -> None:
    node = {"__typename": "BasicEvent", "id": "gid://shopify/BasicEvent/1"}
    first = Reply({"data": {"events": {"nodes": [node], "pageInfo": {"hasNextPage": True, "endCursor": "A"}}}})
    refused = Reply({"errors": [{"message": "Invalid cursor for current pagination sort."}]})
    with scripted(first, refused, first, refused, first, refused) as server:
        with pytest.raises(ContractError, match="Invalid cursor"):
            land_deletions(server.url)
        assert len(server.requests) == 4


MISSHAPEN: dict[str, object] = {
    "null node": {"data": {"events": {"nodes": [None], "pageInfo": {"hasNextPage": False}}}},
    "node without an id": {"data": {"events": {"nodes": [{"action": "x"}], "pageInfo": {"hasNextPage": False}}}},
    "id that is a number": {"data": {"events": {"nodes": [{"id": 5}], "pageInfo": {"hasNextPage": False}}}},
    "nodes that are text": {"data": {"events": {"nodes": "none", "pageInfo": {"hasNextPage": False}}}},
    "null connection": {"data": {"events": None}},
    "no page info": {"data": {"events": {"nodes": []}}},
    "another field": {"data": {"orders": {}}},
    "empty data": {"data": {}},
    "data that is a list": {"data": []},
    "errors as text": {"errors": "something went wrong"},
    "errors of texts": {"errors": ["something", None, 5]},
    "a list": [],
    "a text": "ok",
}


@pytest.mark.parametrize("body", MISSHAPEN.values(), ids=MISSHAPEN.keys())
def test_misshapen_page_is_a_contract_error_that_names_the_shop(body: object) -> None:
    with scripted(Reply(body)) as server, pytest.raises(ContractError, match="Shopify shop shop-1"):
        land_deletions(server.url)


def test_cost_in_another_shape_is_ignored_and_a_bucket_that_hardly_fills_ends_the_wait() -> None:
    page = {"data": {"events": {"nodes": [], "pageInfo": {"hasNextPage": False}}}}
    bodies = [page | {"extensions": extensions} for extensions in (None, "cheap", {"cost": {"throttleStatus": []}})]
    for body in bodies:
        with scripted(Reply(body)) as server:
            land_deletions(server.url)
    status = {"currentlyAvailable": 0, "restoreRate": 1e-9}
    slow = {"cost": {"requestedQueryCost": "ten", "throttleStatus": status}}
    throttled = {"errors": [{"message": "slow", "extensions": {"code": "THROTTLED"}}], "extensions": slow}
    waits: list[float] = []
    with scripted(Reply(throttled)) as server, pytest.raises(RetryError, match="throttled"):
        land_deletions(server.url, waits)
    assert 0 < sum(waits) <= 2 * 3600
    assert max(waits) <= LONGEST_PAUSE


def land_deletions(url: str, waits: list[float] | None = None) -> None:
    """Land the window of deletions from a server at `url`."""
    account = Account("acme", "shopify", "shop-1", url, "token")
    client = Client(account, Transport(sleep=(waits if waits is not None else []).append))
    with tempfile.TemporaryDirectory() as folder:
        landed = Landing(Path(folder)).begin(account, "deletions", Window(BEFORE, END))
        pages.land_by_pages(client, DELETIONS, landed, no_progress)


@pytest.mark.usefixtures("small_pages")
def test_page_cursor_that_does_not_advance_is_a_contract_error(server: SimulatorServer, place: Place) -> None:
    before = place.tables(lineage=True)
    server.faults.add(Fault("same_cursor", on="orders", times=None))
    with pytest.raises(ContractError, match="endless loop"):
        place.pull(server)
    assert request_count(server, "orders") < 10
    after = place.tables(lineage=True)
    assert {name: after[name] for name in ("orders", "sales")} == {name: before[name] for name in ("orders", "sales")}


@pytest.mark.usefixtures("small_pages")
def test_interrupted_window_continues_after_its_last_page(
    undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("error", on="orders", skip=2, times=None))
    with pytest.raises(RetryError):
        place.pull(server)
    landed = place.landing.newest(place.known_as(server), "orders")
    assert landed is not None
    assert len(landed.manifest.parts) == 1, "the two pages that arrived"
    assert not landed.manifest.sealed
    cursor = landed.manifest.state["after"]
    server.faults.clear()
    server.log.clear()
    place.pull(server)
    first = next(request for request in server.log if "orders" in request.resources)
    assert first.parameters["after"] == cursor
    assert place.tables() == undisturbed.tables()


@pytest.mark.usefixtures("small_pages")
def test_expired_page_cursor_restarts_the_window(undisturbed: Place, server: SimulatorServer, place: Place) -> None:
    server.faults.add(Fault("error", on="orders", skip=1, times=None))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()
    landed = place.landing.newest(place.known_as(server), "orders")
    assert landed is not None
    landed.remember(after="bm8gY3Vyc29y")
    place.pull(server)
    assert place.tables() == undisturbed.tables()


def test_empty_window_interrupted_before_its_seal_is_completed(world: World, tmp_path: Path) -> None:
    place = Place(tmp_path)
    with serve(world, now=BEFORE) as server:
        place.pull(server)
        account = place.known_as(server)
        landed = place.landing.newest(account, "deletions")
        assert landed is not None
        landed.manifest.sealed = False
        landed.remember(after="")  # what a window without a single row leaves behind
        server.set_now(BEFORE + timedelta(hours=1))
        place.pull(server)
        newest = place.landing.newest(account, "deletions")
        assert newest is not None
        assert newest.manifest.sealed


def test_order_with_more_children_than_a_page_holds_switches_the_window_to_bulk(
    undisturbed: Place, server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "INNER", 1)
    monkeypatch.setattr(pages, "LARGER", (2,))
    place.pull(server)
    assert request_count(server, "bulk:orders") == 1
    assert place.tables() == undisturbed.tables()


def test_objects_of_a_page_that_lacks_children_are_read_with_more_of_them(
    undisturbed: Place, server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders of two lines and more do not fit into such a page."""
    monkeypatch.setattr(pages, "PAGE_WITH_CHILDREN", 2)
    monkeypatch.setattr(pages, "INNER", 1)
    monkeypatch.setattr(pages, "LARGER", (2, 4, 20))
    sizes, query = list[tuple[int, int]](), pages.page_query

    def page_query(stream: Stream, window: Window, page: int, inner: int) -> str:
        sizes.extend([(page, inner)] if stream.name == "orders" else [])
        return query(stream, window, page, inner)

    monkeypatch.setattr(pages, "page_query", page_query)
    place.pull(server)
    assert request_count(server, "bulk:orders") == 0
    assert place.tables() == undisturbed.tables()
    assert sizes[:3] == [(2, 1), (1, 2), (1, 4)], "the first orders have more lines than one"
    assert (2, 1) in sizes[3:], "and later pages are as usual again"


def test_more_changes_than_the_api_can_page_switch_the_window_to_bulk(
    undisturbed: Place, server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST", 2)
    place.pull(server)
    assert request_count(server, "bulk:orders") == 1
    assert place.tables() == undisturbed.tables()


def test_week_without_a_pull_is_read_by_bulk(world: World, undisturbed: Place, tmp_path: Path) -> None:
    place = Place(tmp_path)
    with serve(world, now=END - timedelta(days=7)) as server:
        place.pull(server)
        server.log.clear()
        server.set_now(END)
        place.pull(server)
        assert request_count(server, "bulk:orders") == 1
        assert request_count(server, "orders") == 0
    assert place.tables()["sales"] == undisturbed.tables()["sales"]


def test_throttled_shop_is_read_completely(world: World, undisturbed: Place, tmp_path: Path) -> None:
    place = Place(tmp_path)
    throttled = [Fault("throttled", on=name, times=3) for name in ("orders", "nodes", "products", "shopifyqlQuery")]
    with serve(world, now=BEFORE) as server:
        place.pull(server)
        server.set_now(END)
        for fault in throttled:
            server.faults.add(fault)
        results = place.pull(server)
    assert results["orders"].waited > 0
    assert results["orders"].calls == 4
    assert place.tables() == undisturbed.tables()


@pytest.mark.parametrize("kind", sample(["truncated", "cut", "too_many", "error"], "truncated", "too_many"))
def test_unreliable_connection_loses_no_row(
    kind: str, undisturbed: Place, server: SimulatorServer, place: Place
) -> None:
    for name in ("currentAppInstallation", "orders", "nodes", "customers", "products", "events", "shopifyqlQuery"):
        server.faults.add(Fault(kind, on=name, times=2, status=502))
    place.pull(server)
    assert place.tables() == undisturbed.tables()


def test_later_version_of_an_object_is_landed_in_another_part(tmp_path: Path) -> None:
    landed = Landing(tmp_path).begin(Account("t", "shopify", "a", "", ""), "orders", Window(None, END))
    with Parts(landed) as parts:
        parts.add([b"1"], ["order 1"], after="first")
        parts.add([b"2"], ["order 2"], after="second")
        parts.add([b"3"], ["order 1"], after="third")
    plain = zstandard.ZstdDecompressor().decompressobj
    assert [plain().decompress(path.read_bytes()) for path in landed.paths] == [b"1\n2\n", b"3\n"]
    assert landed.manifest.state == {"after": "third"}


def flattened(node: dict[str, Any]) -> list[dict[str, Any]]:
    records: list[bytes] = []
    pages.Cutter({"agreements": {"sales": {}}}, "shop").cut(msgspec.json.encode(node), records)
    return [msgspec.json.decode(record) for record in records]


def test_page_is_landed_in_the_form_of_a_bulk_file() -> None:
    info = {"hasNextPage": False, "endCursor": None}
    node = {
        "id": "gid://shopify/Order/1",
        "agreements": {
            "nodes": [{"id": "gid://shopify/SalesAgreement/2",
                       "sales": {"nodes": [{"id": "gid://shopify/Sale/3"}], "pageInfo": info}}],
            "pageInfo": info,
        },
        "name": "#1",
    }  # fmt: skip
    assert flattened(node) == [
        {"id": "gid://shopify/Order/1", "name": "#1"},
        {"__parentId": "gid://shopify/Order/1", "id": "gid://shopify/SalesAgreement/2"},
        {"__parentId": "gid://shopify/SalesAgreement/2", "id": "gid://shopify/Sale/3"},
    ]


def test_node_is_cut_before_its_connections_wherever_other_fields_are() -> None:
    info = {"hasNextPage": False, "endCursor": None}
    agreements = {"agreements": {"nodes": [{"id": "a", "sales": {"nodes": [], "pageInfo": info}}], "pageInfo": info}}
    before: dict[str, Any] = {"id": "1", "note": 'text ,"agreements":{"nodes":[]}} of a note'}
    parent = {"__parentId": "1", "id": "a"}
    assert flattened({**before, **agreements}) == [before, parent]
    assert flattened({**agreements, **before}) == [before, parent]
    assert flattened({"id": "1", **agreements, "note": None}) == [{"id": "1", "note": None}, parent]
    assert flattened(before) == [before]


@pytest.mark.parametrize("wrong", [{}, {"id": None}, {"id": 3}, {"quantity": 1, "id": ["gid"]}])
@pytest.mark.parametrize("level", ["agreements", "sales"])
def test_child_without_a_readable_id_is_a_contract_error(level: str, wrong: dict[str, Any]) -> None:
    info = {"hasNextPage": False, "endCursor": None}
    sale = wrong if level == "sales" else {"id": "gid://shopify/Sale/3"}
    own = wrong if level == "agreements" else {"id": "gid://shopify/SalesAgreement/2"}
    agreement = own | {"sales": {"nodes": [sale], "pageInfo": info}}
    with pytest.raises(ContractError, match="another shape"):
        flattened({"id": "gid://shopify/Order/1", "agreements": {"nodes": [agreement], "pageInfo": info}})


def test_child_may_have_its_id_anywhere() -> None:
    info = {"hasNextPage": False, "endCursor": None}
    agreement = {"reason": "ORDER", "id": "gid://shopify/SalesAgreement/2", "sales": {"nodes": [], "pageInfo": info}}
    node = {"id": "gid://shopify/Order/1", "agreements": {"nodes": [agreement], "pageInfo": info}}
    assert flattened(node)[1] == {
        "__parentId": "gid://shopify/Order/1", "reason": "ORDER", "id": "gid://shopify/SalesAgreement/2"
    }  # fmt: skip
