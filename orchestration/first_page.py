"""Fills what the first page shows into a finished build, tenant by tenant (semantic/digest)."""

from __future__ import annotations

import duckdb

from orchestration.alerts import evaluate_tenant
from orchestration.dbt_build import Built
from orchestration.home import Home
from orchestration.reports import subject
from orchestration.settings import Settings
from semantic import catalog
from semantic.alerts.evaluate import Alert
from semantic.digest.fill import fill
from semantic.duckdb_files import DuckDB
from semantic.errors import SemanticError
from semantic.warehouse import Build


def write(db: duckdb.DuckDBPyConnection, settings: Settings, built: Built) -> None:
    """Write the rows of these tenants into the build, which `db` has open.

    Alert rules that cannot be evaluated are a warning and a row.
    """
    definitions = catalog.load(Home(settings.home).dbt_target)
    db.execute("set enable_progress_bar = false")
    for tenant in settings.tenants:
        build = Build(built.path.parent, definitions, DuckDB(db), tenant.id)
        alerts, problem = list[Alert](), ""
        try:
            alerts = evaluate_tenant(settings, tenant, build)
        except SemanticError as error:
            problem = str(error)
            built.warnings.append(f"the alert rules of {tenant.id} were not evaluated: {problem}")
        fill(build, subject(tenant), alerts, problem)
