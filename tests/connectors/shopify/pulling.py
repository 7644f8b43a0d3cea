"""Pull a small simulated shop, and read what staging has then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.base import Account, Pulled
from connectors.http import Transport
from connectors.shopify.pull import pull
from connectors.shopify.settings import ShopifySettings
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from simulator import SimulatorServer, World, demo_world
from tests.connectors import staged

START, END = date(2026, 1, 15), datetime(2026, 3, 20, 10, tzinfo=UTC)
SHOP = "aurora"


def small_world(orders: int = 500) -> World:
    """64 days of two shops with a few orders per day; 1,400 orders cover every special case."""
    return demo_world(seed=11, start=START, end=END, orders=orders)


@dataclass
class Place:
    """A landing zone and a staging file for one account."""

    root: Path
    account: str = SHOP
    tenant: str = "acme"
    run_id: str = "run"
    waits: list[float] = field(default_factory=list)

    @property
    def staging(self) -> Path:
        return self.root / "staging.duckdb"

    @property
    def landing(self) -> Landing:
        return Landing(self.root / "landing")

    def known_as(self, server: SimulatorServer, token: str | None = None) -> Account:
        shop = server.world.shop(self.account)
        return Account(self.tenant, "shopify", self.account, server.base_url(self.account), token or shop.token)

    def pull(self, server: SimulatorServer, token: str | None = None) -> dict[str, Pulled]:
        """One pull; pauses are recorded and not waited for."""
        account = self.known_as(server, token)
        with Staging(self.staging) as staging:
            return {result.stream: result for result in pull(self.context(account, staging), settings(account))}

    def context(self, account: Account, staging: Staging) -> PullContext:
        """The context of a pull whose pauses are recorded and not waited for."""
        transport = Transport((account.secret,), sleep=self.waits.append)
        return PullContext(account, self.landing, staging, self.run_id, transport)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return staged.rows(self.staging, sql, values)

    def tables(self, lineage: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every staging table of the source, in order; with `lineage` also run and part."""
        return staged.tables(self.staging, "shopify", lineage=lineage)

    def cursors(self) -> dict[str, datetime]:
        return dict(self.rows("select stream, loaded_until from takings.cursors"))


def settings(account: Account, **own: Any) -> ShopifySettings:
    return ShopifySettings(kind="shopify", account=account.account, secret="env:UNUSED", **own)


def request_count(server: SimulatorServer, field: str) -> int:
    """How many requests named a root field."""
    return sum(field in request.resources for request in server.log)
