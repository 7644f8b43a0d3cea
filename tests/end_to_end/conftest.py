"""A demo world pulled, built and published once for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.simulator import SimulatorServer, World, demo_world, serve
from orchestration import run as running
from orchestration import settings as configuration
from orchestration.settings import Settings

START, END = date(2025, 10, 16), datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@dataclass
class Shops:
    """A world, the configuration that pulls it, and the folder of its published builds."""

    world: World
    settings: Settings
    home: Path

    @property
    def published(self) -> Path:
        """What readers see."""
        return (self.home / "published" / "current").resolve()


def configure(home: Path, world: World, server: SimulatorServer) -> Settings:
    """takings.toml for every shop of a world."""
    lines = []
    for shop in world.shops:
        (home / f"{shop.account}.token").write_text(shop.token)
        lines += ["[[tenants]]", f'id = "{shop.account}"', f"name = {json.dumps(shop.name, ensure_ascii=False)}"]
        lines += [f'time_zone = "{shop.time_zone}"', f'currency = "{shop.currency}"', "[[tenants.sources]]"]
        lines += ['kind = "shopify"', f'account = "{shop.account}"', f'secret = "file:{shop.account}.token"']
        lines += [f'base_url = "{server.base_url(shop.account)}"', ""]
    path = home / "takings.toml"
    path.write_text("\n".join(lines))
    return configuration.load(path).model_copy(update={"home": home})


@contextmanager
def pulled(world: World, home: Path, *clocks: datetime) -> Iterator[Shops]:
    """A world pulled at each of these instants in turn (its end last), then built and published once."""
    with serve(world, now=clocks[0] if clocks else None) as server:
        settings = configure(home, world, server)
        for clock in clocks:
            server.set_now(clock)
            running.pull_all(settings)
        server.set_now(world.end)
        running.run(settings)
        yield Shops(world, settings, home)


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    """Two demo shops of 4,000 orders, loaded by bulk at first and then twice by pages."""
    world = demo_world(seed=11, start=START, end=END, orders=4_000)
    early = (datetime(2026, 11, 16, 9, 30, tzinfo=UTC), datetime(2026, 11, 18, 21, 0, tzinfo=UTC))
    with pulled(world, tmp_path_factory.mktemp("shops"), *early) as found:
        yield found
