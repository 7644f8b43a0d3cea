"""Requests to Stripe: pacing, retries, and the error of each response."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard

from connectors.base import Account, Window
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import Transport
from connectors.stripe import pages
from connectors.stripe.client import ATTEMPTS, LIVE_RATE, TEST_RATE, VERSION, Client, MissingPermissionError
from connectors.stripe.listing import land_feed
from connectors.stripe.streams import FEEDS, STREAMS
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from tests.connectors.scripted import Reply, Script, scripted
from tests.connectors.stripe.accounts import Place

EMPTY = {"object": "list", "data": [], "has_more": False, "url": "/v1/charges"}
KEY = "rk_live_do_not_print"
FIRST = Window(None, datetime(2026, 1, 1, tzinfo=UTC))


def a_client(script: Script, waits: list[float], key: str = KEY) -> Client:
    account = Account("acme", "stripe", "shop", script.url, key)
    return Client(account, Transport((key,), sleep=waits.append))


def a_list(*ids: str, has_more: bool = False, **more: Any) -> dict[str, Any]:
    return {"object": "list", "has_more": has_more, "data": [{"id": key, **more} for key in ids]}


def refusal(status: int, message: str, **more: str) -> Reply:
    return Reply({"error": {"message": message, "type": "invalid_request_error", **more}}, status)


def test_request_has_the_key_and_the_pinned_version() -> None:
    with scripted(Reply(EMPTY, headers={"Stripe-Version": VERSION})) as server:
        client = a_client(server, [])
        client.page("charges", [("limit", "1"), ("expand[]", "data.a"), ("expand[]", "data.b")])
    request = server.requests[0]
    assert (request.headers["Authorization"], request.headers["Stripe-Version"]) == (f"Bearer {KEY}", VERSION)
    assert request.path == "/v1/charges?limit=1&expand%5B%5D=data.a&expand%5B%5D=data.b"
    assert abs((client.now() - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize(
    ("key", "rate"),
    [
        ("rk_live_1", LIVE_RATE),
        ("rk_test_1", TEST_RATE),
        ("sk_org_1", LIVE_RATE),
        ("ek_1", LIVE_RATE),
        ("1", LIVE_RATE),
    ],
)
def test_requests_are_paced_at_the_rate_of_the_key(key: str, rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("connectors.stripe.client.time", SimpleNamespace(monotonic=lambda: 100 + sum(waits)))
    with scripted(Reply(EMPTY)) as server:
        client = a_client(server, waits, key)
        for _ in range(5):
            client.page("charges", [])
    assert waits == pytest.approx([1 / rate] * 4)


def test_conflict_and_truncated_response_are_retried() -> None:
    waits: list[float] = []
    with scripted(refusal(409, "busy"), Reply(b'{"object":"list","da'), Reply(EMPTY)) as server:
        assert a_client(server, waits).page("charges", []).data == []
    assert len(server.requests) == 3


def test_responses_that_stay_truncated_raise_retry_error() -> None:
    with scripted(Reply(b'{"object":"li')) as server, pytest.raises(RetryError, match="What has arrived is kept"):
        a_client(server, []).page("charges", [])
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (refusal(401, "Invalid API Key"), ConfigurationError, "its key is not accepted"),
        (refusal(401, "Expired", code="api_key_expired"), ConfigurationError, "its key has expired"),
        (refusal(403, "Having the 'rak_charge_read' permission"), MissingPermissionError, "it lacks rak_charge_read"),
        (refusal(403, "No."), MissingPermissionError, "it lacks charges"),
        (refusal(404, "Unrecognized request URL"), ConfigurationError, "Check `account` and `base_url`"),
        (refusal(404, "Unrecognized request URL"), ConfigurationError, "there is no /v1/charges at http://127"),
        (Reply("<html>", 302, {"Location": "https://elsewhere"}), ConfigurationError, "Check `account`"),
        (refusal(400, "Invalid Stripe API version: x"), ContractError, "Update Takings"),
        (refusal(400, "Received unknown parameter", code="parameter_unknown"), ContractError, "parameter_unknown"),
        (Reply(EMPTY, headers={"Stripe-Version": "2020-08-27"}), ContractError, "served version 2020-08-27"),
        (Reply({"object": "list", "data": 3, "has_more": False}), ContractError, "another shape"),
        (refusal(400, f"The key {KEY} is odd"), ContractError, r"The key \[secret\] is odd"),
    ],
)
def test_error_response_raises_the_error_with_its_next_step(reply: Reply, error: type[Exception], says: str) -> None:
    with scripted(reply) as server, pytest.raises(error, match=says) as caught:
        a_client(server, []).page("charges", [])
    assert KEY not in str(caught.value)


def test_retrieve_returns_none_for_a_deleted_or_missing_object() -> None:
    missing = refusal(404, "No such customer: 'cus_1'", code="resource_missing", param="id")
    with scripted(Reply({"id": "cus_1", "object": "customer", "deleted": True}), missing) as server:
        client = a_client(server, [])
        assert client.retrieve("customers", "cus_1") is None
        assert client.retrieve("customers", "cus_1") is None


@pytest.mark.parametrize(
    ("identity", "path"),
    [
        ("50% OFF/2026", "/v1/coupons/50%25%20OFF%2F2026"),
        ("A#1", "/v1/coupons/A%231"),
        ("A?b", "/v1/coupons/A%3Fb"),
        ("Sömmer 10%", "/v1/coupons/S%C3%B6mmer%2010%25"),
    ],
)
def test_retrieve_encodes_an_id_with_special_characters(identity: str, path: str) -> None:
    with scripted(Reply({"id": identity, "object": "coupon"})) as server:
        assert a_client(server, []).retrieve("coupons", identity)
    assert server.requests[0].path == path


@pytest.mark.parametrize(("key", "refused"), [(KEY, True), ("rk_test_1", False)])
def test_missing_charge_of_an_event_is_an_error_in_live_mode_only(place: Place, key: str, refused: bool) -> None:
    """Only objects that can be deleted may be missing; in test mode all can."""
    missing, end = refusal(404, "No such charge: 'ch_1'", code="resource_missing", param="id"), datetime(2026, 1, 9)
    with scripted(missing, Reply(EMPTY)) as server, Staging(place.staging) as staging:
        staging.prepare("stripe", STREAMS)
        staging.db.execute(
            "insert into stripe.events (tenant_id, source_account, event_id, type, object_type, object_id, created_at) "
            "values ('acme', 'shop', 'evt_1', 'charge.captured', 'charge', 'ch_1', '2026-01-08 12:00')"
        )
        client, until = a_client(server, [], key), end.replace(tzinfo=UTC)
        landed = place.landing.begin(client.account, "charges", Window(until - timedelta(days=1), until))
        context = PullContext(client.account, place.landing, staging, "run", client.transport)
        if refused:
            with pytest.raises(ContractError, match="named ch_1, but does not find it"):
                land_feed(context, client, feed("charges"), until, landed)
        else:
            land_feed(context, client, feed("charges"), until, landed)
        assert landed.manifest.sealed is not refused


def feed(name: str) -> Any:
    return next(feed for feed in FEEDS if feed.stream.name == name)


def test_pages_with_a_repeated_cursor_raise_contract_error(place: Place) -> None:
    page = {"object": "list", "data": [{"id": "ch_1", "object": "charge", "created": 1}], "has_more": True}
    with scripted(Reply(page)) as server, pytest.raises(ContractError, match="do not advance"):
        land(place, server, "charges")
    assert len(server.requests) == 2


def test_pages_that_lead_in_a_circle_raise_contract_error(place: Place) -> None:
    first, second = (a_list(name, has_more=True, object="charge", created=9) for name in ("ch_1", "ch_2"))
    with scripted(*map(Reply, [first, second] * 3)) as server, pytest.raises(ContractError, match="do not advance"):
        land(place, server, "charges")
    assert len(server.requests) == 3


def test_pages_that_never_get_older_raise_contract_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_PAGES", 5)
    replies = [Reply(a_list(f"ch_{number}", has_more=True, object="charge", created=9)) for number in range(99)]
    with scripted(*replies) as server, pytest.raises(ContractError, match="do not advance"):
        land(place, server, "charges")
    assert len(server.requests) < 10


def test_cursor_that_is_always_lost_ends_with_an_error(place: Place) -> None:
    lost = refusal(400, "No such charge: 'ch_1'", code="resource_missing", param="starting_after")
    page = Reply(a_list("ch_1", has_more=True, object="charge", created=9))
    with scripted(page, lost, page, lost, page, lost) as server, pytest.raises(ContractError, match="do not advance"):
        land(place, server, "charges")
    assert len(server.requests) == 3
    with scripted(lost) as server, pytest.raises(RetryError, match="cannot be continued"):
        land(Place(place.root / "other"), server, "charges")
    assert len(server.requests) == 1


JANUARY, MARCH = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)


def charges(*created: str) -> dict[str, Any]:
    """A list of charges, each named by the day on which it was created."""
    data = [
        {
            "id": day,
            "object": "charge",
            "created": int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()),
            "amount": 1,
        }
        for day in created
    ]
    return EMPTY | {"data": data}


def test_list_that_ends_before_a_stored_object_that_exists_is_refused_and_read_again(place: Place) -> None:
    with scripted(Reply(charges("2026-01-02", "2025-01-02"))) as server:
        land(place, server, "charges", Window(None, JANUARY))
    short, old = charges("2026-03-01", "2026-01-02"), charges("2025-01-02")["data"][0]
    with (
        scripted(Reply(short), Reply(old)) as server,
        pytest.raises(RetryError, match="lacks 2025-01-02, which exists"),
    ):
        land(place, server, "charges", Window(JANUARY, MARCH))
    newest = place.landing.newest(a_client(server, []).account, "charges")
    assert newest is not None
    assert newest.manifest.parts == [], "nothing of it is loaded later"
    not_found = refusal(404, "No such charge", code="resource_missing", param="id")
    with scripted(Reply(short), not_found) as server:  # it does not exist: the list is whole
        land(place, server, "charges", Window(JANUARY, MARCH))
    assert len(place.rows("select * from stripe.charges")) == 3


def test_objects_that_an_earlier_list_ended_before_are_loaded_by_the_next_whole_list_and_said(place: Place) -> None:
    with scripted(Reply(charges("2026-01-02"))) as server:
        land(place, server, "charges", Window(None, JANUARY))
    with scripted(Reply(charges("2026-01-02", "2025-01-02"))) as server:
        [warning] = land(place, server, "charges", Window(JANUARY, MARCH))
    assert "charges since 2025-01-02 came only now" in warning
    assert len(place.rows("select * from stripe.charges")) == 2
    with scripted(Reply(charges("2026-03-01", "2026-01-02", "2025-01-02"))) as server:
        assert land(place, server, "charges", Window(JANUARY, MARCH)) == []


def contents(place: Place, server: Script, name: str) -> list[bytes]:
    """What is landed of a first window."""
    land(place, server, name)
    newest = place.landing.newest(a_client(server, []).account, name)
    assert newest is not None
    return [path.read_bytes() for path in newest.paths]


def land(place: Place, server: Script, name: str, window: Window = FIRST) -> list[str]:
    """Land and load one window; returns the warnings."""
    client = a_client(server, [])
    landed = place.landing.begin(client.account, name, window)
    with Staging(place.staging) as staging:
        staging.prepare("stripe", STREAMS)
        context = PullContext(client.account, place.landing, staging, "run", client.transport)
        land_feed(context, client, feed(name), landed.window.end, landed)
        staging.load(client.account, feed(name).stream, landed, "run")
    return client.warnings


def test_subscription_items_beyond_the_embedded_list_are_read_from_their_lists_start(place: Place) -> None:
    """What is embedded may be of another order than the list: here its last items. An item on two pages counts once."""
    item = {"object": "subscription_item", "created": 5, "quantity": 2, "discounts": [], "tax_rates": []}
    first = a_list("sub_1", object="subscription", created=7, discounts=[], items=a_list("si_4", "si_3", has_more=True,
                   **item))  # fmt: skip
    lists = (a_list("si_1", "si_2", has_more=True, **item), a_list("si_2", "si_4", "si_3", **item))
    with scripted(Reply(first), *map(Reply, lists)) as server:
        land(place, server, "subscriptions")
    assert [request.path.partition("starting_after=")[2] for request in server.requests[1:]] == ["", "si_2"]
    rows = place.rows("select subscription_id, subscription_item_id, quantity from stripe.subscription_items")
    assert sorted(rows) == [("sub_1", f"si_{number}", 2) for number in (1, 2, 3, 4)]


def test_subscription_that_comes_twice_has_each_item_once_in_its_history(place: Place) -> None:
    """A list that is continued by time brings the objects of that second again."""
    item = {"object": "subscription_item", "created": 5, "quantity": 2, "discounts": [], "tax_rates": []}
    one = a_list("sub_1", object="subscription", created=7, discounts=[], items=a_list("si_1", **item))
    with scripted(Reply(one | {"data": one["data"] * 2})) as server:
        land(place, server, "subscriptions")
    [(items,)] = place.rows("select items from stripe.subscriptions_history")
    assert [entry["item_id"] for entry in json.loads(items)] == ["si_1"]


def test_invoice_lines_beyond_the_embedded_list_are_read_from_their_lists_start(place: Place) -> None:
    line = {"object": "line_item", "amount": 100}
    first = a_list("in_1", object="invoice", created=7, lines=a_list("il_4", "il_2", has_more=True, **line))
    lists = (a_list("il_1", "il_2", has_more=True, **line), a_list("il_3", "il_4", **line))
    with scripted(Reply(first), *map(Reply, lists)) as server:
        land(place, server, "invoices")
    assert [request.path.split("?")[0] for request in server.requests[1:]] == ["/v1/invoices/in_1/lines"] * 2
    assert [request.path.partition("starting_after=")[2] for request in server.requests[1:]] == ["", "il_2"]
    rows = place.rows("select invoice_id, invoice_line_id, amount from stripe.invoice_lines")
    assert sorted(rows) == [("in_1", f"il_{number}", 100) for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("next_page", "requests"), [(a_list(has_more=True), 2), (a_list("il_1", has_more=True, object="line_item"), 3)]
)
def test_invoice_line_pages_that_do_not_advance_raise_contract_error(
    place: Place, next_page: dict[str, Any], requests: int
) -> None:
    first = a_list("in_1", object="invoice", created=7, lines=a_list("il_1", has_more=True, object="line_item"))
    with scripted(Reply(first), Reply(next_page)) as server, pytest.raises(ContractError, match="do not advance"):
        land(place, server, "invoices")
    assert len(server.requests) == requests


ODD = b'{\n  "created" : 17,\r\n  "id":"ch_1", "object":"charge", "amount": 150,\n "new_field":{"a":[1, 2.50e1]}}'


def test_record_lands_byte_for_byte_without_its_line_ends(place: Place) -> None:
    """With its spaces, its numbers as written and its unknown fields. Stripe's JSON has many lines."""
    page = b'{\n  "object":"list",\n  "has_more":false,\n  "data":[\n    ' + ODD + b"\n  ]\n}\n"
    with scripted(Reply(page)) as server:
        (part,) = contents(place, server, "charges")
    text = zstandard.ZstdDecompressor().decompressobj().decompress(part)
    assert text == ODD.replace(b"\r\n", b"").replace(b"\n", b"") + b"\n"
    assert place.rows("select charge_id, amount from stripe.charges") == [("ch_1", 150)]


def test_invoice_deleted_while_its_lines_are_read_is_not_loaded(place: Place) -> None:
    missing = refusal(404, "No such invoice: 'in_1'", code="resource_missing", param="id")
    first = a_list("in_1", object="invoice", created=7, lines=a_list("il_1", has_more=True, object="line_item"))
    with scripted(Reply(first), missing) as server:
        land(place, server, "invoices")
    assert place.rows("select * from stripe.invoices") == []


def test_seconds_and_amounts_are_typed_and_other_values_rejected(place: Place) -> None:
    good = {"object": "coupon", "created": 1_766_000_000, "percent_off": 12.5, "currency": "kwd", "amount_off": 1234}
    page = a_list("GOOD", **good)
    page["data"] += a_list("ODD", **good | {"redeem_by": "soon", "amount_off": 12.5})["data"]
    with scripted(Reply(page)) as server:
        land(place, server, "coupons")
    rows = place.rows("select coupon_id, created_at, percent_off, currency, amount_off from stripe.coupons")
    assert [(key, at.isoformat(), float(rate), *rest) for key, at, rate, *rest in rows] == [
        ("GOOD", "2025-12-17T19:33:20", 12.5, "KWD", 1234)
    ]
    ((key, reason),) = place.rows("select row_key, reason from takings.rejects")
    assert key == "ODD/2025-12-17 19:33:20"  # a coupon's id may be used again
    assert "redeem_by is not EPOCH: soon" in reason
    assert "amount_off is not BIGINT: 12.5" in reason


@pytest.mark.parametrize(
    ("name", "row", "says"),
    [
        ("coupons", {"id": "X", "created": "soon"}, "without a readable id and time"),
        ("coupons", {"id": "X"}, "without a readable id and time"),
        ("coupons", {"created": 5}, "without a readable id and time"),
        ("coupons", None, "without a readable id and time"),
        ("coupons", "X", "without a readable id and time"),
        ("invoices", {"id": "in_1", "created": 5, "lines": None}, "another shape"),
        ("invoices", {"id": "in_1", "created": 5, "lines": {"data": [None], "has_more": False}}, "readable id"),
        ("subscriptions", {"id": "sub_1", "created": 5, "items": {"data": "none", "has_more": False}}, "another shape"),
        ("invoices", {"id": "in_1", "created": 5, "object": "invoice"}, "in_1 came without its lines"),
    ],
)
def test_record_of_another_shape_raises_contract_error(place: Place, name: str, row: Any, says: str) -> None:
    with scripted(Reply(EMPTY | {"data": [row]})) as server, pytest.raises(ContractError, match=says):
        land(place, server, name)
