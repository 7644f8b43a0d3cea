"""Each fault does what ``faults.KINDS`` says, as often as ``times`` says, and only where ``on`` says."""

from __future__ import annotations

import json
import time

import pytest
import requests

from simulator import Fault, SimulatorServer
from tests.simulator import queries
from tests.simulator.queries import Client

SHOP, PRODUCTS = "{ shop { name } }", "{ products(first: 3) { nodes { id } pageInfo { hasNextPage endCursor } } }"


def test_throttled_happens_as_often_as_times_says(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("throttled", on="products", times=2))
    codes = [aurora.answer(PRODUCTS).get("errors", [{}])[0].get("extensions", {}).get("code") for _ in range(3)]
    assert codes == ["THROTTLED", "THROTTLED", None]
    assert "errors" not in aurora.answer(SHOP)


def test_too_many_has_retry_after_with_a_decimal_point(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("too_many", seconds=2))
    response = aurora.post(SHOP)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2.0")
    assert aurora.post(SHOP).status_code == 200


def test_error_is_a_page_of_html_and_lasts_until_cleared_without_times(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("error", on="products", times=None, status=502))
    for _ in range(5):
        response = aurora.post(PRODUCTS)
        assert response.status_code == 502
        assert response.headers["Content-Type"].startswith("text/html")
    assert aurora.post(SHOP).status_code == 200
    server.faults.clear()
    assert aurora.post(PRODUCTS).status_code == 200


def test_skip_delays_a_fault_and_account_limits_it_to_one_shop(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("error", account="aurora", skip=2))
    assert Client(server, "nordlicht").post(SHOP).status_code == 200
    assert [aurora.post(SHOP).status_code for _ in range(4)] == [200, 200, 500, 200]
    assert [request.status for request in server.log if request.account == "aurora"] == [200, 200, 500, 200]


def test_cut_closes_the_connection_in_the_middle_of_the_body(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("cut"))
    with pytest.raises(requests.exceptions.RequestException):
        aurora.post(PRODUCTS)
    assert aurora.post(PRODUCTS).status_code == 200


def test_truncated_sends_half_of_the_body_as_if_it_were_whole(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("truncated"))
    with pytest.raises(json.JSONDecodeError):
        json.loads(aurora.post(PRODUCTS).text)


def test_null_data_is_null_without_an_error(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("null_data", on="products"))
    body = aurora.answer(PRODUCTS)
    assert body["data"] is None
    assert "errors" not in body


def test_slow_delays_the_response(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("slow", seconds=0.3))
    started = time.monotonic()
    aurora.post(SHOP)
    assert time.monotonic() - started >= 0.3


def test_unauthorized_is_401_once(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("unauthorized"))
    assert [aurora.post(SHOP).status_code for _ in range(2)] == [401, 200]


def test_same_cursor_repeats_the_cursor_of_the_page_before(server: SimulatorServer, aurora: Client) -> None:
    first = aurora.data(queries.SLIM, first=5)["orders"]["pageInfo"]
    server.faults.add(Fault("same_cursor", on="orders"))
    second = aurora.data(queries.SLIM, first=5, after=first["endCursor"])["orders"]["pageInfo"]
    assert second == {"hasNextPage": True, "endCursor": first["endCursor"]}


def test_denied_field_is_null_with_an_error_and_fails_a_bulk_operation(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("denied", on="Order.email", scope="`read_customers` access scope"))
    body = aurora.answer("{ orders(first: 2) { nodes { id email } } }")
    assert [order["email"] for order in body["data"]["orders"]["nodes"]] == [None, None]
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert body["errors"][0]["path"] == ["orders", "nodes", 0, "email"]
    assert aurora.bulk("{ orders { nodes { id email } } }")["errorCode"] == "ACCESS_DENIED"
    assert aurora.bulk("{ orders { nodes { id name } } }")["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("bulk_failed", "FAILED", "INTERNAL_SERVER_ERROR"),
        ("bulk_timeout", "FAILED", "TIMEOUT"),
        ("bulk_expired", "EXPIRED", None),
        ("bulk_canceled", "CANCELED", None),
    ],
)
def test_bulk_faults_decide_status_and_error_code(
    server: SimulatorServer, aurora: Client, kind: str, status: str, code: str | None
) -> None:
    server.faults.add(Fault(kind, on="bulk:orders"))
    assert aurora.bulk("{ products { nodes { id } } }")["status"] == "COMPLETED"
    ended = aurora.bulk("{ orders { nodes { id } } }")
    assert (ended["status"], ended["errorCode"], ended["url"]) == (status, code, None)


def test_bulk_file_faults_count_truncation_expiry_and_error(server: SimulatorServer, aurora: Client) -> None:
    text = "{ orders { nodes { id name createdAt } } }"
    server.faults.add(Fault("wrong_count", on="orders"))
    operation = aurora.bulk(text)
    assert int(operation["objectCount"]) == len(aurora.lines(operation)) + 1
    server.faults.add(Fault("truncated_file"))
    with pytest.raises(json.JSONDecodeError):
        aurora.lines(operation)
    server.faults.add(Fault("url_expired"))
    assert requests.get(operation["url"], timeout=10).status_code == 403
    server.faults.add(Fault("error", on="bulk_file", status=503))
    assert requests.get(operation["url"], timeout=10).status_code == 503
    assert len(aurora.lines(operation)) > 100
    server.faults.add(Fault("bulk_limit"))
    refused = aurora.data(queries.START, query=text)["bulkOperationRunQuery"]
    assert refused["userErrors"][0]["code"] == "LIMIT_REACHED"


def test_unknown_fault_kind_raises_value_error() -> None:
    with pytest.raises(ValueError, match="No fault 'thunder'"):
        Fault("thunder")
