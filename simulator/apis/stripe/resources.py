"""One account's answers: lists by ``created`` with their pages, single objects, events, and Stripe's errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any

from simulator.apis.stripe.serializer import Serializer, balance_transaction, serialized
from simulator.books import DAY
from simulator.scenarios.payments import PaymentBooks
from simulator.scenarios.payments.books import Entry, Event, State, StripeObject

VERSION = "2026-10-28.endive"
EVENTS_KEPT = 30 * DAY
KINDS: Mapping[str, str] = {
    "charges": "charge",
    "refunds": "refund",
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "disputes": "dispute",
    "payouts": "payout",
    "coupons": "coupon",
}
RESOURCES = (*KINDS, "balance_transactions", "events", "subscription_items")
FILTERS: Mapping[str, tuple[str, ...]] = {
    "charges": ("customer", "payment_intent"),
    "refunds": ("charge", "payment_intent"),
    "prices": ("product", "active"),
    "subscriptions": ("customer", "status"),
    "invoices": ("customer", "status"),
    "disputes": ("charge", "payment_intent"),
    "payouts": ("status",),
    "balance_transactions": ("source", "type", "payout", "currency"),
    "events": ("type",),
    "subscription_items": ("subscription",),
}
EXPANDS: Mapping[str, tuple[str, ...]] = {
    "prices": ("tiers",),
    "charges": ("refunds",),
    "subscriptions": ("discounts", "items.data.discounts"),
    "subscription_items": ("discounts",),
}
RANGES: Mapping[str, Callable[[int, int], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
ANSWERED_WHEN_DELETED = frozenset({"customer", "product", "coupon"})
Row = StripeObject | Entry | Event


class StripeError(Exception):
    """An error that Stripe answers."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "type": "invalid_request_error"}
        if code:
            self.body |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.body["param"] = param


@dataclass(frozen=True)
class Request:
    """A GET: its resource, what follows in the path, its parameters in order."""

    resource: str
    rest: tuple[str, ...]
    params: Sequence[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.params if key == name]

    def one(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


def answer(books: PaymentBooks, at: int, request: Request) -> State:
    """The body of a request's answer. Raises StripeError."""
    if request.resource not in RESOURCES:
        path = "/".join((request.resource, *request.rest))
        raise StripeError(404, f"Unrecognized request URL (GET: /v1/{path}). Please see https://stripe.com/docs.")
    serializer = Serializer(books, at, _expanded(request))
    if not request.rest:
        return _list(books, at, request, serializer)
    if request.resource == "invoices" and request.rest[1:] == ("lines",):
        rows = [serialized("line_item", one) for one in _thing(books, "invoice", request.rest[0]).at(at)["lines"]]
        return _page(request, rows, [row["id"] for row in rows], "line_item")
    return _single(books, at, request, serializer)


def _expanded(request: Request) -> set[str]:
    found = set()
    for path in request.all("expand[]"):
        name = path.removeprefix("data.") if not request.rest else path
        listed = request.rest or path.startswith("data.")
        if name not in EXPANDS.get(request.resource, ()) or not listed or path.count(".") > 3:
            raise StripeError(400, f"This property cannot be expanded ({path}).", param="expand")
        found.add(name)
    return found


def _thing(books: PaymentBooks, kind: str, identity: str) -> StripeObject:
    found = next((one for one in books.objects(kind) if one.id == identity), None)
    if found is None:
        raise StripeError(404, f"No such {kind}: '{identity}'", "resource_missing", "id")
    return found


def _single(books: PaymentBooks, at: int, request: Request, serializer: Serializer) -> State:
    resource, identity = request.resource, request.rest[0]
    if resource == "balance_transactions":
        for entry in books.entries:
            if entry.id == identity:
                return balance_transaction(entry, at)
        raise StripeError(404, f"No such balance transaction: '{identity}'", "resource_missing", "id")
    if resource == "events":
        for one in books.events:
            if one.id == identity and one.at > at - EVENTS_KEPT:
                return _event(serializer, one)
        raise StripeError(404, f"No such event: '{identity}'", "resource_missing", "id")
    kind = KINDS[resource]
    gone = books.deleted.get(identity)
    if gone is not None and gone.kind == kind and kind in ANSWERED_WHEN_DELETED:
        return {"id": identity, "object": kind, "deleted": True}
    return serializer.serialize(kind, _thing(books, kind, identity).at(at))


def _list(books: PaymentBooks, at: int, request: Request, serializer: Serializer) -> State:
    resource = request.resource
    if resource == "subscription_items":
        key = request.one("subscription")
        if key is None:
            raise StripeError(400, "Missing required param: subscription.", "parameter_missing", "subscription")
        items = _thing(books, "subscription", key).at(at)["items"]
        rows = [serializer.item(one, "discounts") for one in items]
        return _page(request, rows, [row["id"] for row in rows], "subscription_item")
    found: list[Row]
    if resource == "balance_transactions":
        asked = any(request.one(name) is not None for name in FILTERS[resource])
        found = [one for one in books.entries if not asked or _entry_fits(books, one, request)]
    elif resource == "events":
        found = [one for one in books.events if one.at > at - EVENTS_KEPT and _event_fits(one, request)]
    else:
        asked = resource in ("subscriptions", "prices") or any(
            request.one(name) is not None for name in FILTERS.get(resource, ())
        )
        found = [one for one in books.objects(KINDS[resource]) if not asked or _fits(one, at, request)]
    for compare, bound in _bounds(request):
        found = [one for one in found if compare(_created(one), bound)]
    page = _page(request, found, [one.id for one in found], KINDS.get(resource, resource[:-1]))
    page["data"] = [_serialize(one, at, serializer) for one in page["data"]]
    return page


def _created(row: Row) -> int:
    return row.at if isinstance(row, Event) else row.created


def _serialize(row: Row, at: int, serializer: Serializer) -> State:
    if isinstance(row, Entry):
        return balance_transaction(row, at)
    if isinstance(row, Event):
        return _event(serializer, row)
    return serializer.serialize(row.kind, row.at(at))


def _event(serializer: Serializer, told: Event) -> State:
    then = Serializer(serializer.books, told.at)
    return serialized("event", {
        "id": told.id, "created": told.at, "type": told.type, "api_version": VERSION, "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": then.serialize(told.subject.kind, told.subject.at(told.at))},
    })  # fmt: skip


def _entry_fits(books: PaymentBooks, one: Entry, request: Request) -> bool:
    wanted = {name: request.one(name) for name in FILTERS["balance_transactions"]}
    has = {"source": one.source, "type": one.type, "currency": one.currency.lower(),
           "payout": books.ledger.payout_by_entry.get(one.id)}  # fmt: skip
    return all(value is None or has[name] == value for name, value in wanted.items())


def _event_fits(one: Event, request: Request) -> bool:
    types = request.all("types[]")
    if len(types) > 20:
        raise StripeError(400, "Array types exceeds the maximum of 20 entries.", param="types")
    wanted = request.one("type")
    group = wanted is not None and wanted.endswith(".*") and one.type.startswith(wanted[:-1])
    return (not types or one.type in types) and (wanted in (None, one.type) or group)


def _fits(thing: StripeObject, at: int, request: Request) -> bool:
    names = [name for name in FILTERS.get(request.resource, ()) if request.one(name) is not None]
    state = thing.at(at) if names or request.resource == "subscriptions" else {}
    if request.resource == "subscriptions":
        status = request.one("status")
        if status is None:
            return state["status"] != "canceled" and all(state[name] == request.one(name) for name in names)
        names = [name for name in names if name != "status" or status != "all"]
    if request.resource == "prices":  # active ones unless asked for, those of a single sale never
        state = thing.at(at)
        if state["inline"] or (request.one("active") is None and not state["active"]):
            return False
    return all(str(state[name]).lower() == str(request.one(name)).lower() for name in names)


def _bounds(request: Request) -> list[tuple[Callable[[int, int], bool], int]]:
    """What the parameters ask of `created`."""
    named = {f"created[{name}]": compare for name, compare in RANGES.items()} | {"created": eq}
    return [(named[name], _integer(name, value)) for name, value in request.params if name in named]


def _integer(name: str, text: str) -> int:
    if not text.lstrip("-").isdigit():
        raise StripeError(400, f"Invalid integer: {text}", "parameter_invalid_integer", name)
    return int(text)


def _page(request: Request, rows: Sequence[Any], ids: Sequence[str], kind: str) -> State:
    known = {"limit", "starting_after", "created", "expand[]", "types[]", *(f"created[{name}]" for name in RANGES)}
    for name, _ in request.params:
        if name not in known and name not in FILTERS.get(request.resource, ()):
            raise StripeError(400, f"Received unknown parameter: {name}", "parameter_unknown", name)
    limit = _integer("limit", request.one("limit") or "10")
    if not 1 <= limit <= 100:
        raise StripeError(400, "This value must be between 1 and 100.", "parameter_invalid_integer", "limit")
    after, start = request.one("starting_after"), 0
    if after is not None:
        if after not in ids:
            raise StripeError(400, f"No such {kind}: '{after}'", "resource_missing", "starting_after")
        start = ids.index(after) + 1
    path = "/".join(("/v1", request.resource, *request.rest))
    data = list(rows[start : start + limit])
    return {"object": "list", "url": path, "has_more": start + limit < len(rows), "data": data}
