"""One request to Meta's Graph API, answered or explained.

The body decides, not the HTTP status. The API names no Retry-After: how full the hourly limit is stands in headers of
every answer, and throttling is waiting, not failing. The token goes in a header, so that no address holds it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import requests

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import RETRIED, Transport
from connectors.meta_ads.errors import GONE, GraphError, TooMuchError, refusal

VERSION = "v26.0"
ATTEMPTS, THROTTLED_ATTEMPTS = 6, 30
SLOW_AT, STOP_AT = 85.0, 95.0  # percent of the hourly limit
SLOW_SECONDS, STOP_SECONDS = 120.0, 600.0
LONGEST_WAIT = 3600.0
USAGE = ("call_count", "total_cputime", "total_time", "acc_id_util_pct")


class _Body(msgspec.Struct):
    error: GraphError | None = None


@dataclass
class Client:
    """An ad account's API. `warnings` collects what Meta said and a person should read.

    The account's secret is a token, or `token|app secret`: then each request has the proof that some apps require.
    """

    account: Account
    transport: Transport
    version: str = VERSION
    warnings: set[str] = field(default_factory=set)
    server_time: datetime | None = None
    _usage: float = 0.0
    _regain: float = 0.0
    _token: str = field(init=False, repr=False)
    _proof: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._token, _, app_secret = self.account.secret.partition("|")
        self._proof = app_secret and hmac.new(app_secret.encode(), self._token.encode(), hashlib.sha256).hexdigest()
        self.transport.secrets += [text for text in (self._token, app_secret, self._proof) if text]
        self.transport.retried = RETRIED - {500}  # Meta's 500 has a body that says what to do

    @property
    def id(self) -> str:
        """The account's digits."""
        return self.account.account.removeprefix("act_")

    @property
    def who(self) -> str:
        """The account, as messages name it."""
        return f"Meta ad account {self.id}"

    @property
    def now(self) -> datetime:
        """Meta's own clock, UTC."""
        if self.server_time is None:
            raise ContractError(f"{self.who}: Meta's answers carry no Date")
        return self.server_time.astimezone(UTC)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """The body of a GET below the version. Raises as `_call` does."""
        return self._call("GET", path, params or {})

    def post(self, path: str, body: Mapping[str, object]) -> bytes:
        """The body of a POST below the version. Raises as `_call` does."""
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, params: Mapping[str, Any]) -> bytes:
        """An answer without an error.

        Raises TooMuchError (ask for less), RetryError (later), ConfigurationError (token, permission, account,
        version), ContractError (the request does not fit the API).
        """
        throttled, failed, trouble = 0, 0, ""
        while failed < ATTEMPTS and throttled < THROTTLED_ATTEMPTS:
            self._pace()
            answer = self._send(method, path, params)
            self._notice(answer)
            error = _error(answer)
            if error is not None:  # Meta repeats a token that it does not like
                error.message = self.transport.redact(error.message or "")
                error.error_user_msg = self.transport.redact(error.error_user_msg or "")
            if error is not None and not error.code and (answer.status_code == 404 or 300 <= answer.status_code < 400):
                raise ConfigurationError(
                    f"{self.who}: HTTP {answer.status_code}: there is no such API at "
                    f"{self.account.base_url}. Check `base_url`."
                )
            if error is None:
                return answer.content
            trouble = error.said[:200]
            if error.throttled:
                throttled += 1
                self.transport.wait(self._regain or min(300.0, 15.0 * 2**throttled))
                self._usage = self._regain = 0.0
            elif error.too_much:
                raise TooMuchError(f"{self.who}: {trouble}")
            elif error.transient:
                failed += 1
                self.transport.wait(min(60.0, 0.5 * 2**failed))
            elif error.pair == GONE and not path.startswith("act_"):
                raise RetryError(f"{self.who}: the report run {path.partition('/')[0]} is gone. Run again later.")
            else:
                raise refusal(error, self.id, self.version)
        raise RetryError(
            f"{self.who}: Meta {'is in trouble' if failed >= ATTEMPTS else 'throttles without end'} "
            f"({trouble}). "
            "Nothing was lost; what has arrived is kept. Run again later."
        )

    def _send(self, method: str, path: str, params: Mapping[str, Any]) -> requests.Response:
        url = f"{self.account.base_url.rstrip('/')}/{self.version}/{path}"
        headers = {"Authorization": f"Bearer {self._token}"}
        if self._proof:
            params = {**params, "appsecret_proof": self._proof}
        if method == "POST":
            return self.transport.post(url, dict(params), headers)
        return self.transport.get(url, list(params.items()), headers)

    def _notice(self, answer: requests.Response) -> None:
        """The clock, what was done with our version, and how full the limit is."""
        headers = answer.headers
        if "Date" in headers:
            self.server_time = parsedate_to_datetime(headers["Date"])
        if "x-ad-api-version-warning" in headers:
            said = self.transport.redact(headers["x-ad-api-version-warning"])
            self.warnings.add(f"Meta says: {said} Update Takings before numbers change.")
        uses = _decoded(headers.get("x-business-use-case-usage"), dict[str, list[dict[str, Any]]]) or {}
        mine = [use for use in uses.get(self.id, []) if str(use.get("type", "")).startswith("ads_")]
        told = ("x-fb-ads-insights-throttle", "x-ad-account-usage", "x-app-usage")
        used = [*mine, *(_decoded(headers.get(name), dict[str, Any]) or {} for name in told)]
        self._usage = max(_most(used, name) for name in USAGE)
        self._regain = min(LONGEST_WAIT, _most(mine, "estimated_time_to_regain_access") * 60)

    def _pace(self) -> None:
        """Wait before the limit is reached rather than after."""
        if self._usage >= SLOW_AT:
            self.transport.wait(STOP_SECONDS if self._usage >= STOP_AT else SLOW_SECONDS)
            self._usage = 0.0


def _error(answer: requests.Response) -> GraphError | None:
    """The answer's error; one that is no JSON, or breaks off, may be better the next time."""
    try:
        error = msgspec.json.decode(answer.content, type=_Body).error
    except msgspec.ValidationError as misfit:
        said = f"HTTP {answer.status_code} with a body of another shape than documented ({misfit})"
        return GraphError(said, is_transient=answer.status_code >= 500)
    except msgspec.DecodeError:
        return GraphError(f"HTTP {answer.status_code} with a body that is no JSON", is_transient=True)
    if error is None and answer.status_code != 200:
        return GraphError(f"HTTP {answer.status_code} without an error in it", is_transient=answer.status_code >= 500)
    return error


def _most(uses: Iterable[Mapping[str, Any]], name: str) -> float:
    """The largest number of that name; what is none counts as 0."""
    return max((float(use[name]) for use in uses if isinstance(use.get(name), int | float)), default=0.0)


def _decoded(text: str | None, kind: Any) -> Any:
    try:
        return msgspec.json.decode(text, type=kind) if text else None
    except msgspec.DecodeError:
        return None
