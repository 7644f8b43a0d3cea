"""The loopback server: HTTP around the simulated shops.

    with serve(demo_world()) as server:
        requests.post(f"{server.url}/shopify/aurora/admin/api/2026-10/graphql.json", …)

A shop's base URL is ``{server.url}/shopify/<account>``; its token stands in ``world.shop(account).token``.
"""

from __future__ import annotations

import errno
import gc
import gzip
import json
import re
import shutil
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from simulator.apis.base import Api, LoggedRequest
from simulator.apis.meta.api import MetaApi
from simulator.apis.shopify.cost import Bucket
from simulator.apis.shopify.endpoint import ShopEndpoint
from simulator.apis.shopify.query_root import VERSION
from simulator.apis.stripe.api import StripeApi
from simulator.apis.tiktok.api import TikTokApi
from simulator.faults import Faults
from simulator.world import World, seconds

_PATH = re.compile(r"^/shopify/(?P<account>[\w-]+)/(?P<rest>.*)$")
_GRAPHQL = re.compile(r"^admin/api/(?P<version>[\w-]+)/graphql\.json$")
_FILE = re.compile(r"^bulk/(?P<number>\d+)\.jsonl$")
_NOT_AUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
_EXPIRED = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code><Message>Expired.</Message></Error>"
_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>Something went wrong ({0})</h1></body></html>"
URL_LIFE = timedelta(days=7)


class PortInUseError(OSError):
    """The port asked for is taken."""


class SimulatorServer:
    """A running server.  ``log`` lists the requests seen; ``faults`` can be changed meanwhile."""

    def __init__(
        self,
        world: World,
        port: int,
        now: datetime | None,
        faults: Faults | None,
        *,
        bucket_size: float,
        restore_rate: float,
        bulk_limit: int,
        bulk_seconds: float,
        ticking: bool,
    ) -> None:
        self.world, self.faults, self.log = world, faults or Faults(), list[LoggedRequest]()
        self._now, self._ticking, self._started = now or world.end, ticking, time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix="takings-simulator-"))
        self.apis: dict[str, ShopEndpoint] = {}
        self.meta = MetaApi(world, self.faults, self.log, lambda: seconds(self.now))
        self.tiktok = TikTokApi(world, self.faults, self.log, lambda: seconds(self.now))
        stripe = StripeApi(world, self.faults, self.log, lambda: seconds(self.now))
        # by the first part of the path
        self.mounts: dict[str, Api] = {"meta": self.meta, "stripe": stripe, "tiktok": self.tiktok}
        for shop in world.shops:
            folder = self.folder / shop.account
            folder.mkdir()
            bucket = Bucket(bucket_size, restore_rate)
            history = world.history(shop.account)
            visits = world.visits_by_account.get(shop.account)
            self.apis[shop.account] = ShopEndpoint(
                history, self.faults, folder, bucket, bulk_limit, bulk_seconds, visits
            )
        try:
            self._http = _Http(("127.0.0.1", port), _handler(self))
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUseError(f"Port {port} on 127.0.0.1 is in use by another program") from None

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def base_url(self, account: str, source: str = "shopify") -> str:
        return f"{self.url}/{source}/{account}"

    @property
    def now(self) -> datetime:
        passed = timedelta(seconds=time.monotonic() - self._started) if self._ticking else timedelta()
        return self._now + passed

    def set_now(self, now: datetime) -> None:
        """Moves the clock; the past stays as it was."""
        self._now, self._started = (now if now.tzinfo else now.replace(tzinfo=UTC)), time.monotonic()

    def serve_forever(self) -> None:
        self._http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        self._http.shutdown()
        self.close()

    def close(self) -> None:
        self._http.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of the server's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: SimulatorServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"simulator": server})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    simulator: SimulatorServer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: requests are in the server's log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.simulator.now.astimezone(UTC), usegmt=True)

    def _mounted(self, body: bytes = b"") -> bool:
        """Whether another source than Shopify answered."""
        mount = self.simulator.mounts.get(self.path.split("/")[1])
        if mount is not None:
            answer = mount(self.command, self.path, dict(self.headers), body)
            self._send(answer.status, answer.body, answer.kind, answer.headers, cut=answer.cut)
        return mount is not None

    def do_GET(self) -> None:
        if self._mounted():
            return
        account, rest = self._place()
        match = _FILE.match(rest or "")
        if account is None or rest is None or match is None:
            return self._json(404, {"errors": "Not Found"})
        self._file(account, match["number"])

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self._mounted(body):
            return
        account, rest = self._place()
        if account is None or rest is None:
            return self._json(404, {"errors": "Not Found"})
        try:
            decoded = json.loads(body or b"null")
        except ValueError:
            return self._json(400, {"errors": "Bad Request: the body is not JSON"})
        if rest == "admin/oauth/access_token":
            return self._token(account, decoded)
        match = _GRAPHQL.match(rest)
        if match is None:
            return self._json(404, {"errors": "Not Found"})
        self._graphql(account, decoded)

    def _place(self) -> tuple[str | None, str | None]:
        match = _PATH.match(self.path.split("?")[0])
        if match is None or match["account"] not in self.simulator.apis:
            return None, None
        return match["account"], match["rest"]

    def _token(self, account: str, body: Any) -> None:
        shop = self.simulator.world.shop(account)
        given = body if isinstance(body, dict) else {}
        if given.get("grant_type") != "client_credentials" or given.get("client_secret") != shop.token:
            return self._json(400, {"error": "invalid_client", "error_description": "Client authentication failed."})
        self._json(200, {"access_token": shop.token, "scope": ",".join(shop.scopes), "expires_in": 86399})

    def _graphql(self, account: str, body: Any) -> None:
        server, api = self.simulator, self.simulator.apis[account]
        request = api.parse(body)
        fields = () if isinstance(request, dict) else request.fields
        variables = {} if isinstance(request, dict) else request.variables
        faults = server.faults
        if slow := faults.take("slow", account, fields):
            time.sleep(slow.seconds)
        bad_token = self.headers.get("X-Shopify-Access-Token") != server.world.shop(account).token
        if bad_token or faults.take("unauthorized", account, fields):
            server.log.append(LoggedRequest(account, fields, variables, 401))
            return self._json(401, {"errors": _NOT_AUTHORIZED})
        if fault := faults.take("too_many", account, fields):
            server.log.append(LoggedRequest(account, fields, variables, 429))
            wait = {"Retry-After": str(float(fault.seconds))}
            return self._send(429, b'{"errors":"Too many requests"}', "application/json", wait)
        if fault := faults.take("error", account, fields):
            server.log.append(LoggedRequest(account, fields, variables, fault.status))
            return self._send(fault.status, _HTML.format(fault.status).encode(), "text/html; charset=utf-8")
        if isinstance(request, dict):
            answer = request
        else:
            base = server.base_url(account)
            answer = api.answer(request, seconds(server.now), account, lambda number: f"{base}/bulk/{number}.jsonl")
        server.log.append(LoggedRequest(account, fields, variables, 200))
        text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
        if faults.take("truncated", account, fields):
            text = text[: len(text) // 2]
        self._send(200, text, "application/json; charset=utf-8", cut=faults.take("cut", account, fields) is not None)

    def _file(self, account: str, number: str) -> None:
        server = self.simulator
        api, fields = server.apis[account], ("bulk_file",)
        server.log.append(LoggedRequest(account, fields, {}, 200))
        operation = api.bulk.operations.get(f"gid://shopify/BulkOperation/{number}")
        old = operation is not None and server.now > datetime.fromtimestamp(operation.created_at, UTC) + URL_LIFE
        gone = old or server.faults.take("url_expired", account, fields) is not None
        if operation is None or gone or not (operation.url or operation.partial_url):
            return self._send(403, _EXPIRED.encode(), "application/xml")
        if fault := server.faults.take("error", account, fields):
            return self._send(fault.status, _HTML.format(fault.status).encode(), "text/html")
        cut = server.faults.take("cut", account, fields) is not None
        half = server.faults.take("truncated_file", account, fields) is not None or operation.status == "FAILED"
        packed = operation.path.read_bytes()
        if half:
            whole = gzip.decompress(packed)
            packed = gzip.compress(whole[: max(1, len(whole) * 2 // 3)], 1)
        if "gzip" in (self.headers.get("Accept-Encoding") or ""):
            return self._send(200, packed, "application/jsonl", {"Content-Encoding": "gzip"}, cut=cut)
        self._unpacked(packed)

    def _unpacked(self, packed: bytes) -> None:
        """The file as it is, in chunks, for a client that does not take gzip."""
        self.send_response(200)
        self.send_header("Content-Type", "application/jsonl")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        unpack = zlib.decompressobj(wbits=31)
        for start in range(0, len(packed), 1 << 18):
            text = unpack.decompress(packed[start : start + (1 << 18)])
            if text:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _json(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode(), "application/json; charset=utf-8")

    def _send(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None, cut: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.path.startswith("/shopify/"):
            self.send_header("X-Shopify-API-Version", VERSION)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if cut:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()


@contextmanager
def serve(
    world: World,
    port: int = 0,
    now: datetime | None = None,
    faults: Faults | None = None,
    *,
    bucket_size: float = 20_000,
    restore_rate: float = 1_000,
    bulk_limit: int = 5,
    bulk_seconds: float = 0.0,
    ticking: bool = False,
) -> Iterator[SimulatorServer]:
    """A server for the length of a ``with``.  Its clock stands at ``now`` (the world's end), or runs on if ticking.

    Raises OSError when the port is in use.
    """
    server = SimulatorServer(
        world,
        port,
        now,
        faults,
        bucket_size=bucket_size,
        restore_rate=restore_rate,
        bulk_limit=bulk_limit,
        bulk_seconds=bulk_seconds,
        ticking=ticking,
    )
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
) -> None:
    """Serves in the foreground until interrupted, from ``now`` (the world's end); ``ready`` is called once it answers.

    The world is simulated before, and its books are put out of the garbage collector's sight: it would look through
    all of them again and again.
    """
    server = SimulatorServer(
        world, port, now, None, bucket_size=20_000, restore_rate=1_000, bulk_limit=5, bulk_seconds=0.0, ticking=ticking
    )
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
