"""Registers the commands at Discord, for each tenant's server alone: another server never sees them.

Discord keeps all commands of an application on a server as one list, which one request replaces (bulk overwrite). It is
sent only where the list differs, so that a repeated registration changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from common.errors import ConfigurationError, RetryError, StopError

TIMEOUT = 30  # seconds
TEXT = 3  # the type of an option
COMMAND = 1  # the type of a command that is typed
Command = Mapping[str, Any]
COMMANDS: tuple[Command, ...] = (
    {
        "name": "report",
        "type": COMMAND,
        "description": "Show the figures of a report, to you alone",
        "options": [
            {
                "type": TEXT, "name": "report", "description": "revenue, sales, products, customers, …",
                "required": True, "autocomplete": True,
            },
            {
                "type": TEXT, "name": "period", "description": "30d, last-month, ytd, …; without it the usual days",
                "required": False, "autocomplete": True,
            },
        ],
    },
)  # fmt: skip
NOTHING = "No command was registered"


@dataclass(frozen=True)
class Change:
    """What registering changes on a server: names of commands. `written`: whether it was done."""

    guild: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    written: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether Discord has the commands already."""
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True)
class Client:
    """Discord's REST API for one application. The token is in no message."""

    api: str
    application_id: str
    token: str = field(repr=False)

    def commands(self, guild: str) -> list[Command]:
        """The application's commands on a server. Raises TakingsError."""
        return self._request("GET", guild)

    def overwrite(self, guild: str, commands: Sequence[Command]) -> list[Command]:
        """Replace them all. Raises TakingsError."""
        return self._request("PUT", guild, commands)

    def _request(self, method: str, guild: str, body: Sequence[Command] | None = None) -> list[Command]:
        url = f"{self.api}/applications/{self.application_id}/guilds/{guild}/commands"
        headers = {"Authorization": f"Bot {self.token}", "User-Agent": "DiscordBot (https://github.com, 1)"}
        try:
            answer = requests.request(
                method, url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )  # fmt: skip
        except requests.RequestException as error:
            why = f"Discord does not answer ({type(error).__name__})"
            raise RetryError(NOTHING, why, "Run the command again later") from None
        if answer.status_code != 200:
            raise _error(answer, guild)
        try:
            commands = answer.json()
        except ValueError:
            commands = None
        if not isinstance(commands, list) or not all(isinstance(item, dict) and "name" in item for item in commands):
            raise StopError(f"The commands of server {guild} are unknown", "Discord's answer is not a list of commands")
        return commands


def register(client: Client, guild: str, *, really: bool, prune: bool) -> Change:
    """Compare a server's commands with COMMANDS, and replace them where they differ and `really`. Raises TakingsError.

    Commands of others stay in the way: without `prune` nothing is written then.
    """
    present = {str(item["name"]): item for item in client.commands(guild)}
    own = {str(item["name"]): item for item in COMMANDS}
    change = Change(
        guild,
        tuple(name for name in own if name not in present),
        tuple(name for name in own if name in present and _compared(present[name]) != _compared(own[name])),
        tuple(sorted(name for name in present if name not in own)),
    )
    if not really or change.is_empty:
        return change
    if change.removed and not prune:
        raise ConfigurationError(
            f"Nothing was changed on server {guild}",
            f"the application has other commands there: {', '.join(change.removed)}",
            "Give Takings an application of its own, or remove these commands with --prune",
        )
    client.overwrite(guild, COMMANDS)
    return replace(change, written=True)


def _compared(command: Command) -> dict[str, Any]:
    """A command without ids and without what Discord adds where nothing was sent."""
    options = [
        {
            "type": option.get("type"), "name": option.get("name"), "description": option.get("description"),
            "required": bool(option.get("required")), "autocomplete": bool(option.get("autocomplete")),
            "choices": option.get("choices") or [], "options": option.get("options") or [],
        }
        for option in command.get("options") or []
    ]  # fmt: skip
    return {
        "type": command.get("type", COMMAND), "description": command.get("description"), "options": options,
        "permissions": command.get("default_member_permissions"), "nsfw": bool(command.get("nsfw")),
    }  # fmt: skip


def _error(answer: requests.Response, guild: str) -> Exception:
    """What a refusal means, and what to do."""
    status = answer.status_code
    if status == 401:
        return ConfigurationError(
            NOTHING, "Discord does not know the bot token", "Copy it again from the page Bot of the application"
        )
    if status == 403:
        return ConfigurationError(
            f"No command was registered on server {guild}", "the application may not add commands there",
            "Invite it to the server with the scope applications.commands, then run the command again",
        )  # fmt: skip
    if status == 404:
        return ConfigurationError(
            f"No command was registered on server {guild}", "Discord knows no such application or server",
            "Compare `application_id` and `guild` in takings.toml with Discord",
        )  # fmt: skip
    if status == 429 or status >= 500:
        wait = answer.headers.get("retry-after", "")
        pause = f"in {wait} seconds" if wait.replace(".", "").isdecimal() else "later"
        return RetryError(NOTHING, f"Discord answered {status}", f"Run the command again {pause}")
    return StopError(NOTHING, f"Discord refused the commands of server {guild} with status {status}")
