"""One request to TikTok's Business API, answered or explained.

HTTP is 200 on errors, so the envelope's code decides. No header tells how full a limit is: requests are paced below
the lowest tier's, and a code for too many is waiting, not failing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError, TakingsError
from connectors.http import Transport

VERSION = "v1.3"
QUERIES_A_SECOND = 8.0  # the lowest tier of apps may ask ten times
THROTTLED = frozenset({40016, 40100, 40132, 40133, 61000})
TRANSIENT = frozenset({20001, 40200, 40201, 40202, 40700, 50000, 50002, 60001, *range(51000, 54000)})
TOKEN = frozenset({40102, 40104, 40105})
PERMISSION = frozenset({40001, 40113, 40117, 40118, 40130})
ADVERTISER = frozenset({40300, 40301, 40302})
OUTDATED = frozenset({40006, 40051, 41001})
TOO_LARGE = 40067
HALF_AS_OFTEN = "gmv_max/report/get"  # 8 a second, but 240 a minute
PAUSES = (1.0, 5.0, 300.0)  # after a limit by the minute it takes five minutes
ATTEMPTS, THROTTLED_ATTEMPTS = 6, 12


class TooLargeError(RetryError):
    """A report of more than the API gives at once: ask for fewer days."""


class NotGrantedError(ConfigurationError):
    """A permission is missing."""


class RefusedError(ContractError):
    """A request that TikTok does not take."""


class _Envelope(msgspec.Struct):
    code: int
    message: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


@dataclass
class _Pacer:
    """When a token asked last. An app's limit holds for all advertisers of its token, which are pulled at once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    asked_at: float = 0.0


_PACERS: dict[tuple[str, str], _Pacer] = {}
_ONE_AT_A_TIME = threading.Lock()


@dataclass
class Client:
    """An advertiser's API. `warnings` collects what a person should read."""

    account: Account
    transport: Transport
    version: str = VERSION
    queries_a_second: float = QUERIES_A_SECOND
    warnings: set[str] = field(default_factory=set)
    server_time: datetime | None = None
    _pacer: _Pacer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        with _ONE_AT_A_TIME:
            self._pacer = _PACERS.setdefault((self.account.base_url, self.account.secret), _Pacer())

    @property
    def id(self) -> str:
        """The advertiser's id."""
        return self.account.account

    @property
    def who(self) -> str:
        """The advertiser, as messages name it."""
        return f"TikTok advertiser {self.id}"

    @property
    def now(self) -> datetime:
        """TikTok's own clock, UTC."""
        if self.server_time is None:
            raise ContractError(f"{self.who}: TikTok's answers carry no Date")
        return self.server_time.astimezone(UTC)

    def get(self, endpoint: str, params: Mapping[str, object]) -> bytes:
        """The `data` of one answer; lists and objects among `params` are written as JSON.

        Raises TooLargeError (ask for less), RetryError (later), ConfigurationError (token, permission, advertiser,
        version), ContractError (the request does not fit the API).
        """
        url = f"{self.account.base_url.rstrip('/')}/open_api/{self.version}/{endpoint}/"  # a 404 without the last slash
        asked = [
            (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
            for name, value in params.items()
        ]
        throttled, failed, trouble = 0, 0, ""
        while failed < ATTEMPTS and throttled < THROTTLED_ATTEMPTS:
            self._pace(endpoint)
            answer = self.transport.get(url, asked, {"Access-Token": self.account.secret})
            if "Date" in answer.headers:
                self.server_time = parsedate_to_datetime(answer.headers["Date"])
            if answer.status_code == 404 or 300 <= answer.status_code < 400:
                raise ConfigurationError(f"{url}: there is no such API at this address. Check `base_url`.")
            try:
                told = msgspec.json.decode(answer.content, type=_Envelope)
            except msgspec.ValidationError as error:
                raise ContractError(
                    f"{self.who}: the answer to {endpoint} has another shape than documented ({error}), with HTTP "
                    f"{answer.status_code}. Run again later; if it stays so, update Takings."
                ) from error
            except msgspec.DecodeError:
                told = _Envelope(50000, f"HTTP {answer.status_code} with a body that is no envelope")
            if told.code == 0:
                return bytes(told.data)
            trouble = f"{self.transport.redact(told.message or '')[:200]} (code {told.code})"
            if told.code in THROTTLED:
                self.transport.wait(PAUSES[min(throttled, len(PAUSES) - 1)])
                throttled += 1
            elif told.code in TRANSIENT:
                failed += 1
                self.transport.wait(min(60.0, 0.5 * 2**failed))
            else:
                raise self._refusal(told.code, trouble)
        why = "is in trouble" if failed >= ATTEMPTS else "throttles without end"
        raise RetryError(
            f"{self.who}: TikTok {why}: {trouble}. Nothing was lost; what has arrived is kept. Run again later."
        )

    def _refusal(self, code: int, said: str) -> TakingsError:
        """The exception for an error that patience does not cure."""
        who = self.who
        if code == TOO_LARGE:
            return TooLargeError(f"{who}: {said}")
        if code in TOKEN:
            return ConfigurationError(
                f"{who}: the access token is not accepted: {said}. Authorize the app again, and put the new token "
                "where the source's `secret` points to."
            )
        if code in PERMISSION:
            return NotGrantedError(
                f"{who}: the token or its app lacks a permission: {said}. Grant the app Ad Account Management and "
                "Reporting (and Store, for GMV Max) for this advertiser, authorize it again, then run again."
            )
        if code in ADVERTISER:
            return ConfigurationError(
                f"{who}: there is no such advertiser, or the token may not see it: {said}. Check `account`."
            )
        if code in OUTDATED:
            return ConfigurationError(f"{who}: TikTok no longer serves this request: {said}. Update Takings.")
        return RefusedError(f"{who}: TikTok refused a request: {said}")

    def _pace(self, endpoint: str) -> None:
        """No more than so many requests a second; of GMV Max's report half, since its minute holds half as many."""
        pause = (2 if endpoint == HALF_AS_OFTEN else 1) / self.queries_a_second
        with self._pacer.lock:
            missing = self._pacer.asked_at + pause - time.monotonic()
            if self._pacer.asked_at and missing > 0:
                self.transport.wait(missing)
            self._pacer.asked_at = time.monotonic()
