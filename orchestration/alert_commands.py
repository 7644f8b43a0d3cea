"""What `takings alerts` does with alerts: acknowledge, snooze, list, and try a channel."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from common.errors import ConfigurationError
from orchestration import alerts, sharing
from orchestration.alert_messages import reader
from orchestration.alert_settings import WAITS, AlertChannelSettings
from orchestration.home import Home
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic.alerts import rules
from semantic.errors import UnknownNameError
from serving.alerts import state
from serving.alerts.book import Book
from serving.alerts.listing import Listed, listed
from serving.alerts.message import trial
from serving.alerts.state import Status
from serving.deliveries import channels
from serving.deliveries.message import Outcome
from serving.deliveries.outbox import Outbox

SPAN = re.compile(r"([1-9][0-9]{0,3})(d|h)")
LONGEST = timedelta(days=366)


def outbox(settings: Settings) -> Outbox:
    """The outbox of this home."""
    Home(settings.home).make()
    return Outbox(Home(settings.home).serving)


def current(settings: Settings, outbox: Outbox, now: datetime, tenant: str | None = None) -> list[Listed]:
    """Each rule of each tenant in the published build, with since when it fires and who knows of it.

    Raises what `evaluate_tenants` raises, and StateError.
    """
    book, evaluated = Book(outbox), alerts.evaluate_tenants(settings, tenant)
    names = dict.fromkeys(alert.tenant_id for alert in evaluated)
    return [
        item
        for name in names
        for item in listed([alert for alert in evaluated if alert.tenant_id == name], book.statuses(name), now)
    ]


def waits(settings: Settings, outbox: Outbox, tenant: str | None = None) -> list[Status]:
    """What waits for too long: numbers and deliveries."""
    chosen = settings.tenants if tenant is None else (settings.tenant(tenant),)
    statuses = [status for one in chosen for status in Book(outbox).statuses(one.id)]
    return [status for status in statuses if status.family == "wait" and status.active]


def acknowledge(settings: Settings, outbox: Outbox, tenant: str | None, name: str, by: str, now: datetime) -> Status:
    """Note that somebody knows of an alert, until it ends. Raises ConfigurationError where it does not last."""
    book, of = Book(outbox), sharing.chosen_tenant(settings, tenant).id
    _known(book, of, name)
    status = next((each for each in book.statuses(of) if each.name == name), None)
    if status is None or not status.active:
        raise ConfigurationError(
            f"{name} of {of} cannot be acknowledged", "it does not fire, or no run has reported it yet",
            "`takings alerts` shows what fires; to get no messages of it, use --snooze",
        )  # fmt: skip
    return book.change(of, name, lambda old: state.acknowledge(old, by, now))


def snooze(
    settings: Settings, outbox: Outbox, tenant: str | None, name: str, until: str, by: str, now: datetime
) -> Status:
    """Send nothing of an alert until an instant: 3d, 12h, 2026-12-01, 2026-12-01 09:00. Raises ConfigurationError."""
    book, configured = Book(outbox), sharing.chosen_tenant(settings, tenant)
    _known(book, configured.id, name)
    end = _instant(until, configured, now)
    return book.change(configured.id, name, lambda old: state.snooze(old, by, now, end))


def unsnooze(settings: Settings, outbox: Outbox, tenant: str | None, name: str) -> Status:
    """Send messages of an alert again."""
    book, of = Book(outbox), sharing.chosen_tenant(settings, tenant).id
    _known(book, of, name)
    return book.change(of, name, state.unsnooze)


def test_channels(
    settings: Settings, tenant: str | None, name: str | None, by: str, now: datetime
) -> Iterator[tuple[str, AlertChannelSettings, Outcome]]:
    """Send a test message to each alert channel (of a tenant, of this name): tenant, channel, and what came of it.

    Raises ConfigurationError where there is none.
    """
    chosen = settings.tenants if tenant is None else (settings.tenant(tenant),)
    pairs = [(one, channel) for one in chosen for channel in one.alert_channels if name in (None, channel.name)]
    if not pairs:
        known = ", ".join(dict.fromkeys(channel.name for one in chosen for channel in one.alert_channels))
        raise ConfigurationError(
            f"There is no alert channel {name!r}" if name and known else "No alert channel is configured",
            next_step=f"Choose from: {known}" if known else f"Add [[tenants.alert_channels]] to {settings.config_path}",
        )
    for configured, channel in pairs:
        yield configured.id, channel, _try(settings, configured, channel, by, now)


def _try(settings: Settings, tenant: TenantSettings, channel: AlertChannelSettings, by: str, now: datetime) -> Outcome:
    try:
        address = settings.secret(channel.address)
    except LookupError as error:
        return Outcome("failed", str(error.args[0]))
    what = f"Rules: {', '.join(channel.rules) or 'all'}. Messages: {' and '.join(channel.notify)}."
    message = trial(reader(settings, tenant), channel.name, by, what)
    return channels.send(address, message, secrets.token_hex(16), now)


def _known(book: Book, tenant: str, name: str) -> None:
    """Raise UnknownNameError for what is neither a rule nor an alert."""
    names = [*(rule.name for rule in rules.load()), *WAITS, *(status.name for status in book.statuses(tenant))]
    if name not in names:
        raise UnknownNameError("alert rule", name, list(dict.fromkeys(names)))


def _instant(text: str, tenant: TenantSettings, now: datetime) -> datetime:
    """An instant to come, in the tenant's zone where none is written; a day means its beginning."""
    if match := SPAN.fullmatch(text.strip()):
        end = now + timedelta(**{"days" if match[2] == "d" else "hours": int(match[1])})
    else:
        try:
            end = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ConfigurationError(
                f"{text!r} is not an instant",
                "it is not a span, a day or a time",
                "Write 3d, 12h, 2026-12-01 or 2026-12-01T09:00",
            ) from None
        end = end if end.tzinfo else end.replace(tzinfo=ZoneInfo(tenant.time_zone))
    if not now < end <= now + LONGEST:
        raise ConfigurationError(
            f"An alert cannot be snoozed until {text}", "the instant is past, or more than a year away",
            "Choose another one",
        )  # fmt: skip
    return end
