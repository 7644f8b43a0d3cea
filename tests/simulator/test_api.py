"""Pages, filters, cost and refusals, as a connector meets them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
import shopify

from simulator import SimulatorServer, World, serve
from simulator.apis.shopify.cost import Bucket
from simulator.apis.shopify.endpoint import ShopifyLimits
from tests.simulator import queries
from tests.simulator.conftest import END
from tests.simulator.queries import Client


def test_pages_bring_every_order_once_in_the_order_of_the_sort(shop: Client, world: World) -> None:
    found = shop.pages(queries.SLIM, first=23)
    assert len(found) == len({each["id"] for each in found}) == len(world.books(shop.account, END).orders)
    assert [each["updatedAt"] for each in found] == sorted(each["updatedAt"] for each in found)
    newest_created = shop.pages(queries.SLIM, first=250, sort="CREATED_AT")
    assert [each["createdAt"] for each in newest_created] == sorted(each["createdAt"] for each in found)


def test_windows_of_updated_at_are_half_open_and_miss_nothing(shop: Client) -> None:
    whole = shop.pages(queries.SLIM, first=250)
    cut = whole[len(whole) // 2]["updatedAt"]
    before = shop.pages(queries.SLIM, first=250, query=f"updated_at:<'{cut}'")
    after = shop.pages(queries.SLIM, first=250, query=f"updated_at:>='{cut}' AND updated_at:<'2030-01-01T00:00:00Z'")
    assert [each["id"] for each in before + after] == [each["id"] for each in whole]
    assert all(each["updatedAt"] < cut for each in before)


def test_orders_can_be_filtered_by_status_and_test(shop: Client) -> None:
    whole = shop.pages(queries.SLIM, first=250)
    tests = shop.pages(queries.SLIM, first=250, query="test:true")
    paid = shop.pages(queries.SLIM, first=250, query="financial_status:paid")
    assert {each["id"] for each in tests} == {each["id"] for each in whole if each["test"]} != set()
    assert {e["id"] for e in paid} == {e["id"] for e in whole if e["displayFinancialStatus"] == "PAID"} != set()


def test_an_unknown_search_field_is_ignored_with_a_warning(aurora: Client) -> None:
    found = aurora.answer(queries.SLIM, first=250, query="updatedat:>2026-01-01")
    assert len(found["data"]["orders"]["nodes"]) > 100
    assert found["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"


def test_customers_by_updated_at_match_whole_days_only(aurora: Client) -> None:
    text = "query C($q: String) { customers(first: 250, query: $q) { nodes { id updatedAt } } }"
    whole = aurora.data(text)["customers"]["nodes"]
    moment = sorted(each["updatedAt"] for each in whole)[len(whole) // 2]
    noon = moment[:10] + "T12:34:56Z"
    since = aurora.data(text, q=f"updated_at:>='{noon}'")["customers"]["nodes"]
    until = aurora.data(text, q=f"updated_at:<'{noon}'")["customers"]["nodes"]
    assert {each["id"] for each in since} == {each["id"] for each in whole if each["updatedAt"][:10] >= noon[:10]}
    assert {each["id"] for each in until} == {each["id"] for each in whole if each["updatedAt"][:10] < noon[:10]}


def test_a_cursor_that_is_not_ours_or_of_another_sort_is_refused(aurora: Client) -> None:
    page = aurora.data(queries.SLIM, first=5, sort="ID")["orders"]
    for after in ("bm90IGEgY3Vyc29y", "###", page["pageInfo"]["endCursor"]):
        errors = aurora.answer(queries.SLIM, first=5, after=after)["errors"]
        assert errors[0]["message"] == "Invalid cursor for current pagination sort."


@pytest.mark.parametrize("first", [None, 251, -1])
def test_a_page_needs_a_size_up_to_250(aurora: Client, first: int | None) -> None:
    text = f"{{ orders{'' if first is None else f'(first: {first})'} {{ nodes {{ id }} }} }}"
    assert aurora.answer(text)["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_an_order_of_more_than_250_lines_needs_several_pages_of_lines(aurora: Client, world: World) -> None:
    large = next(order for order in world.books("aurora", END).orders if order.scenario == "many_lines")
    text = """query L($id: ID!, $after: String) { order(id: $id) { lineItems(first: 250, after: $after) {
        pageInfo { hasNextPage endCursor } edges { cursor node { id } } } } }"""
    first = aurora.data(text, id=f"gid://shopify/Order/{large.id}")["order"]["lineItems"]
    assert first["pageInfo"]["hasNextPage"]
    assert first["edges"][-1]["cursor"] == first["pageInfo"]["endCursor"]
    second = aurora.data(text, id=f"gid://shopify/Order/{large.id}", after=first["pageInfo"]["endCursor"])
    lines = first["edges"] + second["order"]["lineItems"]["edges"]
    assert len({each["node"]["id"] for each in lines}) == len(large.lines) == 260


def test_refunds_come_by_their_ids_with_what_they_gave_back(shop: Client, world: World) -> None:
    orders = [order for order in world.books(shop.account, END).orders if order.refunds]
    ids = [f"gid://shopify/Refund/{refund.id}" for order in orders for refund in order.refunds][:250]
    text = f"query R($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Refund {{ {queries.REFUND} }} }} }} {queries.MONEY}"
    found = shop.data(text, ids=ids)["nodes"]
    assert [each["id"] for each in found] == ids
    by_id = {f"gid://shopify/Refund/{refund.id}": refund for order in orders for refund in order.refunds}
    for each in found:
        book = by_id[each["id"]]
        assert [line["quantity"] for line in each["refundLineItems"]["nodes"]] == [line.quantity for line in book.lines]
        paid = sum(one.amount for one in book.transactions if one.status == "SUCCESS")
        assert round(float(each["totalRefundedSet"]["shopMoney"]["amount"]) * 100) == paid
    assert shop.data(text, ids=["gid://shopify/Refund/1"])["nodes"] == [None]


def test_deleted_orders_are_gone_and_have_an_event(shop: Client, world: World) -> None:
    text = """query E($q: String) { events(first: 250, query: $q, sortKey: CREATED_AT) {
        nodes { ... on BasicEvent { id action createdAt subjectId subjectType } } } }"""
    found = shop.data(text, q="action:destroy AND created_at:>='2025-01-01T00:00:00Z'")["events"]["nodes"]
    gone = [each["subjectId"] for each in found if each["subjectType"] == "ORDER"]
    deleted = [o for o in world.history(shop.account).orders if o.deleted_at <= world.books(shop.account, END).at]
    assert sorted(gone) == sorted(f"gid://shopify/Order/{order.id}" for order in deleted) != []
    assert shop.data("query O($id: ID!) { order(id: $id) { id } }", id=gone[0])["order"] is None
    assert any(each["subjectType"] == "PRODUCT" for each in found)


def test_the_shop_its_versions_and_its_scopes(shop: Client) -> None:
    found = shop.data("""{ shop { name ianaTimezone currencyCode taxesIncluded } publicApiVersions { handle supported }
        currentAppInstallation { accessScopes { handle } } }""")
    assert found["shop"]["currencyCode"] == {"aurora": "USD", "nordlicht": "EUR"}[shop.account]
    assert found["shop"]["taxesIncluded"] is (shop.account == "nordlicht")
    assert "2026-10" in {each["handle"] for each in found["publicApiVersions"] if each["supported"]}
    assert "read_all_orders" in {each["handle"] for each in found["currentAppInstallation"]["accessScopes"]}


def test_without_read_all_orders_only_sixty_days_are_seen(world: World) -> None:
    scopes = world.shop("aurora").scopes
    try:
        world.shop("aurora").scopes = tuple(each for each in scopes if each != "read_all_orders")
        with serve(world, now=END) as server:
            found = Client(server, "aurora").pages(queries.SLIM, first=250)
    finally:
        world.shop("aurora").scopes = scopes
    oldest = (END - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found
    assert all(each["createdAt"] >= oldest for each in found)


def test_a_wrong_token_an_unknown_shop_and_a_foreign_version(server: SimulatorServer, aurora: Client) -> None:
    wrong = Client(server, "aurora", token="shpat_wrong").post("{ shop { id } }")
    assert wrong.status_code == 401
    assert wrong.json()["errors"].startswith("[API] Invalid API key or access token")
    nobody = requests.post(f"{server.url}/shopify/nobody/admin/api/2026-10/graphql.json", json={}, timeout=10)
    assert nobody.status_code == 404
    old = aurora.post("{ shop { id } }", version="2024-01")
    assert old.status_code == 200
    assert old.headers["X-Shopify-API-Version"] == "2026-10"


def test_client_credentials_give_a_token(server: SimulatorServer) -> None:
    url = f"{server.base_url('aurora')}/admin/oauth/access_token"
    body = {"client_id": "takings", "client_secret": server.world.shop("aurora").token}
    given = requests.post(url, json={**body, "grant_type": "client_credentials"}, timeout=10).json()
    assert Client(server, "aurora", token=given["access_token"]).data("{ shop { name } }")["shop"]["name"]
    assert given["expires_in"] == 86399
    assert requests.post(url, json={**body, "grant_type": "password"}, timeout=10).status_code == 400


def test_the_date_header_is_the_simulators_clock_and_the_clock_moves(server: SimulatorServer, aurora: Client) -> None:
    before = aurora.pages(queries.SLIM, first=250)
    assert parsedate_to_datetime(aurora.post("{ shop { id } }").headers["Date"]) == END
    server.set_now(END + timedelta(days=30))
    after = aurora.pages(queries.SLIM, first=250)
    assert parsedate_to_datetime(aurora.post("{ shop { id } }").headers["Date"]) == END + timedelta(days=30)
    assert len(after) > len(before)
    unchanged = {each["id"]: each for each in after if each["updatedAt"] <= before[-1]["updatedAt"]}
    assert all(each == unchanged[each["id"]] for each in before if each["id"] in unchanged)


def test_an_undefined_field_and_a_broken_query_are_refused_in_shopifys_words(aurora: Client) -> None:
    error = aurora.answer("{ orders(first: 1) { nodes { discountTotal } } }")["errors"][0]
    assert error["message"] == "Field 'discountTotal' doesn't exist on type 'Order'"
    assert error["extensions"] == {"code": "undefinedField", "typeName": "Order", "fieldName": "discountTotal"}
    assert "errors" in aurora.answer("{ orders(first: 1) {")
    text = requests.post(f"{aurora.server.base_url('aurora')}/admin/api/2026-10/graphql.json", data="no", timeout=10)
    assert text.status_code == 400


def test_a_query_is_charged_for_what_it_asks_less_the_rows_that_did_not_come(aurora: Client) -> None:
    before = aurora.answer("{ shop { id } }")["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
    found = aurora.answer(queries.SLIM, first=100, query="updated_at:>='2030-01-01'")
    cost = found["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 102
    assert cost["actualQueryCost"] == 2
    assert cost["throttleStatus"]["maximumAvailable"] == 20_000
    assert cost["throttleStatus"]["currentlyAvailable"] >= before - 2


def test_a_page_of_100_full_orders_fits_and_one_of_250_does_not(aurora: Client) -> None:
    fits = queries.ORDERS.replace("(first: 250)", "(first: 50)")
    assert aurora.answer(fits, first=100)["extensions"]["cost"]["requestedQueryCost"] < 300
    greedy = queries.ORDERS.replace("(first: 20)", "(first: 250)").replace("(first: 10,", "(first: 250,")
    refused = aurora.answer(greedy, first=250)["errors"][0]["extensions"]
    assert refused["code"] == "MAX_COST_EXCEEDED"
    assert refused["cost"] > refused["maxCost"] == 1000


def test_an_empty_bucket_throttles_and_fills_again() -> None:
    now = [100.0]
    bucket = Bucket(size=100, restore_rate=10, clock=lambda: now[0])
    assert bucket.take(80)
    assert not bucket.take(30)
    now[0] += 1.0
    assert bucket.take(30)
    assert bucket.status()["currentlyAvailable"] == 0
    now[0] += 60
    assert bucket.status()["currentlyAvailable"] == 100


def test_a_small_bucket_answers_throttled_with_what_is_left(world: World) -> None:
    with serve(world, now=END, limits=ShopifyLimits(bucket_size=150, restore_rate=0.001)) as server:
        aurora = Client(server, "aurora")
        assert "data" in aurora.answer(queries.SLIM, first=100)
        response = aurora.post(queries.SLIM, first=100)
    found = response.json()
    assert response.status_code == 200
    assert found["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert found["extensions"]["cost"]["actualQueryCost"] is None
    assert found["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 102


def test_a_port_in_use_is_one_clear_error(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"Port {port} on 127.0.0.1 is in use by another program"), serve(world, port):
            pass


def test_an_unknown_account_names_those_that_there_are(world: World) -> None:
    with pytest.raises(KeyError, match="aurora, nordlicht"):
        world.books("nobody", datetime(2026, 1, 1, tzinfo=UTC))


def test_shopifys_own_client_reads_the_same_answer(aurora: Client) -> None:
    session = shopify.Session("aurora.myshopify.com", "2026-10", aurora.token)
    shopify.ShopifyResource.activate_session(session)
    shopify.ShopifyResource.set_site(f"{aurora.server.base_url('aurora')}/admin/api/2026-10")
    try:
        variables: dict[str, Any] = {"first": 20}
        text = shopify.GraphQL().execute(queries.SLIM, variables, "Slim")
    finally:
        shopify.ShopifyResource.clear_session()
    assert json.loads(text)["data"] == aurora.data(queries.SLIM, first=20)


@pytest.fixture
def amounts() -> Callable[[Any], list[str]]:
    def found(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["amount"]] if "amount" in value else []
            return own + [each for below in value.values() for each in found(below)]
        return [each for below in value for each in found(below)] if isinstance(value, list) else []

    return found


def test_amounts_are_decimal_texts_of_varying_scale(aurora: Client, amounts: Callable[[Any], list[str]]) -> None:
    found = amounts(aurora.pages(queries.ORDERS.replace("(first: 250)", "(first: 20)"), first=60))
    assert all(isinstance(each, str) for each in found)
    scales = {len(each.split(".")[1]) for each in found}
    assert scales == {1, 2, 3}
    assert not any(each.endswith("00") for each in found)
