"""Pages of people who are logged in at Superset: their reports, and the links that they share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from semantic import periods
from semantic.errors import RangeError
from serving import forms, links, pages, state
from serving.asking import DEFAULT, PERIODS, Asking, NotAllowedError, asking, days_of, period_of, question
from serving.errors import UnknownLinkError
from serving.ledger import Entry
from serving.people import COOKIE
from serving.public import READ, Part, file_answer, page_answer
from serving.reader import EXPORTS, Addresses, Reader, downloads
from serving.site import Site
from serving.tenant_api import presence

Chosen = Annotated[str | None, Query(alias="tenant")]
SentTenant = Annotated[str | None, Form(alias="tenant")]
Proof = Annotated[str, Form(alias=forms.FIELD)]
FIELDS = ("report", "period", "first", "last", "rolling", "days")
BROKEN = "The file of the report {} has a mistake: `takings report --check` says which."
NAMING = " (names customers)"
LIFETIMES = (1, 2, 7, 14, 30, 60, 90, 180, 365)  # days


def routes(site: Site, reader: Reader) -> APIRouter:
    """/, /reports, /share and /links."""
    router = APIRouter()

    @router.api_route("/", methods=READ)
    async def index(request: Request, chosen: Chosen = None, period: str = DEFAULT) -> Response:
        who = await asking(request, site, chosen)
        return await run_in_threadpool(_index, request, site, reader, who, period)

    @router.api_route("/reports/{report}", methods=READ)
    async def report(
        request: Request, report: str, chosen: Chosen = None, period: str = DEFAULT, part: Part = 1
    ) -> Response:
        who = await asking(request, site, chosen)
        query = who.query(period)
        files = {f"Download {kind.upper()}": f"/reports/{report}/{kind}?{query}" for kind in downloads()}
        if who.person.may_share:
            files["Share"] = f"/share?report={report}&{query}"
        navigation = {"All reports": f"/?{query}", "Dashboards": f"{superset_of(request, site)}/"}
        addresses = Addresses(files, lambda number: f"/reports/{report}?{query}&page={number}", navigation)
        return page_answer(await reader.page(question(site, who.tenant, report, period), part, addresses))

    @router.api_route("/reports/{report}/{format}", methods=READ)
    async def download(
        request: Request, report: str, format: str, chosen: Chosen = None, period: str = DEFAULT
    ) -> Response:
        who = await asking(request, site, chosen)
        return await file_answer(reader, question(site, who.tenant, report, period), format)

    @router.api_route("/share", methods=READ)
    async def share(request: Request, report: str = "", chosen: Chosen = None, period: str = DEFAULT) -> Response:
        who = await _sharing(request, site, chosen)
        form = dict.fromkeys(FIELDS, "") | {"report": report, "period": period}
        return await run_in_threadpool(_form, request, site, reader, who, form)

    @router.post("/share")
    async def make(
        request: Request, report: Annotated[str, Form()], days: Annotated[int, Form()], chosen: SentTenant = None,
        period: Annotated[str, Form()] = DEFAULT, first: Annotated[str, Form()] = "",
        last: Annotated[str, Form()] = "", rolling: Annotated[str, Form()] = "", proof: Proof = "",
    ) -> Response:  # fmt: skip
        who = await _sharing(request, site, chosen)
        check_form(request, site, who, proof)
        form = dict(zip(FIELDS, (report, period, first, last, rolling, days), strict=True))
        try:
            link = await run_in_threadpool(_new, site, reader, who, form)
        except RangeError as error:
            return await run_in_threadpool(_form, request, site, reader, who, form, str(error))
        await run_in_threadpool(site.ledger.add, link, who.person.username, site.now())
        return RedirectResponse(f"/links/{link.id}?{who.query(period)}", 303)

    @router.api_route("/links/{number}", methods=READ)
    async def link(request: Request, number: str, chosen: Chosen = None, period: str = DEFAULT) -> Response:
        who = await _sharing(request, site, chosen)
        entry = await run_in_threadpool(_entry, site, who, number)
        return await run_in_threadpool(_link, request, site, reader, who, entry, period)

    @router.post("/links/{number}/revoke")
    async def revoke(request: Request, number: str, chosen: SentTenant = None, proof: Proof = "") -> Response:
        who = await _sharing(request, site, chosen)
        check_form(request, site, who, proof)
        entry = await run_in_threadpool(_entry, site, who, number)
        await run_in_threadpool(site.ledger.revoke, entry.link.id, who.person.username, site.now(), who.tenant.id)
        return RedirectResponse(f"/?{who.query(DEFAULT)}", 303)

    return router


async def _sharing(request: Request, site: Site, chosen: str | None) -> Asking:
    """Who asks, where they may share. Raises NotAllowedError."""
    who = await asking(request, site, chosen)
    if not who.person.may_share:
        raise NotAllowedError
    return who


def _host(request: Request) -> str:
    return request.headers.get("host", "")


def _entry(site: Site, who: Asking, number: str) -> Entry:
    """A link of the tenant. Raises UnknownLinkError, also for one of another tenant."""
    entry = site.ledger.find(number)
    if entry is None or entry.link.tenant != who.tenant.id:
        raise UnknownLinkError(f"There is no link {number!r}")
    return entry


def _new(site: Site, reader: Reader, who: Asking, form: Mapping[str, object]) -> links.Link:
    """The link that a form asks for. Raises RangeError in words for the person who filled it in."""
    report, period, first, last, rolling, days = (form[name] for name in FIELDS)
    if report not in reader.titles():
        raise RangeError("This report does not exist", next_step="Choose one from the list")
    if type(days) is not int or not 1 <= days <= who.tenant.most_days:
        raise RangeError(f"A link lasts from 1 to {who.tenant.most_days} days", next_step="Choose another number")
    lifetime, moving, fixed = timedelta(days=days), None, None
    if first or last:
        if rolling:
            raise RangeError(
                "Days that are chosen by date cannot roll", next_step="Clear them, or do not let them roll"
            )
        fixed = days_of(str(first), str(last))
    elif rolling:
        moving = period_of(site, str(report), str(period))
    else:
        fixed = question(site, who.tenant, str(report), str(period)).days
    return links.new(site.keys, str(report), who.tenant.id, fixed, moving, lifetime=lifetime, now=site.now())


def _index(request: Request, site: Site, reader: Reader, who: Asking, period: str) -> Response:
    if period:
        periods.preset(period)
    now, tenant = site.now(), who.tenant
    facts = state.of_tenant(site.published, tenant.id, tenant.subject, now)
    titles, zone = reader.titles(), ZoneInfo(tenant.subject.time_zone)
    offered = reader.titles(tenant.id).items()
    cards = [{"name": name, "title": title, "question": asks} for name, (title, asks) in offered]
    return page_of_login(
        request, site, who, "index",
        as_of=f"Data as of {facts.as_of.astimezone(zone):%-d %b %Y %H:%M}" if facts.as_of else "No data yet",
        agrees=facts.agrees, problems=[*facts.problems, *map(BROKEN.format, reader.broken())],
        reports=[item for item in cards if item["name"] not in EXPORTS],
        exports=[item for item in cards if item["name"] in EXPORTS],
        titles={name: title for name, (title, _) in titles.items()},
        description=site.settings.newest(tenant.id).after.description,
        formats=downloads(), periods=PERIODS, period=period, query=who.query(period),
        dashboards=site.logins.dashboards(request.cookies.get(COOKIE, "")),
        links=site.ledger.live(now, tenant.id) if who.person.may_share else (),
    )  # fmt: skip


def _form(
    request: Request, site: Site, reader: Reader, who: Asking, form: Mapping[str, object], problem: str = ""
) -> Response:
    most, usual, titles = who.tenant.most_days, who.tenant.default_days, reader.titles(who.tenant.id)
    titles |= {name: title for name, title in reader.titles().items() if name == form["report"]}
    report, naming = form["report"] if form["report"] in titles else "", reader.naming()
    lifetimes = sorted({*(days for days in LIFETIMES if days <= most), usual, most})
    return page_of_login(
        request, site, who, "share", 422 if problem else 200,
        form={**form, "report": report, "days": form["days"] or usual}, problem=problem, periods=PERIODS,
        formats=downloads(), query=who.query(quote(str(form["period"]))),
        reports=[(name, title + NAMING * (name in naming)) for name, (title, _) in titles.items()],
        names_customers=report in naming,
        lifetimes=[(days, f"{days} day{'s' * (days > 1)}") for days in lifetimes],
    )  # fmt: skip


def _link(request: Request, site: Site, reader: Reader, who: Asking, entry: Entry, period: str) -> Response:
    live = entry.state(site.now())
    token = links.sign(entry.link, site.keys) if live == "live" else ""
    title, _ = reader.titles().get(entry.link.report, (entry.link.report, ""))
    return page_of_login(
        request, site, who, "link",
        entry=entry, state=live, report=title,
        names_customers=entry.link.report in reader.naming(), url=f"{site.own_address(_host(request))}/r/{token}",
        query=who.query(period),
    )  # fmt: skip


def page_of_login(
    request: Request, site: Site, who: Asking, template: str, status: int = 200, **values: object
) -> Response:
    """A page of a login, with the proof that its forms need."""
    browser = forms.browser_of(request)
    navigation = {"Reports": f"/?{who.query(DEFAULT)}", "Dashboards": f"{superset_of(request, site)}/"}
    if who.person.may_share and presence.has_assistant(site, who.tenant.id):
        navigation["Assistant settings"] = f"/settings?{who.query(DEFAULT)}"
    answer = pages.render(
        template, who.tenant.brand, status=status, navigation=navigation,
        person=who.person, tenant=who.tenant, tenants=who.tenants, superset=superset_of(request, site),
        proof=forms.token(site.keys, who.person.username, browser), **values,
    )  # fmt: skip
    forms.remember(answer, browser, https=site.https)
    return answer


def check_form(request: Request, site: Site, who: Asking, proof: str) -> None:
    """Raise ForeignFormError unless a page of this application has sent the form."""
    forms.check(request, site.keys, who.person.username, proof, site.origins(_host(request)))


def superset_of(request: Request, site: Site) -> str:
    """The address of the dashboards, for this browser."""
    return site.superset_address(_host(request))
