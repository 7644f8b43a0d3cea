"""What the web application keeps of a tenant whose id changes or that is removed: links, tokens, the assistant's
settings, messages, states of alerts. Another tenant may get its id, so nothing of it may open or be sent then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from orchestration import deliveries, sharing, store_profiles, tokens
from orchestration.home import Home
from orchestration.settings import Settings
from serving.deliveries import tenants


def rename(settings: Settings, old: str, new: str) -> Iterator[str]:
    """Give it to the new id; links and tokens carry the old one and end. Yields what was done. Raises TakingsError."""
    if store_profiles.rename(settings, old, new):
        yield f"The settings of the assistant of {old} are those of {new} now."
    if _has_messages(settings):
        with closing(deliveries.outbox(settings)) as box:
            if tenants.rename(box, old, new):
                yield f"The messages and alerts of {old} are those of {new} now."
    yield from _end_access(settings, old, f"make new ones for {new}")


def remove(settings: Settings, tenant: str) -> Iterator[str]:
    """End and empty it. Yields what was done. Raises TakingsError."""
    yield from _end_access(settings, tenant, "")
    if store_profiles.clear(settings, tenant):
        yield f"The settings of the assistant of {tenant} are empty now; their history stays."
    if _has_messages(settings):
        with closing(deliveries.outbox(settings)) as box:
            if count := tenants.remove(box, tenant, datetime.now(UTC)):
                yield f"Messages of {tenant} that are not sent any more: {count}."


def _end_access(settings: Settings, tenant: str, advice: str) -> Iterator[str]:
    after = f": {advice}" if advice else ""
    if count := tokens.revoke_all(settings, tenant):
        yield f"Tokens of {tenant} that no longer work: {count}{after}."
    if count := sharing.revoke_all(settings, tenant):
        yield f"Links of {tenant} that no longer open: {count}{after}."


def _has_messages(settings: Settings) -> bool:
    return (Home(settings.home).serving / "deliveries.db").exists()
