"""Each fault does what its line in ``faults`` says, as often as it says, and only where it says."""

from __future__ import annotations

import json
import time

import pytest
import requests

from simulator import Fault, SimulatorServer
from tests.simulator import queries
from tests.simulator.queries import Client

SHOP, PRODUCTS = "{ shop { name } }", "{ products(first: 3) { nodes { id } pageInfo { hasNextPage endCursor } } }"


def test_throttled_so_many_times_then_well(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("throttled", on="products", times=2))
    codes = [aurora.answer(PRODUCTS).get("errors", [{}])[0].get("extensions", {}).get("code") for _ in range(3)]
    assert codes == ["THROTTLED", "THROTTLED", None]
    assert "errors" not in aurora.answer(SHOP)


def test_too_many_requests_names_a_wait_with_a_point(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("too_many", seconds=2))
    response = aurora.post(SHOP)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2.0")
    assert aurora.post(SHOP).status_code == 200


def test_a_server_error_is_html_and_can_last_for_ever(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("error", on="products", times=None, status=502))
    for _ in range(5):
        response = aurora.post(PRODUCTS)
        assert response.status_code == 502
        assert response.headers["Content-Type"].startswith("text/html")
    assert aurora.post(SHOP).status_code == 200
    server.faults.clear()
    assert aurora.post(PRODUCTS).status_code == 200


def test_a_fault_can_wait_and_can_be_of_one_shop(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("error", account="aurora", skip=2))
    assert Client(server, "nordlicht").post(SHOP).status_code == 200
    assert [aurora.post(SHOP).status_code for _ in range(4)] == [200, 200, 500, 200]
    assert [request.status for request in server.log if request.account == "aurora"] == [200, 200, 500, 200]


def test_a_connection_is_cut_in_the_middle(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("cut"))
    with pytest.raises(requests.exceptions.RequestException):
        aurora.post(PRODUCTS)
    assert aurora.post(PRODUCTS).status_code == 200


def test_half_an_answer_that_calls_itself_whole(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("truncated"))
    with pytest.raises(json.JSONDecodeError):
        json.loads(aurora.post(PRODUCTS).text)


def test_no_data_and_no_error(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("null_data", on="products"))
    found = aurora.answer(PRODUCTS)
    assert found["data"] is None
    assert "errors" not in found


def test_a_slow_answer(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("slow", seconds=0.3))
    started = time.monotonic()
    aurora.post(SHOP)
    assert time.monotonic() - started >= 0.3


def test_a_token_that_has_run_out_once(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("unauthorized"))
    assert [aurora.post(SHOP).status_code for _ in range(2)] == [401, 200]


def test_a_cursor_that_does_not_move(server: SimulatorServer, aurora: Client) -> None:
    first = aurora.data(queries.SLIM, first=5)["orders"]["pageInfo"]
    server.faults.add(Fault("same_cursor", on="orders"))
    second = aurora.data(queries.SLIM, first=5, after=first["endCursor"])["orders"]["pageInfo"]
    assert second == {"hasNextPage": True, "endCursor": first["endCursor"]}


def test_a_denied_field_is_null_with_an_error_and_fails_a_bulk_operation(
    server: SimulatorServer, aurora: Client
) -> None:
    server.faults.add(Fault("denied", on="Order.email", scope="`read_customers` access scope"))
    found = aurora.answer("{ orders(first: 2) { nodes { id email } } }")
    assert [each["email"] for each in found["data"]["orders"]["nodes"]] == [None, None]
    assert found["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert found["errors"][0]["path"] == ["orders", "nodes", 0, "email"]
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
def test_how_a_bulk_operation_ends(
    server: SimulatorServer, aurora: Client, kind: str, status: str, code: str | None
) -> None:
    server.faults.add(Fault(kind, on="bulk:orders"))
    assert aurora.bulk("{ products { nodes { id } } }")["status"] == "COMPLETED"
    ended = aurora.bulk("{ orders { nodes { id } } }")
    assert (ended["status"], ended["errorCode"], ended["url"]) == (status, code, None)


def test_faults_of_the_file(server: SimulatorServer, aurora: Client) -> None:
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


def test_a_fault_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="No fault 'thunder'"):
        Fault("thunder")
