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

Builds are immutable. The newest three stay, for readers that still have one open. A blocked tenant's file is the one of
the last build that had it, with the time and the reason in `build_info`. An unchanged tenant's file is the one of the
last build: a link to it, or a copy where its sources were read further (orchestration/unchanged.py).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from common import database
from common.errors import ConfigurationError, StopError
from connectors.base import Progress
from orchestration import dbt_parse, failed_build, last_build, tenant_files, unchanged
from orchestration.blocked import read_blocked
from orchestration.dbt_build import Built
from orchestration.home import Home, quoted
from orchestration.reports import subject
from orchestration.settings import Settings
from semantic import catalog, duckdb_files
from semantic.catalog import Catalog
from semantic.duckdb_files import DuckDB
from semantic.subject import Subject
from semantic.warehouse import Build

RETAINED_BUILDS = 3
SMALL_BUILD = 64 * 2**20
"""Bytes of a build below which a second thread costs more than it saves."""
RECORDS = {"chats": ("chat_sessions",), "events": ("events",), "event_log": ("vault_sales", "vault_funnel")}
"""Kinds of records that any of several sources brings, and the marts of which one has rows of a tenant with them."""


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


def publish(home: Home, built: Built, run_id: str, tenants: Mapping[str, Tenant], progress: Progress) -> Path:
    """Write the build's files beside the current ones, then switch readers to them. Returns the build's folder.

    `tenants`: each configured tenant, also the blocked ones.
    """
    target, partial = home.published / run_id, home.published / f"{run_id}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    definitions = catalog.load(home.dbt_target)
    catalog.save(definitions, partial)
    now, before = datetime.now(UTC), _about(home)
    files = _Files(home, built.path, partial, tenants, before, definitions, now)
    files.write(progress)
    with duckdb_files.connect(partial / duckdb_files.EVERY) as db:
        read_until, records = _read_until(db), _records(db, files.marts)
    # the kept file of a blocked tenant may be of an older version, which the views leave out
    blocked, last = {block.tenant_id for block in files.blocked}, before.get("records", {})
    about = {
        "run_id": run_id,
        "published_at": now.isoformat(timespec="seconds"),
        "definitions": definitions.version,
        "tenants": sorted(tenants),
        "calendars": {
            name: {"time_zone": tenant.time_zone, "as_of": read_until.get(name)} for name, tenant in tenants.items()
        },
        "sources": {name: sorted(tenant.kinds) for name, tenant in tenants.items()},
        "records": {name: (last if name in blocked else records).get(name, []) for name in tenants},
        "blocked": {block.tenant_id: block.reason for block in files.blocked},
        "unchanged": files.same,
        "states": files.states_of_files(),
        "warnings": built.warnings,
        "tenant_warnings": files.warnings,
    }
    (partial / "build.json").write_text(json.dumps(about, indent=2) + "\n")
    _sync(partial)
    partial.rename(target)
    _swap(home.published, run_id)
    failed_build.remove(home)
    last_build.keep(home, built.path)
    _forget_old(home.published)
    return target


@dataclass
class _Files:
    """The DuckDB files of one publish, from a build and from the last publish."""

    home: Home
    build: Path
    partial: Path
    tenants: Mapping[str, Tenant]
    before: Mapping[str, Any]
    definitions: Catalog
    now: datetime

    def write(self, progress: Progress) -> None:
        """Write each tenant's file, or keep its last one; then the file without rows and the administrators'.

        It takes no more memory than a build of the same staging; what does not fit goes to the disk, beside the build.
        Raises StopError where that has no room for it either.
        """
        _, memory = dbt_parse.resources(self.home.staging)
        spilled = self.home.builds / "publish.tmp"
        try:
            self._write(progress, f"set memory_limit = '{memory}'; set temp_directory = {quoted(spilled)}")
        except duckdb.OutOfMemoryException as error:
            raise StopError(
                f"There is not enough memory to publish: it may take {memory}, and the disk has no room for the rest",
                str(error).splitlines()[0][:300],
                f"The last published build is untouched. Free some space for {spilled}, then run again",
            ) from error

    def _write(self, progress: Progress, limits: str) -> None:
        with database.connect() as db:
            db.execute(f"set enable_progress_bar = false; {limits}")
            if self.build.stat().st_size < SMALL_BUILD:
                db.execute("set threads = 1")
            db.execute(f"attach {quoted(self.build)} as build (read_only)")
            self.states, self.same = unchanged.read(db, "build")
            self.blocked, self.warnings = read_blocked(db, "build"), unchanged.read_warnings(db, "build")
            self.marts, source = tenant_files.columns(db, "build"), "build"
            if not self.marts:  # every tenant is unchanged or blocked
                db.execute(f"attach {quoted(self.last / 'nobody.duckdb')} as last (read_only)")
                self.marts, source = tenant_files.columns(db, "last"), "last"
            blocked = {block.tenant_id: block for block in self.blocked}
            total = len(self.tenants) + 2
            for number, name in enumerate(self.tenants, start=1):
                path = self.partial / f"tenant-{name}.duckdb"
                if name in blocked:
                    tenant_files.retain(db, source, self.last, path, self.marts, blocked[name], self.now)
                elif name in self.same:
                    self._keep(name, path)
                else:
                    tenant_files.write(db, source, path, self.marts, f"tenant_id = '{name}'", self.now)
                progress("publish", number, total, path.stem)
            if self.same:
                tenant_files.link(self.last, self.partial / "nobody.duckdb")
            else:
                tenant_files.write(db, source, self.partial / "nobody.duckdb", self.marts, "false", self.now)
            progress("publish", total - 1, total, "nobody")
        self._write_views(blocked)
        progress("publish", total, total, "all")

    @property
    def last(self) -> Path:
        """The build that readers see until this one is published."""
        return self.home.published / "current"

    def states_of_files(self) -> dict[str, dict[str, str]]:
        """What each tenant's file was made from: a blocked one's is that of its last file."""
        newest = {name: {"made_from": state.made_from, "read": state.read} for name, state in self.states.items()}
        earlier = self.before.get("states", {})
        retained = {block.tenant_id: earlier.get(block.tenant_id) for block in self.blocked}
        return {name: state for name, state in {**newest, **retained}.items() if state}

    def _keep(self, name: str, path: Path) -> None:
        """Keep an unchanged tenant's last file, or a copy that says how far its sources were read since."""
        state, read = self.states[name], self.before["states"][name]["read"]
        if read == state.read and name not in self.before["blocked"]:
            tenant_files.link(self.last, path)
        else:
            with tenant_files.copy(self.last, path) as db:
                build = Build(self.partial, self.definitions, DuckDB(db), name)
                tenant_files.move(db, build, self.tenants[name].subject, state, self.build)

    def _write_views(self, blocked: Collection[str]) -> None:
        is_alike = self.before.get("tenants") == sorted(self.tenants)
        if self.same and is_alike and not self.before["blocked"] and not blocked:
            tenant_files.link(self.last, self.partial / duckdb_files.EVERY)  # views of the same names and tables
        else:
            sound = {f"tenant-{name}" for name in self.tenants if name not in blocked}
            tenant_files.write_views(self.partial, self.marts, sound)


def _records(db: duckdb.DuckDBPyConnection, marts: tenant_files.Columns) -> dict[str, list[str]]:
    """The kinds of records of each tenant that has any."""
    kinds: dict[str, list[str]] = {}
    for kind, names in RECORDS.items():
        parts = " union ".join(f"select tenant_id from marts.{name}" for name in names if name in marts)
        for (tenant,) in db.execute(f"select distinct tenant_id from ({parts})").fetchall() if parts else []:
            kinds.setdefault(tenant, []).append(kind)
    return kinds


def current(home: Home) -> Path | None:
    """The folder of the build that readers see, None before the first."""
    link = home.published / "current"
    return link.resolve() if link.exists() else None


def newest(home: Home) -> Path:
    """The folder of the build that readers see. Raises ConfigurationError before the first build."""
    folder = current(home)
    if folder is None:
        raise ConfigurationError(
            f"Nothing has been published under {home.published} yet", next_step="Run `takings run`"
        )
    return folder


def kinds_of_records(home: Home) -> dict[str, list[str]]:
    """The kinds of records of each tenant in the build that readers see; none before the first build."""
    return dict(_about(home).get("records", {}))


def _about(home: Home) -> dict[str, Any]:
    """What the build that readers see says of itself; nothing before the first build."""
    folder = current(home)
    return dict(json.loads((folder / "build.json").read_text())) if folder else {}


def _read_until(db: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """The time up to which each tenant's sources were read, UTC, as the published files have it."""
    rows = db.execute("select tenant_id, min(as_of) from marts.build_info group by tenant_id").fetchall()
    return {name: as_of and as_of.isoformat(timespec="seconds") for name, as_of in rows}


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


def _swap(published: Path, run_id: str) -> None:
    link = published / f"current.{run_id}"
    link.unlink(missing_ok=True)
    link.symlink_to(run_id)
    link.replace(published / "current")


def _forget_old(published: Path) -> None:
    """Remove all but the newest builds, and what an interrupted publish left."""
    now = (published / "current").readlink().name
    builds = sorted(path for path in published.iterdir() if path.is_dir() and not path.is_symlink())
    old = [path for path in builds if path.suffix != ".partial" and path.name != now][: -(RETAINED_BUILDS - 1)]
    for path in (*old, *(path for path in builds if path.suffix == ".partial")):
        shutil.rmtree(path, ignore_errors=True)
    for link in published.glob("current.*"):
        link.unlink()
