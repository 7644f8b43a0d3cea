"""The resources of one account: lists with their filters, single objects, events, balance transactions."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.apis.stripe.errors import StripeError, missing
from simulator.apis.stripe.paging import page
from simulator.apis.stripe.request import StripeRequest
from simulator.apis.stripe.serializer import Serializer, balance_transaction, serialize
from simulator.books import DAY, Instant
from simulator.scenarios.payments import PaymentBooks
from simulator.scenarios.payments.books import Entry, Event, State, StripeObject

EVENT_RETENTION = 30 * DAY
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
    "prices": ("tiers", "currency_options"),
    "coupons": ("currency_options",),
    "charges": ("refunds",),
    "subscriptions": ("discounts", "items.data.discounts"),
    "subscription_items": ("discounts",),
}
SHOWN_AFTER_DELETION = frozenset({"customer", "product", "coupon"})
FILTERED_BY_DEFAULT = frozenset({"subscriptions", "prices"})
MAX_EVENT_TYPES = 20
MAX_EXPAND_DOTS = 3
Row = StripeObject | Entry | Event


def response_body(books: PaymentBooks, at: Instant, request: StripeRequest) -> State:
    """The body of the response to a GET request. Raises StripeError."""
    if request.resource not in RESOURCES:
        raise StripeError(404, f"Unrecognized request URL (GET: {request.url}). Please see https://stripe.com/docs.")
    serializer = Serializer(books, at, _expanded(request))
    if not request.path:
        return _list(books, at, request, serializer)
    if request.resource == "invoices" and request.path[1:] == ("lines",):
        invoice = _object(books, "invoice", request.path[0]).at(at)
        return _page(request, [serialize("line_item", line) for line in invoice["lines"]], "line_item")
    return _single(books, at, request, serializer)


def _expanded(request: StripeRequest) -> set[str]:
    names = set()
    for path in request.all("expand[]"):
        name = path if request.path else path.removeprefix("data.")
        right_place = request.path or path.startswith("data.")
        if name not in EXPANDS.get(request.resource, ()) or not right_place or path.count(".") > MAX_EXPAND_DOTS:
            raise StripeError(400, f"This property cannot be expanded ({path}).", param="expand")
        names.add(name)
    return names


def _object(books: PaymentBooks, kind: str, identifier: str) -> StripeObject:
    for candidate in books.objects(kind):
        if candidate.id == identifier:
            return candidate
    raise missing(kind, identifier)


def _single(books: PaymentBooks, at: Instant, request: StripeRequest, serializer: Serializer) -> State:
    resource, identifier = request.resource, request.path[0]
    if resource == "balance_transactions":
        for entry in books.entries:
            if entry.id == identifier:
                return balance_transaction(entry, at)
        raise missing("balance transaction", identifier)
    if resource == "events":
        for event in books.events:
            if event.id == identifier and event.at > at - EVENT_RETENTION:
                return serializer.event(event)
        raise missing("event", identifier)
    kind = KINDS[resource]
    deleted = books.deleted.get(identifier)
    if deleted is not None and deleted.kind == kind and kind in SHOWN_AFTER_DELETION:
        return {"id": identifier, "object": kind, "deleted": True}
    return serializer.serialize(kind, _object(books, kind, identifier).at(at))


def _list(books: PaymentBooks, at: Instant, request: StripeRequest, serializer: Serializer) -> State:
    resource = request.resource
    if resource == "subscription_items":
        subscription = request.one("subscription")
        if subscription is None:
            raise StripeError(400, "Missing required param: subscription.", "parameter_missing", "subscription")
        items = _object(books, "subscription", subscription).at(at)["items"]
        return _page(request, [serializer.item(item, "discounts") for item in items], "subscription_item")
    rows = _rows(books, at, request)
    for compare, bound in request.bounds():
        rows = [row for row in rows if compare(_created(row), bound)]
    kind = KINDS.get(resource, resource[:-1])
    body = page(request, rows, [row.id for row in rows], kind, FILTERS.get(resource, ()))
    return body | {"data": [serializer.row(row) for row in body["data"]]}


def _page(request: StripeRequest, rows: list[State], kind: str) -> State:
    return page(request, rows, [row["id"] for row in rows], kind, FILTERS.get(request.resource, ()))


def _rows(books: PaymentBooks, at: Instant, request: StripeRequest) -> list[Row]:
    """The rows of a list that pass its filters, newest first."""
    resource = request.resource
    filtered = any(request.one(name) is not None for name in FILTERS.get(resource, ()))
    if resource == "balance_transactions":
        return [entry for entry in books.entries if not filtered or _entry_matches(books, entry, request)]
    if resource == "events":
        recent = (event for event in books.events if event.at > at - EVENT_RETENTION)
        return [event for event in recent if _event_matches(event, request)]
    filtered = filtered or resource in FILTERED_BY_DEFAULT
    return [row for row in books.objects(KINDS[resource]) if not filtered or _object_matches(row, at, request)]


def _created(row: Row) -> Instant:
    return row.at if isinstance(row, Event) else row.created


def _entry_matches(books: PaymentBooks, entry: Entry, request: StripeRequest) -> bool:
    values = {"source": entry.source, "type": entry.type, "currency": entry.currency.lower(),
              "payout": books.ledger.payout_by_entry.get(entry.id)}  # fmt: skip
    return all(request.one(name) in (None, value) for name, value in values.items())


def _event_matches(event: Event, request: StripeRequest) -> bool:
    types, pattern = request.all("types[]"), request.one("type")
    if len(types) > MAX_EVENT_TYPES:
        raise StripeError(400, f"Array types exceeds the maximum of {MAX_EVENT_TYPES} entries.", param="types")
    if types and event.type not in types:
        return False
    if pattern is not None and pattern.endswith(".*") and event.type.startswith(pattern[:-1]):
        return True
    return pattern in (None, event.type)


def _object_matches(row: StripeObject, at: Instant, request: StripeRequest) -> bool:
    """Without a filter, canceled subscriptions and archived prices do not match; a sale's own price never does."""
    state = row.at(at)
    filters = {name: request.one(name) for name in FILTERS.get(request.resource, ())}
    if request.resource == "subscriptions":
        if filters["status"] is None and state["status"] == "canceled":
            return False
        if filters["status"] == "all":
            filters["status"] = None
    if request.resource == "prices" and (state["inline"] or (filters["active"] is None and not state["active"])):
        return False
    return all(value is None or str(state[name]).lower() == value.lower() for name, value in filters.items())
