"""The application's own pages, in the same frame as a report (semantic/reports/page.py): its look, its colours."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from semantic import periods
from semantic.reports import page, texts
from semantic.reports.brand import Brand
from serving.links import Link

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
TAKINGS = Brand("Takings")


@cache
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, FileSystemLoader  # noqa: PLC0415 (only a running server needs it)

    shared = page.environment()
    loaders = [FileSystemLoader(FOLDER / "templates"), *([shared.loader] if shared.loader else [])]
    own = shared.overlay(loader=ChoiceLoader(loaders))
    own.filters = {**shared.filters, "instant": instant, "shown_period": shown_period}
    return own


@cache
def _style(accent: str) -> str:
    return page.style(accent) + (FOLDER / "templates" / "app.css").read_text(encoding="utf-8")


@cache
def asset(name: str) -> bytes:
    """A file of assets/."""
    return (FOLDER / "assets" / name).read_bytes()


@cache
def version() -> str:
    """Changes with the files of assets/: part of their addresses, so that browsers may keep them."""
    content = b"".join(path.read_bytes() for path in sorted((FOLDER / "assets").iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def policy(accent: str) -> str:
    """What a page of ours may load and do: its one style sheet, our script, images of its own."""
    digest = base64.b64encode(hashlib.sha256(_style(accent).encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; script-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'"
    )


def render(template: str, brand: Brand = TAKINGS, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in a tenant's colours; without a tenant in Takings' own."""
    from markupsafe import Markup  # noqa: PLC0415 (comes with jinja2)

    rules = policy(brand.accent)
    frame = page.frame(brand, values.pop("navigation", page.NOTHING))
    frame |= {"style": Markup(_style(brand.accent)), "policy": rules, "version": version()}  # noqa: S704 (ours)
    html = _environment().get_template(f"{template}.html.j2").render(**frame, **values)
    return HTMLResponse(html, status, {"content-security-policy": f"{rules}; frame-ancestors 'none'"})


def message(
    status: int, title: str, happened: str, next_step: str, *, action: tuple[str, str] | None = None
) -> HTMLResponse:
    """A page that says what happened and what to do. It is the same for every tenant. action: text and address."""
    return render("message", status=status, title=title, happened=happened, next_step=next_step, action=action)


def instant(value: datetime) -> str:
    """7 Dec 2026 14:05 UTC."""
    return f"{texts.day(value.date())} {value.astimezone(UTC):%H:%M} UTC"


def period_words(name: str) -> str:
    """A period's name as a choice: 30d is Last 30 days."""
    count = name.removesuffix("d")
    if count.isdecimal():
        return f"Last {int(count):,} day{'s' * (count != '1')}"
    return "This year so far" if name == "ytd" else periods.preset(name).label


def shown_period(link: Link) -> str:
    """The days of a link: 1 – 30 Nov 2026, or: Last 30 days, rolling."""
    return texts.days(link.days) if link.days else f"{period_words(link.rolling or '')}, rolling"
