"""Reports of a configured tenant: its name, its sources' names and its own reports come from takings.toml."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from connectors.registry import BY_KIND
from orchestration import places
from orchestration.home import Home
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.fill import fill_build
from semantic.reports.formats import file_name, save
from semantic.reports.library import find
from semantic.subject import Subject
from semantic.warehouse import open_build
from serving.tenant_api.logos import Logos


def subject(tenant: TenantSettings) -> Subject:
    """A tenant as people know it."""
    sources = {source.kind: BY_KIND[source.kind].title for source in tenant.sources}
    return Subject(tenant.name, tenant.time_zone, sources)


def brand(settings: Settings, filled: Content) -> Brand:
    """The brand of a report's tenant; its name alone where takings.toml no longer has the tenant."""
    tenant = next((item for item in settings.tenants if item.id == filled.tenant), None)
    return brand_of(settings, tenant) if tenant else Brand(filled.tenant_name)


def brand_of(settings: Settings, tenant: TenantSettings) -> Brand:
    """A tenant's brand: that of takings.toml, with the logo of the assistant's settings where the file names none."""
    own = tenant.brand.brand(tenant.name, settings.config_folder)
    return Logos(Home(settings.home).serving).brand(tenant.id, own)


def content(
    settings: Settings,
    name: str,
    start: date,
    end: date,
    *,
    tenant: str | None = None,
    period: str | None = None,
    rolling: bool = False,
) -> Content:
    """A report of the published build, for a tenant (by default the only one). Raises a SemanticError."""
    declared = find(name, settings.reports_folder)
    with open_build(places.of_settings(settings), tenant) as build:
        configured = next((item for item in settings.tenants if item.id == build.tenant), None)
        return fill_build(
            build,
            declared,
            start,
            end,
            now=datetime.now(UTC),
            subject=subject(configured) if configured else None,
            period=period,
            rolling=rolling,
        )


def write(filled: Content, brand: Brand, format: str, folder: Path) -> tuple[Path, bool]:
    """Write a report to its file. Returns the path, and whether a file of this name was replaced."""
    is_there = (folder / file_name(filled, format)).exists()
    return save(filled, brand, format, folder), is_there
