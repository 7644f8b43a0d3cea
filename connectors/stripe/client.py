"""One GET request to Stripe's API: the response, or an error that says what to do.

The client paces its requests; connectors/http.py retries 429, 5xx and broken connections. Stripe's SDK is not used: it
does not retry 429, ignores Retry-After, and returns parsed numbers instead of the bytes received.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn, TypeVar
from urllib.parse import quote

import msgspec

from connectors.base import Account
from connectors.connections import Response
from connectors.errors import ConfigurationError, ContractError, RetryError, SkipError
from connectors.http import Transport

VERSION = "2026-10-28.endive"
PAGE = 100
LIVE_RATE, TEST_RATE, SIMULATED_RATE = 20.0, 10.0, 100.0  # requests per second; Stripe allows 25 to one endpoint
ATTEMPTS = 5
RETRY_OR_UPDATE = "Run again later; if the error persists, update Takings"
_PERMISSION = re.compile(r"'(rak_\w+)'")

Params = Sequence[tuple[str, str]]
T = TypeVar("T")


class MissingPermissionError(ConfigurationError):
    """The key may not read a resource; `permission` is Stripe's name of what it lacks."""

    def __init__(self, label: str, resource: str, permission: str) -> None:
        super().__init__(
            f"{label} cannot be read",
            f"the key may not read {resource}: it lacks {permission}",
            "Give the key that permission in Stripe's dashboard, then run again",
        )
        self.permission = permission


class LostCursorError(RetryError):
    """The object that a page was to start after no longer exists: continue the list by time."""


class VanishedError(SkipError):
    """The object does not exist, or no longer exists."""


class Page(msgspec.Struct):
    """A page of a list, its records as received."""

    data: list[msgspec.Raw]
    has_more: bool


class Head(msgspec.Struct):
    """The fields that are read of every record."""

    id: str
    created: int = 0
    deleted: bool = False


class Listed(msgspec.Struct):
    """The fields that are read of every record of a list by `created`."""

    id: str
    created: int


class _Error(msgspec.Struct):
    message: str = ""
    type: str = ""
    code: str | None = None
    param: str | None = None


class _Refusal(msgspec.Struct):
    error: _Error


@dataclass
class Client:
    """The API of one account. `warnings` collects messages that a person should read."""

    account: Account
    transport: Transport
    warnings: list[str] = field(default_factory=list)
    _next: float = 0.0

    @property
    def label(self) -> str:
        """The account, as messages name it."""
        return f"Stripe account {self.account.account} of tenant {self.account.tenant_id}"

    @property
    def is_test(self) -> bool:
        """Whether the key is a test-mode key; in test mode every object can be deleted."""
        return self.account.secret.split("_")[1:2] == ["test"]

    def page(self, path: str, params: Params) -> Page:
        """One page of a list.

        Raises LostCursorError, VanishedError, MissingPermissionError, ConfigurationError (key, address),
        ContractError (the request does not fit the API) and RetryError (run again later).
        """
        return self._get(path, params, Page)[1]

    def retrieve(self, resource: str, identity: str, expand: Sequence[str] = ()) -> bytes | None:
        """One object as received, None when it is deleted. Raises the errors of `page`."""
        try:
            body, head = self._get(
                f"{resource}/{quote(identity, safe='')}", [("expand[]", name) for name in expand], Head
            )
        except VanishedError:
            return None
        return None if head.deleted else body

    def _get(self, path: str, params: Params, kind: type[T]) -> tuple[bytes, T]:
        url = f"{self.account.base_url.rstrip('/')}/v1/{path}"
        headers = {"Authorization": f"Bearer {self.account.secret}", "Stripe-Version": VERSION}
        for attempt in range(ATTEMPTS):
            self._pace()
            response = self.transport.get(url, params, headers)
            if response.status_code == 409:
                self.transport.wait(0.5 * 2**attempt)
                continue
            if response.status_code != 200:
                self._refuse(response, path)
            self._check_version(response, url)
            try:
                return response.content, msgspec.json.decode(response.content, type=kind)
            except msgspec.ValidationError as error:
                raise ContractError(
                    f"{self.label} cannot be read",
                    f"{path} has another shape than documented ({error})",
                    RETRY_OR_UPDATE,
                ) from error
            except msgspec.DecodeError:
                self.transport.wait(0.5 * 2**attempt)
        raise RetryError(
            f"{self.label} cannot be read",
            f"{ATTEMPTS} responses of {url} in a row were cut off or reported a conflict",
            "What has arrived is kept; run again later",
        )

    def _check_version(self, response: Response, url: str) -> None:
        """Raise ContractError when the response is of another API version."""
        served = response.headers.get("Stripe-Version", VERSION)
        if served != VERSION:
            raise ContractError(
                f"{self.label} cannot be read",
                f"{url} served version {served} instead of {VERSION}",
                "Update Takings before numbers change",
            )

    def _pace(self) -> None:
        """Wait, so that requests stay below the rate that the kind of key allows."""
        kind = self.account.secret.split("_")[1:2]  # rk_live_…; keys of organizations and temporary keys are live keys
        rate = {"test": TEST_RATE, "simulated": SIMULATED_RATE}.get(kind[0] if kind else "", LIVE_RATE)
        now = time.monotonic()
        if self._next > now:
            self.transport.wait(self._next - now)
        self._next = max(now, self._next) + 1 / rate

    def _refuse(self, response: Response, path: str) -> NoReturn:
        """Raise the error that a response without a result means."""
        status = response.status_code
        try:
            error = msgspec.json.decode(response.content, type=_Refusal).error
        except msgspec.DecodeError:
            error = _Error()
        message, unreadable = self.transport.redact(error.message)[:400], f"{self.label} cannot be read"
        if status == 401:
            expired = error.code == "api_key_expired"
            raise ConfigurationError(
                unreadable,
                f"its key {'has expired' if expired else 'is not accepted'} (HTTP 401: {message})",
                "Create a restricted key with read permissions in Stripe's dashboard under Developers, API keys, and "
                "store it where the source's `secret` points",
            )
        if status == 403:
            match = _PERMISSION.search(error.message)
            resource = path.split("/", maxsplit=1)[0]
            raise MissingPermissionError(self.label, resource, match[1] if match else resource)
        if status == 404 and error.code == "resource_missing":
            raise VanishedError(f"An object of {self.label} does not exist", message)
        aged = status == 400 and "retention" in error.message.lower()  # the page would start after an expired event
        if aged or (error.code == "resource_missing" and error.param == "starting_after"):
            raise LostCursorError(f"A list of {self.label} cannot be continued", message)
        if status == 404 or 300 <= status < 400:
            raise ConfigurationError(
                unreadable,
                f"there is no /v1/{path} at {self.account.base_url} (HTTP {status}{f': {message}' if message else ''})",
                "Check `account` and `base_url`",
            )
        if "API version" in error.message:
            raise ContractError(unreadable, f"Stripe no longer serves version {VERSION} ({message})", "Update Takings")
        raise ContractError(
            unreadable, f"Stripe refused {path} (HTTP {status} {error.code or ''}: {message})", RETRY_OR_UPDATE
        )

    def now(self) -> datetime:
        """Stripe's clock, UTC. Raises the errors of `Transport.now`."""
        return self.transport.now(self.label)
