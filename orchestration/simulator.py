"""`takings simulate`: serves simulated shops until it is interrupted. The demo starts it as a process of its own."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import ConfigurationError
from orchestration.simulated_sources import Outside

if TYPE_CHECKING:
    from simulator import SimulatorServer

AFTER_LAST_EVENT = timedelta(minutes=10)  # where the clock of recorded orders stops, so that a pull gets them all
TIKTOK_QUERIES_PER_SECOND = 200  # the simulated TikTok has no rate limit


def simulate(
    world: Path | None,
    seed: int,
    orders: int,
    start: date | None,
    port: int,
    files: Path | None = None,
    mailbox: Path | None = None,
) -> None:
    """Serve the retailer's shop in the folder `world`, or the demo's shops and creator, until interrupted.

    The first line on stdout is JSON with each tenant's sources and their tokens. `files` is the folder of the files
    sources, one folder per tenant, written again every minute, as is the database of a shop's chats; without it there
    are no creator and no chats. `mailbox` is the folder of received messages: with it, a mail server runs beside the
    shops. Raises ConfigurationError when the port is in use, StopError when the database does not start.
    """
    import simulator

    shops = simulator.retail_world(world) if world else simulator.demo_world(seed, start, None, orders)

    outside = Outside(shops, files) if files else None

    def ready(server: simulator.SimulatorServer) -> None:
        if outside is not None:
            outside.begin(server)
        sources: dict[str, Any] = {"shops": _shops(server, outside, shopify_only=world is not None)}
        if outside is not None:
            sources["shops"] += outside.tenants()
        sources["until"] = shops.end.isoformat()
        if server.mailbox is not None:
            sources["mailbox"] = {"smtp_port": server.mailbox.smtp_port, "url": f"{server.url}/mailbox/"}
        sys.stdout.write(json.dumps(sources) + "\n")
        sys.stdout.flush()

    now = shops.end + AFTER_LAST_EVENT if world else None
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that folders are removed
    try:
        with simulator.Mailbox(mailbox) if mailbox else nullcontext() as box, outside or nullcontext():
            simulator.run(shops, port, now=now, ticking=world is None, ready=ready, mailbox=box)
    except OSError as error:
        raise ConfigurationError(
            "The simulated shops were not started", str(error), "Choose another port with --port, or 0 for a free one"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _shops(server: SimulatorServer, outside: Outside | None, *, shopify_only: bool) -> list[dict[str, Any]]:
    """Each shop with its sources as in takings.toml, and the `token` that belongs in the source's secret."""
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
                *([] if shopify_only else other_sources(server, shop.account)),
                *(outside.of_shop(shop.account) if outside and not shopify_only else []),
            ],
        }
        for shop in server.world.shops
    ]


def other_sources(server: SimulatorServer, shop: str, files: Path | None = None) -> list[dict[str, Any]]:
    """A shop's sources other than Shopify, as in takings.toml, with their `token`; with `files`, also its folder."""
    from simulator.scenarios.payments import secret_key

    meta, tiktok = (server.world.ad_account(shop, platform) for platform in ("meta", "tiktok"))
    sources: list[dict[str, Any]] = [
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
            "queries_a_second": TIKTOK_QUERIES_PER_SECOND,
        },
    ]
    if files is not None:
        sources.append({"kind": "files", "account": shop, "path": str(files.absolute() / shop)})
    return sources
