"""Why the API refuses, as application/problem+json (RFC 9457): what, why, and what to do next.

No problem has a path, SQL, a stack, or a word of another tenant.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from semantic.errors import NoBuildError, NoDataError, ReleaseError, SemanticError, TooManyRowsError, UnknownTenantError
from serving.errors import StateError
from serving.limiting import WINDOW, Standing

PREFIX = "/api"
MEDIA_TYPE = "application/problem+json"
LASTING = "Ask again in a minute. If it lasts, tell whoever runs Takings for you"
SECONDS = 60  # until a problem of ours may be over
log = logging.getLogger("takings.serving")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one parameter. `near`: similar names that exist."""

    parameter: str
    what: str
    why: str = ""
    next_step: str = ""
    near: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The mistake as plain objects."""
        named = {"parameter": self.parameter, "what": self.what, "why": self.why, "next": self.next_step}
        return {name: text for name, text in named.items() if text} | ({"near": list(self.near)} if self.near else {})


@dataclass(frozen=True)
class Problem:
    """An answer without numbers. `kind` is the end of its type."""

    status: int
    kind: str
    title: str
    detail: str = ""
    next_step: str = ""
    mistakes: Sequence[Mistake] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The problem as plain objects."""
        content = {
            "type": f"urn:takings:problem:{self.kind}", "title": self.title, "status": self.status,
            "detail": self.detail, "next": self.next_step,
        }  # fmt: skip
        content = {name: value for name, value in content.items() if value}
        return content | ({"errors": [mistake.as_dict() for mistake in self.mistakes]} if self.mistakes else {})


class ProblemError(Exception):
    """The request ends with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


def bad_parameters(mistakes: Sequence[Mistake]) -> Problem:
    """Every mistake of a question at once."""
    count = len(mistakes)
    title = mistakes[0].what if count == 1 else f"The request has {count} mistakes"
    first = (
        mistakes[0] if count == 1 else Mistake("", "", "each of them is in `errors`", "Correct them, then ask again")
    )
    return Problem(400, "parameters", title, first.why, first.next_step, mistakes)


def not_there(what: str = "There is nothing at this address", near: Sequence[str] = ()) -> Problem:
    """A name or an address that does not exist, or that is another tenant's: nobody can tell which."""
    advice = f"Did you mean {' or '.join(near)}" if near else "/api/v1/openapi.json lists every address"
    return Problem(404, "not-found", what, next_step=advice)


def too_many(standing: Standing, why: str) -> Problem:
    """More requests than are allowed in a minute."""
    headers = {"retry-after": str(standing.reset)}
    return Problem(429, "too-many-requests", "Too many requests", why, f"Ask again in {standing.reset} s", (), headers)


def too_long() -> Problem:
    """A body that no question needs."""
    return Problem(413, "too-long", "The request is too long", next_step="Ask for less at once")


def rate_headers(standing: Standing) -> dict[str, str]:
    """The fields of the IETF's draft on rate limits: the policy, and what is left of it."""
    return {
        "ratelimit-policy": f'"token";q={standing.most};w={WINDOW}',
        "ratelimit": f'"token";r={standing.remaining};t={standing.reset}',
    }


def response(problem: Problem, request: Request) -> Response:
    """A problem as an answer; it also says how many requests are left, where that is known."""
    standing: Standing | None = getattr(request.state, "standing", None)
    headers = {**problem.headers, **(rate_headers(standing) if standing else {}), "cache-control": "private, no-store"}
    body = json.dumps(problem.as_dict(), ensure_ascii=False, indent=2) + "\n"
    text = body.encode(errors="backslashreplace")  # half a character, which JSON may name: "\\ud800"
    return Response(text, problem.status, headers, MEDIA_TYPE)


def of_error(error: Exception) -> Problem:
    """The problem of any error."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, TooManyRowsError):
        return bad_parameters([Mistake("limit", error.what, error.why, error.next_step)])
    if isinstance(error, SemanticError):
        log.warning("%s", error)
        later = {"retry-after": str(SECONDS)}
        if isinstance(error, ReleaseError):
            return Problem(503, "release", "The numbers are of another release", error.why, error.next_step, (), later)
        happened = "There are no numbers yet"
        if isinstance(error, NoBuildError | UnknownTenantError | NoDataError):
            why = "nothing of this tenant is published"
        else:
            happened, why = "The numbers cannot be read", "the published build does not answer"
        return Problem(503, "no-numbers", happened, why, LASTING, (), later)
    if isinstance(error, StateError):
        log.error("%s", error)
    return Problem(500, "internal", "Something went wrong here", "the server's log has it", LASTING)


def _of_http(error: HTTPException) -> Problem:
    """A method that an address does not take, a body that is too large, an address of nothing."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 404:
        return not_there()
    if error.status_code == 405:
        advice = f"Use {headers.get('allow', 'GET')}"
        return Problem(405, "method", "This address does not take this method", "", advice, (), headers)
    if error.status_code == 408:
        return Problem(408, "timeout", "The body did not arrive in time", "", "Send the request again", (), headers)
    if error.status_code == 413:
        return too_long()
    return Problem(error.status_code, "request", "The request cannot be read", str(error.detail), "", (), headers)


def add_to(app: FastAPI) -> None:
    """Answer errors below /api with problems; pages keep their own answers."""

    def either(page: Any) -> Any:
        def handler(request: Request, error: Exception) -> Any:
            if request.url.path.startswith(f"{PREFIX}/"):
                return response(of_error(error), request)
            return page(request, error)

        return handler

    for error, page in list(app.exception_handlers.items()):
        app.add_exception_handler(error, either(page))
    app.add_exception_handler(ProblemError, either(None))


class Sized:
    """Refuses a body that announces more than `most` bytes, below /api with a problem."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            request = Request(scope)
            announced = request.headers.get("content-length", "")
            if announced.isdecimal() and int(announced[:20]) > self._most:
                await response(too_long(), request)(scope, receive, send)
                return
        await self._app(scope, receive, send)
