"""Slack's slash command: POST /chat/slack, which also takes the clicks on the button of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from semantic.reports import texts
from serving.bodies import body_of
from serving.chat import signatures
from serving.chat.late import BUSY, Delivery, Late, Message
from serving.chat.reports import NO_ROOM, NOT_ALLOWED, Answer, Reports, or_notice
from serving.chat.requests import check_type, header
from serving.chat.rooms import Slack
from serving.site import Site

MOST_HEADER, MOST_FIELD, MOST_SECTION, FIELDS = 150, 2000, 3000, 10  # Slack's limits
ADDRESS = re.compile(r"/[A-Za-z0-9_/-]{1,500}")
NOTE = "The report is being made. It comes in a moment."
HELP = ("", "help", "?")


def routes(site: Site, reports: Reports, slack: Slack, late: Late) -> APIRouter:
    """/chat/slack."""
    router = APIRouter()
    arrivals = signatures.Arrivals()

    @router.post("/chat/slack")
    async def command(request: Request) -> Response:
        timestamp, signature = (header(request, f"x-slack-{name}") for name in ("request-timestamp", "signature"))
        body = await body_of(request)
        signatures.check_slack(slack.signing_secret, timestamp, signature, body, site.now())
        arrivals.add(timestamp, body, site.now())
        check_type(request, "application/x-www-form-urlencoded")
        form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
        if "payload" in form or "ssl_check" in form:  # a click on the button; Slack's own check of the address
            return Response()
        access = slack.teams.get(form.get("team_id", ""))
        tenant = reports.tenant(access)
        if access is None or tenant is None:
            return JSONResponse(_notice(NO_ROOM))
        user, url = form.get("user_id", ""), form.get("response_url", "")
        if not access.allows(user):
            return JSONResponse(_notice(NOT_ALLOWED))
        words = form.get("text", "").split()

        async def answer() -> Message:
            if " ".join(words).lower() in HELP:
                return _notice(await reports.help(tenant))
            by = f"slack {form.get('user_name', '')} ({user})"
            return message(await reports.answer(tenant, words[0], " ".join(words[1:]), by))

        if not is_hook(url, slack.hooks):
            return JSONResponse(await or_notice(answer(), _notice))
        return await late.respond(
            or_notice(answer(), _notice), Delivery("Slack", "POST", url, "Takings"),
            now=lambda message: message, note=_notice(NOTE), busy=_notice(BUSY),
        )  # fmt: skip

    return router


def is_hook(url: str, hooks: str) -> bool:
    """Whether an address is one at which Slack takes late answers: nothing is sent anywhere else."""
    try:
        parts, own = urlsplit(url), urlsplit(hooks)
    except ValueError:
        return False
    return (
        (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        and ADDRESS.fullmatch(parts.path) is not None
        and url == f"{hooks}{parts.path}"
    )


def message(answer: Answer) -> Message:
    """A report as a message of blocks: the summary, what a reader must know, and a button that opens the page."""
    content = answer.content
    title = f"{answer.tenant.brand.name}: {content.title}"
    button = {"type": "button", "text": _plain("Open full report"), "url": answer.url, "action_id": "open_report"}
    blocks = [
        {"type": "header", "text": _plain(_cut(title, MOST_HEADER))},
        _section("\n".join(answer.days())),
        *_figures(answer),
        _section("\n".join(answer.remarks())),
        {"type": "actions", "elements": [button]},
        {"type": "context", "elements": [_plain(_cut(answer.source(), MOST_FIELD))]},
    ]
    return {"response_type": "ephemeral", "text": escaped(title), "blocks": blocks}


def _figures(answer: Answer) -> Iterator[Message]:
    figures = texts.figures(answer.content)
    fields = [
        _marked(
            "\n".join(filter(None, (escaped(f.label), f"*{escaped(f.value)}*", escaped(f.change), f.badge))),
            MOST_FIELD,
        )
        for f in figures
    ]
    for first in range(0, len(fields), FIELDS):
        yield {"type": "section", "fields": fields[first : first + FIELDS]}


def _section(text: str) -> Message:
    return {"type": "section", "text": _marked(escaped(text), MOST_SECTION)}


def _marked(text: str, most: int) -> Message:
    return {"type": "mrkdwn", "text": _cut(text, most), "verbatim": True}


def _plain(text: str) -> Message:
    return {"type": "plain_text", "text": text, "emoji": False}


def escaped(text: str) -> str:
    """A text that Slack shows as it is: no mention, no link, and a blank of no width before its markup."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", "\N{ZERO WIDTH SPACE}\\1", safe)


def _cut(text: str, most: int) -> str:
    more = " … (more in the full report)"
    return text if len(text) <= most else text[: most - len(more)] + more


def _notice(text: str) -> Message:
    return {"response_type": "ephemeral", "text": escaped(text)}
