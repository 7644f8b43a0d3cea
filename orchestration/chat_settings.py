"""The tables [chat.*] and [tenants.chat.*] of takings.toml: the applications at Discord and Slack, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from connectors.settings import Address, Secret, Table
from serving.chat.rooms import DISCORD_API

SNOWFLAKE, PUBLIC_KEY = r"^[0-9]{17,20}$", r"^[0-9a-fA-F]{64}$"
TEAM, SLACK_USER = r"^T[A-Z0-9]{4,30}$", r"^[UW][A-Z0-9]{4,30}$"


def _of_form(pattern: str, advice: str) -> Callable[[object], object]:
    """Check an id with words for the person who copies it, without repeating it: it may be a secret in a wrong line."""

    def check(value: object) -> object:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not re.fullmatch(pattern, text):
            raise ValueError(advice)
        return text

    return check


Snowflake = Annotated[
    str,
    BeforeValidator(_of_form(SNOWFLAKE, "it is not a Discord id, which has 17 to 20 digits: switch on Discord's "
                                        "developer mode, then choose Copy ID in the menu of the server, role or user")),
    StringConstraints(pattern=SNOWFLAKE),
]  # fmt: skip
PublicKey = Annotated[
    str,
    BeforeValidator(_of_form(PUBLIC_KEY, "it is not a public key, which has 64 hexadecimal digits: copy it from the "
                                         "page General Information of your application at Discord")),
    StringConstraints(pattern=PUBLIC_KEY),
]  # fmt: skip
Team = Annotated[
    str,
    BeforeValidator(_of_form(TEAM, "it is not a Slack workspace, which is T with letters and digits: it is in the "
                                   "address of Slack in a browser, app.slack.com/client/T…")),
    StringConstraints(pattern=TEAM),
]  # fmt: skip
SlackUser = Annotated[
    str,
    BeforeValidator(_of_form(SLACK_USER, "it is not a Slack user, which is U or W with letters and digits: choose Copy "
                                         "member ID in the menu of the profile")),
    StringConstraints(pattern=SLACK_USER),
]  # fmt: skip


class DiscordSettings(Table):
    """The application at Discord whose commands are answered."""

    application_id: Snowflake = Field(description="The application's id, from its page General Information.")
    public_key: PublicKey = Field(description="The application's public key, from the same page.")
    bot_token: Secret | None = Field(
        default=None, description="Where the bot's token is kept. Only `takings chat register` needs it."
    )
    base_url: Address = Field(default=DISCORD_API, description="Another server that speaks the same API.")


class SlackSettings(Table):
    """The app at Slack whose slash command is answered."""

    signing_secret: Secret = Field(description="Where the app's signing secret is kept, from its Basic Information.")


class ChatSettings(Table):
    """The applications at the platforms."""

    discord: DiscordSettings | None = None
    slack: SlackSettings | None = None


class GuildSettings(Table):
    """A tenant's server at Discord. Every id is as Discord copies it."""

    guild: Snowflake = Field(description="The server's id: its commands show this tenant's numbers.")
    roles: tuple[Snowflake, ...] = Field(default=(), description="Roles of the server whose members may ask.")
    users: tuple[Snowflake, ...] = Field(default=(), description="Users who may ask, whatever their roles.")

    @model_validator(mode="after")
    def _somebody(self) -> GuildSettings:
        if not self.roles and not self.users:
            raise ValueError("nobody may ask: name `roles` or `users`")
        if self.guild in self.roles:
            raise ValueError("a role has the server's own id, which is everyone on it: name another role")
        return self


class WorkspaceSettings(Table):
    """A tenant's workspace at Slack."""

    team: Team = Field(description="The workspace's id: its commands show this tenant's numbers.")
    users: tuple[SlackUser, ...] = Field(min_length=1, description="The users who may ask.")


class TenantChatSettings(Table):
    """Where a tenant's people ask."""

    discord: GuildSettings | None = None
    slack: WorkspaceSettings | None = None


def check(chat: ChatSettings, rooms: Mapping[str, TenantChatSettings], address: str | None) -> None:
    """Raise ValueError for a room that two tenants have, or that lacks its application. `rooms`: by tenant."""
    guilds = [room.discord.guild for room in rooms.values() if room.discord]
    teams = [room.slack.team for room in rooms.values() if room.slack]
    for kind, ids in (("server at Discord", guilds), ("workspace at Slack", teams)):
        for twice in _twice(ids):
            raise ValueError(f"the {kind} {twice} belongs to two tenants: its commands could show either")
    for name, is_there, ids in (("discord", chat.discord, guilds), ("slack", chat.slack, teams)):
        if ids and not is_there:
            raise ValueError(f"[tenants.chat.{name}] needs the table [chat.{name}] of the application")
    if (chat.discord or chat.slack) and not (address or "").startswith("https://"):
        raise ValueError("[chat] needs `address` under [serving], with https: Discord and Slack reach Takings by it")


def _twice(ids: Iterable[str]) -> list[str]:
    listed = list(ids)
    return sorted({item for item in listed if listed.count(item) > 1})
