"""The addresses of the API. Each answer comes through the cache, which computes it once in a thread (sending.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from common.presets import Days
from semantic import answers, periods
from semantic.answers import Answer, Question
from semantic.errors import ReportError, UnknownNameError
from semantic.reports import library
from semantic.reports.formats import FORMATS
from semantic.warehouse import Build
from serving import builds
from serving import reader as readers
from serving.api import listing, openapi, problems
from serving.api.access import Access, Gate
from serving.api.bodies import draft_of
from serving.api.formats import JSON, chosen
from serving.api.problems import ProblemError, bad_parameters, not_there
from serving.api.questions import (
    MOST_ROWS,
    Draft,
    checked,
    checked_length,
    from_address,
    no_parameters,
    period_of,
)
from serving.api.sending import Body, Server, fact_headers, is_known, written
from serving.audit.recording import describe
from serving.cache import Cache
from serving.limiting import Limits
from serving.public import READ
from serving.reader import Question as ReportQuestion
from serving.reader import Reader
from serving.site import Site

ROOT = "/api/v1"
ANSWERS = {"json": JSON, "csv": "text/csv; charset=utf-8", "arrow": "application/vnd.apache.arrow.stream"}
OF_REPORTS = {name: FORMATS[name].media_type for name in ("json", *(n for n in listing.REPORT_FORMATS if n != "json"))}


def add_to(app: FastAPI, site: Site, reader: Reader, cache: Cache, limits: Limits | None = None) -> None:
    """Add the API to an application that has its other routes and handlers of errors."""
    app.include_router(routes(site, reader, cache, limits or Limits()))
    problems.add_to(app)


def routes(site: Site, reader: Reader, cache: Cache, limits: Limits) -> APIRouter:
    """Everything below /api/v1."""
    router, gate = APIRouter(prefix=ROOT), Gate(site, limits)
    server = Server(site, cache)
    _add_metrics(router, site, gate, server)
    _add_reports(router, site, gate, server, reader)
    _add_state(router, site, gate, server)
    return router


def _add_metrics(router: APIRouter, site: Site, gate: Gate, server: Server) -> None:
    """/metrics and /query."""

    @router.api_route("/metrics", methods=READ)
    async def metrics(request: Request) -> Response:
        access = await gate.open(request, "metrics")
        no_parameters(request)
        return await server.objects(request, access, ("metrics",), listing.all_metrics)

    @router.api_route("/metrics/{name}", methods=READ)
    async def metric(request: Request, name: str) -> Response:
        access = await gate.open(request, "metrics")
        no_parameters(request)
        try:
            (await builds.definitions(site.published)).metric(name[:200])
        except UnknownNameError as error:
            raise ProblemError(not_there("There is no such metric", error.near)) from None
        return await server.objects(request, access, ("metric", name), lambda build: listing.one_metric(build, name))

    @router.api_route("/query", methods=[*READ, "POST"])
    async def query(request: Request) -> Response:
        access = await gate.open(request, "metrics")
        draft = await draft_of(request)
        format = chosen(request, draft, ANSWERS)
        catalog = await builds.definitions(site.published)
        question = checked(draft, catalog, access.tenant.subject.time_zone, site.now())
        describe(request, _asked(question, format))

        def make(build: Build) -> Body:
            subject = access.tenant.subject
            result = answers.ask(build, question, subject=subject, now=site.now(), most_rows=MOST_ROWS)
            return Body(result.run_id, _WRITERS[format](result), fact_headers(result))

        return await server.answer(request, access, ("query", question.key, format), make, ANSWERS[format])


def _add_reports(router: APIRouter, site: Site, gate: Gate, server: Server, reader: Reader) -> None:
    """/reports."""

    @router.api_route("/reports", methods=READ)
    async def reports(request: Request) -> Response:
        access = await gate.open(request, "reports")
        no_parameters(request)
        names = await run_in_threadpool(reader.titles)
        declared = [library.find(name, site.custom).report for name in names]
        return server.plain(request, access, listing.all_reports(declared))

    @router.api_route("/reports/{name}", methods=READ)
    async def report(request: Request, name: str) -> Response:
        access = await gate.open(request, "reports")
        draft = from_address(request.query_params.multi_items(), ("from", "to", "period", "format"))
        format = chosen(request, draft, OF_REPORTS)
        question = _report(site, access, name, draft)
        key = ("report", *question.key, format)
        tag = server.tag(await builds.run_id(site.published), access, key)
        if is_known(request, tag):
            return server.unchanged(request, tag)
        content, body = await reader.with_file(question, format, tuple(OF_REPORTS))
        run_id = content.run_id
        tag = server.tag(run_id, access, key)
        disposition = f'attachment; filename="{readers.name_of(question, format)}"'
        headers = {"takings-run-id": run_id} | ({} if format == "json" else {"content-disposition": disposition})
        return server.sent(request, Body(run_id, body, headers), tag, OF_REPORTS[format])


def _add_state(router: APIRouter, site: Site, gate: Gate, server: Server) -> None:
    """/alerts, /freshness, and the description of all of it."""

    @router.api_route("/openapi.json", methods=READ)
    async def description() -> Response:
        return Response(openapi.text(), media_type=JSON, headers={"cache-control": "public, max-age=3600"})

    @router.api_route("/alerts", methods=READ)
    async def alerts(request: Request) -> Response:
        access = await gate.open(request, "alerts")
        no_parameters(request)
        return await server.objects(
            request, access, ("alerts",), lambda build: listing.all_alerts(build, site.alerts(build)), by_content=True
        )

    @router.api_route("/freshness", methods=READ)
    async def freshness(request: Request) -> Response:
        access = await gate.open(request, None)
        no_parameters(request)
        subject = access.tenant.subject
        return await server.objects(
            request, access, ("freshness",), lambda build: listing.freshness(build, subject, site.now()),
            by_content=True,
        )  # fmt: skip


_WRITERS: Mapping[str, Callable[[Answer], bytes]] = {
    "json": lambda result: written(answers.document(result)),
    "csv": lambda result: answers.csv(result).encode(),
    "arrow": answers.arrow,
}


def _asked(question: Question, format: str) -> dict[str, Any]:
    """A question for the records: of filters the names, since their values may name people."""
    days = [day.isoformat() if day else None for day in question.days]
    return {"metrics": question.metrics, "by": question.by, "days": days, "filters": list(question.filters),
            "format": format}  # fmt: skip


def _report(site: Site, access: Access, name: str, draft: Draft) -> ReportQuestion:
    """The question of a report: the days that are over, as on its page. Raises ProblemError."""
    try:
        declared = library.find(name[:200], site.custom).report
    except UnknownNameError as error:
        raise ProblemError(not_there("There is no such report", error.near)) from None
    except ReportError:
        raise ProblemError(not_there("There is no such report")) from None
    zone, now = access.tenant.subject.time_zone, site.now()
    start, end, period = (draft.single.get(key) for key in ("from", "to", "period"))
    days: Days | None = None
    if start is None and end is None:
        period = period or declared.period
        if period_of(draft, period):
            days = periods.whole(period, zone, now)
    elif period is not None:
        draft.wrong("period", "period cannot be combined with from and to", "", "Send one of both")
    else:
        days = _chosen_days(draft, start, end, zone, now)
    if draft.mistakes or days is None:
        raise ProblemError(bad_parameters(draft.mistakes))
    return ReportQuestion(declared.name, access.tenant, days, period)


def _chosen_days(draft: Draft, start: str | None, end: str | None, zone: str, now: Any) -> Days | None:
    today = periods.local_day(now, zone)
    if start is None:
        draft.wrong("from", "The first day is missing", "", "Send from as well, or a period")
        return None
    first = draft.attempt("from", lambda: periods.day(start, lambda: today))
    last = draft.attempt("to", lambda: periods.day(end, lambda: today)) if end is not None else today
    if first is None or last is None:
        return None
    days: Days | None = draft.attempt("from", lambda: checked_length(periods.check(first, last)))
    return days
