"""Stripe's wire: lists and their pages, single objects, events, errors, and the fields that each object has."""

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
    """A simulated account, asked as it would be."""

    def __init__(self, server: SimulatorServer, account: str = "aurora") -> None:
        self.server, self.account = server, account
        self.headers = {"Authorization": f"Bearer {secret_key(account)}", "Stripe-Version": VERSION}

    def get(self, path: str, expect: int = 200, **params: Any) -> dict[str, Any]:
        answer = self.ask(path, **params)
        assert answer.status_code == expect, answer.text[:300]
        body: dict[str, Any] = answer.json()
        return body if expect == 200 else body["error"]

    def ask(self, path: str, **params: Any) -> requests.Response:
        named = {name.replace("__", "[") + "]" if "__" in name else name: value for name, value in params.items()}
        named = {{"expand]": "expand[]", "types]": "types[]"}.get(name, name): value for name, value in named.items()}
        url = f"{self.server.base_url(self.account, 'stripe')}/v1/{path}"
        return requests.get(url, params=named, headers=self.headers, timeout=20)

    def everything(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
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
        pytest.skip("Stripe's own fixtures are not beside this checkout")
    found: dict[str, Any] = json.loads(FIXTURES.read_text())["resources"]
    return found


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_an_object_has_the_fields_of_stripes_own(fixtures: dict[str, Any], kind: str) -> None:
    only_expanded = {"charge": {"refunds"}}.get(kind, set())
    assert set(FIELDS[kind]) == set(fixtures[kind]) - only_expanded


@pytest.mark.parametrize("resource", sorted(KINDS))
def test_every_object_on_the_wire_has_exactly_these_fields(stripe: Stripe, resource: str) -> None:
    kind = KINDS[resource]
    rows = list(stripe.everything(resource, **({"status": "all"} if resource == "subscriptions" else {})))
    assert rows
    for row in rows:
        assert set(row) - set(OPTIONAL.get(kind, ())) == set(FIELDS[kind])
        assert row["object"] == kind
    if kind == "subscription":
        assert all(set(item) == set(FIELDS["subscription_item"]) for row in rows for item in row["items"]["data"])
        assert all(set(item["price"]) == set(FIELDS["price"]) for row in rows for item in row["items"]["data"])
    if kind == "invoice":
        assert all(set(line) == set(FIELDS["line_item"]) for row in rows for line in row["lines"]["data"])


def test_a_charge_with_its_refunds_expanded_has_all_of_stripes_fields(stripe: Stripe, fixtures: dict[str, Any]) -> None:
    page = stripe.get("charges", expand__="data.refunds")
    assert set(page["data"][0]) == set(fixtures["charge"])


def test_the_envelope_is_the_recorded_one(stripe: Stripe) -> None:
    """Lists, errors and balance transactions as a real account answered them."""
    if not RECORDED.exists():
        pytest.skip("recorded traffic is not beside this checkout")
    bodies = [json.loads(line)["body"] for line in RECORDED.read_text().splitlines()]
    lists = [one for body in bodies if isinstance(body, dict) for one in _inside(body) if one.get("object") == "list"]
    assert {"object", "data", "has_more", "url"} <= set(stripe.get("charges")) <= set().union(*map(set, lists))
    of_type = {
        one["object"]: one for body in bodies if isinstance(body, dict) for one in _inside(body) if "object" in one
    }
    entry = stripe.get("balance_transactions", type="charge")["data"][0]
    assert set(entry) == set(of_type["balance_transaction"])
    assert set(entry["fee_details"][0]) == set(of_type["balance_transaction"]["fee_details"][0])
    missing = next(
        body["error"]
        for body in bodies
        if isinstance(body, dict) and "No such customer" in body.get("error", {}).get("message", "")
    )
    ours = stripe.get("customers/cus_none", expect=404)
    assert set(ours) == set(missing) - {"request_log_url"}
    assert (ours["code"], ours["param"], ours["type"]) == (missing["code"], missing["param"], missing["type"])


def _inside(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _inside(one)


def test_pages_bring_everything_once_newest_first(stripe: Stripe, books: PaymentBooks) -> None:
    rows = list(stripe.everything("charges"))
    assert [row["id"] for row in rows] == [one.id for one in books.objects("charge")]
    assert [row["created"] for row in rows] == sorted((row["created"] for row in rows), reverse=True)
    entries = list(stripe.everything("balance_transactions"))
    assert [(row["id"], row["amount"], row["fee"], row["net"]) for row in entries] == [
        (one.id, one.amount, one.fee, one.net) for one in books.entries
    ]
    assert {row["status"] for row in entries} == {"available", "pending"}


def test_created_bounds_a_list(stripe: Stripe, books: PaymentBooks) -> None:
    start, end = NOW - 40 * 86_400, NOW - 10 * 86_400
    rows = list(stripe.everything("refunds", created__gte=start, created__lt=end))
    assert {row["id"] for row in rows} == {one.id for one in books.objects("refund") if start <= one.created < end}
    assert rows


def test_a_payout_names_what_it_is_made_of(stripe: Stripe) -> None:
    payout = next(row for row in stripe.everything("payouts") if row["status"] == "paid")
    rows = list(stripe.everything("balance_transactions", payout=payout["id"]))
    assert sum(row["net"] for row in rows if row["type"] != "payout") == payout["amount"]


def test_canceled_subscriptions_show_only_when_asked_for(stripe: Stripe, books: PaymentBooks) -> None:
    everything = {row["status"] for row in stripe.everything("subscriptions", status="all")}
    assert everything == {state["status"] for state in books.states("subscription")} > {"active", "canceled"}
    assert "canceled" not in {row["status"] for row in stripe.everything("subscriptions")}


def test_prices_are_listed_as_stripe_lists_them(stripe: Stripe, books: PaymentBooks) -> None:
    """Active ones unless `active=false`; one that a sale made for itself only when its id is asked for."""
    everything = {one["id"] for one in books.states("price")}
    listed = {row["id"] for row in stripe.everything("prices")}
    archived = {row["id"] for row in stripe.everything("prices", active="false")}
    assert listed == {row["id"] for row in stripe.everything("prices", active="true")}
    assert archived == {"price_auroramonthly_plus"}
    assert everything - listed - archived == {"price_auroraweekly"}
    assert stripe.get("prices/price_auroraweekly")["active"] is True


def test_no_event_of_a_charge_tells_of_a_dispute_or_a_refund_that_failed(books: PaymentBooks) -> None:
    """`charge.updated` comes for a description, metadata or a late capture only."""
    types = {one.type for one in books.events}
    assert {"charge.dispute.created", "refund.failed", "charge.refund.updated"} <= types
    assert "charge.updated" not in types


def test_tiers_and_discounts_show_when_expanded(stripe: Stripe) -> None:
    tiered = [row for row in stripe.everything("prices", expand__="data.tiers") if row["billing_scheme"] == "tiered"]
    assert [tier["up_to"] for tier in tiered[0]["tiers"]] == [5, 20, None]
    rows = list(stripe.everything("subscriptions", expand__="data.discounts"))
    shown = [one for row in rows for one in row["discounts"]]
    assert shown
    assert all(set(one) == set(FIELDS["discount"]) for one in shown)
    assert "cannot be expanded" in stripe.get("charges", expect=400, expand__="data.customer")["message"]


def test_lines_beyond_the_tenth_come_by_pages(stripe: Stripe) -> None:
    long = next(row for row in stripe.everything("invoices") if row["lines"]["has_more"])
    assert len(long["lines"]["data"]) == 10
    assert len(list(stripe.everything(f"invoices/{long['id']}/lines"))) == 12


def test_events_tell_of_the_last_thirty_days(stripe: Stripe, books: PaymentBooks) -> None:
    rows = list(stripe.everything("events"))
    assert [row["id"] for row in rows] == [one.id for one in books.events if one.at > NOW - EVENT_RETENTION]
    some = list(stripe.everything("events", types__=["invoice.paid", "charge.refunded"]))
    assert {row["type"] for row in some} == {"invoice.paid", "charge.refunded"}
    assert {row["type"].split(".")[0] for row in stripe.everything("events", type="charge.*")} == {"charge"}
    assert all(set(row["data"]["object"]) >= set(FIELDS["invoice"]) for row in some if row["type"] == "invoice.paid")


def test_a_deleted_customer_is_told_as_deleted(stripe: Stripe, books: PaymentBooks) -> None:
    gone = next(one for one in books.deleted.values() if one.kind == "customer")
    assert stripe.get(f"customers/{gone.id}") == {"id": gone.id, "object": "customer", "deleted": True}
    assert gone.id not in {row["id"] for row in stripe.everything("customers")}


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
def test_what_cannot_be_answered_has_stripes_code(
    stripe: Stripe, path: str, params: dict[str, Any], status: int, code: str
) -> None:
    assert stripe.get(path, expect=status, **params)["code"] == code


def test_keys_versions_and_permissions_are_checked(stripe: Stripe, server: SimulatorServer) -> None:
    good = dict(stripe.headers)
    stripe.headers["Authorization"] = "Bearer rk_wrong"
    assert "Invalid API Key" in stripe.get("charges", expect=401)["message"]
    stripe.headers = good | {"Stripe-Version": "2020-08-27"}
    assert "Invalid Stripe API version" in stripe.get("charges", expect=400)["message"]
    stripe.headers = good
    server.faults.add(Fault("denied", on="stripe:charges"))
    assert "'rak_charge_read'" in stripe.get("charges", expect=403)["message"]
    stripe.get("refunds")


def test_limits_and_troubles_come_as_asked_for(stripe: Stripe, server: SimulatorServer) -> None:
    for fault in (Fault("too_many", on="stripe:charges", seconds=3), Fault("lock_timeout", on="stripe")):
        server.faults.add(fault)
    limited, locked, fine = stripe.ask("charges"), stripe.ask("charges"), stripe.ask("charges")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert limited.json()["error"]["code"] == "rate_limit"
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "lock_timeout")
    assert "Retry-After" not in locked.headers
    assert fine.status_code == 200
    assert fine.headers["Stripe-Version"] == VERSION
    assert len({one.headers["Request-Id"] for one in (limited, locked, fine)}) == 3
    server.faults.add(Fault("error", on="stripe:charges", status=500))
    assert stripe.get("charges", expect=500)["type"] == "api_error"
