"""The only HTTP client: timeouts, retries, redaction, and the source's clock.

It retries what may work later (a broken connection, 429, 5xx) with growing pauses and the server's own Retry-After,
and gives up with one clear error. What any other status means is decided by the connector.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3

from common.numbers import decimal
from connectors.base import iso
from connectors.connections import Connections, Request, Response
from connectors.errors import ConfigurationError, ContractError, GoneError, IncompleteError, RetryError
from connectors.surrogates import without_halves

T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 10, 60
TIMEOUT = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
BODY_SECONDS = 300.0  # a whole response; READ_SECONDS starts again with each byte
SLOWEST = 1_000  # bytes per second of a file, once it has taken BODY_SECONDS
PIECE = 1 << 18
ATTEMPTS = 6
LONGEST_PAUSE = 60.0
RETRIED = frozenset({429, 500, 502, 503, 504})
GONE = frozenset({403, 404, 410})
NO_CONNECTION = (
    requests.RequestException,  # no address
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
)
CLOCKS_DIFFER = timedelta(minutes=15)  # what a source's clock and this machine's may differ by
SIMULATED_TIME = "X-Simulated-Time"  # a simulator on this machine says what time its world has
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _SlowError(Exception):
    """A body came too slowly."""


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


class Transport:
    """Requests with retries. `sleep` is a seam for tests, as is `sent`, which is called with each request; no message
    contains a secret.

    `clock` is this machine's clock, with which the source's is compared.
    """

    def __init__(
        self,
        secrets: tuple[str, ...] = (),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.session = requests.Session()
        self.connections = Connections(self.session)
        self.sent: Callable[[Request], None] = lambda request: None
        self.secrets = [text for text in secrets if text]
        self.sleep, self.clock = sleep, clock
        self._date: str | None = None  # the Date header of the last response
        self._received = clock()  # this machine's clock at that response
        self.calls = 0
        self.waited = 0.0
        self.replaced = 0  # halves of characters in responses
        self.retried = RETRIED  # a source whose body explains a 500 takes it out

    def wait(self, seconds: float) -> None:
        """Pause, and add to the seconds that the source made us wait."""
        self.waited += seconds
        self.sleep(seconds)

    def now(self, label: str) -> datetime:
        """The source's clock at its last response, UTC; this machine's clock where that is behind it.

        So a clock that is ahead by less than CLOCKS_DIFFER moves no cursor beyond what has been read. Raises
        ContractError when the response has no readable Date header, ConfigurationError when the clocks differ by more;
        `label` is the account.
        """
        unread = f"{label} was not pulled"
        if self._date is None:
            raise ContractError(unread, "the source's responses have no Date header", "Run again later")
        try:
            date = parsedate_to_datetime(self._date)
        except (ValueError, TypeError, IndexError, OverflowError):
            raise ContractError(
                unread, f"the source's Date header is not a date: {self._date[:60]!r}", "Run again later"
            ) from None
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
        if abs(date - self._received) > CLOCKS_DIFFER:
            raise ConfigurationError(
                unread,
                f"the source's clock says {iso(date)} and this machine's clock {iso(self._received)}. A pull with a "
                "wrong time would miss changes",
                "Correct this machine's clock (NTP); if it is right, run again later",
            )
        return min(date, self._received)

    def _read_clock(self, response: Response) -> None:
        self._date, self._received = response.headers.get("Date"), self.clock()
        simulated = response.headers.get(SIMULATED_TIME)
        if simulated and urlsplit(response.url).hostname in LOOPBACK:
            self._received = datetime.fromisoformat(simulated)

    def redact(self, text: str) -> str:
        """`text` without any secret."""
        for secret in self.secrets:
            text = text.replace(secret, "[secret]")
        return text

    def post(self, url: str, body: object, headers: dict[str, str]) -> Response:
        """POST JSON and return the response, whatever its status, unless a retry may help.

        A redirect is returned, not followed: it would carry the token to another host.
        Raises RetryError when all attempts failed.
        """
        return self._with_retries("POST", url, headers, body=body)

    def get(self, url: str, params: Sequence[tuple[str, str]], headers: dict[str, str]) -> Response:
        """GET in the same way; `params` may name one parameter several times."""
        return self._with_retries("GET", url, headers, params=params)

    def _with_retries(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: object = None,
        params: Sequence[tuple[str, str]] = (),
    ) -> Response:
        cause, request = "", self.connections.request(method, url, headers, body, params)
        for attempt in range(ATTEMPTS):
            pause = _backoff(attempt)
            try:
                self.calls += 1
                self.sent(request)
                response = self._receive(request)
                if response.status_code not in self.retried:
                    self._read_clock(response)
                    return response
                cause = f"HTTP {response.status_code}"
                pause = _retry_after(response) or pause
            except _SlowError:
                cause = f"the response did not end within {BODY_SECONDS:.0f} seconds"
            except NO_CONNECTION as error:
                cause = f"no connection ({type(error).__name__})"
            except urllib3.exceptions.HTTPError as error:
                cause = f"the response broke off ({type(error).__name__})"
            if attempt + 1 < ATTEMPTS:
                self.wait(pause)
        raise RetryError(
            self.redact(f"{method} {url} failed {ATTEMPTS} times in a row"),
            self.redact(cause),
            "What has arrived is kept. Check the address and the source's status page, then run again",
        )

    def _receive(self, request: Request) -> Response:
        response = self.connections.send(request, TIMEOUT)
        body, replaced = without_halves(_body(response))
        self.replaced += replaced
        return Response(response.status, response.headers, body, request.url)

    @contextmanager
    def stream(self, url: str) -> Iterator[requests.Response]:
        """GET a file to be read as it arrives, not decoded.

        Raises GoneError when its address has expired, IncompleteError when it cannot be downloaded now.
        """
        self.calls += 1
        try:
            with self.session.get(
                url, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS), headers={"Accept-Encoding": "gzip"}
            ) as response:
                if response.status_code in GONE:
                    raise GoneError(f"the result file is gone (HTTP {response.status_code})")
                if response.status_code != 200:
                    raise IncompleteError(f"the result file cannot be downloaded (HTTP {response.status_code})")
                yield response
        except requests.RequestException as error:
            raise IncompleteError(f"the result file broke off ({type(error).__name__})") from error

    def download(self, url: str, target: Path, on_bytes: Callable[[int], None]) -> Path:
        """Write the file at `url` as received to `target` (with `.gz` when it comes compressed); return the path."""
        with self.stream(url) as response:
            if response.headers.get("Content-Encoding") == "gzip":
                target = target.with_name(target.name + ".gz")
            size, began = 0, time.monotonic()
            with target.open("wb") as file:
                try:
                    while piece := response.raw.read1(PIECE, decode_content=False):
                        file.write(piece)
                        size += len(piece)
                        on_bytes(size)
                        seconds = time.monotonic() - began
                        if seconds > BODY_SECONDS and size < SLOWEST * seconds:
                            raise IncompleteError(
                                f"the result file came too slowly ({size} bytes in {seconds:.0f} seconds)"
                            )
                except urllib3.exceptions.HTTPError as error:
                    raise IncompleteError(f"the result file broke off ({type(error).__name__})") from error
                file.flush()
                os.fsync(file.fileno())
        return target


def _body(response: urllib3.BaseHTTPResponse) -> bytes:
    """All of a response. Raises _SlowError when that takes longer than BODY_SECONDS: each byte in time is not enough,
    for a body that drips would never end."""
    pieces, began = list[bytes](), time.monotonic()
    with closing(response):  # of a body that was read whole the connection stays open
        while piece := response.read1(PIECE, decode_content=True):
            pieces.append(piece)
            if time.monotonic() - began > BODY_SECONDS:
                raise _SlowError
    return b"".join(pieces)


def _backoff(attempt: int) -> float:
    return float(min(LONGEST_PAUSE, 0.5 * 2**attempt) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret


def _retry_after(response: Response) -> float | None:
    try:
        seconds = float(decimal(response.headers.get("Retry-After", "")))
    except ValueError:
        return None
    return min(LONGEST_PAUSE, seconds) if seconds > 0 else None


class Decoder(Generic[T]):
    """`decoded` for many bodies of one kind: what the kind means is found out once."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, body: bytes | msgspec.Raw, who: str, what: str) -> T:
        """`body` as the kind. Raises ContractError as `decoded` does."""
        try:
            return self._decoder.decode(body)
        except msgspec.DecodeError as error:
            raise _other_shape(error, who, what) from error


def decoded(body: bytes | msgspec.Raw, kind: type[T], who: str, what: str) -> T:
    """`body` as a `kind`; `who` is the account, `what` is the request.

    Raises ContractError when a field is missing or of another type: a missing list is not an empty list.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise _other_shape(error, who, what) from error


def _other_shape(error: Exception, who: str, what: str) -> ContractError:
    return ContractError(
        f"{who}: the response to {what} has another shape than documented ({error}); nothing of it was loaded. Run "
        "again later; if it stays so, update Takings."
    )
