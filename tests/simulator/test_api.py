"""Shopify's GraphQL endpoint: pages, searches, costs, limits and errors as a connector gets them."""

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


def test_pages_return_every_order_once_in_sort_order(shop: Client, world: World) -> None:
    orders = shop.pages(queries.SLIM, first=23)
    assert len(orders) == len({order["id"] for order in orders}) == len(world.books(shop.account, END).orders)
    assert [order["updatedAt"] for order in orders] == sorted(order["updatedAt"] for order in orders)
    by_creation = shop.pages(queries.SLIM, first=250, sort="CREATED_AT")
    assert [order["createdAt"] for order in by_creation] == sorted(order["createdAt"] for order in orders)


def test_adjacent_updated_at_windows_return_every_order_once(shop: Client) -> None:
    whole = shop.pages(queries.SLIM, first=250)
    cut = whole[len(whole) // 2]["updatedAt"]
    before = shop.pages(queries.SLIM, first=250, query=f"updated_at:<'{cut}'")
    after = shop.pages(queries.SLIM, first=250, query=f"updated_at:>='{cut}' AND updated_at:<'2030-01-01T00:00:00Z'")
    assert [order["id"] for order in before + after] == [order["id"] for order in whole]
    assert all(order["updatedAt"] < cut for order in before)


def test_search_filters_orders_by_financial_status_and_test_flag(shop: Client) -> None:
    whole = shop.pages(queries.SLIM, first=250)
    tests = shop.pages(queries.SLIM, first=250, query="test:true")
    paid = shop.pages(queries.SLIM, first=250, query="financial_status:paid")
    assert {order["id"] for order in tests} == {order["id"] for order in whole if order["test"]} != set()
    assert {e["id"] for e in paid} == {e["id"] for e in whole if e["displayFinancialStatus"] == "PAID"} != set()


def test_search_ignores_an_unknown_field_with_a_warning(aurora: Client) -> None:
    body = aurora.answer(queries.SLIM, first=250, query="updatedat:>2026-01-01")
    assert len(body["data"]["orders"]["nodes"]) > 100
    assert body["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"


def test_search_of_customers_by_updated_at_compares_whole_days(aurora: Client) -> None:
    text = "query C($q: String) { customers(first: 250, query: $q) { nodes { id updatedAt } } }"
    whole = aurora.data(text)["customers"]["nodes"]
    median = sorted(customer["updatedAt"] for customer in whole)[len(whole) // 2]
    noon = median[:10] + "T12:34:56Z"
    since = aurora.data(text, q=f"updated_at:>='{noon}'")["customers"]["nodes"]
    until = aurora.data(text, q=f"updated_at:<'{noon}'")["customers"]["nodes"]
    assert {row["id"] for row in since} == {row["id"] for row in whole if row["updatedAt"][:10] >= noon[:10]}
    assert {row["id"] for row in until} == {row["id"] for row in whole if row["updatedAt"][:10] < noon[:10]}


def test_a_foreign_cursor_or_one_of_another_sort_is_an_error(aurora: Client) -> None:
    page = aurora.data(queries.SLIM, first=5, sort="ID")["orders"]
    for after in ("bm90IGEgY3Vyc29y", "###", page["pageInfo"]["endCursor"]):
        errors = aurora.answer(queries.SLIM, first=5, after=after)["errors"]
        assert errors[0]["message"] == "Invalid cursor for current pagination sort."


@pytest.mark.parametrize("first", [None, 251, -1])
def test_page_size_is_required_and_at_most_250(aurora: Client, first: int | None) -> None:
    text = f"{{ orders{'' if first is None else f'(first: {first})'} {{ nodes {{ id }} }} }}"
    assert aurora.answer(text)["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_lines_of_an_order_with_more_than_250_are_on_several_pages(aurora: Client, world: World) -> None:
    large = next(order for order in world.books("aurora", END).orders if order.scenario == "many_lines")
    text = """query L($id: ID!, $after: String) { order(id: $id) { lineItems(first: 250, after: $after) {
        pageInfo { hasNextPage endCursor } edges { cursor node { id } } } } }"""
    first = aurora.data(text, id=f"gid://shopify/Order/{large.id}")["order"]["lineItems"]
    assert first["pageInfo"]["hasNextPage"]
    assert first["edges"][-1]["cursor"] == first["pageInfo"]["endCursor"]
    second = aurora.data(text, id=f"gid://shopify/Order/{large.id}", after=first["pageInfo"]["endCursor"])
    lines = first["edges"] + second["order"]["lineItems"]["edges"]
    assert len({edge["node"]["id"] for edge in lines}) == len(large.lines) == 260


def test_nodes_returns_refunds_by_id_with_lines_and_totals(shop: Client, world: World) -> None:
    orders = [order for order in world.books(shop.account, END).orders if order.refunds]
    ids = [f"gid://shopify/Refund/{refund.id}" for order in orders for refund in order.refunds][:250]
    text = f"query R($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Refund {{ {queries.REFUND} }} }} }} {queries.MONEY}"
    refunds = shop.data(text, ids=ids)["nodes"]
    assert [refund["id"] for refund in refunds] == ids
    by_id = {f"gid://shopify/Refund/{refund.id}": refund for order in orders for refund in order.refunds}
    for refund in refunds:
        expected = by_id[refund["id"]]
        quantities = [line["quantity"] for line in refund["refundLineItems"]["nodes"]]
        assert quantities == [line.quantity for line in expected.lines]
        paid = sum(payment.amount for payment in expected.transactions if payment.status == "SUCCESS")
        assert round(float(refund["totalRefundedSet"]["shopMoney"]["amount"]) * 100) == paid
    assert shop.data(text, ids=["gid://shopify/Refund/1"])["nodes"] == [None]


def test_deleted_orders_are_not_found_and_have_a_destroy_event(shop: Client, world: World) -> None:
    text = """query E($q: String) { events(first: 250, query: $q, sortKey: CREATED_AT) {
        nodes { ... on BasicEvent { id action createdAt subjectId subjectType } } } }"""
    events = shop.data(text, q="action:destroy AND created_at:>='2025-01-01T00:00:00Z'")["events"]["nodes"]
    destroyed = [event["subjectId"] for event in events if event["subjectType"] == "ORDER"]
    deleted = [o for o in world.history(shop.account).orders if o.deleted_at <= world.books(shop.account, END).at]
    assert sorted(destroyed) == sorted(f"gid://shopify/Order/{order.id}" for order in deleted) != []
    assert shop.data("query O($id: ID!) { order(id: $id) { id } }", id=destroyed[0])["order"] is None
    assert any(event["subjectType"] == "PRODUCT" for event in events)


def test_shop_api_versions_and_access_scopes(shop: Client) -> None:
    data = shop.data("""{ shop { name ianaTimezone currencyCode taxesIncluded } publicApiVersions { handle supported }
        currentAppInstallation { accessScopes { handle } } }""")
    assert data["shop"]["currencyCode"] == {"aurora": "USD", "nordlicht": "EUR"}[shop.account]
    assert data["shop"]["taxesIncluded"] is (shop.account == "nordlicht")
    assert "2026-10" in {version["handle"] for version in data["publicApiVersions"] if version["supported"]}
    assert "read_all_orders" in {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}


def test_without_read_all_orders_only_the_last_sixty_days_are_visible(world: World) -> None:
    scopes = world.shop("aurora").scopes
    try:
        world.shop("aurora").scopes = tuple(scope for scope in scopes if scope != "read_all_orders")
        with serve(world, now=END) as server:
            orders = Client(server, "aurora").pages(queries.SLIM, first=250)
    finally:
        world.shop("aurora").scopes = scopes
    oldest = (END - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert orders
    assert all(order["createdAt"] >= oldest for order in orders)


def test_wrong_token_is_401_unknown_shop_404_old_version_answers_as_the_current_one(
    server: SimulatorServer, aurora: Client
) -> None:
    wrong = Client(server, "aurora", token="shpat_wrong").post("{ shop { id } }")
    assert wrong.status_code == 401
    assert wrong.json()["errors"].startswith("[API] Invalid API key or access token")
    unknown = requests.post(f"{server.url}/shopify/nobody/admin/api/2026-10/graphql.json", json={}, timeout=10)
    assert unknown.status_code == 404
    old = aurora.post("{ shop { id } }", version="2024-01")
    assert old.status_code == 200
    assert old.headers["X-Shopify-API-Version"] == "2026-10"


def test_client_credentials_grant_returns_an_access_token(server: SimulatorServer) -> None:
    url = f"{server.base_url('aurora')}/admin/oauth/access_token"
    body = {"client_id": "takings", "client_secret": server.world.shop("aurora").token}
    grant = requests.post(url, json={**body, "grant_type": "client_credentials"}, timeout=10).json()
    assert Client(server, "aurora", token=grant["access_token"]).data("{ shop { name } }")["shop"]["name"]
    assert grant["expires_in"] == 86399
    assert requests.post(url, json={**body, "grant_type": "password"}, timeout=10).status_code == 400


def test_date_header_follows_the_clock_and_moving_it_does_not_change_the_past(
    server: SimulatorServer, aurora: Client
) -> None:
    before = aurora.pages(queries.SLIM, first=250)
    assert parsedate_to_datetime(aurora.post("{ shop { id } }").headers["Date"]) == END
    server.set_now(END + timedelta(days=30))
    after = aurora.pages(queries.SLIM, first=250)
    assert parsedate_to_datetime(aurora.post("{ shop { id } }").headers["Date"]) == END + timedelta(days=30)
    assert len(after) > len(before)
    unchanged = {order["id"]: order for order in after if order["updatedAt"] <= before[-1]["updatedAt"]}
    assert all(order == unchanged[order["id"]] for order in before if order["id"] in unchanged)


def test_undefined_field_and_syntax_error_have_shopifys_messages(aurora: Client) -> None:
    error = aurora.answer("{ orders(first: 1) { nodes { discountTotal } } }")["errors"][0]
    assert error["message"] == "Field 'discountTotal' doesn't exist on type 'Order'"
    assert error["extensions"] == {"code": "undefinedField", "typeName": "Order", "fieldName": "discountTotal"}
    assert "errors" in aurora.answer("{ orders(first: 1) {")
    text = requests.post(f"{aurora.server.base_url('aurora')}/admin/api/2026-10/graphql.json", data="no", timeout=10)
    assert text.status_code == 400


def test_actual_cost_is_the_requested_cost_less_the_rows_not_returned(aurora: Client) -> None:
    before = aurora.answer("{ shop { id } }")["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
    cost = aurora.answer(queries.SLIM, first=100, query="updated_at:>='2030-01-01'")["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 102
    assert cost["actualQueryCost"] == 2
    assert cost["throttleStatus"]["maximumAvailable"] == 20_000
    assert cost["throttleStatus"]["currentlyAvailable"] >= before - 2


def test_page_of_100_full_orders_is_below_the_cost_limit_and_of_250_above(aurora: Client) -> None:
    fits = queries.ORDERS.replace("(first: 250)", "(first: 50)")
    assert aurora.answer(fits, first=100)["extensions"]["cost"]["requestedQueryCost"] < 300
    large = queries.ORDERS.replace("(first: 20)", "(first: 250)").replace("(first: 10,", "(first: 250,")
    refused = aurora.answer(large, first=250)["errors"][0]["extensions"]
    assert refused["code"] == "MAX_COST_EXCEEDED"
    assert refused["cost"] > refused["maxCost"] == 1000


def test_bucket_refuses_points_it_does_not_hold_and_refills_with_time() -> None:
    now = [100.0]
    bucket = Bucket(size=100, restore_rate=10, clock=lambda: now[0])
    assert bucket.take(80)
    assert not bucket.take(30)
    now[0] += 1.0
    assert bucket.take(30)
    assert bucket.status()["currentlyAvailable"] == 0
    now[0] += 60
    assert bucket.status()["currentlyAvailable"] == 100


def test_throttled_response_shows_the_points_available(world: World) -> None:
    with serve(world, now=END, limits=ShopifyLimits(bucket_size=150, restore_rate=0.001)) as server:
        aurora = Client(server, "aurora")
        assert "data" in aurora.answer(queries.SLIM, first=100)
        response = aurora.post(queries.SLIM, first=100)
    body = response.json()
    assert response.status_code == 200
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert body["extensions"]["cost"]["actualQueryCost"] is None
    assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 102


def test_serve_on_a_port_in_use_raises_an_error_with_the_port(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"Port {port} on 127.0.0.1 is in use by another program"), serve(world, port):
            pass


def test_unknown_shop_error_lists_the_shops(world: World) -> None:
    with pytest.raises(KeyError, match="aurora, nordlicht"):
        world.books("nobody", datetime(2026, 1, 1, tzinfo=UTC))


def test_shopifys_own_client_gets_the_same_response(aurora: Client) -> None:
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
    def collect(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["amount"]] if "amount" in value else []
            return own + [amount for below in value.values() for amount in collect(below)]
        return [amount for below in value for amount in collect(below)] if isinstance(value, list) else []

    return collect


def test_amounts_are_decimal_texts_of_varying_scale(aurora: Client, amounts: Callable[[Any], list[str]]) -> None:
    texts = amounts(aurora.pages(queries.ORDERS.replace("(first: 250)", "(first: 20)"), first=60))
    assert all(isinstance(text, str) for text in texts)
    scales = {len(text.split(".")[1]) for text in texts}
    assert scales == {1, 2, 3}
    assert not any(text.endswith("00") for text in texts)
