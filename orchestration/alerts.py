"""Evaluates the alert rules over the published build, tenant by tenant."""

from __future__ import annotations

from datetime import UTC

from common.errors import ConfigurationError
from orchestration import places
from orchestration.rates import read_rates
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic import periods
from semantic.alerts import rules
from semantic.alerts.evaluate import Alert, evaluate
from semantic.warehouse import Build, open_build


def evaluate_tenants(settings: Settings, tenant: str | None = None) -> list[Alert]:
    """One alert per tenant and rule. "Today" is the tenant's calendar day at the build's `as_of`.

    Raises SemanticError before the first build, and for a configured limit that belongs to no rule; ConfigurationError
    for exchange rates that cannot be read.
    """
    alerts: list[Alert] = []
    for configured in settings.tenants if tenant is None else (settings.tenant(tenant),):
        with open_build(places.of_settings(settings), configured.id) as build:
            if build.as_of() is None:
                raise ConfigurationError(
                    "No alert was evaluated",
                    f"the published build holds nothing of {configured.id}",
                    "Run `takings run`",
                )
            alerts += evaluate_tenant(settings, configured, build)
    return alerts


def evaluate_tenant(settings: Settings, tenant: TenantSettings, build: Build) -> list[Alert]:
    """The tenant's alerts over a build that is open for it; none where it holds nothing of the tenant.

    Raises SemanticError for a configured limit that belongs to no rule.
    """
    as_of = build.as_of()
    if as_of is None:
        return []
    today = periods.local_day(as_of.replace(tzinfo=UTC), tenant.time_zone)
    return evaluate(build, rules.load(), today=today, limits=tenant.alerts, rates=read_rates(settings))
