"""Makes a finished build visible to readers, in one step of the file system.

    published/<run>/all.duckdb             every tenant, for administrators
                    tenant-<id>.duckdb     one tenant's rows and nothing else
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
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from common.errors import ConfigurationError
from connectors.base import Progress
from orchestration import failed_build, unchanged
from orchestration.blocked import Blocked, read_blocked
from orchestration.dbt_build import Built
from orchestration.home import Home, quoted
from orchestration.reports import subject
from orchestration.settings import Settings
from orchestration.unchanged import State
from semantic import catalog
from semantic.catalog import Catalog
from semantic.digest.fill import follow
from semantic.subject import Subject
from semantic.warehouse import Build

RETAINED_BUILDS = 3
SMALL_BUILD = 64 * 2**20
"""Bytes of a build below which a second thread costs more than it saves."""
RECORDS = {"chats": ("chat_sessions",), "events": ("events",), "event_log": ("vault_sales", "vault_funnel")}
"""Kinds of records that any of several sources brings, and the marts of which one has rows of a tenant with them."""
Columns = Mapping[str, list[str]]
"""The columns of each mart."""


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
    now = datetime.now(UTC)
    before = _about(home)
    with duckdb.connect() as db:
        db.execute("set enable_progress_bar = false")
        if built.path.stat().st_size < SMALL_BUILD:
            db.execute("set threads = 1")
        db.execute(f"attach {quoted(built.path)} as build (read_only)")
        states, same = unchanged.read(db, "build")
        marts, source = _columns(db, "build"), "build"
        if not marts:  # every tenant is unchanged or blocked
            db.execute(f"attach {quoted(home.published / 'current' / 'nobody.duckdb')} as last (read_only)")
            marts, source = _columns(db, "last"), "last"
        blocked = read_blocked(db, "build")
        rebuilt = [name for name in tenants if name not in {*same, *(block.tenant_id for block in blocked)}]
        files = {"all": "true", "nobody": "false", **{f"tenant-{name}": f"tenant_id = '{name}'" for name in rebuilt}}
        total = len(files) + len(same) + len(blocked)
        for number, (name, condition) in enumerate(files.items(), start=1):
            _write(db, source, partial / f"{name}.duckdb", marts, condition, now)
            progress("publish", number, total, name)
        for number, name in enumerate(same, start=len(files) + 1):
            read = before.get("states", {}).get(name, {}).get("read")
            moved = read != states[name].read or name in before.get("blocked", {})
            _keep(home.published / "current", partial, name, moved=moved)
            if moved:
                _move(partial, name, tenants[name], states[name], built.path, definitions)
            _add(db, partial, marts, name)
            progress("publish", number, total, f"tenant-{name}")
        for number, block in enumerate(blocked, start=len(files) + len(same) + 1):
            _retain(db, source, home.published / "current", partial, marts, block, now)
            progress("publish", number, total, f"tenant-{block.tenant_id}")
        read_until = _read_until(db, partial / "all.duckdb")
        records = _records(db, partial / "all.duckdb", marts)
    retained = {block.tenant_id: before.get("states", {}).get(block.tenant_id) for block in blocked}
    newest_states = {name: {"made_from": state.made_from, "read": state.read} for name, state in states.items()}
    about = {
        "run_id": run_id,
        "published_at": now.isoformat(timespec="seconds"),
        "definitions": definitions.version,
        "tenants": sorted(tenants),
        "calendars": {
            name: {"time_zone": tenant.time_zone, "as_of": read_until.get(name)} for name, tenant in tenants.items()
        },
        "sources": {name: sorted(tenant.kinds) for name, tenant in tenants.items()},
        "records": {name: records.get(name, []) for name in tenants},
        "blocked": {block.tenant_id: block.reason for block in blocked},
        "unchanged": same,
        "states": {name: state for name, state in {**newest_states, **retained}.items() if state},
        "warnings": built.warnings,
    }
    (partial / "build.json").write_text(json.dumps(about, indent=2) + "\n")
    _sync(partial)
    partial.rename(target)
    _swap(home.published, run_id)
    failed_build.remove(home)
    built.path.unlink(missing_ok=True)
    _forget_old(home.published)
    return target


def _records(db: duckdb.DuckDBPyConnection, path: Path, marts: Columns) -> dict[str, list[str]]:
    """The kinds of records of each tenant that has any."""
    kinds: dict[str, list[str]] = {}
    db.execute(f"attach {quoted(path)} as published (read_only)")
    for kind, names in RECORDS.items():
        parts = " union ".join(f"select tenant_id from published.marts.{name}" for name in names if name in marts)
        for (tenant,) in db.execute(f"select distinct tenant_id from ({parts})").fetchall() if parts else []:
            kinds.setdefault(tenant, []).append(kind)
    db.execute("detach published")
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


def _write(
    db: duckdb.DuckDBPyConnection, source: str, path: Path, marts: Columns, condition: str, now: datetime
) -> None:
    db.execute(f"attach {quoted(path)} as target")
    db.execute("begin")
    db.execute("create schema target.marts")
    for mart, columns in marts.items():
        order = [name for name in ("tenant_id", "date_day", "cohort_month", "order_id") if name in columns]
        where = condition if "tenant_id" in columns else "true"
        sort = f" order by {', '.join(order)}" if order else ""
        stamped = f" replace (timestamp '{now:%Y-%m-%d %H:%M:%S}' as published_at)" if mart == "build_info" else ""
        rows = f"select *{stamped} from {source}.marts.{mart} where {where}{sort}"
        db.execute(f"create table target.marts.{mart} as {rows}")
    db.execute("commit")
    db.execute("checkpoint target")
    db.execute("detach target")


def _keep(last: Path, partial: Path, tenant: str, *, moved: bool) -> None:
    """Keep the last file of an unchanged tenant: the file itself, or a copy where its sources were read further."""
    name = f"tenant-{tenant}.duckdb"
    if moved:
        shutil.copyfile(last / name, partial / name)
        return
    try:
        os.link((last / name).resolve(), partial / name)
    except OSError:  # a file system without hard links
        shutil.copyfile(last / name, partial / name)


def _move(partial: Path, name: str, tenant: Tenant, state: State, build: Path, definitions: Catalog) -> None:
    """Write into an unchanged tenant's copy up to when its sources were read; it is not blocked any more."""
    with duckdb.connect(str(partial / f"tenant-{name}.duckdb"), config={"threads": 1}) as db:
        db.execute("set enable_progress_bar = false")
        db.execute(f"attach {quoted(build)} as build (read_only)")
        db.execute("update marts.build_info set as_of = ?, blocked_since = null, blocked_reason = null", [state.as_of])
        db.execute(
            """update marts.spend set as_of = newer.as_of from build.takings.days_read as newer
            where spend.tenant_id = newer.tenant_id and spend.source = newer.source
                and spend.source_account = newer.source_account and spend.date_day = newer.date_day
                and spend.as_of is distinct from newer.as_of"""
        )
        follow(Build(partial, definitions, db, name), tenant.subject)
        db.execute("checkpoint")


def _add(db: duckdb.DuckDBPyConnection, partial: Path, marts: Columns, tenant: str) -> None:
    """Add an unchanged tenant's rows to the administrators' file."""
    db.execute(f"attach {quoted(partial / f'tenant-{tenant}.duckdb')} as kept (read_only)")
    db.execute(f"attach {quoted(partial / 'all.duckdb')} as target")
    for mart, columns in marts.items():
        fresh = "" if "tenant_id" in columns else f" except select * from target.marts.{mart}"
        db.execute(f"insert into target.marts.{mart} by name select * from kept.marts.{mart}{fresh}")
    db.execute("checkpoint target")
    for file in ("kept", "target"):
        db.execute(f"detach {file}")


def _retain(
    db: duckdb.DuckDBPyConnection, tables: str, last: Path, partial: Path, marts: Columns, block: Blocked, now: datetime
) -> None:
    """Keep a blocked tenant's last file, and its rows in the administrators' file; say in both since when and why.

    A tenant that was never published gets the tables without rows. Rows of an older version of Takings, whose tables
    differ, are not in the administrators' file.
    """
    name = f"tenant-{block.tenant_id}.duckdb"
    source = last / name
    if source.exists():
        shutil.copyfile(source, partial / name)
    else:
        _write(db, tables, partial / name, marts, "false", now)
    db.execute(f"attach {quoted(partial / name)} as retained")
    db.execute(f"attach {quoted(partial / 'all.duckdb')} as target")
    for column, kind in (("blocked_since", "timestamp"), ("blocked_reason", "varchar")):
        db.execute(f"alter table retained.marts.build_info add column if not exists {column} {kind}")
    if not source.exists():
        db.execute("insert into retained.marts.build_info (tenant_id) values (?)", [block.tenant_id])
    db.execute(
        "update retained.marts.build_info set blocked_since = coalesce(blocked_since, ?), blocked_reason = ?",
        [now.replace(tzinfo=None, microsecond=0), block.reason],
    )
    if _tables(db, "retained") == _tables(db, "target"):
        for mart, columns in marts.items():
            if "tenant_id" in columns:
                db.execute(f"insert into target.marts.{mart} by name select * from retained.marts.{mart}")
    else:
        db.execute("insert into target.marts.build_info by name select * from retained.marts.build_info")
    for file in ("retained", "target"):
        db.execute(f"checkpoint {file}")
        db.execute(f"detach {file}")


def _read_until(db: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str | None]:
    """The time up to which each tenant's sources were read, UTC, as the published file has it."""
    db.execute(f"attach {quoted(path)} as published (read_only)")
    rows = db.execute("select tenant_id, min(as_of) from published.marts.build_info group by tenant_id").fetchall()
    db.execute("detach published")
    return {name: as_of and as_of.isoformat(timespec="seconds") for name, as_of in rows}


def _columns(db: duckdb.DuckDBPyConnection, database: str) -> Columns:
    return dict(db.execute(
        "select table_name, list(column_name order by column_index) from duckdb_columns() where database_name = ? and "
        "schema_name = 'marts' group by all order by all", [database],
    ).fetchall())  # fmt: skip


def _tables(db: duckdb.DuckDBPyConnection, database: str) -> set[tuple[str, str, str]]:
    """Every column of a file's marts, with its type."""
    return set(db.execute(
        "select table_name, column_name, data_type from duckdb_columns() where database_name = ? and schema_name = "
        "'marts'", [database],
    ).fetchall())  # fmt: skip


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
