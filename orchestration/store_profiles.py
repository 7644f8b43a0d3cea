"""What a chat assistant's database says of its store becomes the first version of the assistant's settings.

It counts until somebody changes the settings: from then on the database changes nothing
(serving/tenant_api/history.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from common.errors import TakingsError
from connectors.sync.staging import Staging
from orchestration import sharing
from orchestration.home import Home
from orchestration.settings import Settings
from serving.tenant_api.history import History
from serving.tenant_api.logos import Logos
from serving.tenant_api.profile import NAMES, Profile, change

SOURCE = "postgres"


def note(settings: Settings) -> list[str]:
    """Store what the configured databases say of their stores; returns what could not be taken over, and why."""
    accounts = {(item.tenant_id, item.account) for item in settings.without_secrets() if item.source == SOURCE}
    if not accounts:
        return []
    home = Home(settings.home)
    with Staging(home.staging) as staging:
        rows = [row for row in staging.store_profiles() if (row["tenant_id"], row["source_account"]) in accounts]
    history, now, warnings = History(home.serving), datetime.now(UTC), list[str]()
    for tenant in settings.tenants:
        stores = [row for row in rows if row["tenant_id"] == tenant.id]
        if len(stores) > 1:
            ids = ", ".join(str(row["store_id"]) for row in stores[:5])
            warnings.append(f"{tenant.id}: the settings of the assistant are not filled in: several stores ({ids})")
        elif stores:
            warnings += _take_over(history, tenant.id, stores[0], now)
    return warnings


def rename(settings: Settings, old: str, new: str) -> int:
    """Give the settings of a tenant to its new id; returns how many versions there were."""
    folder = Home(settings.home).serving
    Logos(folder).rename(old, new)
    return History(folder).rename(old, new)


def clear(settings: Settings, tenant: str) -> bool:
    """Empty the settings of a tenant that is removed; returns whether there were any."""
    Logos(Home(settings.home).serving).remove(tenant)
    return History(Home(settings.home).serving).clear(tenant, sharing.user(), datetime.now(UTC))


def _take_over(history: History, tenant: str, row: dict[str, Any], now: datetime) -> Iterator[str]:
    """Store the values of a row that are valid; the others stay unknown and are named."""
    profile, source = Profile(), f"{SOURCE} / {row['source_account']}"
    for name in NAMES:
        profile, mistakes = change(profile, {name: row[name]})
        yield from (f"{tenant}: {source}: {mistake.what}; it is not taken over" for mistake in mistakes)
    try:
        history.of_source(tenant, profile, source, now)
    except TakingsError as error:
        yield f"{tenant}: {error}"
