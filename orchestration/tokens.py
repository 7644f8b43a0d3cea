"""Bearer tokens for programs, for the command line: made, listed, revoked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration import sharing
from orchestration.home import Home
from orchestration.settings import Settings
from semantic.reports.shown import one_line
from serving.errors import EndedTokenError, RefusedTokenError
from serving.tokens import READING, Token, Tokens


def ledger(settings: Settings) -> Tokens:
    """The tokens of this home."""
    Home(settings.home).make()
    return Tokens(Home(settings.home).serving)


def create(
    settings: Settings,
    tenant_id: str | None,
    scopes: Collection[str] = READING,
    expires: str | None = None,
    name: str = "",
    by: str | None = None,
) -> tuple[str, Token]:
    """Make a token. `expires`: 90d or 48h; without it the tenant's default. `by`: who makes it. Raises TakingsError."""
    tenant = sharing.chosen_tenant(settings, tenant_id)
    limits = tenant.api
    lifetime = sharing.lifetime(expires or f"{limits.default_days}d", "a token", limits.most_days, "[tenants.api]")
    who = by or sharing.user()
    shown_name = one_line(name).strip()  # a line break would look like another token in a list
    return ledger(settings).make(tenant.id, scopes, lifetime, by=who, now=datetime.now(UTC), name=shown_name)


def entries(settings: Settings, tenant: str | None, *, ended: bool) -> Iterator[tuple[Token, str]]:
    """Tokens with their state, the newest first; without `ended` only those that work.

    A token of a tenant that is no longer configured opens nothing: its state is `closed`.
    """
    now, configured = datetime.now(UTC), {item.id for item in settings.tenants}
    for entry in ledger(settings).entries(tenant and settings.tenant(tenant).id):
        state = entry.state(now)
        if state == "live" and entry.tenant not in configured:
            state = "closed"
        if ended or state == "live":
            yield entry, state


def revoke(settings: Settings, number: str) -> Token:
    """End a token at once. Raises UnknownTokenError."""
    return ledger(settings).revoke(number, sharing.user(), datetime.now(UTC))


def revoke_all(settings: Settings, tenant: str) -> int:
    """End every token of a tenant that is being removed: another one may get its id. Returns how many there were."""
    book, now = ledger(settings), datetime.now(UTC)
    live = [entry for entry in book.entries(tenant) if entry.state(now) == "live"]
    for entry in live:
        book.revoke(entry.id, sharing.user(), now)
    return len(live)


def ready_token(settings: Settings, tenant: str, path: Path, by: str) -> str:
    """The token that `by` made before and wrote to `path`; where it is not live for another day, a new one.

    One token of `by` is live per tenant, so that repeated starts list it once.
    """
    book, now = ledger(settings), datetime.now(UTC)
    text = path.read_text().strip() if path.exists() else ""
    try:
        if book.check(text, now).expires - now > timedelta(days=1):
            return text
    except (RefusedTokenError, EndedTokenError):
        pass
    for entry, _ in entries(settings, tenant, ended=False):
        if entry.made_by == by:
            book.revoke(entry.id, by, now)
    text, _ = create(settings, tenant, name="demo", by=by)
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return text
