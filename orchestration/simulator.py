"""The simulated shops as a server of their own: `takings simulate`, which the demo starts too."""

from __future__ import annotations

import json
import sys
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import ConfigurationError

if TYPE_CHECKING:
    from simulator import SimulatorServer

SETTLED = timedelta(minutes=10)  # a finished world's clock stands after its last event, so that a pull brings all of it
FILES_EVERY = 60.0  # seconds between looks at what visitors have done since
QUERIES_A_SECOND = 200  # the simulated TikTok has no limit to keep


def simulate(
    world: Path | None, seed: int, orders: int, start: date | None, port: int, files: Path | None = None
) -> None:
    """Serve shops until interrupted. The first line on stdout says, as JSON, where they are and how they let one in.

    `files` is where each shop's folder of events, expenses and bank balances is kept up to date.
    """
    import simulator

    shops = simulator.retail_world(world) if world else simulator.demo_world(seed, start, None, orders)
    over = threading.Event()

    def ready(server: simulator.SimulatorServer) -> None:
        if files is not None:
            _write_files(server, files)
            threading.Thread(target=_keep_writing, args=(server, files, over), daemon=True).start()
        about = {"shops": _about(server, files, shopify_only=world is not None), "until": shops.end.isoformat()}
        sys.stdout.write(json.dumps(about) + "\n")
        sys.stdout.flush()

    try:
        if world:
            simulator.run(shops, port, ticking=False, now=shops.end + SETTLED, ready=ready)
        else:
            simulator.run(shops, port, ready=ready)
    except OSError as error:
        raise ConfigurationError(f"{error}. Choose another with --port, or 0 for a free one.") from None
    finally:
        over.set()


def _about(server: SimulatorServer, files: Path | None, *, shopify_only: bool) -> list[dict[str, Any]]:
    """Each shop with its sources, a source as takings.toml has it; `token` is what its secret has to hold."""
    return [
        {
            "id": shop.account,
            "name": shop.name,
            "time_zone": shop.time_zone,
            "currency": shop.currency,
            "sources": [
                {
                    "kind": "shopify",
                    "account": shop.account,
                    "base_url": server.base_url(shop.account),
                    "token": shop.token,
                },
                *([] if shopify_only else other_sources(server, shop.account, files)),
            ],
        }
        for shop in server.world.shops
    ]


def other_sources(server: SimulatorServer, shop: str, files: Path | None) -> list[dict[str, Any]]:
    """What a shop has besides the shop itself, as takings.toml has it; `token` is what its secret has to hold."""
    from simulator.scenarios.payments import secret_key

    meta, tiktok = (server.world.ad_account(shop, platform) for platform in ("meta", "tiktok"))
    found: list[dict[str, Any]] = [
        {"kind": "stripe", "account": shop, "base_url": server.base_url(shop, "stripe"), "token": secret_key(shop)},
        {
            "kind": "meta_ads",
            "account": meta.id,
            "base_url": f"{server.url}/meta",
            "token": meta.token,
            "since": str(meta.plan.start),
        },
        {
            "kind": "tiktok_ads",
            "account": tiktok.id,
            "base_url": f"{server.url}/tiktok",
            "token": tiktok.token,
            "since": str(tiktok.plan.start),
            "queries_a_second": QUERIES_A_SECOND,
        },
    ]
    if files is not None:
        found.append({"kind": "files", "account": shop, "path": str(files.absolute() / shop)})
    return found


def _write_files(server: SimulatorServer, files: Path) -> None:
    from simulator import write_files

    for shop in server.world.shops:
        write_files(server.world, shop.account, files / shop.account, server.now)


def _keep_writing(server: SimulatorServer, files: Path, over: threading.Event) -> None:
    while not over.wait(FILES_EVERY):
        _write_files(server, files)
