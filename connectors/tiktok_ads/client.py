"""One request to TikTok's Business API: the response, or an error that says what to do.

Errors have HTTP 200, so the envelope's code decides. No header says how full a limit is: requests are paced below the
limit of the lowest tier, and a throttled request waits, it does not fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from connectors.base import Account
from connectors.connections import Response
from connectors.errors import ConfigurationError, ContractError, RetryError, TakingsError
from connectors.http import Transport
from connectors.sync.daily_reports import TooLargeError

VERSION = "v1.3"
QUERIES_PER_SECOND = 8.0  # apps of the lowest tier may send ten
THROTTLING = frozenset({40016, 40100, 40132, 40133, 61000})
TRANSIENT = frozenset({20001, 40200, 40201, 40202, 40700, 50000, 50002, 60001, *range(51000, 54000)})
TOKEN = frozenset({40102, 40104, 40105})
PERMISSION = frozenset({40001, 40113, 40117, 40118, 40130})
ADVERTISER = frozenset({40300, 40301, 40302})
OUTDATED = frozenset({40006, 40051, 41001})
TOO_LARGE = 40067
HALF_RATE_ENDPOINT = "gmv_max/report/get"  # 8 per second, but 240 per minute
PAUSES = (1.0, 5.0, 300.0)  # a limit per minute blocks for five minutes
ATTEMPTS, THROTTLED_ATTEMPTS = 6, 12
RETRY_OR_UPDATE = "Run again later; if the error persists, update Takings"


class NotGrantedError(ConfigurationError):
    """A permission is missing."""


class RefusedError(ContractError):
    """TikTok does not accept a request."""


class _Envelope(msgspec.Struct):
    code: int
    message: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


@dataclass
class _Pacer:
    """When a token sent its last request: its app's limit is shared by its advertisers, which are pulled at once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sent_at: float = 0.0


_PACERS: dict[tuple[str, str], _Pacer] = {}
_PACERS_LOCK = threading.Lock()


@dataclass
class Client:
    """The API of one advertiser. `warnings` collects messages that a person should read."""

    account: Account
    transport: Transport
    version: str = VERSION
    queries_a_second: float = QUERIES_PER_SECOND
    warnings: set[str] = field(default_factory=set)
    _pacer: _Pacer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        with _PACERS_LOCK:
            self._pacer = _PACERS.setdefault((self.account.base_url, self.account.secret), _Pacer())

    @property
    def id(self) -> str:
        """The advertiser's id."""
        return self.account.account

    @property
    def label(self) -> str:
        """The advertiser, as messages name it."""
        return f"TikTok advertiser {self.id} of tenant {self.account.tenant_id}"

    @property
    def now(self) -> datetime:
        """TikTok's clock, UTC. Raises the errors of `Transport.now`."""
        return self.transport.now(self.label)

    def get(self, endpoint: str, params: Mapping[str, object]) -> bytes:
        """The `data` of one response; lists and objects among `params` are sent as JSON.

        Raises TooLargeError (request less), RetryError (run again later), ConfigurationError (token, permission,
        advertiser, version), ContractError (the request does not fit the API).
        """
        url = f"{self.account.base_url.rstrip('/')}/open_api/{self.version}/{endpoint}/"  # a 404 without the last slash
        query = [
            (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
            for name, value in params.items()
        ]
        throttled, failed, reason = 0, 0, ""
        while failed < ATTEMPTS and throttled < THROTTLED_ATTEMPTS:
            self._pace(endpoint)
            response = self.transport.get(url, query, {"Access-Token": self.account.secret})
            envelope = self._envelope(response, endpoint, url)
            if envelope.code == 0:
                return bytes(envelope.data)
            reason = f"{self.transport.redact(envelope.message or '')[:200]} (code {envelope.code})"
            if envelope.code in THROTTLING:
                self.transport.wait(PAUSES[min(throttled, len(PAUSES) - 1)])
                throttled += 1
            elif envelope.code in TRANSIENT:
                failed += 1
                self.transport.wait(min(60.0, 0.5 * 2**failed))
            else:
                raise self._refusal(envelope.code, reason)
        what = "fails" if failed >= ATTEMPTS else "throttles"
        raise RetryError(
            f"{self.label} cannot be read",
            f"TikTok still {what} after {failed + throttled} attempts: {reason}",
            "What has arrived is kept; run again later",
        )

    def _envelope(self, response: Response, endpoint: str, url: str) -> _Envelope:
        """The response's envelope, a transient error in place of a body that is none."""
        status = response.status_code
        if status == 404 or 300 <= status < 400:
            raise ConfigurationError(
                f"{self.label} cannot be read",
                f"{url} does not exist at this server (HTTP {status})",
                f"Check `base_url`; if it is right, TikTok no longer serves version {self.version}: update Takings",
            )
        try:
            return msgspec.json.decode(response.content, type=_Envelope)
        except msgspec.ValidationError as error:
            raise ContractError(
                f"{self.label} cannot be read",
                f"the response to {endpoint} has another shape than documented ({error}), with HTTP {status}",
                RETRY_OR_UPDATE,
            ) from error
        except msgspec.DecodeError:
            return _Envelope(50000, f"HTTP {status} with a body that is not an envelope")

    def _refusal(self, code: int, reason: str) -> TakingsError:
        """The exception for an error that a retry does not solve."""
        unreadable = f"{self.label} cannot be read"
        if code == TOO_LARGE:
            return TooLargeError(f"TikTok refused a request of {self.label} as too large", reason)
        if code in TOKEN:
            return ConfigurationError(
                unreadable,
                f"the access token is not accepted: {reason}",
                "Authorize the app again, and store the new token where the source's `secret` points",
            )
        if code in PERMISSION:
            return NotGrantedError(
                unreadable,
                f"the token or its app lacks a permission: {reason}",
                f"Check that `account` is the id of your advertiser ({self.id}). Grant the app Ad Account "
                "Management and Reporting (and Store, for GMV Max) for it, authorize it again, then run again",
            )
        if code in ADVERTISER:
            return ConfigurationError(
                unreadable,
                f"TikTok does not show the advertiser {self.id} to this token: {reason}",
                "Check `account`",
            )
        if code in OUTDATED:
            return ConfigurationError(
                unreadable,
                f"TikTok no longer serves this request: {reason}; it was sent to version {self.version}",
                "Update Takings",
            )
        return RefusedError(unreadable, f"TikTok refused a request: {reason}", RETRY_OR_UPDATE)

    def _pace(self, endpoint: str) -> None:
        """Wait, so that requests stay below the rate; GMV Max's report has half of it, for its limit per minute."""
        pause = (2 if endpoint == HALF_RATE_ENDPOINT else 1) / self.queries_a_second
        with self._pacer.lock:
            missing = self._pacer.sent_at + pause - time.monotonic()
            if self._pacer.sent_at and missing > 0:
                self.transport.wait(missing)
            self._pacer.sent_at = time.monotonic()
