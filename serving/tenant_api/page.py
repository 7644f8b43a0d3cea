"""The settings of the store's assistant as a page for the account's owner: the fields, and every earlier version.

An undo saves an earlier version as the newest one, so that the history loses nothing. The page carries the version that
it shows: where somebody else was quicker, nothing is written, and what was typed stays in the fields.

The address of the earlier dashboard (`/static/dashboard.html?tenant_id=…`) leads to the dashboard of the login's own
tenant, or to Home where that has no chats; what it names is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from serving import forms
from serving.api.problems import Mistake
from serving.asking import DEFAULT, Asking, NotOwnerError, asking
from serving.errors import ChangedMeanwhileError
from serving.own import check_form, page_of_login, superset_of
from serving.public import READ
from serving.site import Site
from serving.tenant_api.history import LISTED, Author, Version
from serving.tenant_api.presence import has_assistant
from serving.tenant_api.profile import NAMES, Profile, change, from_form

DASHBOARD, HOME = "/superset/dashboard/assistant/", "/superset/dashboard/home/"
LABELS = {
    "description": "Description", "brand_voice": "Brand voice", "store_url": "Store address",
    "logo_url": "Logo address", "temperature": "Temperature", "max_products": "Products per answer",
}  # fmt: skip
Chosen = Annotated[str | None, Query(alias="tenant")]
SentTenant = Annotated[str | None, Form(alias="tenant")]
Proof = Annotated[str, Form(alias=forms.FIELD)]
Shown = Annotated[int, Form(alias="version")]
Number = Annotated[int, Path(ge=1, le=2**31)]
Text = Annotated[str, Form()]


def routes(site: Site) -> APIRouter:
    """/settings, and the address of the earlier dashboard."""
    router = APIRouter()

    @router.api_route("/settings", methods=READ)
    async def settings(request: Request, chosen: Chosen = None, saved: int | None = None) -> Response:
        who = await _owner(request, site, chosen)
        return await run_in_threadpool(_page, request, site, who, saved=saved)

    @router.post("/settings")
    async def save(
        request: Request, shown: Shown, chosen: SentTenant = None, description: Text = "", brand_voice: Text = "",
        store_url: Text = "", logo_url: Text = "", temperature: Text = "", max_products: Text = "", proof: Proof = "",
    ) -> Response:  # fmt: skip
        who = await _owner(request, site, chosen)
        check_form(request, site, who, proof)
        texts = (description, brand_voice, store_url, logo_url, temperature, max_products)
        form = dict(zip(NAMES, texts, strict=True))
        return await run_in_threadpool(_save, request, site, who, form, shown)

    @router.post("/settings/versions/{number}")
    async def restore(
        request: Request, number: Number, shown: Shown, chosen: SentTenant = None, proof: Proof = ""
    ) -> Response:
        who = await _owner(request, site, chosen)
        check_form(request, site, who, proof)
        return await run_in_threadpool(_restore, request, site, who, number, shown)

    @router.api_route("/static/dashboard.html", methods=READ)
    async def dashboard(request: Request) -> Response:
        who = await asking(request, site, None)
        is_shown = who.person.sees_all or await run_in_threadpool(has_assistant, site, who.tenant.id)
        return RedirectResponse(f"{superset_of(request, site)}{DASHBOARD if is_shown else HOME}", 302)

    return router


async def _owner(request: Request, site: Site, chosen: str | None) -> Asking:
    """Who asks, where it is an owner. Raises NotOwnerError."""
    who = await asking(request, site, chosen)
    if not who.person.may_share:
        raise NotOwnerError
    return who


def _save(request: Request, site: Site, who: Asking, form: Mapping[str, str], shown: int) -> Response:
    last = site.settings.newest(who.tenant.id)
    profile, mistakes = change(last.after, from_form(form))
    if mistakes:
        return _page(request, site, who, form=form, shown=shown, mistakes=mistakes)
    return _write(request, site, who, profile, shown, form=form)


def _restore(request: Request, site: Site, who: Asking, number: int, shown: int) -> Response:
    version = site.settings.version(who.tenant.id, number)
    return _write(request, site, who, version.after, shown, restored=number)


def _write(
    request: Request, site: Site, who: Asking, profile: Profile, shown: int, *, form: Mapping[str, str] | None = None,
    restored: int | None = None,
) -> Response:  # fmt: skip
    """Write the version, and show the page; where somebody else was quicker, with what was typed."""
    author = Author("login", who.person.username)
    try:
        new = site.settings.save(who.tenant.id, profile, author, site.now(), expected=shown, restored=restored)
    except ChangedMeanwhileError:
        return _page(request, site, who, form=form, is_late=True)
    if site.logos:
        site.logos.follow(who.tenant.id, profile.logo_url)
    return RedirectResponse(f"/settings?{who.query(DEFAULT)}&saved={new.number}", 303)


def _page(
    request: Request, site: Site, who: Asking, *, form: Mapping[str, str] | None = None, shown: int | None = None,
    mistakes: list[Mistake] | None = None, is_late: bool = False, saved: int | None = None,
) -> Response:  # fmt: skip
    last = site.settings.newest(who.tenant.id)
    versions = site.settings.versions(who.tenant.id, most=LISTED + 1)
    names = {token.id: token.name for token in site.tokens.entries(who.tenant.id) if token.name}
    values = form or {name: _text(getattr(last.after, name)) for name in NAMES}
    logo = site.logos.of(who.tenant.id) if site.logos else None
    return page_of_login(
        request, site, who, "settings", 409 if is_late else 422 if mistakes else 200,
        labels=LABELS, values=values, wrong=_words(mistakes or []), last=last, is_late=is_late,
        author=_author(last, names), kept_logo=logo if logo and logo.address == last.after.logo_url else None,
        shown=last.number if shown is None else shown, saved=saved == last.number and saved,
        versions=[_entry(version, names) for version in versions[:LISTED]], has_more=len(versions) > LISTED,
    )  # fmt: skip


def _author(version: Version, tokens: Mapping[str, str]) -> str:
    """Who made a version; a token by its name, where it has one."""
    author = version.author
    if author and author.kind == "token" and author.name in tokens:
        return f"token “{tokens[author.name]}”"
    return str(author or "")


def _entry(version: Version, tokens: Mapping[str, str]) -> dict[str, Any]:
    """A version as the page lists it: each changed field with its text before and after."""
    changes = [
        (LABELS[name], _text(getattr(version.before, name)), _text(getattr(version.after, name)))
        for name in version.changed
    ]
    return {
        "version": version,
        "author": _author(version, tokens),
        "changes": changes,
        "names": _joined([label for label, _, _ in changes]),
    }


def _words(mistakes: list[Mistake]) -> dict[str, str]:
    """What is wrong with each field, under its name on the page."""
    return {
        item.parameter: item.what.replace(item.parameter, LABELS.get(item.parameter, ""), 1)
        + (f": {item.why}." if item.why else ".")
        for item in mistakes
    }


def _joined(labels: list[str]) -> str:
    """Description, brand voice and logo address."""
    words = [label if number == 0 else label[0].lower() + label[1:] for number, label in enumerate(labels)]
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _text(value: object) -> str:
    return "" if value is None else str(value)
