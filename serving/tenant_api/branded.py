"""Tenants with the logos of their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from serving.site import Tenant
from serving.tenant_api.logos import Logos


class Branded(Mapping[str, Tenant]):
    """Tenants with the logos of their settings, as these are now."""

    def __init__(self, tenants: Mapping[str, Tenant], logos: Logos) -> None:
        self._tenants, self._logos = tenants, logos

    def __getitem__(self, name: str) -> Tenant:
        tenant = self._tenants[name]
        return replace(tenant, brand=self._logos.brand(name, tenant.brand))

    def __iter__(self) -> Iterator[str]:
        return iter(self._tenants)

    def __len__(self) -> int:
        return len(self._tenants)
