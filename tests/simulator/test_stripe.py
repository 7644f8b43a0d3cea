"""Stripe's API: lists and pages, single objects, events, errors, and the fields of every object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Fault, SimulatorServer, World
from simulator.apis.stripe.resources import EVENT_RETENTION, KINDS
from simulator.apis.stripe.serializer import FIELDS, OPTIONAL, VERSION
from simulator.scenarios.payments import PaymentBooks, payment_books, secret_key
from tests.simulator.conftest import END

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FIXTURES = SHARED / "specs" / "stripe_fixtures" / "fixtures3.json"
RECORDED = SHARED / "recorded" / "stripe_pay" / "stripe_recorded_interactions.jsonl"
NOW = int(END.timestamp())


class Stripe:
    """A client of one simulated account."""

    def __init__(self, server: SimulatorServer, account: str = "aurora") -> None:
        self.server, self.account = server, account
        self.headers = {"Authorization": f"Bearer {secret_key(account)}", "Stripe-Version": VERSION}

    def get(self, path: str, expect: int = 200, **params: Any) -> dict[str, Any]:
        response = self.ask(path, **params)
        assert response.status_code == expect, response.text[:300]
        body: dict[str, Any] = response.json()
        return body if expect == 200 else body["error"]

    def ask(self, path: str, **params: Any) -> requests.Response:
        named = {name.replace("__", "[") + "]" if "__" in name else name: value for name, value in params.items()}
        named = {{"expand]": "expand[]", "types]": "types[]"}.get(name, name): value for name, value in named.items()}
        url = f"{self.server.base_url(self.account, 'stripe')}/v1/{path}"
        return requests.get(url, params=named, headers=self.headers, timeout=20)

    def rows(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            page = self.get(path, limit=100, **params, **after)
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}


@pytest.fixture
def stripe(server: SimulatorServer) -> Stripe:
    return Stripe(server)


@pytest.fixture(scope="module")
def books(world: World) -> PaymentBooks:
    return payment_books(world, "aurora")


@pytest.fixture(scope="module")
def fixtures() -> dict[str, Any]:
    if not FIXTURES.exists():
        pytest.skip(f"Stripe's own fixtures are not at {FIXTURES}.")
    resources: dict[str, Any] = json.loads(FIXTURES.read_text())["resources"]
    return resources


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_fields_are_those_of_stripes_fixtures(fixtures: dict[str, Any], kind: str) -> None:
    only_expanded = {"charge": {"refunds"}}.get(kind, set())
    assert set(FIELDS[kind]) == set(fixtures[kind]) - only_expanded


@pytest.mark.parametrize("resource", sorted(KINDS))
def test_every_object_of_a_list_has_exactly_these_fields(stripe: Stripe, resource: str) -> None:
    kind = KINDS[resource]
    rows = list(stripe.rows(resource, **({"status": "all"} if resource == "subscriptions" else {})))
    assert rows
    for row in rows:
        assert set(row) - set(OPTIONAL.get(kind, ())) == set(FIELDS[kind])
        assert row["object"] == kind
    if kind == "subscription":
        assert all(set(item) == set(FIELDS["subscription_item"]) for row in rows for item in row["items"]["data"])
        assert all(set(item["price"]) == set(FIELDS["price"]) for row in rows for item in row["items"]["data"])
    if kind == "invoice":
        assert all(set(line) == set(FIELDS["line_item"]) for row in rows for line in row["lines"]["data"])


def test_charge_with_expanded_refunds_has_all_fields_of_stripes_fixture(
    stripe: Stripe, fixtures: dict[str, Any]
) -> None:
    page = stripe.get("charges", expand__="data.refunds")
    assert set(page["data"][0]) == set(fixtures["charge"])


def test_list_error_and_balance_transaction_have_the_recorded_fields(stripe: Stripe) -> None:
    """The recorded traffic is that of a real account."""
    if not RECORDED.exists():
        pytest.skip(f"Recorded traffic is not at {RECORDED}.")
    bodies = [json.loads(line)["body"] for line in RECORDED.read_text().splitlines()]
    objects = [part for body in bodies if isinstance(body, dict) for part in _objects(body) if "object" in part]
    lists = [part for part in objects if part["object"] == "list"]
    assert {"object", "data", "has_more", "url"} <= set(stripe.get("charges")) <= set().union(*map(set, lists))
    of_type = {part["object"]: part for part in objects}
    entry = stripe.get("balance_transactions", type="charge")["data"][0]
    assert set(entry) == set(of_type["balance_transaction"])
    assert set(entry["fee_details"][0]) == set(of_type["balance_transaction"]["fee_details"][0])
    errors = [body["error"] for body in bodies if isinstance(body, dict) and "error" in body]
    expected = next(error for error in errors if "No such customer" in error.get("message", ""))
    actual = stripe.get("customers/cus_none", expect=404)
    assert set(actual) == set(expected) - {"request_log_url"}
    assert [actual[name] for name in ("code", "param", "type")] == [
        expected[name] for name in ("code", "param", "type")
    ]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)


def test_pages_return_every_object_once_newest_first(stripe: Stripe, books: PaymentBooks) -> None:
    rows = list(stripe.rows("charges"))
    assert [row["id"] for row in rows] == [charge.id for charge in books.objects("charge")]
    assert [row["created"] for row in rows] == sorted((row["created"] for row in rows), reverse=True)
    entries = list(stripe.rows("balance_transactions"))
    assert [(row["id"], row["amount"], row["fee"], row["net"]) for row in entries] == [
        (entry.id, entry.amount, entry.fee, entry.net) for entry in books.entries
    ]
    assert {row["status"] for row in entries} == {"available", "pending"}


def test_created_filters_a_list(stripe: Stripe, books: PaymentBooks) -> None:
    start, end = NOW - 40 * 86_400, NOW - 10 * 86_400
    rows = list(stripe.rows("refunds", created__gte=start, created__lt=end))
    assert {row["id"] for row in rows} == {row.id for row in books.objects("refund") if start <= row.created < end}
    assert rows


def test_balance_transactions_of_a_payout_add_up_to_its_amount(stripe: Stripe) -> None:
    payout = next(row for row in stripe.rows("payouts") if row["status"] == "paid")
    rows = list(stripe.rows("balance_transactions", payout=payout["id"]))
    assert sum(row["net"] for row in rows if row["type"] != "payout") == payout["amount"]


def test_canceled_subscriptions_need_a_status_filter(stripe: Stripe, books: PaymentBooks) -> None:
    statuses = {row["status"] for row in stripe.rows("subscriptions", status="all")}
    assert statuses == {state["status"] for state in books.states("subscription")} > {"active", "canceled"}
    assert "canceled" not in {row["status"] for row in stripe.rows("subscriptions")}


def test_list_of_prices_has_active_ones_by_default_and_inline_ones_never(stripe: Stripe, books: PaymentBooks) -> None:
    """An inline price, created for one sale, is returned only by its id."""
    every_price = {price["id"] for price in books.states("price")}
    listed = {row["id"] for row in stripe.rows("prices")}
    archived = {row["id"] for row in stripe.rows("prices", active="false")}
    assert listed == {row["id"] for row in stripe.rows("prices", active="true")}
    assert archived == {"price_auroramonthly_plus"}
    assert every_price - listed - archived == {"price_auroraweekly"}
    assert stripe.get("prices/price_auroraweekly")["active"] is True


def test_disputes_and_failed_refunds_are_no_charge_updated_events(books: PaymentBooks) -> None:
    """`charge.updated` is only for a description, metadata or a late capture."""
    types = {event.type for event in books.events}
    assert {"charge.dispute.created", "refund.failed", "charge.refund.updated"} <= types
    assert "charge.updated" not in types


def test_tiers_and_discounts_are_shown_when_expanded(stripe: Stripe) -> None:
    tiered = [row for row in stripe.rows("prices", expand__="data.tiers") if row["billing_scheme"] == "tiered"]
    assert [tier["up_to"] for tier in tiered[0]["tiers"]] == [5, 20, None]
    rows = list(stripe.rows("subscriptions", expand__="data.discounts"))
    discounts = [discount for row in rows for discount in row["discounts"]]
    assert discounts
    assert all(set(discount) == set(FIELDS["discount"]) for discount in discounts)
    assert "cannot be expanded" in stripe.get("charges", expect=400, expand__="data.customer")["message"]


def test_invoice_lines_after_the_tenth_are_on_pages(stripe: Stripe) -> None:
    long = next(row for row in stripe.rows("invoices") if row["lines"]["has_more"])
    assert len(long["lines"]["data"]) == 10
    assert len(list(stripe.rows(f"invoices/{long['id']}/lines"))) == 12


def test_events_are_those_of_the_last_thirty_days(stripe: Stripe, books: PaymentBooks) -> None:
    rows = list(stripe.rows("events"))
    assert [row["id"] for row in rows] == [event.id for event in books.events if event.at > NOW - EVENT_RETENTION]
    some = list(stripe.rows("events", types__=["invoice.paid", "charge.refunded"]))
    assert {row["type"] for row in some} == {"invoice.paid", "charge.refunded"}
    assert {row["type"].split(".")[0] for row in stripe.rows("events", type="charge.*")} == {"charge"}
    assert all(set(row["data"]["object"]) >= set(FIELDS["invoice"]) for row in some if row["type"] == "invoice.paid")


def test_deleted_customer_is_shown_as_deleted(stripe: Stripe, books: PaymentBooks) -> None:
    customer = next(deleted for deleted in books.deleted.values() if deleted.kind == "customer")
    assert stripe.get(f"customers/{customer.id}") == {"id": customer.id, "object": "customer", "deleted": True}
    assert customer.id not in {row["id"] for row in stripe.rows("customers")}


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("charges", {"limit": 0}, 400, "parameter_invalid_integer"),
        ("charges", {"limit": "many"}, 400, "parameter_invalid_integer"),
        ("charges", {"starting_after": "ch_none"}, 400, "resource_missing"),
        ("charges", {"colour": "red"}, 400, "parameter_unknown"),
        ("subscription_items", {}, 400, "parameter_missing"),
        ("charges/ch_none", {}, 404, "resource_missing"),
    ],
)
def test_invalid_request_has_stripes_error_code(
    stripe: Stripe, path: str, params: dict[str, Any], status: int, code: str
) -> None:
    assert stripe.get(path, expect=status, **params)["code"] == code


def test_wrong_key_wrong_version_and_missing_permission_are_errors(stripe: Stripe, server: SimulatorServer) -> None:
    good = dict(stripe.headers)
    stripe.headers["Authorization"] = "Bearer rk_wrong"
    assert "Invalid API Key" in stripe.get("charges", expect=401)["message"]
    stripe.headers = good | {"Stripe-Version": "2020-08-27"}
    assert "Invalid Stripe API version" in stripe.get("charges", expect=400)["message"]
    stripe.headers = good
    server.faults.add(Fault("denied", on="stripe:charges"))
    assert "'rak_charge_read'" in stripe.get("charges", expect=403)["message"]
    stripe.get("refunds")


def test_rate_limit_lock_timeout_and_server_error_responses(stripe: Stripe, server: SimulatorServer) -> None:
    for fault in (Fault("too_many", on="stripe:charges", seconds=3), Fault("lock_timeout", on="stripe")):
        server.faults.add(fault)
    limited, locked, normal = stripe.ask("charges"), stripe.ask("charges"), stripe.ask("charges")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert limited.json()["error"]["code"] == "rate_limit"
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "lock_timeout")
    assert "Retry-After" not in locked.headers
    assert normal.status_code == 200
    assert normal.headers["Stripe-Version"] == VERSION
    assert len({response.headers["Request-Id"] for response in (limited, locked, normal)}) == 3
    server.faults.add(Fault("error", on="stripe:charges", status=500))
    assert stripe.get("charges", expect=500)["type"] == "api_error"
