"""Sends answers: computed once through the cache, with an ETag that names the build and the question.

A program that asks again after no publish gets 304 and no body.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import Request
from starlette.responses import Response

from semantic import answers
from semantic.answers import Answer
from semantic.warehouse import Build, open_build
from serving import builds
from serving.api.formats import JSON
from serving.api.problems import rate_headers
from serving.cache import Cache
from serving.public import READ
from serving.site import Site, Tenant

SALT = secrets.token_hex(8)  # an ETag of another release, or of another configuration, names nothing
"""Of this process."""


@dataclass(frozen=True)
class Body:
    """An answer as it is sent, and the run of the build that it is of."""

    run_id: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Reads(Protocol):
    """Somebody who may read a tenant."""

    @property
    def tenant(self) -> Tenant:
        """Whose numbers are read."""
        ...


class Server:
    """Computes answers and sends them with their tags."""

    def __init__(self, site: Site, cache: Cache) -> None:
        self._site, self._cache = site, cache

    async def objects(
        self, request: Request, access: Reads, key: tuple[object, ...], make: Callable[[Build], dict[str, Any]],
        *, by_content: bool = False,
    ) -> Response:  # fmt: skip
        """A JSON object of the build. `by_content`: its tag is that of its bytes, since it changes between builds."""

        def body(build: Build) -> Body:
            return Body(build.run_id, written(make(build)))

        return await self.answer(request, access, key, body, JSON, by_content=by_content)

    async def answer(
        self, request: Request, access: Reads, key: tuple[object, ...], make: Callable[[Build], Body], media_type: str,
        *, by_content: bool = False,
    ) -> Response:  # fmt: skip
        """What `make` reads from the tenant's build; 304 where the program has it."""
        run_id = await builds.run_id(self._site.published)
        tag = self.tag(run_id, access, key)
        if not by_content and is_known(request, tag):
            return self.unchanged(request, tag)

        def computed() -> Body:
            with open_build(self._site.published, access.tenant.id) as build:
                return make(build)

        full = ("api", access.tenant.id, *key)
        body = await self._cache.get(run_id, full, computed, lambda item: len(item.content) + 1000)
        tag = of_bytes(body.content) if by_content else self.tag(body.run_id, access, key)
        if is_known(request, tag):
            return self.unchanged(request, tag)
        return self.sent(request, body, tag, media_type)

    def plain(self, request: Request, access: Reads, content: dict[str, Any]) -> Response:
        """An object that is not part of a build."""
        body = Body("", written(content))
        tag = self.tag("", access, (of_bytes(body.content),))
        return self.unchanged(request, tag) if is_known(request, tag) else self.sent(request, body, tag, JSON)

    def tag(self, run_id: str, access: Reads, key: tuple[object, ...]) -> str:
        """The ETag of a question to a build."""
        return of_bytes(repr((SALT, run_id, access.tenant.id, key)).encode())

    def sent(self, request: Request, body: Body, tag: str, media_type: str) -> Response:
        """The answer with its headers."""
        return Response(body.content, headers={**body.headers, **_headers(request, tag)}, media_type=media_type)

    def unchanged(self, request: Request, tag: str) -> Response:
        """Nothing but the tag."""
        return Response(status_code=304, headers=_headers(request, tag))


def written(content: dict[str, Any]) -> bytes:
    """JSON with one line per row, so that it can be read without a tool."""
    parts = []
    for name, value in content.items():
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            rows = ",\n    ".join(json.dumps(item, ensure_ascii=False, allow_nan=False) for item in value)
            text = f"[\n    {rows}\n  ]"
        parts.append(f"  {json.dumps(name)}: {text}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def fact_headers(result: Answer) -> dict[str, str]:
    """The facts of an answer as headers: CSV has no other place for them."""
    return {
        "takings-run-id": result.run_id,
        "takings-as-of": answers.instant(result.as_of) or "unknown",
        "takings-definitions-version": result.definitions_version,
        "takings-currency": result.currency.code if result.currency else "unknown",
        "takings-reconciliation": result.reconciliation.state,
        "takings-blocked": "true" if result.blocked else "false",
    }


def _headers(request: Request, tag: str) -> dict[str, str]:
    return {
        "etag": tag, "cache-control": "private, no-cache", "vary": "Authorization, Accept",
        **rate_headers(request.state.standing),
    }  # fmt: skip


def of_bytes(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the program has what this tag names."""
    if request.method not in READ:
        return False
    tags = [text.strip().removeprefix("W/") for text in request.headers.get("if-none-match", "").split(",")]
    return tag in tags or "*" in tags
