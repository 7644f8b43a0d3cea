"""The routes of the platforms that are configured, and the answers to requests that they did not send."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from serving.chat import discord, slack
from serving.chat.late import Late
from serving.chat.reports import Reports
from serving.chat.signatures import UnsignedError
from serving.reader import Reader
from serving.site import Site


def add_to(app: FastAPI, site: Site, reader: Reader) -> None:
    """Add /chat/discord and /chat/slack, each where it is configured."""
    chat, reports = site.chat, Reports(site, reader)
    late = Late(chat.patience)
    if chat.discord:
        app.include_router(discord.routes(site, reports, chat.discord, late))
    if chat.slack:
        app.include_router(slack.routes(site, reports, chat.slack, late))
    app.add_exception_handler(UnsignedError, _unsigned)


def _unsigned(_: Request, __: Exception) -> Response:
    """The same bytes whatever is wrong, with the status that both platforms document."""
    return JSONResponse({"error": "invalid request signature"}, 401)
