"""An installation in which each shop of a demo world is a tenant with all its sources, and worlds synced into one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import pipeline
from orchestration.settings import Settings
from simulator import SimulatorServer, World, demo_world, serve, write_files
from simulator.scenarios.payments import secret_key
from tests import shared_cache
from tests.oracle.configuration import settings_of
from tests.orchestration.installation import Installation

ACCOUNTS = ("aurora", "nordlicht")
START, END = date(2025, 10, 16), datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
PULLS = (datetime(2026, 11, 16, 9, 30, tzinfo=UTC), datetime(2026, 11, 18, 21, 0, tzinfo=UTC), END)
TARGETS = {"mrr": 3_000, "churn_rate": 0.05}


class FiveSources(Installation):
    """`root/files` holds each shop's folder of events, expenses and balances."""

    def configure_all(self, server: SimulatorServer, accounts: Sequence[str] = ACCOUNTS) -> None:
        """Writes takings.toml, with a tenant per account, and what it names."""
        self.prepare()
        lines: list[str] = []
        for account in accounts:
            shop = server.world.shop(account)
            lines += ["[[tenants]]", f'id = "{account}"', f"name = {json.dumps(shop.name)}"]
            lines += [f'time_zone = "{shop.time_zone}"', f'currency = "{shop.currency}"']
            lines += [*settings_of(account), "[tenants.targets]"]
            lines += [f"{name} = {value}" for name, value in TARGETS.items()]
            for source in self._sources(server, account):
                lines += ["[[tenants.sources]]", *(f"{name} = {json.dumps(value)}" for name, value in source.items())]
        (self.root / "takings.toml").write_text("\n".join(lines) + "\n")

    def _sources(self, server: SimulatorServer, account: str) -> list[dict[str, Any]]:
        meta, tiktok = (server.world.ad_account(account, platform) for platform in ("meta", "tiktok"))
        return [
            {"kind": "shopify", "account": account, "base_url": server.base_url(account),
             "secret": self._secret(f"{account}.shopify", server.world.shop(account).token)},
            {"kind": "stripe", "account": account, "base_url": server.base_url(account, "stripe"),
             "secret": self._secret(f"{account}.stripe", secret_key(account))},
            {"kind": "meta_ads", "account": meta.id, "base_url": f"{server.url}/meta",
             "since": str(meta.plan.start), "secret": self._secret(f"{account}.meta", meta.token)},
            {"kind": "tiktok_ads", "account": tiktok.id, "base_url": f"{server.url}/tiktok", "queries_a_second": 500,
             "since": str(tiktok.plan.start), "secret": self._secret(f"{account}.tiktok", tiktok.token)},
            {"kind": "files", "account": account, "path": f"files/{account}"},
        ]  # fmt: skip

    def _secret(self, name: str, token: str) -> str:
        (self.root / f"{name}.token").write_text(token)
        return f"file:{name}.token"

    def at(self, server: SimulatorServer, now: datetime) -> None:
        """Lets it be ``now``: for the servers, and in the folders."""
        server.set_now(now)
        for account in ACCOUNTS:
            write_files(server.world, account, self.root / "files" / account, now)

    def pull_at(self, server: SimulatorServer, now: datetime) -> None:
        self.at(server, now)
        pipeline.pull_all(self.settings)


@dataclass
class Shops:
    """A world, the installation that holds it, when it was synced, and the build to read (default: the current one)."""

    world: World
    installation: FiveSources
    pulls: tuple[datetime, ...]
    build: Path | None = None

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    @property
    def published(self) -> Path:
        """The build that is read."""
        return self.build or self.installation.current

    def rows(self, account: str, mart: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """A mart's rows as the tenant's own file has them."""
        with duckdb.connect(str(self.published / f"tenant-{account}.duckdb"), read_only=True) as db:
            records: list[tuple[Any, ...]] = db.execute(f"select {', '.join(names)} from marts.{mart}").fetchall()
        return records


@dataclass(frozen=True)
class Recipe:
    """What a world is made from: `orders` in 400 days from `start`, synced at `pulls`, built after the last one.

    `accounts` are the shops that are synced.
    """

    seed: int
    orders: int
    start: date = START
    pulls: tuple[datetime, ...] = PULLS
    accounts: tuple[str, ...] = ACCOUNTS

    def world(self) -> World:
        return demo_world(seed=self.seed, start=self.start, end=self.pulls[-1], orders=self.orders)

    def shops(self) -> Shops:
        """Its shops with all their sources; synced once for all workers, who only read them."""
        root = shared_cache.entry(f"world-{self.seed}-{self.orders}", repr(self), self.sync_and_build)
        return Shops(self.world(), FiveSources(root), self.pulls)

    def sync_and_build(self, root: Path) -> None:
        """The first sync loads everything, each later one what is new."""
        place = FiveSources(root)
        with serve(self.world(), now=self.pulls[0]) as server:
            place.configure_all(server, self.accounts)
            for now in self.pulls[:-1]:
                place.pull_at(server, now)
            place.at(server, self.pulls[-1])
            place.run()
