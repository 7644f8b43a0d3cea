"""Stripe's API on the simulator's server, at ``/stripe/<account>/v1/…``: keys, versions, request ids, faults."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from simulator.apis.base import LoggedRequest, Response
from simulator.apis.stripe.resources import VERSION, Request, StripeError, answer
from simulator.faults import Faults
from simulator.scenarios.payments import secret_key, stripe_account
from simulator.world import World

_PATH = re.compile(r"^/stripe/(?P<account>[\w-]+)/v1/(?P<rest>[\w/.-]+)$")
_HTML = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"


class StripeApi:
    """The accounts of a world. ``now`` tells the time; what came is noted in ``log``, its field ``stripe:charges``."""

    def __init__(self, world: World, faults: Faults, log: list[LoggedRequest], now: Callable[[], int]) -> None:
        self.world, self.faults, self.log, self.now = world, faults, log, now
        self._ids = itertools.count(1)

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        parts = urlsplit(path)
        match = _PATH.match(parts.path)
        accounts = {shop.account for shop in self.world.shops}
        given = {name.lower(): value for name, value in headers.items()}
        if match is None or match["account"] not in accounts or method != "GET":
            refusal = StripeError(404, f"Unrecognized request URL ({method}: {parts.path}).")
            return self._answer(refusal.status, {"error": refusal.body})
        account, (resource, *rest) = match["account"], match["rest"].strip("/").split("/")
        request = Request(resource, tuple(rest), _parameters(parts.query))
        return self._serve(account, request, given)

    def _serve(self, account: str, request: Request, headers: Mapping[str, str]) -> Response:
        fields = ("stripe", f"stripe:{request.resource}", f"stripe:{'object' if request.rest else 'list'}")
        take = self.faults.take
        if slow := take("slow", account, fields):
            time.sleep(slow.seconds)
        failed = self._fails(account, fields)
        if failed is not None:
            self._note(account, fields, request, failed.status)
            return failed
        try:
            found, status = self._found(account, request, headers, fields), 200
        except StripeError as refusal:
            found, status = {"error": refusal.body}, refusal.status
        self._note(account, fields, request, status)
        whole = self._answer(status, found)
        if take("truncated", account, fields):
            return Response(status, whole.body[: len(whole.body) // 2], headers=whole.headers)
        return Response(status, whole.body, headers=whole.headers, cut=take("cut", account, fields) is not None)

    def _found(
        self, account: str, request: Request, headers: Mapping[str, str], fields: tuple[str, ...]
    ) -> dict[str, Any]:
        self._authorize(account, request, headers, fields)
        version, cursor, at = headers.get("stripe-version", VERSION), request.one("starting_after"), self.now()
        if version != VERSION:
            raise StripeError(400, f"Invalid Stripe API version: {version}")
        if cursor and self.faults.take("lost_cursor", account, fields):
            raise StripeError(400, f"No such object: '{cursor}'", "resource_missing", "starting_after")
        return answer(stripe_account(self.world, account).books(at), at, request)

    def _authorize(self, account: str, request: Request, headers: Mapping[str, str], fields: tuple[str, ...]) -> None:
        key = headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not key:
            raise StripeError(401, "You did not provide an API key.")
        if key != secret_key(account):
            raise StripeError(401, f"Invalid API Key provided: {key[:3]}{'*' * 8}{key[-4:]}")
        if self.faults.take("unauthorized", account, fields):
            raise StripeError(401, f"Expired API Key provided: {key[:3]}{'*' * 8}{key[-4:]}", "api_key_expired")
        if f"stripe:{request.resource}" in self.faults.denied(account):
            permission = f"rak_{request.resource.removesuffix('s')}_read"
            raise StripeError(
                403,
                f"The provided key '{key[:3]}{'*' * 8}{key[-4:]}' does not have the required permissions for this "
                f"endpoint. Having the '{permission}' permission would allow this request to continue.",
            )

    def _fails(self, account: str, fields: tuple[str, ...]) -> Response | None:
        """A failure that has nothing to do with what was asked."""
        if fault := self.faults.take("too_many", account, fields):
            headers = {"Retry-After": f"{fault.seconds:g}", "Stripe-Rate-Limited-Reason": "endpoint-rate"}
            error = {"code": "rate_limit", "message": "Request rate limit exceeded.", "type": "invalid_request_error"}
            return self._answer(429, {"error": error}, headers)
        if self.faults.take("lock_timeout", account, fields):
            told = "This object cannot be accessed right now because another API request is accessing it."
            error = {"code": "lock_timeout", "message": told, "type": "invalid_request_error"}
            return self._answer(429, {"error": error}, {"Stripe-Should-Retry": "true"})
        if fault := self.faults.take("error", account, fields):
            if fault.status == 503:
                return Response(503, _HTML, "text/html", self._headers())
            error = {"message": "An unknown error occurred", "type": "api_error"}
            return self._answer(fault.status, {"error": error})
        return None

    def _note(self, account: str, fields: tuple[str, ...], request: Request, status: int) -> None:
        told: dict[str, Any] = dict(request.params) | ({"id": request.rest[0]} if request.rest else {})
        self.log.append(LoggedRequest(account, fields, told, status))

    def _headers(self) -> dict[str, str]:
        return {"Request-Id": f"req_{next(self._ids):014d}", "Stripe-Version": VERSION}

    def _answer(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        text = msgspec.json.format(msgspec.json.encode(body), indent=2)  # over many lines, as Stripe
        return Response(status, text, headers=self._headers() | dict(headers or {}))


def _parameters(query: str) -> list[tuple[str, str]]:
    """A query's parameters; a list's entries may be numbered (`expand[0]`), as Stripe's own client writes them."""
    return [(re.sub(r"\[\d+\]$", "[]", name), value) for name, value in parse_qsl(query, keep_blank_values=True)]
