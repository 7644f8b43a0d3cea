"""Stripe's HTTP endpoint, ``GET /stripe/<account>/v1/…``: keys, versions, request ids, faults."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from simulator.apis.base import Api, Request, Response
from simulator.apis.stripe.errors import StripeError
from simulator.apis.stripe.request import StripeRequest
from simulator.apis.stripe.resources import response_body
from simulator.apis.stripe.serializer import VERSION
from simulator.scenarios.payments import secret_key, stripe_account

_PATH = re.compile(r"^/stripe/(?P<account>[\w-]+)/v1/(?P<path>[\w/.-]+)$")
_HTML = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"


@dataclass
class StripeApi(Api):
    """The Stripe account of each shop. Resources of a request: ``stripe``, ``stripe:charges``, ``stripe:list``."""

    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def respond(self, request: Request) -> Response:
        match = _PATH.match(request.path)
        accounts = {shop.account for shop in self.world.shops}
        if match is None or match["account"] not in accounts or request.method != "GET":
            error = StripeError(404, f"Unrecognized request URL ({request.method}: {request.path}).")
            return self._json(error.status, {"error": error.error})
        return self._serve(match["account"], StripeRequest.of(match["path"], request.query), request.headers)

    def _serve(self, account: str, request: StripeRequest, headers: Mapping[str, str]) -> Response:
        resources = ("stripe", f"stripe:{request.resource}", f"stripe:{'object' if request.path else 'list'}")
        parameters: dict[str, Any] = dict(request.parameters) | ({"id": request.path[0]} if request.path else {})
        self.delay(account, resources)
        if fault := self._fault(account, resources):
            self.record(account, resources, parameters, fault.status)
            return fault
        try:
            self._authorize(account, request, headers, resources)
            self._check(account, request, headers, resources)
            at = self.now()
            response = self._json(200, response_body(stripe_account(self.world, account).books(at), at, request))
        except StripeError as error:
            response = self._json(error.status, {"error": error.error})
        self.record(account, resources, parameters, response.status)
        return self.damage(response, account, resources)

    def _authorize(
        self, account: str, request: StripeRequest, headers: Mapping[str, str], resources: tuple[str, ...]
    ) -> None:
        key = headers.get("authorization", "").removeprefix("Bearer ").strip()
        masked = f"{key[:3]}{'*' * 8}{key[-4:]}"
        if not key:
            raise StripeError(401, "You did not provide an API key.")
        if key != secret_key(account):
            raise StripeError(401, f"Invalid API Key provided: {masked}")
        if self.faults.take("unauthorized", account, resources):
            raise StripeError(401, f"Expired API Key provided: {masked}", "api_key_expired")
        if f"stripe:{request.resource}" in self.faults.denied(account):
            permission = f"rak_{request.resource.removesuffix('s')}_read"
            raise StripeError(
                403,
                f"The provided key '{masked}' does not have the required permissions for this "
                f"endpoint. Having the '{permission}' permission would allow this request to continue.",
            )

    def _check(
        self, account: str, request: StripeRequest, headers: Mapping[str, str], resources: tuple[str, ...]
    ) -> None:
        version, cursor = headers.get("stripe-version", VERSION), request.one("starting_after")
        if version != VERSION:
            raise StripeError(400, f"Invalid Stripe API version: {version}")
        if cursor and self.faults.take("lost_cursor", account, resources):
            raise StripeError(400, f"No such object: '{cursor}'", "resource_missing", "starting_after")

    def _fault(self, account: str, resources: tuple[str, ...]) -> Response | None:
        """A failure that does not depend on the request."""
        if fault := self.faults.take("too_many", account, resources):
            headers = {"Retry-After": f"{fault.seconds:g}", "Stripe-Rate-Limited-Reason": "endpoint-rate"}
            error = {"code": "rate_limit", "message": "Request rate limit exceeded.", "type": "invalid_request_error"}
            return self._json(429, {"error": error}, headers)
        if self.faults.take("lock_timeout", account, resources):
            message = "This object cannot be accessed right now because another API request is accessing it."
            error = {"code": "lock_timeout", "message": message, "type": "invalid_request_error"}
            return self._json(429, {"error": error}, {"Stripe-Should-Retry": "true"})
        if fault := self.faults.take("error", account, resources):
            if fault.status == 503:
                return Response(503, _HTML, "text/html", self._headers())
            error = {"message": "An unknown error occurred", "type": "api_error"}
            return self._json(fault.status, {"error": error})
        return None

    def _headers(self) -> dict[str, str]:
        return {"Request-Id": f"req_{next(self._numbers):014d}", "Stripe-Version": VERSION}

    def _json(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        text = msgspec.json.format(msgspec.json.encode(body), indent=2)  # on many lines, as Stripe
        return Response(status, text, headers=self._headers() | dict(headers or {}))
