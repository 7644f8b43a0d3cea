"""Which server or workspace belongs to which tenant, and who may ask there: as takings.toml says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

DISCORD_API = "https://discord.com/api/v10"
SLACK_HOOKS = "https://hooks.slack.com"
PATIENCE = 2.0  # seconds; both platforms give up after three


@dataclass(frozen=True)
class Access:
    """The tenant of a guild or team, and the ids of the users and roles that may ask there."""

    tenant: str
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def allows(self, user: str, roles: Collection[str] = ()) -> bool:
        """Whether a user with these roles may ask."""
        return user in self.users or not self.roles.isdisjoint(roles)


@dataclass(frozen=True)
class Discord:
    """The application at Discord. `public_key`: 32 bytes, Ed25519. `guilds`: access by the id of a guild."""

    application_id: str
    public_key: bytes = field(repr=False)
    guilds: Mapping[str, Access]
    api: str = DISCORD_API


@dataclass(frozen=True)
class Slack:
    """The app at Slack. `teams`: access by the id of a workspace. `hooks`: where late answers may be sent."""

    signing_secret: str = field(repr=False)
    teams: Mapping[str, Access]
    hooks: str = SLACK_HOOKS


@dataclass(frozen=True)
class Chat:
    """What is configured. `patience`: seconds that an answer may take before a note is sent in its place; with 0 the
    note always comes first."""

    discord: Discord | None = None
    slack: Slack | None = None
    patience: float = PATIENCE


NONE = Chat()
