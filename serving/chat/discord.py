"""Discord's interactions endpoint: POST /chat/discord.

Interaction types: 1 ping, 2 command, 4 autocomplete. Response types: 1 pong, 4 message, 5 a message that comes later,
8 choices. A message with the flag 64 is seen by the person who asked, and by nobody else.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from semantic.errors import SemanticError
from semantic.reports import texts
from serving.bodies import body_of
from serving.chat import signatures
from serving.chat.late import BUSY, Delivery, Late, Message
from serving.chat.questions import MOST_LETTERS, period_choices
from serving.chat.reports import NO_ROOM, NOT_ALLOWED, Answer, Reports, or_notice
from serving.chat.requests import check_type, header
from serving.chat.rooms import Access, Discord
from serving.site import Site

PING, COMMAND, AUTOCOMPLETE = 1, 2, 4
PONG, MESSAGE, LATER, CHOICES = 1, 4, 5, 8
ROW, BUTTON, LINK = 1, 2, 5
EPHEMERAL = 64
MOST_FIELDS, MOST_NAME, MOST_VALUE, MOST_DESCRIPTION, MOST_FOOTER, MOST_TOTAL = 24, 256, 1024, 2000, 1000, 6000
"""Discord's limits are 25 fields, 4,096 and 2,048 characters; all texts of an embed together have at most 6,000."""
MOST_URL = 512  # of a button
MARKUP = re.compile(r"([\\*_~`|<>\[\]#@])")
NO_SERVER = "Use this command on your server: a direct message belongs to no shop."
OTHER_APPLICATION = "Another application of Discord was configured here. Whoever runs Takings can correct it."
Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


class User(BaseModel):
    """Who asks."""

    id: Id
    username: str = ""


class Member(BaseModel):
    """Who asks on a server, with the ids of the roles there."""

    user: User
    roles: tuple[Id, ...] = ()


class Option(BaseModel):
    """A word of a command. `focused`: the one that is being typed."""

    name: str
    value: str | int | float | bool = ""
    focused: bool = False


class Data(BaseModel):
    """The command's words."""

    name: str = ""
    options: tuple[Option, ...] = ()

    def word(self, name: str) -> str:
        """The word of this name, empty where it was left out."""
        return next((str(option.value).strip() for option in self.options if option.name == name), "")


class Interaction(BaseModel):
    """What Discord sends, as far as it is used. `token`: opens the answer for fifteen minutes."""

    type: int
    application_id: Id = "0"
    token: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._=-]{0,1000})?$")] = ""
    guild_id: Id | None = None
    member: Member | None = None
    data: Data = Data()


def routes(site: Site, reports: Reports, discord: Discord, late: Late) -> APIRouter:
    """/chat/discord."""
    router = APIRouter()
    arrivals = signatures.Arrivals()

    @router.post("/chat/discord")
    async def interaction(request: Request) -> Response:
        timestamp, signature = (header(request, f"x-signature-{name}") for name in ("timestamp", "ed25519"))
        body = await body_of(request)
        signatures.check_discord(discord.public_key, timestamp, signature, body, site.now())
        arrivals.add(timestamp, body, site.now())
        check_type(request, "application/json")
        try:
            event = Interaction.model_validate_json(body)
        except ValidationError:
            return JSONResponse({"error": "this is not an interaction"}, 400)
        if event.type == PING:
            return JSONResponse({"type": PONG})
        access = discord.guilds.get(event.guild_id or "")
        if event.type == AUTOCOMPLETE:
            return JSONResponse({"type": CHOICES, "data": {"choices": await _choices(reports, access, event)}})
        if event.type != COMMAND:
            return JSONResponse({"error": "this type of interaction is not answered"}, 400)
        refusal = _refusal(reports, discord, access, event)
        if refusal or access is None or event.member is None:
            return JSONResponse(_at_once(_notice(refusal)))
        delivery = Delivery(
            "Discord", "PATCH", f"{discord.api}/webhooks/{discord.application_id}/{event.token}/messages/@original",
            f"DiscordBot ({site.own_address('')}, 1)",
        )  # fmt: skip
        return await late.respond(
            or_notice(_message(reports, access, event.data, event.member.user), _notice), delivery,
            now=_at_once, note={"type": LATER, "data": {"flags": EPHEMERAL}}, busy=_at_once(_notice(BUSY)),
        )  # fmt: skip

    return router


def _refusal(reports: Reports, discord: Discord, access: Access | None, event: Interaction) -> str:
    """Why nothing is answered, for the person who asked; empty where the person may ask."""
    if event.application_id != discord.application_id:
        return OTHER_APPLICATION
    if event.guild_id is None or event.member is None:
        return NO_SERVER
    if access is None or reports.tenant(access) is None:
        return NO_ROOM
    return "" if access.allows(event.member.user.id, event.member.roles) else NOT_ALLOWED


async def _choices(reports: Reports, access: Access | None, event: Interaction) -> list[dict[str, str]]:
    """What fits the word that is being typed; nothing for somebody who may not ask."""
    member = event.member
    if access is None or member is None or not access.allows(member.user.id, member.roles):
        return []
    current = next((option for option in event.data.options if option.focused), Option(name=""))
    letters = str(current.value)
    try:
        if current.name == "period":
            offered = period_choices(letters)
        else:
            offered = await reports.choices(letters, reports.tenant(access))
    except SemanticError:
        return []
    return [{"name": name, "value": value} for name, value in offered if len(value) <= MOST_LETTERS]


async def _message(reports: Reports, access: Access, data: Data, user: User) -> Message:
    tenant = reports.tenant(access)
    if tenant is None:
        return _notice(NO_ROOM)
    by = f"discord {user.username} ({user.id})"
    return message(await reports.answer(tenant, data.word("report"), data.word("period"), by))


def message(answer: Answer) -> Message:
    """A report as a message: the summary as an embed, and a button that opens the page."""
    button = {"type": BUTTON, "style": LINK, "label": "Open full report", "url": answer.url}
    rows = [{"type": ROW, "components": [button]}] if len(answer.url) <= MOST_URL else []  # the title is a link as well
    return _quiet({"embeds": [embed(answer)], "components": rows})


def embed(answer: Answer) -> dict[str, Any]:
    """The summary figures with their change, the days, and what a reader must know, within Discord's limits."""
    content, figures = answer.content, texts.figures(answer.content)
    fields = [
        {
            "name": _cut(plain(figure.label), MOST_NAME),
            "value": _cut("\n".join(filter(None, (f"**{plain(figure.value)}**", plain(figure.change), figure.badge))),
                          MOST_VALUE),
            "inline": True,
        }
        for figure in figures[:MOST_FIELDS]
    ]  # fmt: skip
    remarks = [*answer.remarks()]
    if len(figures) > MOST_FIELDS:
        remarks.insert(0, f"{len(figures) - MOST_FIELDS} more figures are in the full report.")
    shown: dict[str, Any] = {
        "author": {"name": _cut(answer.tenant.brand.name, MOST_NAME)},
        "title": _cut(plain(content.title), MOST_NAME),
        "url": answer.url,
        "color": int(answer.tenant.brand.accent.removeprefix("#"), 16),
        "fields": fields,
        "footer": {"text": _cut(answer.source(), MOST_FOOTER)},
    }
    room = MOST_TOTAL - _letters(shown)
    lines = [*(plain(text) for text in answer.days()), "", *(plain(text) for text in remarks)]
    shown["description"] = _cut("\n".join(lines), min(MOST_DESCRIPTION, room))
    return shown


def _letters(shown: dict[str, Any]) -> int:
    """The characters that count for the limit of all texts."""
    fields = sum(len(field["name"]) + len(field["value"]) for field in shown["fields"])
    return fields + len(shown["author"]["name"]) + len(shown["title"]) + len(shown["footer"]["text"])


def plain(text: str) -> str:
    """A text that Discord shows as it is: its markup escaped."""
    return MARKUP.sub(r"\\\1", text)


def _cut(text: str, most: int) -> str:
    """At most so many characters; what is left out is in the full report, and the end says so."""
    more = " … (more in the full report)"
    return text if len(text) <= most else text[: max(0, most - len(more))].rstrip("\\") + more


def _notice(text: str) -> Message:
    return _quiet({"content": plain(text)})


def _quiet(data: dict[str, Any]) -> Message:
    """A message that mentions nobody."""
    return {**data, "allowed_mentions": {"parse": []}}


def _at_once(data: Message) -> Message:
    return {"type": MESSAGE, "data": {**data, "flags": EPHEMERAL}}
