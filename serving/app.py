"""The web application: report pages for people with a link, and pages for people who are logged in at Superset.

    uvicorn.run(application(site), …)

Routes are in public.py and own.py. Everything that a page cannot show is a page too: it says what happened and what to
do, and every token that does not open is answered with the same bytes.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from semantic.errors import NoBuildError, RangeError, SemanticError, UnknownNameError
from serving import own, pages, public
from serving.asking import NotAllowedError, NoTenantError, NotLoggedInError
from serving.cache import Cache
from serving.errors import EndedError, LoginServerError, RefusedError, UnknownLinkError
from serving.forms import ForeignFormError
from serving.headers import Guarded
from serving.public import READ
from serving.reader import Reader
from serving.site import Site

A_YEAR = 365 * 86400  # seconds
ASSETS = {"copy.js": "text/javascript", "icon.svg": "image/svg+xml"}
log = logging.getLogger("takings.serving")


def application(site: Site, cache: Cache | None = None) -> ASGIApp:
    """The ASGI application of a site."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    reader = Reader(site, cache)
    app.include_router(public.routes(site, reader))
    app.include_router(own.routes(site, reader))
    _add_files(app)
    _add_refusals(app, site)
    return Guarded(TrustedHostMiddleware(app, site.hosts, www_redirect=False))


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
        kept = {"cache-control": f"private, max-age={A_YEAR}, immutable"}
        return Response(pages.asset(name), media_type=ASSETS[name], headers=kept)

    @app.api_route("/favicon.ico", methods=READ)
    async def icon() -> Response:
        return Response(pages.asset("icon.svg"), media_type=ASSETS["icon.svg"])


def _add_refusals(app: FastAPI, site: Site) -> None:
    """What each error is answered with."""

    @app.exception_handler(RefusedError)
    async def refused(_: Request, __: Exception) -> Response:
        return pages.message(
            403, "This link is not valid", "Its address is incomplete, or was changed on its way.",
            "Open it again from the message that you got, or ask the sender for a new link.",
        )  # fmt: skip

    @app.exception_handler(EndedError)
    async def ended(_: Request, error: EndedError) -> Response:
        if error.expired:
            title, what = "This link has expired", "It opened a report for a limited time, which is over."
        else:
            title, what = "This link was withdrawn", "Whoever shared the report has ended this link."
        return pages.message(410, title, what, "Ask the sender for a new link.")

    @app.exception_handler(NotLoggedInError)
    async def anonymous(request: Request, _: Exception) -> Response:
        superset = site.superset_address(request.headers.get("host", ""))
        return pages.message(
            401, "Log in first", "This page is for people with a login for the dashboards.",
            "Log in there, then open this page again.", action=("Log in", f"{superset}/login/?next=/takings/share/"),
        )  # fmt: skip

    @app.exception_handler(NoTenantError)
    async def no_tenant(_: Request, __: Exception) -> Response:
        return pages.message(
            403, "Your login has no reports", "It belongs to no shop, or to more than one.",
            "Ask whoever runs Takings for you to correct the login.",
        )  # fmt: skip

    @app.exception_handler(NotAllowedError)
    async def not_allowed(_: Request, __: Exception) -> Response:
        return pages.message(
            403, "Your login may not share", "Links to reports need the permission admin.access, which the account's "
            "owner has.", "Ask your account's owner to share the report, or to give you an owner's login.",
            action=("All reports", "/"),
        )  # fmt: skip

    @app.exception_handler(ForeignFormError)
    async def foreign_form(_: Request, __: Exception) -> Response:
        return pages.message(
            403, "Nothing was changed", "The form was not sent from a page of yours, or was open for too long.",
            "Go back, load the page again, and send the form again.", action=("All reports", "/"),
        )  # fmt: skip

    @app.exception_handler(LoginServerError)
    async def no_login_server(_: Request, error: Exception) -> Response:
        log.warning("%s", error)
        return _later(pages.message(
            503, "Logins cannot be checked right now", "The dashboards, which know all logins, do not answer. Shared "
            "links keep working.", "Try again in a minute. If it lasts, tell whoever runs Takings for you.",
        ))  # fmt: skip

    @app.exception_handler(SemanticError)
    async def no_numbers(_: Request, error: SemanticError) -> Response:
        if isinstance(error, RangeError | UnknownNameError):
            return _nothing_here()
        log.warning("%s", error)
        happened = (
            "Nothing has been published yet." if isinstance(error, NoBuildError) else "Its numbers are not there."
        )
        return _later(pages.message(
            503, "There is no report to show yet", happened, "Try again later. If it lasts, ask the sender.",
        ))  # fmt: skip

    @app.exception_handler(UnknownLinkError)
    async def unknown_link(_: Request, __: Exception) -> Response:
        return _nothing_here()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, __: Exception) -> Response:
        return _nothing_here()

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return _nothing_here()
        answer = pages.message(error.status_code, "This does not work", "The page does not take such a request.",
                               "Go back, and load the page again.")  # fmt: skip
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> Response:
        return pages.message(500, "Something went wrong here", "The page could not be made.",
                             "Try again in a minute. If it lasts, tell whoever runs Takings for you.")  # fmt: skip


def _nothing_here() -> Response:
    return pages.message(404, "There is no such page", "The address is wrong, or the page is gone.",
                         "Check the address, or ask whoever gave it to you.")  # fmt: skip


def _later(answer: Response) -> Response:
    answer.headers["retry-after"] = "60"
    return answer
