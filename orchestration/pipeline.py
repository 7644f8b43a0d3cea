"""One run, whole: pull every account, build and test the marts, publish. Plain functions, no Dagster.

    pull  -> staging file       (one transaction per stream)
    build -> scratch file       (dbt, every test)
    publish -> published/current (one rename)

Interrupted anywhere, the next run goes on; repeated, it changes nothing. Tenants are independent: one whose account
cannot be pulled, or whose rows fail a check, is blocked. It keeps what was published last; the others are built without
it (docs/decisions/0006). A tenant that did not change is not built: its published file stays (docs/decisions/0049).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from common import database
from common.errors import ConfigurationError, StopError, TakingsError
from connectors.base import Account, Progress, Pulled, Stream, no_progress
from connectors.errors import IncompleteError
from connectors.http import utc_now
from connectors.registry import BY_KIND, CONNECTORS, STREAMS, prepare_schemas
from connectors.sync.control_tables import Configuration
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.staging import Staging, is_damage
from orchestration import (
    audit,
    builds,
    dbt_build,
    dbt_parse,
    failed_build,
    first_page,
    full_build,
    publication,
    store_profiles,
    time_zones,
    unchanged,
)
from orchestration.blocked import Blocked, BlockedError, write_blocked
from orchestration.home import Home
from orchestration.postgres import build as postgres_build
from orchestration.postgres import publish as postgres_publish
from orchestration.postgres import warehouse as postgres
from orchestration.postgres.warehouse import Warehouse
from orchestration.pulls import Key, is_full_disk, pull_accounts
from orchestration.rates import read_rates
from orchestration.settings import Settings, Source
from orchestration.unpulled import unpulled
from semantic import catalog

Outcome = tuple[dbt_build.Built, list[Blocked], list[str]]
"""A build, the tenants that are blocked, and those that did not change."""


@dataclass
class Run:
    """What a run did, for the person or the scheduler that asked for it."""

    run_id: str
    pulled: dict[Key, list[Pulled]] = field(default_factory=dict)
    failed: dict[Key, TakingsError] = field(default_factory=dict)
    blocked: list[Blocked] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    built: dbt_build.Built | None = None
    published: Path | None = None
    compared: full_build.Comparison | None = None


def run(
    settings: Settings,
    progress: Progress = no_progress,
    chosen: Settings | None = None,
    *,
    full: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> Run:
    """Pull every account (or those of `chosen`), build what changed, publish.

    `full`: then build every tenant, compare all cells with what was just published, and publish again.
    `clock` says when a source is read that has no clock of its own; a simulated world has another than this machine.
    Raises TakingsError where nothing can be published; what was complete before stays.
    """
    postgres.check_secret(settings)
    sources = (chosen or settings).connected()
    home, result = Home(settings.home), Run(new_run_id())
    with disk_guard(home), home.writing():
        _pull(home, sources, result, progress, clock)
        _build_and_compare(settings, result, progress, full=full)
    return result


def pull_all(settings: Settings, progress: Progress = no_progress) -> Run:
    """Pull every account into staging; the marts stay as they are."""
    sources = settings.connected()
    home, result = Home(settings.home), Run(new_run_id())
    with disk_guard(home), home.writing():
        _pull(home, sources, result, progress)
    return result


def _pull(
    home: Home, sources: list[Source], result: Run, progress: Progress, clock: Callable[[], datetime] = utc_now
) -> None:
    shutil.rmtree(home.removed, ignore_errors=True)  # left by an interrupted removal
    pulls = pull_accounts(home, sources, result.run_id, progress, clock=clock)
    result.pulled, result.failed = pulls.pulled, pulls.failed


def rebuild(settings: Settings, progress: Progress = no_progress, *, full: bool = False) -> Run:
    """Build, test and publish what changed from what has been pulled; `full` as for a run."""
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
        _build_and_compare(settings, result, progress, full=full)
    return result


def _build_and_compare(settings: Settings, result: Run, progress: Progress, *, full: bool) -> None:
    """Build what changed and publish; if `full`, then build every tenant, publish, and say what differs from that.

    A database has no rows of an earlier build to compare with: there every tenant is built at once.
    """
    is_compared = full and postgres.of_engine(settings) is None
    build_and_publish(settings, result, progress, full=full and not is_compared)
    if not is_compared:
        return
    before = result.published
    result.run_id = new_run_id()
    build_and_publish(settings, result, progress, full=True)
    if before and result.published:
        result.compared = full_build.compare(before, result.published)


def replay(settings: Settings, *, really: bool, progress: Progress = no_progress) -> int:
    """Make the staging file again from the landing zone; returns the number of windows (that would be) loaded.

    The new file takes the old one's place when it is complete.
    """
    home = Home(settings.home)
    landing = Landing(home.landing)
    todo = [
        (account, stream, landed)
        for account in settings.without_secrets()
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


def build_and_publish(settings: Settings, result: Run, progress: Progress = no_progress, *, full: bool = False) -> None:
    """Build every mart from staging, test it, and show it to readers. The caller holds the writer's lock."""
    home = Home(settings.home)
    result.built, result.blocked, result.unchanged = build(settings, result.run_id, progress, full=full)
    tenants, database = publication.of_settings(settings), postgres_publish.of_engine(settings)
    result.published = publication.publish(home, result.built, result.run_id, tenants, progress, database)
    result.built.warnings += [
        *audit.note_publish(settings, result.published),
        *store_profiles.note(settings),
        *time_zones.warnings(settings.tenants, datetime.now(UTC).year),
    ]


def build(settings: Settings, run_id: str, progress: Progress = no_progress, *, full: bool = False) -> Outcome:
    """Build and test the marts of every tenant that changed (`full`: of every one) and whose data are sound.

    Returns the build, the blocked tenants and the unchanged ones. Rows that fail a check name their tenant: the marts
    are built again without it, so that the others' are as if it did not exist. Raises BuildFailedError where a failure
    is not about single tenants, or where no tenant is left; what is sent to people then waits
    (orchestration/failed_build.py).
    """
    try:
        return _build(settings, run_id, progress, full=full)
    except dbt_build.BuildFailedError as error:
        failed_build.write(Home(settings.home), [tenant.id for tenant in settings.tenants], error)
        raise


def _build(settings: Settings, run_id: str, progress: Progress, *, full: bool) -> Outcome:
    home, server = Home(settings.home), postgres.of_engine(settings)
    with Staging(home.staging) as staging:
        prepare_schemas(staging)
        blocked, failed = unpulled(settings, staging), None
        states = unchanged.states(settings, staging)
    before = postgres_publish.before(server) if server else builds.about(home, builds.DUCKDB)
    same = [] if full else unchanged.find(home, states, before)
    while True:
        sound = settings.without({block.tenant_id for block in blocked})
        if not sound.tenants:
            raise BlockedError(blocked, failed)
        changed = sound.without(same)
        recorded = changed if server else unchanged.to_build(home, changed, sound)
        record_run(recorded, run_id)
        try:
            built = _built(home, server, recorded, run_id, progress, full=full)
        except dbt_build.BuildFailedError as error:
            doubtful = error.doubts.keys() & {tenant.id for tenant in recorded.tenants}
            if not error.by_tenant or not doubtful:
                raise
            blocked += [Blocked(tenant, error.doubts[tenant]) for tenant in sorted(doubtful)]
            failed = error.built
            continue
        built.warnings += unknown_targets(sound)
        built.show_failures_of(failed)
        names = [tenant.id for tenant in sound.tenants if tenant.id in same]
        unchanged.keep_warnings(before, built, names, {tenant.id for tenant in recorded.tenants})
        with database.connect(built.path) as db:
            if server is None:  # else it is written where the rows are, in the transaction of the publish
                first_page.write_into_file(db, changed, built)
            write_blocked(db, blocked)
            unchanged.write(db, built, home.staging, states, names)
        return built, sorted(blocked, key=lambda block: block.tenant_id), names


def _built(
    home: Home, server: Warehouse | None, chosen: Settings, run_id: str, progress: Progress, *, full: bool
) -> dbt_build.Built:
    """The build of these tenants; without any, dbt does not run and the build has no marts."""
    if chosen.tenants and server:
        return postgres_build.build(server, run_id, progress)
    if chosen.tenants:
        return dbt_build.build(
            home, run_id, lambda count, total, name: progress("build", count, total, name), full=full
        )
    dbt_parse.parse(home)
    return dbt_build.empty(home, run_id)


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
        prepare_schemas(staging)
        staging.record_configuration(configuration, run_id)


def _configuration(settings: Settings) -> Configuration:
    choices = sorted({name for connector in CONNECTORS for name in connector.choices})
    return Configuration(
        tenants=[
            {"tenant_id": tenant.id, "tenant_name": tenant.name, "time_zone": tenant.time_zone,
             "currency": tenant.currency, "inactive_after_days": tenant.inactive_after_days}
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


@contextmanager
def disk_guard(home: Home) -> Iterator[None]:
    """A full disk or a damaged file becomes one clear message; the last published build and what was committed stay."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if is_damage(error) and not is_full_disk(error):
            raise StopError(
                f"A database file under {home.root} is damaged",
                str(error).splitlines()[0][:300],
                f"The last published build is untouched. If it is {home.staging}, move it away: `takings replay --yes` "
                "makes it again from the landing zone with no network",
            ) from error
        if not is_full_disk(error):
            raise
        raise StopError(
            f"The disk that holds {home.root} is full",
            next_step="The last published build is untouched, and what had been loaded is kept. Free some space, then "
            "run again",
        ) from error
