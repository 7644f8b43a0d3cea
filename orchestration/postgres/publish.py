"""Publishes a build in PostgreSQL: one transaction replaces the rows of each tenant that was built.

A statement of a reader, and a transaction of one that is `repeatable read`, sees the rows of one run, the last or this
one, and nobody waits. The folder of the build (orchestration/publication.py) is complete before the transaction ends,
and `current` points to it afterwards: where a run dies between the two, the next one moves `current` on (`before`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import sql

from common import database
from common.errors import StopError
from connectors.base import Progress
from connectors.postgres.connection import Connection
from orchestration import builds, first_page
from orchestration import plan as plans
from orchestration.blocked import Blocked
from orchestration.builds import POSTGRES
from orchestration.dbt_build import Built
from orchestration.home import quoted
from orchestration.plan import Plan, Shown
from orchestration.postgres import build, tables
from orchestration.postgres import warehouse as warehouses
from orchestration.postgres.build import BUILD
from orchestration.postgres.tables import BOOK, PUBLISHED
from orchestration.postgres.warehouse import Warehouse
from orchestration.reports import subject
from orchestration.settings import Settings
from semantic.catalog import Catalog
from semantic.digest.fill import follow
from semantic.postgres import Postgres
from semantic.warehouse import Build


def before(warehouse: Warehouse) -> Mapping[str, Any]:
    """What the build that readers see says of itself; nothing where it is not the one whose rows the database holds.

    `current` is moved to the build of these rows where the run that published them died before it could.
    """
    home = warehouse.home
    with warehouse.writing() as db:
        tables.prepare(db)
        run = tables.published_run(db)
    seen = builds.current(home)
    if run and (seen is None or seen.name < run) and (home.published / run / "build.json").exists():
        builds.switch(home, run)
    builds.forget_newer(home)  # the folder of a run whose transaction did not end
    about = builds.about(home, POSTGRES)
    return about if about.get("run_id") == run else {}


@dataclass(frozen=True)
class Database:
    """Where a configuration publishes."""

    warehouse: Warehouse
    settings: Settings


def of_engine(settings: Settings) -> Database | None:
    """The configured database where marts are built and read in it; None where that is DuckDB's files."""
    server = warehouses.of_engine(settings)
    return Database(server, settings) if server else None


@contextmanager
def publishing(
    database: Database, built: Built, plan: Plan, run_id: str, definitions: Catalog, now: datetime, on: Progress
) -> Iterator[Shown]:
    """Replace the rows of the tenants that were built; readers see that when the block ends, and not where it raises.

    Warnings of alert rules are added to those of the build. Raises StopError where the database holds the build of
    another run, RetryError where the connection breaks.
    """
    with database.warehouse.writing() as db:
        tables.prepare(db)
        with db.transaction():
            instant = now.replace(tzinfo=None, microsecond=0)
            publish = _Publish(db, plan, database.settings, definitions, run_id, instant)
            built.warnings += publish.write(built.path, on)
            yield plans.shown(db, publish.marts)


@dataclass
class _Publish:
    """One transaction."""

    connection: Connection
    plan: Plan
    settings: Settings
    definitions: Catalog
    run_id: str
    now: datetime
    marts: tables.Columns = field(default_factory=dict)

    @property
    def keeping(self) -> list[str]:
        """The tenants whose rows stay."""
        names = [tenant.id for tenant in self.settings.tenants]
        return [name for name in names if name in self.plan.blocked or name in self.plan.same]

    @property
    def replaced(self) -> list[str]:
        """The tenants whose rows are those of the build."""
        return [tenant.id for tenant in self.settings.tenants if tenant.id not in self.keeping]

    def write(self, built: Path, on: Progress) -> list[str]:
        """Write the rows of every mart, and which run's they are; returns warnings."""
        source = f"{BUILD}marts" if self.replaced else PUBLISHED
        if self.replaced and build.finished(self.connection) != self.run_id:
            raise StopError(
                "Nothing was published",
                f"the database does not hold a finished build of run {self.run_id}",
                "Build and publish again with `takings build`",
            )
        self.marts = tables.columns(self.connection, source)
        if self.replaced:
            tables.conform(self.connection, self.marts)
        for number, (mart, types) in enumerate(self.marts.items(), start=1):
            self._replace(mart, types)
            on("publish", number, len(self.marts), mart)
        self.connection.execute(
            f"update {PUBLISHED}.build_info set published_at = %s where tenant_id = any (%s)", [self.now, self.replaced]
        )
        self.connection.execute("set local jit = off")
        replaced = [self.settings.tenant(name) for name in self.replaced]
        warnings = first_page.write(self.settings, replaced, built.parent, self.definitions, self._engine)
        for block in self.plan.blocked.values():
            self._block(block)
        moved = [name for name in self.plan.same if self.plan.is_moved(name)]
        if moved:
            self._move(moved, built)
        self.connection.execute(
            f"insert into {BOOK}.published (run, published_at) values (%s, %s) "
            "on conflict (one_row) do update set run = excluded.run, published_at = excluded.published_at",
            [self.run_id, self.now],
        )
        return warnings

    def _engine(self, tenant: str) -> Postgres:
        """Sees the tenant's rows alone, and takes more."""
        return Postgres(self.connection, tenant, self.definitions)

    def _replace(self, mart: str, types: Mapping[str, str]) -> None:
        """Replace the rows of a mart that are not kept. A calendar keeps the days of the tenants whose rows are."""
        target, names = sql.Identifier(PUBLISHED, mart), sql.SQL(", ").join(map(sql.Identifier, types))
        rows = sql.SQL("select {} from {}").format(names, sql.Identifier(f"{BUILD}marts", mart))
        written = 0
        if "tenant_id" in types:
            away = sql.SQL("delete from {} where tenant_id <> all (%s)").format(target)
            written += self.connection.execute(away, [self.keeping]).rowcount
            rows = sql.SQL("{} where tenant_id = any (%s)").format(rows)
        elif self.replaced and self.keeping:
            rows = sql.SQL("{} except select {} from {}").format(rows, names, target)
        elif self.replaced:
            written += self.connection.execute(sql.SQL("delete from {}").format(target)).rowcount
        if self.replaced:
            into = sql.SQL("insert into {} ({}) {}").format(target, names, rows)
            written += self.connection.execute(into, [self.replaced] if "tenant_id" in types else None).rowcount
        if written:  # what follows, and readers, find statistics of the rows that are there now
            self.connection.execute(sql.SQL("analyze {}").format(target))

    def _block(self, block: Blocked) -> None:
        """Keep a blocked tenant's last rows, and say in them since when and why."""
        known = f"select 1 from {PUBLISHED}.build_info where tenant_id = %s"
        if not self.connection.execute(known, [block.tenant_id]).fetchall():  # it was never published
            self.connection.execute(f"insert into {PUBLISHED}.build_info (tenant_id) values (%s)", [block.tenant_id])
        self.connection.execute(
            f"update {PUBLISHED}.build_info set blocked_since = coalesce(blocked_since, %s), blocked_reason = %s "
            "where tenant_id = %s",
            [self.now, block.reason, block.tenant_id],
        )

    def _move(self, tenants: Sequence[str], built: Path) -> None:
        """Say in the rows of unchanged tenants up to when their sources were read. Blocked ones are so no more."""
        for name in tenants:
            self.connection.execute(
                f"update {PUBLISHED}.build_info set as_of = %s, blocked_since = null, blocked_reason = null "
                "where tenant_id = %s",
                [self.plan.states[name].as_of, name],
            )
        self.connection.execute(
            "create temp table days_read (tenant_id text, source text, source_account text, date_day date, "
            "as_of timestamp) on commit drop"
        )
        with (
            database.connect() as local,
            self.connection.cursor() as cursor,
            cursor.copy("copy days_read from stdin") as copy,
        ):
            local.execute(f"attach {quoted(built)} as build (read_only)")
            read = "select tenant_id, source, source_account, date_day, as_of from build.takings.days_read"
            for row in local.execute(read).fetchall():
                copy.write_row(row)
        self.connection.execute(
            f"""update {PUBLISHED}.spend as spend set as_of = newer.as_of from days_read as newer
            where spend.tenant_id = newer.tenant_id and spend.source = newer.source
                and spend.source_account = newer.source_account and spend.date_day = newer.date_day
                and spend.tenant_id = any (%s) and spend.as_of is distinct from newer.as_of""",
            [list(tenants)],
        )
        for name in tenants:
            follow(Build(built.parent, self.definitions, self._engine(name), name), subject(self.settings.tenant(name)))
