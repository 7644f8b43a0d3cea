"""Stripe's own client as an oracle of the encoding of requests, their parameters, and the fields of objects."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import reduce
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb
import pytest
import requests
import stripe
import stripe.params

from connectors.connections import Request
from connectors.stripe.client import VERSION
from connectors.stripe.streams import EVENTS, FEEDS
from simulator import SimulatorServer, World, serve
from simulator.scenarios.payments import secret_key
from tests.connectors.stripe.accounts import ACCOUNT, END, Place, small_world

Params = dict[str, Any]
Fields = dict[str, str]
Sent = Request | requests.PreparedRequest
Shape = tuple[str, tuple[str, ...]]
"""A request without its values: path with `*` for an id, names of the parameters in order."""

CLASSES = {"balance_transaction": ["BalanceTransaction"], "refund": ["Refund"], "dispute": ["Dispute"],
           "charge": ["Charge"], "payout": ["Payout"], "customer": ["Customer"], "product": ["Product"],
           "coupon": ["Coupon"], "price": ["Price"], "subscription": ["Subscription", "SubscriptionItem"],
           "invoice": ["Invoice", "InvoiceLineItem"]}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, now=END - timedelta(days=1)) as server:
        yield server


@pytest.fixture(scope="module")
def place(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A first load, and an increment that retrieves the objects of events."""
    place = Place(tmp_path_factory.mktemp("sdk"))
    place.pull(server)
    server.set_now(END)
    place.pull(server)
    return place


@pytest.fixture(scope="module")
def requests_sent(place: Place) -> dict[Shape, Request]:
    """One request of each shape that the pulls sent."""
    return {shape(sent): sent for sent in place.sent}


class StripeSdk:
    """Stripe's client against the simulator; `sent` are its requests."""

    def __init__(self, server: SimulatorServer) -> None:
        self.sent: list[requests.PreparedRequest] = []
        session = requests.Session()
        session.hooks["response"].append(lambda answer, *_, **__: self.sent.append(answer.request))
        self.client = stripe.StripeClient(
            secret_key(ACCOUNT),
            base_addresses={"api": server.base_url(ACCOUNT, "stripe")},
            http_client=stripe.RequestsClient(session=session),
        )

    def method(self, path: str) -> Callable[..., Any]:
        """The client's method for a path: `charges`, `charges/*`, `invoices/*/lines`."""
        resource, *rest = path.split("/")
        service = getattr(self.client.v1, resource)
        if rest[1:] == ["lines"]:
            return typing.cast(Callable[..., Any], service.line_items.list)
        return typing.cast(Callable[..., Any], service.retrieve if rest else service.list)


@pytest.fixture(scope="module")
def sdk(server: SimulatorServer) -> StripeSdk:
    return StripeSdk(server)


def steps(sent: Sent) -> list[str]:
    """The path below the version: resource, id, sublist."""
    return urlsplit(sent.url or "").path.partition("/v1/")[2].split("/")


def pairs(sent: Sent) -> list[tuple[str, str]]:
    """The sorted query. Numbered entries of a list (`expand[0]`) are unnumbered: Stripe accepts both."""
    query = parse_qsl(urlsplit(sent.url or "").query, keep_blank_values=True)
    return sorted((re.sub(r"\[\d+\]$", "[]", name), value) for name, value in query)


def shape(sent: Sent) -> Shape:
    resource, *rest = steps(sent)
    return "/".join([resource, *("*" if place == 0 else part for place, part in enumerate(rest))]), tuple(
        name for name, _ in pairs(sent)
    )


def nested_query(sent: Sent) -> Params:
    """The query as nested parameters."""
    params: Params = {}
    for name, value in pairs(sent):
        if name.endswith("[]"):
            params.setdefault(name[:-2], []).append(value)
        elif "[" in name:
            outer, _, inner = name[:-1].partition("[")
            params.setdefault(outer, {})[inner] = value
        else:
            params[name] = value
    return params


def parameter_types(name: str) -> dict[str, Any]:
    """The types of a method's parameters by name."""
    known = vars(stripe) | vars(stripe.params) | {"StripeContext": object, "Mapping": Mapping}
    return typing.get_type_hints(getattr(stripe.params, name), localns=known)


def misfits(values: Mapping[str, Any], params: str) -> Iterator[str]:
    """The parameters that the client's types do not have."""
    known = parameter_types(params)
    for name, value in values.items():
        if name not in known:
            yield f"{params} has no {name}"
        elif isinstance(value, dict):
            nested = re.search(rf"{params}\w+", str(known[name]))
            yield from misfits(value, nested[0].rpartition(".")[2]) if nested else [f"{params}.{name} has no inside"]
        elif (literals := re.search(r"Literal\[(.*?)\]", str(known[name]))) and f"'{value}'" not in literals[1]:
            yield f"{params}.{name} is never {value}"


def params_of(method: Callable[..., Any]) -> str:
    match = re.search(r"\w+Params", str(method.__annotations__["params"]))
    assert match
    return match[0]


def test_pinned_version_is_that_of_stripes_client() -> None:
    assert stripe.api_version == VERSION


def test_requests_are_encoded_as_stripes_client_encodes_them(
    requests_sent: dict[Shape, Request], sdk: StripeSdk
) -> None:
    for (path, _), sent in requests_sent.items():
        with suppress(stripe.InvalidRequestError):  # the event of a cursor may be older than 30 days by now
            sdk.method(path)(*steps(sent)[1:2], nested_query(sent))
        other = sdk.sent[-1]
        assert (other.method, steps(other), pairs(other)) == (sent.method, steps(sent), pairs(sent))
        for header in ("Authorization", "Stripe-Version"):
            assert other.headers[header] == sent.headers[header]


def test_request_parameters_are_known_to_stripes_client(requests_sent: dict[Shape, Request], sdk: StripeSdk) -> None:
    parameters = [(params_of(sdk.method(path)), nested_query(sent)) for (path, _), sent in requests_sent.items()]
    assert [wrong for params, values in parameters for wrong in misfits(values, params)] == []


def test_compared_requests_cover_all_paths_and_parameters(requests_sent: dict[Shape, Request]) -> None:
    paths = {path for path, _ in requests_sent}
    names = {feed.stream.name for feed in FEEDS}
    assert paths >= {EVENTS.name, *names}
    assert {"charges/*", "subscriptions/*", "customers/*", "invoices/*", "invoices/*/lines", "prices/*"} <= paths
    assert {"expand[]", "starting_after", "status", "active", "created[gte]", "created[lte]", "limit"} == {
        name for _, shape in requests_sent for name in shape
    }


@pytest.mark.parametrize(
    ("options", "params"),
    [
        ({"created.gte": "1"}, "ChargeListParams"),
        ({"created": {"since": "1"}}, "ChargeListParams"),
        ({"status": "every"}, "SubscriptionListParams"),
        ({"created": "1"}, "SubscriptionItemListParams"),
    ],
)
def test_unknown_request_parameters_are_detected(options: Params, params: str) -> None:
    assert len(list(misfits(options, params))) == 1


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.kind)
def test_stripes_client_lists_the_objects_in_staging(
    feed: Any, server: SimulatorServer, place: Place, sdk: StripeSdk
) -> None:
    table = feed.stream.tables[0]
    held = place.rows(
        f"select {table.key[0]} from stripe.{table.name} where {table.key[0]} not in "
        "(select object_id from stripe.deletions where object_type = ? and restored_at is null)", [feed.kind]
    )  # fmt: skip
    listed = {
        one.id
        for sweep in feed.sweeps
        for one in sdk.method(feed.stream.name)({"limit": 100} | dict(sweep)).auto_paging_iter()
    }
    more = {row[0] for row in held} - listed
    assert listed <= {row[0] for row in held}
    assert not (more and feed.lists_all)
    assert {sdk.method(f"{feed.stream.name}/*")(one).id for one in more} == more  # in no list, but they exist


def fields_of(*classes: Any) -> Fields:
    """The fields of some classes of the client: name to the texts of their types."""
    fields: Fields = {}
    for one in classes:
        for name, kind in getattr(one, "__annotations__", {}).items():
            fields[name] = f"{fields.get(name, '')} {kind}"
    return fields


def inside(kinds: str) -> Fields:
    """The fields of the named types, or of the items of their lists; empty for types without fields."""
    names = [one or other for one, other in re.findall(r"ForwardRef\('(\w+)'\)|stripe\._\w+\.([\w.]+)", kinds)]
    types = [reduce(lambda one, step: getattr(one, step, None), name.split("."), stripe) for name in names]
    return fields_of(*(one for one in types if one is not stripe.ListObject))


def unknown(fields: Fields, shape: Any, where: str) -> Iterator[str]:
    """The declared fields that the client's classes do not have. `shape` is a DuckDB type."""
    for name, kind in shape.children if shape.id == "struct" else [("child", shape.children[0][1])]:
        if shape.id == "list":
            yield from unknown(fields, kind, where)
        elif name not in fields:
            yield f"{where}.{name}"
        elif kind.id in ("struct", "list") and (deeper := inside(fields[name])):
            yield from unknown(deeper, kind, f"{where}.{name}")


def declared(record: Mapping[str, str]) -> Any:
    fields = ", ".join(f'"{name}" {kind}' for name, kind in record.items() if name != "__parentId")
    return duckdb.sqltype(f"STRUCT({fields})")


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.kind)
def test_declared_fields_are_fields_of_stripes_client(feed: Any) -> None:
    fields = fields_of(*(getattr(stripe, name) for name in CLASSES[feed.kind]))
    assert list(unknown(fields, declared(feed.stream.record), feed.kind)) == []


def test_unknown_declared_fields_are_detected() -> None:
    """Two fields of older versions, and one that never existed."""
    unknown_fields = {"id": "VARCHAR", "current_period_start": "VARCHAR", "discount": "VARCHAR",
            "pause_collection": "STRUCT(behavior VARCHAR, because VARCHAR)"}  # fmt: skip
    fields = fields_of(stripe.Subscription)
    assert list(unknown(fields, declared(unknown_fields), "subscription")) == [
        "subscription.current_period_start", "subscription.discount", "subscription.pause_collection.because",
    ]  # fmt: skip
