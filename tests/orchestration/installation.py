"""An installation of Takings in a folder of its own, over simulated shops, and a look at what it publishes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from common.errors import TakingsError
from connectors.base import Progress, no_progress
from connectors.http import utc_now
from connectors.registry import KINDS
from orchestration import dbt_parse, pipeline, settings, simulator
from orchestration.blocked import BlockedError
from orchestration.home import Home
from orchestration.pipeline import Run
from semantic.duckdb_files import connect
from simulator import SimulatorServer, demo_world, serve, write_files
from tests import shared_cache
from tests.oracle.configuration import settings_of
from tests.orchestration.first_build import parsed

CHANGING = {"run_id", "landing_part", "published_at", "loaded_at"}
SHOPS = demo_world(seed=5, start=date(2026, 1, 1), end=datetime(2026, 3, 1, 12, tzinfo=UTC), orders=150)
"""Two months of two shops that have orders of the same ids."""


def dbt(home: Home, *arguments: str) -> list[Any]:
    """One dbt command over an installation's staging, with the shared parse; returns dbt's results."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((parsed() / dbt_parse.PARSED).read_bytes())
    home.builds.mkdir(parents=True, exist_ok=True)
    with dbt_parse.environment(dbt_parse.scratch(home), home.staging):
        command = [*dbt_parse.QUIET, "--no-write-json", *arguments, *dbt_parse.arguments(home)]
        outcome = dbtRunner(manifest=manifest).invoke(command)
        dbt_parse.close_connections()
    assert outcome.exception is None, outcome.exception
    return list(outcome.result or ())


@dataclass
class Installation:
    """`root` holds takings.toml, the token files and, under `state`, TAKINGS_HOME."""

    root: Path

    @property
    def home(self) -> Home:
        return Home(self.root / "state")

    def prepare(self) -> None:
        """Makes the folder, with dbt's parse in it."""
        self.root.mkdir(parents=True, exist_ok=True)
        if not self.home.dbt_target.exists():
            shutil.copytree(parsed(), self.home.dbt_target)

    def configure(
        self,
        server: SimulatorServer,
        currencies: dict[str, str] | None = None,
        rates: str = "",
        kinds: Collection[str] = ("shopify",),
        shops: Collection[str] | None = None,
    ) -> None:
        """A tenant for each shop (of `shops`), named as it, with its sources of these kinds.

        Another reporting currency than the shop's where one is given.
        """
        self.prepare()
        text = ""
        for shop in server.world.shops:
            if shops is not None and shop.account not in shops:
                continue
            (self.root / f"{shop.account}.token").write_text(shop.token)
            currency = (currencies or {}).get(shop.account, shop.currency)
            text += (
                f'[[tenants]]\nid = "{shop.account}"\nname = {json.dumps(shop.name)}\ntime_zone = "{shop.time_zone}"\n'
                f'currency = "{currency}"\n'
            )
            text += "\n".join(settings_of(shop.account)) + "\n"
            if "shopify" in kinds:
                text += (
                    f'[[tenants.sources]]\nkind = "shopify"\naccount = "{shop.account}"\n'
                    f'secret = "file:{shop.account}.token"\nbase_url = "{server.base_url(shop.account)}"\n'
                )
            if set(kinds) - {"shopify"}:
                text += self._others(server, shop.account, kinds)
        if rates:
            (self.root / "rates.csv").write_text(rates)
            text += '[exchange_rates]\nfile = "rates.csv"\n'
        (self.root / "takings.toml").write_text(text)

    def _others(self, server: SimulatorServer, shop: str, kinds: Collection[str]) -> str:
        text = ""
        for source in simulator.other_sources(server, shop, self.root / "files" if "files" in kinds else None):
            if source["kind"] not in kinds:
                continue
            if token := source.pop("token", None):
                name = f"{shop}.{source['kind']}.token"
                (self.root / name).write_text(token)
                source["secret"] = f"file:{name}"
            lines = [f"{key} = {json.dumps(value)}" for key, value in source.items()]
            text += "\n".join(["[[tenants.sources]]", *lines]) + "\n"
        if "files" in kinds:
            write_files(server.world, shop, self.root / "files" / shop, server.now)
        return text

    @property
    def settings(self) -> settings.Settings:
        return settings.load(self.root / "takings.toml").model_copy(update={"home": self.home.root})

    def run(self, progress: Progress = no_progress, at: datetime | None = None) -> Run:
        """A run in which every account is pulled and every tenant published; else the error of the first one.

        `at`: when files are read, which have no clock of their own (default: now).
        """
        clock = (lambda: at) if at else utc_now
        result = pipeline.run(self.settings, progress, clock=clock)
        for failure in result.failed.values():
            raise failure
        if result.blocked:
            raise BlockedError(result.blocked)
        return result

    def pull(self) -> None:
        """A pull in which every account succeeds; else the error of the first one."""
        for failure in pipeline.pull_all(self.settings).failed.values():
            raise failure

    def rebuild(self, *, full: bool = False) -> None:
        """A build in which every tenant is published."""
        if blocked := pipeline.rebuild(self.settings, full=full).blocked:
            raise BlockedError(blocked)

    def staged(self, tenants: Collection[str] = ()) -> dict[str, tuple[int, int]]:
        """The fingerprint of every staging table of the sources, and of the rejects (of these tenants)."""
        return fingerprints(self.home.staging, tenants) if self.home.staging.exists() else {}

    def failure(self, progress: Progress = no_progress) -> TakingsError:
        """The error of the one account that fails in a pull."""
        ((_, failure),) = pipeline.pull_all(self.settings, progress).failed.items()
        return failure

    @property
    def current(self) -> Path:
        return (self.home.published / "current").resolve()

    def ask(self, sql: str, values: Sequence[Any] = (), file: str = "all") -> list[tuple[Any, ...]]:
        """Ask the published build."""
        return ask(self.current / f"{file}.duckdb", sql, values)

    def marts(self, file: str = "all") -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every published mart, without the columns that tell one run from another."""
        return marts(self.current / f"{file}.duckdb")


def published_shops() -> Installation:
    """SHOPS, synced, built and published once for all tests: only to be read. Their server is gone."""

    def make(folder: Path) -> None:
        place = Installation(folder)
        with serve(SHOPS) as server:
            place.configure(server)
            place.run()

    return Installation(shared_cache.entry("shops", f"5 150 {SHOPS.end}", make))


def published_sources() -> Installation:
    """The same with all sources of both shops."""

    def make(folder: Path) -> None:
        place = Installation(folder)
        with serve(SHOPS) as server:
            place.configure(server, kinds=KINDS)
            place.run()

    return Installation(shared_cache.entry("sources", f"5 150 {SHOPS.end}", make))


def ask(path: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connect(path) as db:
        return db.execute(sql, list(values)).fetchall()


def marts(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with connect(path) as db:
        columns: dict[str, list[str]] = {}
        listed = (
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and database_name = "
            "current_database() order by all"
        )
        for table, column in db.execute(listed).fetchall():
            columns.setdefault(table, []).extend([column] if column not in CHANGING else [])
        return {
            table: db.execute(f"select {', '.join(names)} from marts.{table} order by all").fetchall()
            for table, names in columns.items()
        }


def fingerprints(path: Path, tenants: Collection[str] = ()) -> dict[str, tuple[int, int]]:
    """Each table of a staging file or of a published one: the number of its rows and the sum of their hashes, without
    the columns that tell one run from another."""
    where = " where list_contains(?, tenant_id)" if tenants else ""
    with connect(path) as db:
        listed = db.execute(
            "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
            "where database_name = current_database() and not internal and "
            "(schema_name <> 'takings' or table_name = 'rejects') group by all order by all"
        ).fetchall()
        result = {}
        for table, columns in listed:
            shown = ", ".join(name for name in columns if name not in CHANGING)
            if table != "files.files_read":  # by the time that the disk gives a file
                sql = f"select count(*), coalesce(sum(hash({shown})::hugeint), 0) from {table}{where}"
                result[table] = db.execute(sql, [list(tenants)] if tenants else []).fetchall()[0]
        return result


def days(path: Path, account: str) -> dict[tuple[Any, str], dict[str, int]]:
    """metrics_daily of one tenant: (day, channel) to its numbers that are not zero."""
    with connect(path) as db:
        cursor = db.execute("select * from marts.metrics_daily where tenant_id = ?", [account])
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    numbers = {}
    for row in rows:
        key = row["date_day"], row["channel"]
        numbers[key] = {
            name: value for name, value in row.items() if isinstance(value, int) and value and name != "minor_units"
        }
    return {key: row for key, row in numbers.items() if row}
