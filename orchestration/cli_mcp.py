"""The command that serves an assistant on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.cli_numbers import Tenant

if TYPE_CHECKING:
    from orchestration.settings import Settings
    from orchestration.tenant_settings import TenantSettings


def mcp(tenant: Tenant = None) -> None:
    """Serve a tenant's metrics, reports and alerts to an assistant (Model Context Protocol) on stdin and stdout.

    The assistant starts this command itself: docs/guides/assistants.md. Assistants elsewhere use the address /mcp of
    `takings serve`, with a token of `takings token create`.
    """
    import anyio

    from orchestration import settings, web
    from serving.mcp.server import serve_stdio

    configuration = settings.load()
    site = web.site(configuration)
    anyio.run(serve_stdio, site, site.tenants[_only(configuration, tenant).id])


def command(tenant: str) -> str:
    """The command as a person types it in the checkout."""
    return f".venv/bin/takings mcp --tenant {tenant}"


def _only(configuration: Settings, tenant: str | None) -> TenantSettings:
    """The tenant of this name; without one, the only one. Raises ConfigurationError."""
    from common.errors import ConfigurationError

    if tenant is not None:
        return configuration.tenant(tenant)
    if len(configuration.tenants) > 1:
        known = ", ".join(item.id for item in configuration.tenants)
        raise ConfigurationError("No tenant is named", f"there are several: {known}", "Name one with --tenant")
    return configuration.tenants[0]
