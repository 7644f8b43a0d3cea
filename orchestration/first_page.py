"""Fills what the first page shows into a build, tenant by tenant (semantic/digest)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from orchestration.alerts import evaluate_tenant
from orchestration.dbt_build import Built
from orchestration.home import Home
from orchestration.reports import subject
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic import catalog
from semantic.alerts.evaluate import Alert
from semantic.catalog import Catalog
from semantic.digest.fill import fill
from semantic.duckdb_files import DuckDB
from semantic.engine import Engine
from semantic.errors import SemanticError
from semantic.warehouse import Build

Engines = Callable[[str], Engine]
"""The engine that holds a tenant's rows of the build, and takes more."""


def write_into_file(db: duckdb.DuckDBPyConnection, settings: Settings, built: Built) -> None:
    """Write the rows of these tenants into the finished build that `db` has open, and warnings into `built`."""
    db.execute("set enable_progress_bar = false")
    definitions, engine = catalog.load(Home(settings.home).dbt_target), DuckDB(db)
    folder = built.path.parent
    built.warnings += write(settings, settings.tenants, folder, definitions, lambda tenant: engine)


def write(
    settings: Settings, tenants: Iterable[TenantSettings], folder: Path, definitions: Catalog, engine_of: Engines
) -> list[str]:
    """Write the rows of these tenants into the build.

    Alert rules that cannot be evaluated are a row, and one of the warnings that are returned.
    """
    warnings = []
    for tenant in tenants:
        build = Build(folder, definitions, engine_of(tenant.id), tenant.id)
        alerts, problem = list[Alert](), ""
        try:
            alerts = evaluate_tenant(settings, tenant, build)
        except SemanticError as error:
            problem = str(error)
            warnings.append(f"the alert rules of {tenant.id} were not evaluated: {problem}")
        fill(build, subject(tenant), alerts, problem)
    return warnings
