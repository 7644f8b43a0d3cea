"""The addresses of the tenant API. Numbers come through the cache, settings are read each time.

The ETag of `info` names the settings: a program that sends it back as If-Match changes them only where nobody else has
meanwhile.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from semantic.answers import instant
from semantic.warehouse import Build
from serving.api.access import Gate
from serving.api.bodies import content_of
from serving.api.formats import JSON
from serving.api.problems import Problem, ProblemError, bad_parameters
from serving.api.questions import no_parameters
from serving.api.sending import Body, Server, fact_headers, is_known, of_bytes, written
from serving.cache import Cache
from serving.errors import ChangedMeanwhileError
from serving.limiting import Limits
from serving.public import READ
from serving.site import Site, Tenant
from serving.tenant_api.access import Door
from serving.tenant_api.figures import EXPORT, FIGURES, Figure
from serving.tenant_api.history import Version
from serving.tenant_api.parameters import read
from serving.tenant_api.profile import change

ROOT = "/api/dashboard/{tenant_id}"
CSV = "text/csv; charset=utf-8"


def add_to(app: FastAPI, site: Site, cache: Cache, limits: Limits) -> None:
    """Add the tenant API to an application that has the API's handlers of errors."""
    app.include_router(routes(site, cache, limits))


def routes(site: Site, cache: Cache, limits: Limits) -> APIRouter:
    """Everything below /api/dashboard/{tenant_id}."""
    router, door, server = APIRouter(prefix=ROOT), Door(site, Gate(site, limits), limits), Server(site, cache)
    _add_settings(router, site, door, server)
    for name, figure in FIGURES.items():
        _add_figure(router, site, door, server, name, figure)
    _add_export(router, site, door, server)
    return router


def _add_figure(router: APIRouter, site: Site, door: Door, server: Server, name: str, figure: Figure) -> None:
    """One address with numbers."""

    @router.api_route(f"/{name}", methods=READ, name=name)
    async def numbers(request: Request, tenant_id: str) -> Response:
        caller = await door.open(request, tenant_id, "metrics")
        values = read(request.query_params.multi_items(), figure.defaults)
        subject, now = caller.tenant.subject, site.now()
        key = ("assistant", name, *figure.key(values, subject.time_zone, now))
        return await server.objects(request, caller, key, lambda build: figure.answer(build, subject, now, values))


def _add_export(router: APIRouter, site: Site, door: Door, server: Server) -> None:
    """/export/csv."""

    @router.api_route("/export/csv", methods=READ)
    async def export(request: Request, tenant_id: str) -> Response:
        caller = await door.open(request, tenant_id, "metrics")
        values = read(request.query_params.multi_items(), EXPORT.defaults)
        subject, now = caller.tenant.subject, site.now()

        def make(build: Build) -> Body:
            content, result = EXPORT.csv(build, subject, now, values)
            first, last = result.question.days
            name = f"assistant-analytics-{first}-{last}.csv"
            headers = {**fact_headers(result), "content-disposition": f'attachment; filename="{name}"'}
            return Body(result.run_id, content.encode(), headers)

        key = ("assistant", "export", *EXPORT.key(values, subject.time_zone, now))
        return await server.answer(request, caller, key, make, CSV)


def _add_settings(router: APIRouter, site: Site, door: Door, server: Server) -> None:
    """/info and /settings."""

    @router.api_route("/info", methods=READ)
    async def info(request: Request, tenant_id: str) -> Response:
        caller = await door.open(request, tenant_id, None)
        no_parameters(request)
        version = await run_in_threadpool(site.settings.newest, caller.tenant.id)
        body = described(caller.tenant, version)
        tag = of_bytes(body)
        if is_known(request, tag):
            return server.unchanged(request, tag)
        return server.sent(request, Body("", body), tag, JSON)

    @router.put("/settings")
    async def settings(request: Request, tenant_id: str) -> Response:
        caller = await door.open(request, tenant_id, "settings")
        sent = await content_of(request, "the settings are a JSON object", Decimal)
        tenant = caller.tenant
        last = await run_in_threadpool(site.settings.newest, tenant.id)
        if not _is_expected(request, of_bytes(described(tenant, last))):
            raise _changed(last.number)
        profile, mistakes = change(last.after, sent)
        if mistakes:
            raise ProblemError(bad_parameters(mistakes))
        try:
            new = await run_in_threadpool(
                lambda: site.settings.save(tenant.id, profile, caller.author, site.now(), expected=last.number)
            )
        except ChangedMeanwhileError as error:
            raise _changed(error.version) from None
        if site.logos:
            await run_in_threadpool(site.logos.follow, tenant.id, profile.logo_url)
        body = described(tenant, new)
        return server.sent(request, Body("", body), of_bytes(body), JSON)


def described(tenant: Tenant, version: Version) -> bytes:
    """The tenant, and the settings of its assistant with who changed them last, as JSON."""
    content: dict[str, Any] = {
        "tenant": {"id": tenant.id, "name": tenant.subject.name, "time_zone": tenant.subject.time_zone},
        "settings": version.after.as_dict(),
        "version": version.number,
        "changed_at": instant(version.changed_at),
        "changed_by": str(version.author) if version.author else None,
    }
    return written(content)


def _is_expected(request: Request, tag: str) -> bool:
    """Whether the settings are those that the program has read; without If-Match it does not ask."""
    header = ",".join(request.headers.getlist("if-match"))
    return not header or header.strip() == "*" or tag in [text.strip() for text in header.split(",")]


def _changed(version: int) -> ProblemError:
    why = f"version {version} is the newest now"
    advice = "Read info again, and send its ETag as If-Match"
    what = "The settings have changed since they were read"
    return ProblemError(Problem(412, "changed", what, why, advice))
