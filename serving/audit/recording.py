"""Notes each request of the web application that somebody is answered, after the answer: who, what, and how it ended.

    noting(request, "login", "maria", "aurora")       # by whoever recognizes the caller
    describe(request, {"metrics": ["net_sales"]})     # what is asked, where the address does not say it

A request without a caller (a page for nobody, a wrong token) is not recorded; logs/web.log counts it. Of the address
only known parameters are kept: a secret that somebody wrote into another one stays nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.audit.event import LONGEST, Action, ActorKind, Event
from serving.audit.records import Records

KEY = "takings.caller"
READ = ("GET", "HEAD")
QUESTIONS = ("/api/v1/query", "/mcp")
"""Addresses that are read with POST."""
KEPT = ("report", "period", "page", "from", "to", "days", "event_type", "limit", "format", "metrics", "by", "order")
"""Parameters of addresses; the values of filters may name people, and are not kept."""
REFUSED, FAILED = 400, 500  # the first statuses that are no answer: by the caller's fault, and by ours


@dataclass
class Noted:
    """Who asks, and what is known of the question beside its address."""

    kind: ActorKind
    actor: str
    tenant: str
    object: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def noting(request: Request, kind: ActorKind, actor: str, tenant: str, what: str = "") -> None:
    """Note who asks. `what`: what is read, where the path has a secret."""
    request.scope.setdefault("state", {})[KEY] = Noted(kind, actor, tenant, what)


def describe(request: Request, detail: Mapping[str, Any], what: str = "") -> None:
    """Add to what is asked, where somebody is noted."""
    noted: Noted | None = request.scope.get("state", {}).get(KEY)
    if noted is not None:
        noted.detail |= detail
        noted.object = what or noted.object


class Recorded:
    """Records the requests of `app`."""

    def __init__(self, app: ASGIApp, records: Records, now: Callable[[], datetime]) -> None:
        self._app, self._records, self._now = app, records, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status, is_file = 500, False

        async def sending(message: Message) -> None:
            nonlocal status, is_file
            if message["type"] == "http.response.start":
                status = message["status"]
                is_file = any(name == b"content-disposition" for name, _ in message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            noted: Noted | None = scope["state"].get(KEY)
            if noted is not None and (action := _action(scope, status, is_file=is_file)):
                self._records.add(_event(scope, noted, action, status, self._now()))


def _action(scope: Scope, status: int, *, is_file: bool) -> Action | None:
    """What the request was. A change that was made is in a ledger of its own, one that was refused is nowhere else."""
    if scope["method"] in READ or scope["path"] in QUESTIONS:
        return "export" if is_file else "read"
    return "change" if status >= REFUSED else None


def _event(scope: Scope, noted: Noted, action: Action, status: int, now: datetime) -> Event:
    detail = _parameters(scope) | noted.detail | ({"method": scope["method"]} if action == "change" else {})
    outcome = "ok" if status < REFUSED else f"{'refused' if status < FAILED else 'failed'} {status}"
    return Event(now, noted.tenant, noted.kind, noted.actor, action, noted.object or scope["path"], outcome, detail)


def _parameters(scope: Scope) -> dict[str, str]:
    text = scope["query_string"]
    if not text:
        return {}
    pairs = parse_qsl(text.decode("latin-1")[:2000], keep_blank_values=True)
    return {name: value[:LONGEST] for name, value in pairs if name in KEPT}
