"""One request to Meta's Graph API: the response, or an error that says what to do.

The body decides, not the HTTP status. The API sends no Retry-After: headers of every response say how full the hourly
limit is, and a throttled request waits, it does not fail. The token goes in a header, so that no URL contains it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from connectors.base import Account
from connectors.connections import Response
from connectors.errors import ConfigurationError, RetryError
from connectors.http import RETRIED, Transport
from connectors.meta_ads.errors import NOT_FOUND, GraphError, refusal
from connectors.sync.daily_reports import TooLargeError

VERSION = "v26.0"
ATTEMPTS, THROTTLED_ATTEMPTS = 6, 30
PASSING_ATTEMPTS = 3  # before a request is made smaller
SLOW_AT, STOP_AT = 85.0, 95.0  # percent of the hourly limit
SLOW_SECONDS, STOP_SECONDS = 120.0, 600.0
LONGEST_WAIT = 3600.0
THROTTLED_SECONDS = 2 * LONGEST_WAIT  # of one request
USAGE = ("call_count", "total_cputime", "total_time", "acc_id_util_pct")
USAGE_HEADERS = ("x-fb-ads-insights-throttle", "x-ad-account-usage", "x-app-usage")


class _Body(msgspec.Struct):
    error: GraphError | None = None


@dataclass
class Client:
    """The API of one ad account. `warnings` collects messages of Meta that a person should read.

    The account's secret is a token, or `token|app secret`: then each request has the proof that some apps require.
    """

    account: Account
    transport: Transport
    version: str = VERSION
    warnings: set[str] = field(default_factory=set)
    _usage: float = 0.0
    _regain: float = 0.0
    _token: str = field(init=False, repr=False)
    _proof: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._token, _, app_secret = self.account.secret.partition("|")
        self._proof = app_secret and hmac.new(app_secret.encode(), self._token.encode(), hashlib.sha256).hexdigest()
        self.transport.secrets += [text for text in (self._token, app_secret, self._proof) if text]
        self.transport.retried = RETRIED - {500}  # the body of Meta's 500 says what to do

    @property
    def id(self) -> str:
        """The account's digits."""
        return self.account.account.removeprefix("act_")

    @property
    def label(self) -> str:
        """The account, as messages name it."""
        return f"Meta ad account {self.id} of tenant {self.account.tenant_id}"

    @property
    def now(self) -> datetime:
        """Meta's clock, UTC. Raises the errors of `Transport.now`."""
        return self.transport.now(self.label)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """The body of a GET below the version. Raises the errors of `_call`."""
        return self._call("GET", path, params or {})

    def post(self, path: str, body: Mapping[str, object]) -> bytes:
        """The body of a POST below the version. Raises the errors of `_call`."""
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, params: Mapping[str, Any]) -> bytes:
        """The body of a response without an error.

        Raises TooLargeError (request less), RetryError (run again later), ConfigurationError (token, permission,
        account, version), ContractError (the request does not fit the API).
        """
        throttled, passing, failed, paused, reason = 0, 0, 0, 0.0, ""
        while failed < ATTEMPTS and throttled < THROTTLED_ATTEMPTS and paused < THROTTLED_SECONDS:
            self._pace()
            response = self._send(method, path, params)
            self._read_headers(response)
            error = _error(response)
            if error is None:
                return response.content
            error.message = self.transport.redact(error.text)  # Meta repeats a token that it does not accept
            error.error_user_msg = self.transport.redact(error.error_user_msg or "")
            if not error.code and (response.status_code == 404 or 300 <= response.status_code < 400):
                raise ConfigurationError(
                    f"{self.label} cannot be read",
                    f"{self.account.base_url} does not serve this API (HTTP {response.status_code})",
                    f"Check `base_url`; if it is right, Meta no longer serves version {self.version}: update Takings",
                )
            reason = error.text[:200]
            if error.throttling:
                throttled += 1
                pause = self._regain or min(300.0, 15.0 * 2**throttled)
                paused += pause
                self.transport.wait(pause)
                self._usage = self._regain = 0.0
            elif error.too_large or (error.passing and passing + 1 == PASSING_ATTEMPTS):
                raise TooLargeError(f"Meta refused a request of {self.label} as too large", reason)
            elif error.passing:
                passing += 1
                self.transport.wait(2.0**passing)
            elif error.retryable:
                failed += 1
                self.transport.wait(min(60.0, 0.5 * 2**failed))
            elif error.pair == NOT_FOUND and not path.startswith("act_"):
                raise RetryError(
                    f"{self.label} cannot be read",
                    f"the report run {path.partition('/')[0]} is gone",
                    "Run again later",
                )
            else:
                raise refusal(error, self.label, self.version)
        what = "fails" if failed >= ATTEMPTS else "throttles"
        raise RetryError(
            f"{self.label} cannot be read",
            f"Meta still {what} after {failed + passing + throttled} attempts and {paused / 60:.0f} minutes of pauses "
            f"({reason})",
            "What has arrived is kept; run again later",
        )

    def _send(self, method: str, path: str, params: Mapping[str, Any]) -> Response:
        url = f"{self.account.base_url.rstrip('/')}/{self.version}/{path}"
        headers = {"Authorization": f"Bearer {self._token}"}
        if self._proof:
            params = {**params, "appsecret_proof": self._proof}
        if method == "POST":
            return self.transport.post(url, dict(params), headers)
        return self.transport.get(url, list(params.items()), headers)

    def _read_headers(self, response: Response) -> None:
        """Read a warning about our version, and how full the limit is."""
        headers = response.headers
        if "x-ad-api-version-warning" in headers:
            warning = self.transport.redact(headers["x-ad-api-version-warning"])
            self.warnings.add(f"Meta says: {warning} Update Takings before numbers change.")
        by_account = _decoded(headers.get("x-business-use-case-usage"), dict[str, list[dict[str, Any]]]) or {}
        own = [usage for usage in by_account.get(self.id, []) if str(usage.get("type", "")).startswith("ads_")]
        usages = [*own, *(_decoded(headers.get(name), dict[str, Any]) or {} for name in USAGE_HEADERS)]
        self._usage = max(_largest(usages, name) for name in USAGE)
        self._regain = min(LONGEST_WAIT, _largest(own, "estimated_time_to_regain_access") * 60)

    def _pace(self) -> None:
        """Wait before the limit is reached rather than after."""
        if self._usage >= SLOW_AT:
            self.transport.wait(STOP_SECONDS if self._usage >= STOP_AT else SLOW_SECONDS)
            self._usage = 0.0


def _error(response: Response) -> GraphError | None:
    """The error of a response; a body that is not JSON, or is cut off, is retryable."""
    status = response.status_code
    try:
        error = msgspec.json.decode(response.content, type=_Body).error
    except msgspec.ValidationError as invalid:
        text = f"HTTP {status} with a body of another shape than documented ({invalid})"
        return GraphError(text, is_transient=status >= 500)
    except msgspec.DecodeError:
        return GraphError(f"HTTP {status} with a body that is not JSON", is_transient=True)
    if error is None and status != 200:
        return GraphError(f"HTTP {status} without an error in it", is_transient=status >= 500)
    return error


def _largest(usages: Iterable[Mapping[str, Any]], name: str) -> float:
    """The largest number of that name; other values count as 0."""
    return max((float(usage[name]) for usage in usages if isinstance(usage.get(name), int | float)), default=0.0)


def _decoded(text: str | None, kind: Any) -> Any:
    try:
        return msgspec.json.decode(text, type=kind) if text else None
    except msgspec.DecodeError:
        return None
