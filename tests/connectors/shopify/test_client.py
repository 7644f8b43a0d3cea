"""One request to Shopify, against a scripted server: its data or an error that explains it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import Transport
from connectors.shopify.client import SERVER_ATTEMPTS, THROTTLED_ATTEMPTS, VERSION, Client, TooExpensiveError
from tests.connectors.scripted import Reply, Script, scripted

SECRET = "shpss_do_not_print_me"
QUERY = "{ shop { name } }"
OK_REPLY = {"data": {"shop": {"name": "A"}}}


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(waits: list[float]) -> Callable[..., Client]:
    def make(server: Script, client_id: str | None = None) -> Client:
        account = Account("acme", "shopify", "shop-1", server.url, SECRET)
        return Client(account, Transport((SECRET,), sleep=waits.append), client_id)

    return make


def cost(requested: float, available: float, restore: float = 100.0) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": restore}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}}


def failed(code: str, message: str = "Broken", **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}, **more}]}


def test_throttled_request_waits_for_the_cost_bucket_and_is_sent_again(
    client: Callable[..., Client], waits: list[float]
) -> None:
    throttled = {**failed("THROTTLED", "Throttled"), "extensions": cost(70, 20)}
    with scripted(Reply(throttled), Reply(OK_REPLY)) as server:
        data = client(server).execute(QUERY)
    assert bytes(data["shop"]) == b'{"name":"A"}'.replace(b":", b": ")
    assert waits == [pytest.approx(0.5)], "50 points are missing and 100 come back in a second"


def test_throttling_is_recognised_by_its_code_and_not_by_its_message(
    client: Callable[..., Client], waits: list[float]
) -> None:
    with scripted(Reply({**failed("THROTTLED", "Gedrosselt"), "extensions": cost(70, 20)}), Reply(OK_REPLY)) as server:
        client(server).execute(QUERY)
    assert len(waits) == 1


def test_query_waits_until_the_bucket_holds_the_cost_of_the_last_one(
    client: Callable[..., Client], waits: list[float]
) -> None:
    with scripted(Reply({**OK_REPLY, "extensions": cost(500, 100)}), Reply(OK_REPLY)) as server:
        shop = client(server)
        shop.execute(QUERY)
        assert waits == []
        shop.execute(QUERY)
    assert waits == [pytest.approx(4.0, abs=0.3)], "400 points are missing and 100 come back in a second"


def test_endless_throttling_gives_up_with_one_error(client: Callable[..., Client], waits: list[float]) -> None:
    with (
        scripted(Reply({**failed("THROTTLED"), "extensions": cost(70, 20)})) as server,
        pytest.raises(RetryError, match="run again later"),
    ):
        client(server).execute(QUERY)
    assert len(waits) == THROTTLED_ATTEMPTS


def test_truncated_json_is_requested_again(client: Callable[..., Client]) -> None:
    with scripted(Reply(b'{"data": {"shop": {"na'), Reply(OK_REPLY)) as server:
        assert "shop" in client(server).execute(QUERY)
    assert len(server.requests) == 2


def test_internal_server_error_in_a_200_response_is_requested_again(client: Callable[..., Client]) -> None:
    with scripted(Reply(failed("INTERNAL_SERVER_ERROR")), Reply(OK_REPLY)) as server:
        assert "shop" in client(server).execute(QUERY)


def test_json_that_stays_truncated_gives_up_with_one_error(client: Callable[..., Client]) -> None:
    with (
        scripted(Reply(b'{"data": {')) as server,
        pytest.raises(RetryError, match="What has arrived is kept") as caught,
    ):
        client(server).execute(QUERY)
    assert len(server.requests) == SERVER_ATTEMPTS
    assert server.url in str(caught.value)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "access token"), (402, "unpaid"), (403, "scopes"), (404, "base_url"), (423, "locked"), (301, "moved")],
)
def test_refused_request_names_the_shop_and_what_to_change(
    status: int, words: str, client: Callable[..., Client], waits: list[float]
) -> None:
    body = {"errors": f"[API] Invalid API key or access token {SECRET}"}
    with scripted(Reply(body, status)) as server, pytest.raises(ConfigurationError) as caught:
        client(server).execute(QUERY)
    message = str(caught.value)
    assert "shop-1" in message
    assert "acme" in message
    assert words in message
    assert SECRET not in message
    assert waits == [], "a retry does not help"


def test_denied_field_keeps_the_data_and_is_reported_by_its_path(client: Callable[..., Client]) -> None:
    data = {"orders": {"nodes": [{"id": "1", "email": None}, {"id": "2", "email": None}]}}
    denied = [
        {
            "message": "Access denied for email field. Required access: `read_customers` access scope.",
            "extensions": {"code": "ACCESS_DENIED"},
            "path": ["orders", "nodes", place, "email"],
        }
        for place in range(2)
    ]
    with scripted(Reply({"data": data, "errors": denied})) as server:
        shop = client(server)
        data_read = shop.execute("{ orders(first: 2) { nodes { id email } } }")
    assert b'"id": "2"' in bytes(data_read["orders"])
    assert set(shop.denied) == {"orders.nodes.email"}


def test_denied_key_stops_the_pull_since_numbers_would_be_wrong_without_it(client: Callable[..., Client]) -> None:
    denied = {
        "message": "Access denied for customer field",
        "extensions": {"code": "ACCESS_DENIED"},
        "path": ["orders", "nodes", 0, "customer"],
    }
    data = {"orders": {"nodes": [{"id": "1", "customer": None}]}}
    with (
        scripted(Reply({"data": data, "errors": [denied]})) as server,
        pytest.raises(ConfigurationError, match=r"may not read orders\.nodes\.customer"),
    ):
        client(server).execute("{ orders(first: 1) { nodes { id customer { id } } } }")


def test_denied_query_names_the_missing_scope(client: Callable[..., Client]) -> None:
    message = "Access denied for orders field. Required access: `read_orders` access scope."
    body = {"data": {"orders": None}, **failed("ACCESS_DENIED", message, path=["orders"])}
    with scripted(Reply(body)) as server, pytest.raises(ConfigurationError, match="`read_orders`") as caught:
        client(server).execute(QUERY)
    assert "run again" in str(caught.value)


def test_query_over_the_cost_limit_raises_too_expensive_error(client: Callable[..., Client]) -> None:
    with scripted(Reply(failed("MAX_COST_EXCEEDED"))) as server, pytest.raises(TooExpensiveError):
        client(server).execute(QUERY)


def test_field_unknown_to_the_api_is_a_contract_error(client: Callable[..., Client]) -> None:
    body = failed("undefinedField", "Field 'x' doesn't exist on type 'Order'")
    with scripted(Reply(body)) as server, pytest.raises(ContractError, match="Field 'x'"):
        client(server).execute(QUERY)


def test_response_without_data_and_error_is_not_taken_for_an_empty_one(client: Callable[..., Client]) -> None:
    with scripted(Reply({"data": None})) as server, pytest.raises(ContractError, match="without data"):
        client(server).execute(QUERY)


def test_response_of_another_api_version_is_refused(client: Callable[..., Client]) -> None:
    reply = Reply(OK_REPLY, headers={"X-Shopify-API-Version": "2027-10"})
    with scripted(reply) as server, pytest.raises(ContractError, match="2027-10 instead of 2026-10"):
        client(server).execute(QUERY)
    assert server.requests[0].path == f"/admin/api/{VERSION}/graphql.json"


def grant(token: str, seconds: float = 86_399) -> Reply:
    return Reply({"access_token": token, "scope": "read_orders", "expires_in": seconds})


def test_static_token_is_sent_in_the_header_without_a_token_request(client: Callable[..., Client]) -> None:
    with scripted(Reply(OK_REPLY)) as server:
        client(server).execute(QUERY)
    assert [request.headers["X-Shopify-Access-Token"] for request in server.requests] == [SECRET]


def test_client_credentials_are_exchanged_for_a_token_once(client: Callable[..., Client]) -> None:
    with scripted(grant("short-lived"), Reply(OK_REPLY)) as server:
        shop = client(server, client_id="app-1")
        shop.execute(QUERY)
        shop.execute(QUERY)
    first, *rest = server.requests
    assert first.path == "/admin/oauth/access_token"
    assert first.body == {"client_id": "app-1", "client_secret": SECRET, "grant_type": "client_credentials"}
    assert [request.headers["X-Shopify-Access-Token"] for request in rest] == ["short-lived", "short-lived"]


def test_token_that_expires_early_is_renewed_once(client: Callable[..., Client]) -> None:
    with scripted(grant("first"), Reply({"errors": "expired"}, 401), grant("second"), Reply(OK_REPLY)) as server:
        assert "shop" in client(server, client_id="app-1").execute(QUERY)
    assert server.requests[-1].headers["X-Shopify-Access-Token"] == "second"


def test_new_token_that_is_refused_stops_the_pull(client: Callable[..., Client]) -> None:
    refused = Reply({"errors": "no"}, 401)
    with (
        scripted(grant("first-token"), refused, grant("second-token"), refused) as server,
        pytest.raises(ConfigurationError, match="not accepted") as caught,
    ):
        client(server, client_id="app-1").execute(QUERY)
    assert len(server.requests) == 4
    assert "token" not in str(caught.value).replace("access token", "")


def test_token_is_renewed_after_three_quarters_of_its_lifetime(
    client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, later = time.monotonic(), 0.0
    monkeypatch.setattr("connectors.shopify.client.time.monotonic", lambda: began + later)
    with scripted(grant("first", 1000), Reply(OK_REPLY)) as server:
        shop = client(server, client_id="app-1")
        shop.execute(QUERY)
        later = 740.0
        shop.execute(QUERY)
        server.replies = [grant("second", 1000), Reply(OK_REPLY)]
        later = 760.0
        shop.execute(QUERY)
    tokens = [request.headers.get("X-Shopify-Access-Token") for request in server.requests]
    assert tokens == [None, "first", "first", None, "second"]


def test_granted_token_is_in_no_message(client: Callable[..., Client]) -> None:
    with scripted(grant("granted-token"), Reply("no", 500)) as server:
        shop = client(server, client_id="app-1")
        with pytest.raises(RetryError):
            shop.execute(QUERY)
        assert shop.transport.redact("it was granted-token") == "it was [secret]"
    assert SECRET not in repr(shop)
    assert "granted-token" not in repr(shop)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_client_credentials_say_which_setting_is_wrong(status: int, client: Callable[..., Client]) -> None:
    reply = Reply({"error": "invalid_client", "error_description": "Client authentication failed."}, status)
    with scripted(reply) as server, pytest.raises(ConfigurationError, match="client_id") as caught:
        client(server, client_id="app-1").execute(QUERY)
    assert "shop-1" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_token_response_without_a_token_is_explained(client: Callable[..., Client]) -> None:
    with scripted(Reply(b"<html>maintenance</html>")) as server, pytest.raises(RetryError, match="token"):
        client(server, client_id="app-1").execute(QUERY)
