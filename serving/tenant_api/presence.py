"""Whether a tenant's store has a chat assistant: its settings are offered only then."""

from __future__ import annotations

from pathlib import Path

from semantic import warehouse
from semantic.errors import SemanticError
from semantic.reports import numbers
from semantic.warehouse import Published, open_build
from serving.site import Site

METRIC = "chat_sessions"
MOST = 256
_CHATS: dict[tuple[Path, str], bool] = {}
"""Whether there are any, by build and tenant."""


def has_assistant(site: Site, tenant: str) -> bool:
    """Whether somebody has filled in settings, or the published build has chats."""
    if site.settings.newest(tenant).number:
        return True
    try:
        return _has_chats(site.published, tenant)
    except SemanticError:  # nothing is published: nobody has chatted as far as is known
        return False


def _has_chats(published: Published, tenant: str) -> bool:
    """Whether the current build has chats of the tenant."""
    key = (warehouse.current(published), tenant)
    answer = _CHATS.get(key)
    if answer is None:
        with open_build(published, tenant) as build:
            answer = METRIC in build.catalog.metrics and numbers.known(build, [METRIC])[METRIC]
        if len(_CHATS) >= MOST:
            _CHATS.clear()
        _CHATS[key] = answer
    return answer
