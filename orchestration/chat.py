"""Chat commands of a configuration: who may ask where, and the commands at Discord."""

from __future__ import annotations

from common.errors import ConfigurationError
from orchestration.chat_settings import DiscordSettings
from orchestration.settings import Settings
from serving.chat import registration
from serving.chat.registration import Change
from serving.chat.rooms import Access, Discord, Slack


def discord(settings: Settings) -> Discord | None:
    """The application at Discord, with every tenant's server; None where it is not configured."""
    app = settings.chat.discord
    if app is None:
        return None
    guilds = {
        room.guild: Access(tenant.id, frozenset(room.users), frozenset(room.roles))
        for tenant in settings.tenants
        if (room := tenant.chat.discord)
    }
    return Discord(app.application_id, bytes.fromhex(app.public_key), guilds, app.base_url.rstrip("/"))


def slack(settings: Settings) -> Slack | None:
    """The app at Slack, with every tenant's workspace; None where it is not configured.

    Raises ConfigurationError where its secret is missing.
    """
    app = settings.chat.slack
    if app is None:
        return None
    teams = {room.team: Access(tenant.id, frozenset(room.users)) for tenant in settings.tenants
             if (room := tenant.chat.slack)}  # fmt: skip
    return Slack(_secret(settings, app.signing_secret, "Slack's commands are not answered", "chat.slack"), teams)


def register(settings: Settings, *, really: bool, prune: bool) -> list[Change]:
    """Compare the commands of every tenant's server at Discord with ours, and write what differs where `really`.

    `prune`: also remove the commands that are not Takings' own. Raises TakingsError.
    """
    app = settings.chat.discord
    guilds = [tenant.chat.discord.guild for tenant in settings.tenants if tenant.chat.discord]
    if app is None or not guilds:
        raise ConfigurationError(
            "No command was registered",
            f"{settings.config_path} has no [chat.discord], or no tenant with [tenants.chat.discord]",
            "docs/guides/chat.md shows both",
        )
    client = registration.Client(app.base_url.rstrip("/"), app.application_id, _bot_token(settings, app))
    return [registration.register(client, guild, really=really, prune=prune) for guild in guilds]


def check_secrets(settings: Settings) -> None:
    """Raise ConfigurationError for a secret of [chat] that is missing."""
    slack(settings)
    if settings.chat.discord and settings.chat.discord.bot_token:
        _bot_token(settings, settings.chat.discord)


def _bot_token(settings: Settings, app: DiscordSettings) -> str:
    if app.bot_token is None:
        raise ConfigurationError(
            "No command was registered", "[chat.discord] has no `bot_token`", "Copy it from the page Bot of the "
            "application at Discord into a secret, and name that secret",
        )  # fmt: skip
    return _secret(settings, app.bot_token, "No command was registered", "chat.discord")


def _secret(settings: Settings, reference: str, what: str, table: str) -> str:
    try:
        return settings.secret(reference)
    except LookupError as error:
        raise ConfigurationError(
            what, error.args[0], f"Set it, or change [{table}] in {settings.config_path}"
        ) from None
