"""Makes a finished build visible to readers, in one step of the file system.

    published/<run>/tenant-<id>.duckdb     one tenant's rows and nothing else
                    all.duckdb             every tenant, for administrators: views over the tenants' files, which
                                           semantic/duckdb_files.connect attaches
                    nobody.duckdb          the tables without rows, for users who belong to no tenant
                    catalog.json           the metrics' definitions of this build
                    build.json             its run, its time, its definitions' version, its blocked tenants, and each
                                           tenant's time zone with the time up to which its sources were read, and
                                           the kinds of its sources, and which kinds of records it has; what each
                                           tenant's file was made from
    published/current -> <run>             replaced by one rename: a reader sees a whole build, the old or the new one

Where marts are in a PostgreSQL database (orchestration/postgres/publish.py), the folder has the two JSON files alone.
Builds are immutable. The newest three stay, for readers that still have one open. A blocked tenant's file is the one of
the last build that had it, with the time and the reason in `build_info`. An unchanged tenant's file is the one of the
last build: a link to it, or a copy where its sources were read further (orchestration/unchanged.py).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.base import Progress
from orchestration import builds, failed_build, last_build
from orchestration import plan as plans
from orchestration.builds import DUCKDB, POSTGRES
from orchestration.dbt_build import Built
from orchestration.home import Home
from orchestration.plan import Shown
from orchestration.postgres import publish as postgres
from orchestration.postgres.publish import Database
from orchestration.published_files import Files
from orchestration.reports import subject
from orchestration.settings import Settings
from semantic import catalog
from semantic.subject import Subject


@dataclass(frozen=True)
class Tenant:
    """What readers of a build know of a tenant: its time zone, the kinds of its sources, and its name."""

    time_zone: str
    kinds: frozenset[str] = frozenset()
    subject: Subject = field(default_factory=lambda: Subject("", "UTC", {}))


def of_settings(settings: Settings) -> dict[str, Tenant]:
    """The configured tenants by id."""
    return {
        tenant.id: Tenant(tenant.time_zone, frozenset(source.kind for source in tenant.sources), subject(tenant))
        for tenant in settings.tenants
    }


def publish(
    home: Home,
    built: Built,
    run_id: str,
    tenants: Mapping[str, Tenant],
    progress: Progress,
    database: Database | None = None,
) -> Path:
    """Write the build's files beside the current ones, then switch readers to them. Returns the build's folder.

    `tenants`: each configured tenant, also the blocked ones. `database`: holds the marts, where they are not in files.
    """
    target, partial = home.published / run_id, home.published / f"{run_id}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    definitions, now = catalog.load(home.dbt_target), datetime.now(UTC)
    catalog.save(definitions, partial)
    before = postgres.before(database.warehouse) if database else builds.about(home, DUCKDB)
    plan = plans.read(built.path, before)
    subjects = {name: tenant.subject for name, tenant in tenants.items()}
    publishing: AbstractContextManager[Shown]
    if database is None:
        files = Files(home, built.path, partial, plan, subjects, definitions, now)
        publishing = nullcontext(files.write(progress))
    else:
        publishing = postgres.publishing(database, built, plan, run_id, definitions, now, progress)
    with publishing as shown:  # a database shows its rows when this block ends
        last = plan.before.get("records", {})
        build = {
            "run_id": run_id,
            "engine": POSTGRES if database else DUCKDB,
            "published_at": now.isoformat(timespec="seconds"),
            "definitions": definitions.version,
            "tenants": sorted(tenants),
            "calendars": {
                name: {"time_zone": tenant.time_zone, "as_of": shown.read_until.get(name)}
                for name, tenant in tenants.items()
            },
            "sources": {name: sorted(tenant.kinds) for name, tenant in tenants.items()},
            # rows of an older version, which a blocked tenant may have kept, are not among those that were looked at
            "records": {name: (last if name in plan.blocked else shown.records).get(name, []) for name in tenants},
            "blocked": {name: block.reason for name, block in plan.blocked.items()},
            "unchanged": plan.same,
            "states": plan.made_from(),
            "warnings": built.warnings,
            "tenant_warnings": plan.warnings,
        }
        (partial / "build.json").write_text(json.dumps(build, indent=2) + "\n")
        _sync(partial)
        partial.rename(target)
    builds.switch(home, run_id)
    failed_build.remove(home)
    last_build.keep(home, built.path)
    builds.forget_old(home)
    return target


def _sync(folder: Path) -> None:
    """Write everything to disk before `current` points to it, and let nobody change it afterwards.

    Another program that opens a file for writing would lock all readers out of it.
    """
    for path in folder.iterdir():
        path.chmod(0o444)
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
