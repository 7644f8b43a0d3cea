"""The web application: report pages for people with a link, and pages for people who are logged in at Superset.

    uvicorn.run(application(site), …)

Routes are in public.py, own.py, chat/, collector/, api/ and mcp/, what cannot be shown is in refusals.py.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from serving import own, pages, public, refusals
from serving.api import routes as api
from serving.api.problems import Sized
from serving.audit.recording import Recorded
from serving.cache import Cache
from serving.chat import routes as chat
from serving.collector import routes as collector
from serving.headers import Guarded
from serving.limiting import Limits
from serving.mcp import server as mcp
from serving.public import READ
from serving.reader import Reader
from serving.site import Site
from serving.tenant_api import page as settings_page
from serving.tenant_api import routes as tenant_api

MOST_BODY = 20_000  # bytes of a form; nothing that strangers send is kept in memory
A_YEAR = 365 * 86400  # seconds
ASSETS = {"copy.js": "text/javascript", "icon.svg": "image/svg+xml"}


def application(site: Site, cache: Cache | None = None, limits: Limits | None = None) -> ASGIApp:
    """The ASGI application of a site."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    cache = cache or Cache()
    reader = Reader(site, cache)
    app.include_router(public.routes(site, reader))
    app.include_router(own.routes(site, reader))
    app.include_router(settings_page.routes(site))
    chat.add_to(app, site, reader)
    _add_files(app)
    refusals.add_to(app, site)
    limits = limits or Limits()
    app.include_router(mcp.routes(site, reader, cache, limits))
    tenant_api.add_to(app, site, cache, limits)
    api.add_to(app, site, reader, cache, limits)
    collector.add_to(app, site, limits)
    limited = collector.Sized(Sized(RequestBodyLimitMiddleware(app, MOST_BODY), MOST_BODY))
    recorded = Recorded(limited, site.records, site.now)
    return Guarded(TrustedHostMiddleware(recorded, site.hosts, www_redirect=False))


def _add_files(app: FastAPI) -> None:
    @app.api_route("/robots.txt", methods=READ)
    async def robots() -> Response:
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    @app.api_route("/health", methods=READ)
    async def health() -> Response:
        return PlainTextResponse("ok\n")

    @app.api_route("/assets/{name}", methods=READ)
    async def asset(name: str) -> Response:
        if name not in ASSETS:
            raise HTTPException(404)
        retained = {"cache-control": f"private, max-age={A_YEAR}, immutable"}
        return Response(pages.asset(name), media_type=ASSETS[name], headers=retained)

    @app.api_route("/favicon.ico", methods=READ)
    async def icon() -> Response:
        return Response(pages.asset("icon.svg"), media_type=ASSETS["icon.svg"])
