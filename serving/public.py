"""Pages for everybody who has a link: the report, and its downloads."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from semantic.reports.formats import FORMATS
from serving import links
from serving.audit.recording import noting
from serving.errors import EndedError
from serving.reader import Addresses, Question, Reader, downloads, name_of
from serving.site import Site

READ = ["GET", "HEAD"]
MOST_PARTS = 100_000
Part = Annotated[int, Query(alias="page", ge=1, le=MOST_PARTS)]


def routes(site: Site, reader: Reader) -> APIRouter:
    """/r/<token> and the files below it."""
    router = APIRouter()
    marker = secrets.token_urlsafe(24)  # in place of the token in a kept page, which is the same for every link

    def opened(request: Request, token: str) -> Question:
        """What a token shows. Raises RefusedError or EndedError."""
        link, now = links.verify(token, site.keys), site.now()
        noting(request, "link", link.id, link.tenant, f"report {link.report}")
        site.ledger.check(link, now)
        tenant = site.tenants.get(link.tenant)
        if tenant is None:  # no longer configured
            raise EndedError(expired=False)
        days = link.shown_days(tenant.subject.time_zone, now)
        return Question(link.report, tenant, days, link.rolling, rolling=link.rolling is not None)

    @router.api_route("/r/{token}", methods=READ)
    async def report(request: Request, token: str, part: Part = 1) -> Response:
        question = await run_in_threadpool(opened, request, token)
        files = {f"Download {format.upper()}": f"/r/{marker}/{format}" for format in downloads()}
        addresses = Addresses(files, lambda number: f"/r/{marker}?page={number}", {})
        body, policy = await reader.page(question, part, addresses)
        return page_answer((body.replace(marker.encode(), token.encode()), policy))

    @router.api_route("/r/{token}/{format}", methods=READ)
    async def download(request: Request, token: str, format: str) -> Response:
        question = await run_in_threadpool(opened, request, token)
        return await file_answer(reader, question, format)

    return router


def page_answer(page: tuple[bytes, str]) -> Response:
    """A report page with its policy."""
    body, policy = page
    return Response(body, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy})


async def file_answer(reader: Reader, question: Question, format: str) -> Response:
    """A download under its name."""
    body = await reader.file(question, format)
    disposition = f'attachment; filename="{name_of(question, format)}"'
    return Response(body, media_type=FORMATS[format].media_type, headers={"content-disposition": disposition})
