"""The rows of the ledgers: links, tokens, settings, messages to people, and what people did about alerts.

Each function reads one ledger whole, the oldest rows first, and makes no file where there is none. No row holds a
secret: a token is its id, a recipient the name of its setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from serving.alerts.book import Book
from serving.audit.event import ActorKind, Event
from serving.deliveries.outbox import ENDED, Entry, Outbox
from serving.ledger import Ledger
from serving.tenant_api.history import History, Version
from serving.tokens import Tokens

COMMAND_LINE = " (command line)"
ALERTS = "alerts"  # links in messages about alerts
CHAT = re.compile(r"(slack|discord) .*\(.+\)", re.DOTALL)
"""A person of a chat, as serving/chat names them; a login's name has no blank."""


def actor_kind(name: str) -> ActorKind:
    """What a name in a ledger is: of the command line, a chat, a delivery or an alert message, or else a login's."""
    if name.endswith(COMMAND_LINE):
        return "command"
    if CHAT.fullmatch(name):
        return "chat"
    return "system" if " " in name or name == ALERTS else "login"


def links(ledger: Ledger) -> Iterator[Event]:
    """Links that were made, and revoked."""
    for entry in reversed(ledger.entries()):
        link = entry.link
        days: Any = [day.isoformat() for day in link.days] if link.days else link.rolling
        detail = {"report": link.report, "days": days, "expires": link.expiry.isoformat()}
        yield Event(
            entry.made_at, link.tenant, actor_kind(entry.made_by), entry.made_by, "share", f"link {link.id}", "ok",
            detail, "links",
        )  # fmt: skip
        if entry.revoked_at and entry.revoked_by:
            kind = actor_kind(entry.revoked_by)
            yield Event(
                entry.revoked_at, link.tenant, kind, entry.revoked_by, "revoke", f"link {link.id}", store="links"
            )


def tokens(ledger: Tokens) -> Iterator[Event]:
    """Tokens that were made, and revoked."""
    for entry in reversed(ledger.entries()):
        detail = {"scopes": sorted(entry.scopes), "name": entry.name, "expires": entry.expires.isoformat()}
        kind, what = actor_kind(entry.made_by), f"token {entry.id}"
        yield Event(entry.made_at, entry.tenant, kind, entry.made_by, "token", what, "ok", detail, "tokens")
        if entry.revoked_at and entry.revoked_by:
            kind = actor_kind(entry.revoked_by)
            yield Event(entry.revoked_at, entry.tenant, kind, entry.revoked_by, "revoke", what, store="tokens")


def settings(history: History) -> Iterator[Event]:
    """Changes of the settings of assistants, with what was before and what is now."""
    for version in reversed(history.versions(most=None)):
        if version.author is not None and version.changed_at is not None:
            author, what = version.author, f"assistant settings, version {version.number}"
            yield Event(
                version.changed_at, version.tenant, author.kind, author.name, "settings", what, "ok",
                _change(version), "settings",
            )  # fmt: skip


def messages(outbox: Outbox) -> Iterator[Event]:
    """Reports and alerts that were sent, or could not be."""
    if not outbox.path.exists():
        return
    for entry in reversed(outbox.entries()):
        if entry.state in ENDED:
            detail = {"window": entry.key.window, "recipient": entry.recipient, "attempts": entry.attempts}
            outcome = "ok" if entry.state == "sent" else entry.state
            at, what = _ended(entry), f"{entry.key.kind} {entry.key.name}"
            yield Event(at, entry.key.tenant, "system", "takings", "send", what, outcome, detail, "messages")


def alerts(outbox: Outbox, tenants: list[str]) -> Iterator[Event]:
    """Who acknowledged or snoozed an alert that lasts; the ledger has the last one of each."""
    if not outbox.path.exists():
        return
    book = Book(outbox)
    for tenant in tenants:
        for status in book.statuses(tenant):
            what = f"alert {status.name}"
            if status.acknowledged_by and status.acknowledged_at:
                by, at = status.acknowledged_by, status.acknowledged_at
                yield Event(at, tenant, actor_kind(by), by, "acknowledge", what, store="alerts")
            if status.snoozed_by and status.snoozed_at:
                by, at, until = status.snoozed_by, status.snoozed_at, status.snoozed_until
                detail = {"until": until and until.isoformat()}
                yield Event(at, tenant, actor_kind(by), by, "snooze", what, "ok", detail, "alerts")


def _ended(entry: Entry) -> datetime:
    return entry.ended or entry.planned


def _change(version: Version) -> dict[str, Any]:
    before, after = version.before.as_dict(), version.after.as_dict()
    changes = {name: {"before": before[name], "after": after[name]} for name in version.changed}
    return {"changes": changes, **({"copy_of": version.restored} if version.restored else {})}
