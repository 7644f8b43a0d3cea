"""Which tenants a run need not build: the files that readers see of them say the same as new ones would.

A tenant is unchanged where four things are what they were at the build of its published file (decision 0049):
    its rows          staging's rows of it, whichever run wrote them
    its settings      its table of takings.toml, and the exchange rates into its currency
    its days          the day, by its clock, up to which each stream was read; with chats the instant
    the program       the dbt project, the metrics and rules, Takings and DuckDB

How far its sources were read moves with every run: publication writes that into a copy of its file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

import semantic
from connectors.registry import STREAMS
from connectors.sync import contents
from connectors.sync.contents import Reach
from connectors.sync.staging import Staging
from orchestration import dbt_parse, last_build
from orchestration.builds import DUCKDB
from orchestration.dbt_build import Built
from orchestration.home import Home, quoted
from orchestration.rates import Rate, read_rates
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings

LAYOUT = 2
"""Of the published files: 1 had the rows of all tenants in one file."""


MOST_TENANTS = 4  # in a build for one that changed


@dataclass(frozen=True)
class State:
    """What a tenant's file is made from, and how far its sources were read: `as_of` is the oldest instant (UTC)."""

    made_from: str
    read: str
    as_of: datetime | None


def states(settings: Settings, staging: Staging) -> dict[str, State]:
    """The state of each tenant of the configuration. `staging` has the tables of every source."""
    stored = staging.contents(STREAMS)
    rates, by_program = read_rates(settings), program()
    result = {}
    for tenant in settings.tenants:
        own = [reach for reach in stored.reaches if reach[0] == tenant.id]
        accounts = {(source.kind, source.account) for source in tenant.sources}
        instants = [until for _, source, account, _, until in own if (source, account) in accounts and until]
        days = own if tenant.id in stored.with_chats else _days(own, tenant.time_zone)
        made_from = (stored.rows.get(tenant.id), _settings(tenant, rates), days, by_program)
        result[tenant.id] = State(
            contents.digest(made_from),
            contents.digest((own, stored.days_read.get(tenant.id))),
            min(instants, default=None),
        )
    return result


def find(home: Home, now: Mapping[str, State], before: Mapping[str, Any]) -> list[str]:
    """The tenants whose published rows were made from what they are made from now.

    `before`: what the build that readers see says of itself, where it is of the same engine.
    """
    states, current = before.get("states", {}), home.published / "current"
    in_files = before.get("engine", DUCKDB) == DUCKDB
    return [
        tenant
        for tenant, state in now.items()
        if states.get(tenant, {}).get("made_from") == state.made_from
        and not (in_files and not (current / f"tenant-{tenant}.duckdb").exists())
    ]


def to_build(home: Home, changed: Settings, sound: Settings) -> Settings:
    """The changed tenants; with those that did not change, where the last build has all of them and one of at most
    four changed: what did not change costs that build little, and the changed ones then cost what changed of them."""
    if not changed.tenants or last_build.path(home, [tenant.id for tenant in changed.tenants]).exists():
        return changed
    few = len(sound.tenants) <= MOST_TENANTS * len(changed.tenants)
    return sound if few and last_build.path(home, [tenant.id for tenant in sound.tenants]).exists() else changed


def keep_warnings(
    before: Mapping[str, Any], built: Built, unchanged: Collection[str], in_build: Collection[str]
) -> None:
    """What checks warned of when the files of unchanged tenants were built holds as long as the files.

    Of those that are in this build its own checks warn again.
    """
    earlier = before.get("tenant_warnings", {})
    for tenant in unchanged:
        if texts := earlier.get(tenant):
            built.tenant_warnings[tenant] = texts
            built.warnings += [] if tenant in in_build else texts


def write(
    db: duckdb.DuckDBPyConnection, built: Built, staging: Path, now: Mapping[str, State], unchanged: Collection[str]
) -> None:
    """Write into a finished build, which `db` has open, the state of each tenant, which tenants it leaves out as
    unchanged, when their days were read, and what checks warn of."""
    db.execute("create schema if not exists takings")
    db.execute(
        "create or replace table takings.states (tenant_id varchar, made_from varchar, read varchar, "
        "as_of timestamp, is_unchanged boolean)"
    )
    for name, state in now.items():
        values = [name, state.made_from, state.read, state.as_of, name in unchanged]
        db.execute("insert into takings.states values (?, ?, ?, ?, ?)", values)
    db.execute("create or replace table takings.warnings (tenant_id varchar, text varchar)")
    for tenant, texts in built.tenant_warnings.items():
        for text in texts:
            db.execute("insert into takings.warnings values (?, ?)", [tenant, text])
    db.execute(f"attach {quoted(staging)} as staging_file (read_only)")
    db.execute(
        "create or replace table takings.days_read as select tenant_id, source, source_account, day as date_day, "
        "min(as_of) as as_of from staging_file.takings.days_read where tenant_id in ? "
        "group by tenant_id, source, source_account, day", [list(unchanged)],
    )  # fmt: skip


def read(db: duckdb.DuckDBPyConnection, database: str) -> tuple[dict[str, State], list[str]]:
    """The state of each tenant that an attached build has, and the tenants that it leaves out as unchanged."""
    rows = db.execute(f"select * from {database}.takings.states order by tenant_id").fetchall()
    return (
        {name: State(made_from, read, as_of) for name, made_from, read, as_of, _ in rows},
        [name for name, *_, is_unchanged in rows if is_unchanged],
    )


def read_warnings(db: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """What checks warn of, by tenant."""
    result: dict[str, list[str]] = {}
    for tenant, text in db.execute(f"select tenant_id, text from {database}.takings.warnings order by all").fetchall():
        result.setdefault(tenant, []).append(text)
    return result


def program() -> str:
    """A hash of what makes marts of rows, beside the configuration."""
    rules = dbt_parse.hash_of_files(Path(semantic.__file__).parent, (".py", ".yml"))
    parts = f"{dbt_parse.fingerprint()} {rules} {version('takings')} {duckdb.__version__} {LAYOUT}"
    return hashlib.sha256(parts.encode()).hexdigest()


def _settings(tenant: TenantSettings, rates: list[Rate]) -> str:
    own = sorted(rate for rate in rates if rate[2] == tenant.currency)
    return contents.digest((tenant.model_dump_json(exclude={"every_minutes"}), own))


def _days(reaches: list[Reach], time_zone: str) -> list[object]:
    zone = ZoneInfo(time_zone)
    return [(*stream, until and until.replace(tzinfo=UTC).astimezone(zone).date()) for *stream, until in reaches]
