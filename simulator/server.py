"""The simulator's server: the APIs of a world on one port of the loopback interface.

    with serve(demo_world()) as server:
        requests.post(f"{server.url}/shopify/aurora/admin/api/2026-10/graphql.json", …)

``server.base_url(account)`` is a shop's base URL, ``world.shop(account).token`` its token.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from simulator.apis.base import LoggedRequest
from simulator.apis.meta.api import MetaApi
from simulator.apis.shopify.api import ShopifyApi
from simulator.apis.shopify.endpoint import ShopifyLimits
from simulator.apis.stripe.api import StripeApi
from simulator.apis.tiktok.api import TikTokApi
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.http_server import HOST, HttpServer, Responder
from simulator.mailbox import Mailbox
from simulator.world import World


class SimulatorServer:
    """A server over one world; its clock starts at ``now`` (default: the world's end).

    ``log`` lists the requests so far. ``faults`` and the clock may change while the server runs. Raises
    PortInUseError (an OSError) when the port is in use; port 0 picks a free one.
    """

    def __init__(
        self,
        world: World,
        port: int = 0,
        now: datetime | None = None,
        faults: Faults | None = None,
        *,
        limits: ShopifyLimits | None = None,
        ticking: bool = False,
        mailbox: Mailbox | None = None,
    ) -> None:
        self.world, self.faults, self.log = world, faults or Faults(), list[LoggedRequest]()
        self.clock = Clock(now or world.end, ticking)
        self.folder = Path(tempfile.mkdtemp(prefix="takings-simulator-"))
        shared = (world, self.faults, self.log, self.clock.instant)
        self.meta, self.tiktok, stripe = MetaApi(*shared), TikTokApi(*shared), StripeApi(*shared)
        shopify = ShopifyApi(*shared, self.folder, limits or ShopifyLimits())
        apis: dict[str, Responder] = {"shopify": shopify, "stripe": stripe, "meta": self.meta, "tiktok": self.tiktok}
        self.mailbox = mailbox
        if mailbox is not None:
            apis["mailbox"] = mailbox
        try:
            self._http = HttpServer(port, apis, self.clock.now)
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def base_url(self, account: str, source: str = "shopify") -> str:
        return f"{self.url}/{source}/{account}"

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def set_now(self, now: datetime) -> None:
        """Moves the clock. What the APIs show of earlier instants does not change."""
        self.clock.set(now)

    def serve_forever(self) -> None:
        self._http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        self._http.shutdown()
        self.close()

    def close(self) -> None:
        self._http.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def serve(
    world: World,
    port: int = 0,
    now: datetime | None = None,
    faults: Faults | None = None,
    *,
    limits: ShopifyLimits | None = None,
    ticking: bool = False,
) -> Iterator[SimulatorServer]:
    """A SimulatorServer in a thread of its own, stopped at the end of the ``with`` block."""
    server = SimulatorServer(world, port, now, faults, limits=limits, ticking=ticking)
    threading.Thread(target=server.serve_forever, name="simulator", daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


def run(
    world: World,
    port: int,
    *,
    now: datetime | None = None,
    ticking: bool = True,
    ready: Callable[[SimulatorServer], None] | None = None,
    mailbox: Mailbox | None = None,
) -> None:
    """Serves in the foreground until interrupted. Calls ``ready`` when the server accepts connections.

    Every shop is simulated before that, and its books are frozen for the garbage collector, which would otherwise
    scan all of them again and again.
    """
    server = SimulatorServer(world, port, now, ticking=ticking, mailbox=mailbox)
    for shop in world.shops:
        world.books(shop.account)
    gc.freeze()
    if ready is not None:
        ready(server)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return
    finally:
        gc.unfreeze()
        server.close()
