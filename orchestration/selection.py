"""Selects sources and tenants of the configuration, for `takings pull --source stripe --tenant aurora`."""

from __future__ import annotations

from common.errors import ConfigurationError
from connectors.registry import KINDS
from orchestration.settings import Settings


def only(settings: Settings, source: str | None = None, tenant: str | None = None) -> Settings:
    """A copy of the settings with only these sources, so that no other secret is needed.

    Raises ConfigurationError for a source or a tenant that does not exist or is not configured.
    """
    if source is not None and source not in KINDS:
        raise ConfigurationError(
            f"Unknown source {source!r}", "no connector has this name", f"Choose from: {', '.join(KINDS)}"
        )
    tenants = settings.tenants if tenant is None else (settings.tenant(tenant),)
    chosen = []
    for candidate in tenants:
        sources = tuple(item for item in candidate.sources if source in (None, item.kind))
        if sources:
            chosen.append(candidate.model_copy(update={"sources": sources}))
    if not chosen:
        configured = sorted({item.kind for candidate in tenants for item in candidate.sources}, key=KINDS.index)
        raise ConfigurationError(
            f"The source {source!r} is not configured" + (f" for tenant {tenant}" if tenant else ""),
            f"{settings.config_path} configures {', '.join(configured)}",
            "Choose one of these, or add the source there",
        )
    return settings.model_copy(update={"tenants": tuple(chosen)})
