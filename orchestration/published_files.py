"""Writes the DuckDB files of one publish, which nobody opens before `current` points to their folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from common import database
from common.errors import StopError
from connectors.base import Progress
from orchestration import dbt_parse, plan, tenant_files
from orchestration.home import Home, quoted
from orchestration.plan import Plan, Shown
from semantic import duckdb_files
from semantic.catalog import Catalog
from semantic.duckdb_files import DuckDB
from semantic.subject import Subject
from semantic.warehouse import Build

SMALL_BUILD = 64 * 2**20
"""Bytes of a build below which a second thread costs more than it saves."""


@dataclass
class Files:
    """The DuckDB files of one publish, from a build and from the last publish."""

    home: Home
    build: Path
    partial: Path
    plan: Plan
    subjects: Mapping[str, Subject]
    definitions: Catalog
    now: datetime

    def write(self, progress: Progress) -> Shown:
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
        with duckdb_files.connect(self.partial / duckdb_files.EVERY) as db:
            return plan.shown(db, self.marts)

    def _write(self, progress: Progress, limits: str) -> None:
        with database.connect() as db:
            db.execute(f"set enable_progress_bar = false; {limits}")
            if self.build.stat().st_size < SMALL_BUILD:
                db.execute("set threads = 1")
            db.execute(f"attach {quoted(self.build)} as build (read_only)")
            self.marts, source = tenant_files.columns(db, "build"), "build"
            if not self.marts:  # every tenant is unchanged or blocked
                db.execute(f"attach {quoted(self.last / 'nobody.duckdb')} as last (read_only)")
                self.marts, source = tenant_files.columns(db, "last"), "last"
            total = len(self.subjects) + 2
            for number, name in enumerate(self.subjects, start=1):
                path = self.partial / f"tenant-{name}.duckdb"
                if name in self.plan.blocked:
                    tenant_files.retain(db, source, self.last, path, self.marts, self.plan.blocked[name], self.now)
                elif name in self.plan.same:
                    self._keep(name, path)
                else:
                    tenant_files.write(db, source, path, self.marts, f"tenant_id = '{name}'", self.now)
                progress("publish", number, total, path.stem)
            if self.plan.same:
                tenant_files.link(self.last, self.partial / "nobody.duckdb")
            else:
                tenant_files.write(db, source, self.partial / "nobody.duckdb", self.marts, "false", self.now)
            progress("publish", total - 1, total, "nobody")
        self._write_views()
        progress("publish", total, total, "all")

    @property
    def last(self) -> Path:
        """The build that readers see until this one is published."""
        return self.home.published / "current"

    def _keep(self, name: str, path: Path) -> None:
        """Keep an unchanged tenant's last file, or a copy that says how far its sources were read since."""
        if self.plan.is_moved(name):
            with tenant_files.copy(self.last, path) as db:
                build = Build(self.partial, self.definitions, DuckDB(db), name)
                tenant_files.move(db, build, self.subjects[name], self.plan.states[name], self.build)
        else:
            tenant_files.link(self.last, path)

    def _write_views(self) -> None:
        before, blocked = self.plan.before, self.plan.blocked
        is_alike = before.get("tenants") == sorted(self.subjects)
        if self.plan.same and is_alike and not before["blocked"] and not blocked:
            tenant_files.link(self.last, self.partial / duckdb_files.EVERY)  # views of the same names and tables
        else:
            sound = {f"tenant-{name}" for name in self.subjects if name not in blocked}
            tenant_files.write_views(self.partial, self.marts, sound)
