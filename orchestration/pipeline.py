"""One run, whole: pull every account, build and test the marts, publish. Plain functions, no Dagster.

    pull  -> staging file       (one transaction per stream)
    build -> scratch file       (dbt, every test)
    publish -> published/current (one rename)

Interrupted anywhere, the next run goes on; repeated, it changes nothing.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from common.errors import ConfigurationError, StopError
from connectors.base import Account, Progress, Pulled, Stream, no_progress
from connectors.errors import IncompleteError
from connectors.registry import BY_KIND, CONNECTORS, STREAMS
from connectors.sync.control_tables import Configuration
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.staging import Staging
from orchestration import dbt_build, publication
from orchestration.home import Home
from orchestration.pulls import Key, pull_accounts
from orchestration.rates import read_rates
from orchestration.settings import Settings
from semantic import catalog


@dataclass
class Run:
    """What a run did, for the person or the scheduler that asked for it."""

    run_id: str
    pulled: dict[Key, list[Pulled]] = field(default_factory=dict)
    built: dbt_build.Built | None = None
    published: Path | None = None


def run(settings: Settings, progress: Progress = no_progress) -> Run:
    """Pull, build, publish. Raises TakingsError; what was complete before stays."""
    sources = settings.connected()
    home, result = Home(settings.home), Run(new_run_id())
    with disk_guard(home), home.writing():
        result.pulled = pull_accounts(home, sources, result.run_id, progress)
        result.built, result.published = build_and_publish(settings, result.run_id, progress)
    return result


def pull_all(settings: Settings, progress: Progress = no_progress) -> Run:
    """Pull every account into staging; the marts stay as they are."""
    sources = settings.connected()
    home, result = Home(settings.home), Run(new_run_id())
    with disk_guard(home), home.writing():
        result.pulled = pull_accounts(home, sources, result.run_id, progress)
    return result


def rebuild(settings: Settings, progress: Progress = no_progress) -> Run:
    """Build, test and publish from what has been pulled."""
    home = Home(settings.home)
    result = Run(new_run_id())
    with disk_guard(home), home.writing():
        if not home.staging.exists():
            raise ConfigurationError(
                "There is nothing to build from",
                f"{home.staging} does not exist",
                "`takings run` makes it, from the landing zone as far as that reaches; `takings replay --yes` does so "
                "with no network",
            )
        result.built, result.published = build_and_publish(settings, result.run_id, progress)
    return result


def replay(settings: Settings, *, really: bool, progress: Progress = no_progress) -> int:
    """Make the staging file again from the landing zone; returns the number of windows (that would be) loaded.

    The new file takes the old one's place when it is complete.
    """
    home = Home(settings.home)
    landing = Landing(home.landing)
    todo = [
        (account, stream, landed)
        for account in settings.accounts(secrets=False)
        for stream in STREAMS[account.source]
        for landed in landing.windows(account, stream.name)
        if landed.manifest.sealed
    ]
    if not really:
        return len(todo)
    fresh = home.staging.with_suffix(".replay")
    with disk_guard(home), home.writing():
        for left in (fresh, _log_of(fresh)):
            left.unlink(missing_ok=True)
        with Staging(fresh) as staging:
            for number, (account, stream, landed) in enumerate(todo, start=1):
                staging.prepare(account.source, STREAMS[account.source])
                _load_again(staging, account, stream, landed)
                progress("replay", number, len(todo), f"{account.account} · {stream.name}")
        _log_of(home.staging).unlink(missing_ok=True)  # a killed run's log belongs to the old file only
        fresh.replace(home.staging)
    return len(todo)


def _load_again(staging: Staging, account: Account, stream: Stream, landed: LandedWindow) -> None:
    try:
        staging.load(account, stream, landed, landed.manifest.run_id or "replay")
    except IncompleteError as error:
        raise StopError(
            "The replay stopped, and staging is unchanged",
            f"the window {landed.folder} is damaged, and a replay has no network to fetch it again. {error}",
            "Remove that folder and every later one of the stream, and the staging file; then `takings run` loads what "
            "is left and asks the source for the rest",
        ) from None


def _log_of(file: Path) -> Path:
    """Where DuckDB keeps what it has committed and not yet written into `file` itself."""
    return file.with_name(file.name + ".wal")


def new_run_id() -> str:
    """A run's name: its start, UTC, to the microsecond; sorts by time."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def build_and_publish(
    settings: Settings, run_id: str, progress: Progress = no_progress
) -> tuple[dbt_build.Built, Path]:
    """Build every mart from staging, test it, and show it to readers. The caller holds the writer's lock."""
    home = Home(settings.home)
    record_run(settings, run_id)
    built = dbt_build.build(home, run_id, lambda done, total, name: progress("build", done, total, name))
    built.warnings += unknown_targets(settings)
    tenants = [tenant.id for tenant in settings.tenants]
    return built, publication.publish(home, built, run_id, tenants, progress)


def unknown_targets(settings: Settings) -> list[str]:
    """A line for each target of a metric that does not exist: no gauge points at it."""
    metrics = catalog.load(Home(settings.home).dbt_target).metrics
    return [
        f"tenant {tenant.id} has a target for {name!r}, which is no metric; `takings metrics` lists them"
        for tenant in settings.tenants
        for name in tenant.targets
        if name not in metrics
    ]


def record_run(settings: Settings, run_id: str) -> None:
    """Write what dbt needs to know of the configuration: tenants with their targets, accounts, rates, and which run
    this is. Sources without an account get their tables too, so that every model finds what it reads.
    """
    configuration = _configuration(settings)
    with Staging(Home(settings.home).staging) as staging:
        for connector in CONNECTORS:
            staging.prepare(connector.kind, connector.streams, connector.choices)
        staging.record_configuration(configuration, run_id)


def _configuration(settings: Settings) -> Configuration:
    choices = sorted({name for connector in CONNECTORS for name in connector.choices})
    return Configuration(
        tenants=[
            {"tenant_id": tenant.id, "tenant_name": tenant.name, "time_zone": tenant.time_zone,
             "currency": tenant.currency}
            for tenant in settings.tenants
        ],
        targets=[
            {"tenant_id": tenant.id, "metric": metric, "target": target}
            for tenant in settings.tenants
            for metric, target in tenant.targets.items()
        ],
        channels=[
            {"tenant_id": tenant.id, "source_name": source_name, "channel": channel}
            for tenant in settings.tenants
            for source_name, channel in tenant.channels.items()
        ],
        accounts=[
            {"tenant_id": tenant.id, "source": source.kind, "source_account": source.account}
            | {name: getattr(source, name) if name in BY_KIND[source.kind].choices else None for name in choices}
            for tenant, source in settings.sources()
        ],
        exchange_rates=[
            dict(zip(("rate_day", "from_currency", "to_currency", "rate"), rate, strict=True))
            for rate in read_rates(settings)
        ],
    )  # fmt: skip


def reconciliation(folder: Path) -> list[dict[str, Any]]:
    """How each account of a published build agrees with its source's own report.

    One row per account: days and metrics compared, how many differ, and the worst of them.
    """
    with duckdb.connect(str(folder / "all.duckdb"), read_only=True) as db:
        relation = db.sql(
            """select tenant_id, source, source_account, count(distinct date_day) as days,
                count(distinct metric) as metrics, count(*) filter (where difference_minor <> 0) as differing,
                max_by(date_day || ' ' || metric, abs(difference_minor)) as worst,
                max(abs(difference_minor)) as worst_minor
            from marts.reconciliation group by all order by all"""
        )
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


@contextmanager
def disk_guard(home: Home) -> Iterator[None]:
    """A full disk becomes one clear message; the last published build and all that was committed stay."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
        if not full:
            raise
        raise StopError(
            f"The disk that holds {home.root} is full",
            next_step="The last published build is untouched, and what had been loaded is kept. Free some space, then "
            "run again",
        ) from error
