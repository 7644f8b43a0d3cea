"""Whether a tenant's store has a chat assistant: its settings are offered only then."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from semantic import warehouse
from semantic.errors import SemanticError
from semantic.reports import numbers
from semantic.warehouse import Published, open_build
from serving.site import Site

METRIC = "chat_sessions"


def has_assistant(site: Site, tenant: str) -> bool:
    """Whether somebody has filled in settings, or the published build has chats."""
    if site.settings.newest(tenant).number:
        return True
    try:
        return _has_chats(warehouse.current(site.published), site.published, tenant)
    except SemanticError:  # nothing is published: nobody has chatted as far as is known
        return False


@lru_cache(maxsize=256)
def _has_chats(_: Path, published: Published, tenant: str) -> bool:
    """Whether the build in this folder has chats of the tenant."""
    with open_build(published, tenant) as build:
        return METRIC in build.catalog.metrics and numbers.known(build, [METRIC])[METRIC]
