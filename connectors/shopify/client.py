"""One request to Shopify's Admin GraphQL API, answered or explained.

Requests are paced by the cost bucket that every response reports; a throttled one waits and is sent again. Most
errors come with HTTP 200, so the body decides. Shopify's own client is not used: it has no timeout, retries nothing and
returns a throttled response like any other.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import LONGEST_PAUSE, Transport, decoded
from connectors.shopify.denials import GRANT, needed

VERSION = "2026-10"
THROTTLED_ATTEMPTS = 60
SERVER_ATTEMPTS = 5
T = TypeVar("T")


class TooExpensiveError(RetryError):
    """The query costs more than Shopify allows for one: ask for smaller pages."""


class DeniedError(ConfigurationError):
    """The token may not read this."""


class _Answer(msgspec.Struct):
    data: dict[str, msgspec.Raw] | None = None
    errors: msgspec.Raw = msgspec.Raw(b"")  # `Raw | None` would refuse every response that has errors
    extensions: Any = None


class _Grant(msgspec.Struct):
    access_token: str
    expires_in: float = 86400.0


@dataclass
class Client:
    """A shop's API. With `client_id` the account's secret is that app's client secret, else it is the token.

    `denied` collects the paths that the token may not read, with what Shopify says of each.
    """

    account: Account
    transport: Transport
    client_id: str | None = None
    denied: dict[str, str] = field(default_factory=dict)
    _token: str | None = field(default=None, repr=False)
    _token_until: float = 0.0
    _available: float | None = None
    _restore: float = 0.0
    _sent_at: float = 0.0
    _cost: float = 0.0

    @property
    def label(self) -> str:
        """The shop, as messages name it."""
        return f"Shopify shop {self.account.account} of tenant {self.account.tenant_id}"

    @property
    def url(self) -> str:
        """Where requests go."""
        return f"{self.account.base_url.rstrip('/')}/admin/api/{VERSION}/graphql.json"

    def read(self, name: str, kind: type[T], query: str, variables: Mapping[str, object] | None = None) -> T:
        """The field `name` of a query's data, as a `kind`.

        Raises the errors of `execute`; ContractError also when the field is missing or of another shape.
        """
        data = self.execute(query, variables)
        return self.decoded(data.get(name, msgspec.Raw(b"null")), kind, name)

    def decoded(self, raw: bytes | msgspec.Raw, kind: type[T], name: str) -> T:
        """A part of a response as a `kind`. Raises ContractError when it has another shape."""
        return decoded(raw, kind, self.label, name)

    def execute(self, query: str, variables: Mapping[str, object] | None = None) -> dict[str, msgspec.Raw]:
        """The `data` of one query, its fields still as received.

        Raises TooExpensiveError (ask for less), RetryError (later), ConfigurationError (token, scope, address),
        ContractError (the query does not fit the API).
        """
        body: dict[str, object] = {"query": query, "variables": variables or {}}
        for _ in range(THROTTLED_ATTEMPTS):
            self._pace()
            response = self._post(body)
            self._remember_cost(response)
            if bytes(response.errors) in (b"", b"null"):
                if response.data is None:
                    raise ContractError(f"{self.label}: a response came without data and without an error")
                return response.data
            errors = _errors(response.errors)
            codes = {error["code"] for error in errors}
            if "THROTTLED" in codes:
                self._wait_for_bucket(response)
            elif (
                codes == {"ACCESS_DENIED"}
                and response.data
                and any(raw != b"null" for raw in map(bytes, response.data.values()))
            ):
                denied = {error["path"]: error["message"] for error in errors}
                self._refuse_needed(denied)
                self.denied.update(denied)
                return response.data
            else:
                self._raise(errors, codes)
        raise RetryError(
            f"{self.label}: every request was throttled. Another app may use up the limit; run again later."
        )

    def _refuse_needed(self, denied: Mapping[str, str]) -> None:
        """A denied name may stay empty, a denied key or amount may not: every order would be a guest's, without an
        error."""
        if paths := needed(denied):
            messages = "; ".join(sorted({denied[path] for path in paths}))
            raise ConfigurationError(
                f"{self.label}: the token may not read {', '.join(paths)}, without which numbers would be wrong",
                messages[:500],
                GRANT,
            )

    def _post(self, body: dict[str, object]) -> _Answer:
        for attempt in range(SERVER_ATTEMPTS):
            response = self.transport.post(self.url, body, {"X-Shopify-Access-Token": self.token()})
            if response.status_code == 401 and self.client_id and self._token:
                self._token = None  # a short-lived token may have expired early: get one new token
                response = self.transport.post(self.url, body, {"X-Shopify-Access-Token": self.token()})
            self._check_status(response.status_code)
            served = response.headers.get("X-Shopify-API-Version", VERSION)
            if served != VERSION:
                raise ContractError(
                    f"{self.url} served version {served} instead of {VERSION}; update Takings before numbers change"
                )
            try:
                answer = msgspec.json.decode(response.content, type=_Answer)
            except msgspec.ValidationError:
                return self.decoded(response.content, _Answer, "a query")  # raises
            except msgspec.DecodeError:
                self.transport.wait(0.5 * 2**attempt)
                continue
            if b"INTERNAL_SERVER_ERROR" in bytes(answer.errors):
                self.transport.wait(0.5 * 2**attempt)
                continue
            return answer
        raise RetryError(
            f"{self.url}: {SERVER_ATTEMPTS} responses in a row broke off or were Shopify's own server errors. "
            "What has arrived is kept; run again later."
        )

    def _check_status(self, status: int) -> None:
        if status == 200:
            return
        advice = {
            401: "its access token is not accepted. Put a valid one where the source's `secret` points to.",
            402: "the shop is frozen for an unpaid bill. Its owner has to pay it in Shopify's admin.",
            403: "the token may not do this. Give the app the scopes that docs/guides/shopify.md lists.",
            404: "there is no such shop at this address. Check `account` and `base_url`.",
            423: "the shop is locked. Its owner has to contact Shopify.",
            **dict.fromkeys((301, 302, 307, 308), "the shop has moved. Put its new address into `base_url`."),
        }
        undocumented = "Shopify does not document this status. Run again later."
        raise ConfigurationError(f"{self.label}: HTTP {status}: {advice.get(status, undocumented)}")

    def _raise(self, errors: list[dict[str, str]], codes: set[str]) -> None:
        what = "; ".join(sorted({error["message"] for error in errors}))[:500]
        if "MAX_COST_EXCEEDED" in codes:
            raise TooExpensiveError(f"{self.label}: a query costs more than Shopify allows", what)
        if "ACCESS_DENIED" in codes:
            paths = ", ".join(sorted({error["path"] for error in errors if error["path"]}))
            raise DeniedError(f"{self.label}: the token may not read {paths or 'this'}", what, GRANT)
        raise ContractError(f"{self.label}: the query was refused", what, "Run again later, or update Takings")

    def token(self) -> str:
        """The static token, or one of the client credentials grant, renewed after three quarters of its lifetime."""
        if not self.client_id:
            return self.account.secret
        if self._token is None or time.monotonic() > self._token_until:
            response = self.transport.post(
                f"{self.account.base_url.rstrip('/')}/admin/oauth/access_token",
                {
                    "client_id": self.client_id,
                    "client_secret": self.account.secret,
                    "grant_type": "client_credentials",
                },
                {},
            )
            if response.status_code in (400, 401, 403):
                raise ConfigurationError(
                    f"{self.label}: the client credentials "
                    "are not accepted. Check `client_id`, and that `secret` points to that app's client secret."
                )
            self._check_status(response.status_code)
            try:
                grant = msgspec.json.decode(response.content, type=_Grant)
            except msgspec.DecodeError:
                raise RetryError(
                    f"{self.account.base_url}: the response to the token request is not a token. Run again later."
                ) from None
            self._token = grant.access_token
            self.transport.secrets.append(self._token)
            self._token_until = time.monotonic() + 0.75 * grant.expires_in
        return self._token

    def _remember_cost(self, response: _Answer) -> None:
        self._cost, self._available, self._restore = _cost(response.extensions)
        self._sent_at = time.monotonic()

    def _pace(self) -> None:
        """Wait until the bucket holds what the last query cost: the next of its kind will cost the same."""
        if self._available is not None and self._restore > 0:
            refilled = self._available + self._restore * (time.monotonic() - self._sent_at)
            if refilled < self._cost:
                self.transport.wait(min(LONGEST_PAUSE, (self._cost - refilled) / self._restore))

    def _wait_for_bucket(self, response: _Answer) -> None:
        """Wait for a throttled query; not longer than LONGEST_PAUSE, however slowly Shopify says the bucket fills."""
        cost, available, restore = _cost(response.extensions)
        missing = (cost or 50) - (available or 0)
        self.transport.wait(min(LONGEST_PAUSE, max(0.1, missing / (restore or 50))))
        self._available = None


def _cost(extensions: Any) -> tuple[float, float | None, float]:
    """What a query cost, what the bucket held then (None: not said), and what comes back per second."""
    cost = _object(_object(extensions).get("cost"))
    status = _object(cost.get("throttleStatus"))
    available = status.get("currentlyAvailable")
    numbers = [_number(cost.get("requestedQueryCost")), _number(available), _number(status.get("restoreRate"))]
    return numbers[0], None if available is None else numbers[1], numbers[2]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    """Cost points: a number that is not negative; 0 for anything else."""
    return float(value) if isinstance(value, int | float) and value >= 0 else 0.0


def _errors(raw: msgspec.Raw) -> list[dict[str, str]]:
    """Each error's code, message and path; of one that has another shape, all of it as the message."""
    errors = msgspec.json.decode(raw)
    listed = errors if isinstance(errors, list) else [errors]
    return [
        {
            "code": str(_object(_object(error).get("extensions")).get("code", "")),
            "message": str(_object(error).get("message", error)),
            "path": _path(_object(error).get("path")),
        }
        for error in listed
    ]


def _path(steps: Any) -> str:
    return ".".join(step for step in steps if isinstance(step, str)) if isinstance(steps, list) else ""
