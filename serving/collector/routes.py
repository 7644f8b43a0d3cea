"""`POST /collect`: records from pages and programs, answered with 202 when they are on the disk.

The write key is the bearer token of the header Authorization or, for `navigator.sendBeacon`, which cannot send headers,
the member `write_key` of the body. Pages of other hosts send here, so every answer has the headers of CORS. A body of
the type text/plain is taken as JSON: browsers send it without asking first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api import problems
from serving.api.access import LONGEST, REALM, Gate
from serving.api.problems import Problem, ProblemError
from serving.bodies import body_of
from serving.collector.collectors import Collector, Collectors
from serving.collector.requests import KEY, Accepted, checked, parsed
from serving.collector.writing import BusyError, Writer
from serving.limiting import Limits
from serving.site import Site

PATH = "/collect"
MOST_BODY = 500_000  # bytes
MOST_ANONYMOUS = 65_536  # bytes with the key in the body, which is read before it is known: the most that a beacon has
A_FEW = 20_000  # bytes that are checked at once, without a thread
TYPES = ("application/json", "text/plain")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PUBLIC = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "no-store",
}
PREFLIGHT = {
    **PUBLIC,
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "86400",
}
HOW = f"Send the write key as `Authorization: Bearer …`, or as `{KEY}` in the body"


def add_to(app: FastAPI, site: Site, limits: Limits) -> None:
    """Add /collect to an application."""
    server = _Server(site, limits)
    app.router.routes.append(Route(PATH, server.answer, methods=METHODS, max_body_size=MOST_BODY))


class Sized:
    """Refuses a request to /collect that announces more than is taken, with a problem, before it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            request = Request(scope)
            announced = request.headers.get("content-length", "")
            if announced.isdecimal() and int(announced[:20]) > MOST_BODY:
                await _sent(_too_long(), request)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Server:
    """Takes requests, for one event loop."""

    path = PATH

    def __init__(self, site: Site, limits: Limits) -> None:
        self._site, self._limits, self._gate = site, limits, Gate(site, limits)
        self._collectors = Collectors(site.collectors)
        self._writers = {collector.name: Writer(collector.folder) for collector in site.collectors}

    async def answer(self, request: Request) -> Response:
        """202 with the number of records of each list; a problem where they are not stored."""
        request.scope["route"] = self  # for the log: FastAPI names only routes of its own
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        try:
            accepted = await self._take(request)
        except ProblemError as error:
            return _sent(error.problem, request)
        except HTTPException as error:
            return _sent(_too_long() if error.status_code == 413 else problems.of_error(error), request)
        content = {"accepted": accepted.counts} | ({"ignored": accepted.ignored} if accepted.ignored else {})
        return Response(json.dumps(content) + "\n", 202, PUBLIC, "application/json")

    async def _take(self, request: Request) -> Accepted:
        """Store the records of a request. Raises ProblemError and HTTPException."""
        _check_form(request)
        in_header = _key_of_header(request)
        collector = self._open(request, in_header) if in_header is not None else None
        body = await body_of(request)
        if in_header is None and len(body) > MOST_ANONYMOUS:
            raise ProblemError(_too_long(MOST_ANONYMOUS))
        content = parsed(body)
        if content.key is not None and in_header not in (None, content.key):
            raise self._gate.refused(request, _wrong_key())
        collector = collector or self._open(request, content.key)
        now = self._site.now()
        if len(body) > A_FEW:
            accepted = await run_in_threadpool(checked, content, collector, now)
        else:
            accepted = checked(content, collector, now)
        if accepted.records:
            await self._write(collector, accepted.records)
        return accepted

    def _open(self, request: Request, key: str | None) -> Collector:
        """The collector of a write key that may send now, from this page."""
        if key is None:
            headers = {"www-authenticate": REALM}
            raise self._gate.refused(
                request, Problem(401, "no-key", "The request has no write key", "", HOW, (), headers)
            )
        collector = self._collectors.of_key(key)
        if collector is None:
            raise self._gate.refused(request, _wrong_key())
        standing = self._limits.hit(f"collector {collector.name}", collector.requests_per_minute)
        if not standing.allowed:
            why = f"this write key may make {standing.most:,} requests in a minute"
            raise ProblemError(problems.too_many(standing, why))
        origin = request.headers.get("origin")
        if origin is not None and collector.origins and origin not in collector.origins:
            advice = "Add it to `origins` of the source in takings.toml"
            raise ProblemError(Problem(403, "origin", "This page may not send here", "", advice))
        return collector

    async def _write(self, collector: Collector, records: Sequence[bytes]) -> None:
        try:
            await self._writers[collector.name].append(records)
        except BusyError:
            raise ProblemError(_later("the disk is slower than the requests")) from None
        except OSError:
            raise ProblemError(_later("the disk takes nothing now")) from None


def _check_form(request: Request) -> None:
    """Raise ProblemError for a method, a type or an encoding that is not read."""
    if request.method != "POST":
        headers = {"allow": "POST, OPTIONS"}
        raise ProblemError(
            Problem(405, "method", "This address does not take this method", "", "Use POST", (), headers)
        )
    media_type = request.headers.get("content-type", TYPES[0]).partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type not in TYPES or encoding != "identity":
        why, advice = "records are JSON, not compressed", f"Send it with `Content-Type: {TYPES[0]}`"
        raise ProblemError(Problem(415, "media-type", "The body is of another type", why, advice))


def _key_of_header(request: Request) -> str | None:
    """The bearer token; None without the header. Another kind of header is a wrong key."""
    sent = request.headers.getlist("authorization")
    if not sent:
        return None
    kind, _, key = sent[0].partition(" ")
    return key.strip() if len(sent) == 1 and kind.lower() == "bearer" and len(key) <= LONGEST else ""


def _sent(problem: Problem, request: Request) -> Response:
    answer = problems.response(problem, request)
    answer.headers.update(PUBLIC)
    if retry := problem.headers.get("retry-after"):
        answer.headers["retry-after"] = retry
        answer.headers["access-control-expose-headers"] = "retry-after"
    return answer


def _wrong_key() -> Problem:
    """The same bytes for whatever is wrong with a key."""
    headers = {"www-authenticate": f'{REALM}, error="invalid_token"'}
    return Problem(
        401, "key", "The write key is not valid", "", "Use the one of the source in takings.toml", (), headers
    )


def _too_long(most: int = MOST_BODY) -> Problem:
    why = f"{most:,} bytes are the most" + (" with the write key in the body" if most < MOST_BODY else "")
    return Problem(413, "too-long", "The request is too long", why, "Send several requests")


def _later(why: str) -> Problem:
    advice = "Send the same request again later: a record counts once, by its id"
    return Problem(503, "not-stored", "Nothing was stored", why, advice, (), {"retry-after": "10"})
