"""One GET to Stripe's API, answered or explained.

Paced by a limiter of our own; 429, 5xx and broken lines are the transport's business. Stripe's SDK is not used: it
retries no 429, does not heed Retry-After, and hands over numbers instead of the bytes that came.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn, TypeVar
from urllib.parse import quote

import msgspec
import requests

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError, SkipError
from connectors.http import Transport

VERSION = "2026-10-28.endive"
PAGE = 100
LIVE_RATE, TEST_RATE, SIMULATED_RATE = 20.0, 10.0, 100.0  # requests a second; Stripe allows 25 to one endpoint
ATTEMPTS = 5
_PERMISSION = re.compile(r"'(rak_\w+)'")

Params = Sequence[tuple[str, str]]
T = TypeVar("T")


class MissingPermissionError(ConfigurationError):
    """The key may not read this; `permission` is what Stripe calls it."""

    def __init__(self, message: str, permission: str) -> None:
        super().__init__(message)
        self.permission = permission


class LostCursorError(RetryError):
    """The object that a page was to start after is gone: ask by time instead."""


class VanishedError(SkipError):
    """There is no such object (any more)."""


class Page(msgspec.Struct):
    """A page of a list, its records as received."""

    data: list[msgspec.Raw]
    has_more: bool


class Head(msgspec.Struct):
    """What is read of every record."""

    id: str
    created: int = 0
    deleted: bool = False


class _Error(msgspec.Struct):
    message: str = ""
    type: str = ""
    code: str | None = None
    param: str | None = None


class _Refusal(msgspec.Struct):
    error: _Error


@dataclass
class Client:
    """An account's API."""

    account: Account
    transport: Transport
    server_time: datetime | None = None
    _next: float = 0.0

    @property
    def _who(self) -> str:
        return f"Stripe account {self.account.account} of tenant {self.account.tenant_id}"

    @property
    def is_test(self) -> bool:
        """Whether the key is of test mode, where everything can be deleted."""
        return self.account.secret.split("_")[1:2] == ["test"]

    def page(self, path: str, params: Params) -> Page:
        """A page of a list.

        Raises LostCursorError, VanishedError, MissingPermissionError, ConfigurationError (key, address),
        ContractError (the request does not fit the API) and RetryError (later).
        """
        return self._get(path, params, Page)[1]

    def one(self, resource: str, identity: str, expand: Sequence[str] = ()) -> bytes | None:
        """An object as received, None when it is deleted. Raises as `page` does."""
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
            answer = self.transport.get(url, params, headers)
            if answer.status_code == 409:
                self.transport.wait(0.5 * 2**attempt)
                continue
            if answer.status_code != 200:
                self._refuse(answer, path)
            self._note(answer, url)
            try:
                return answer.content, msgspec.json.decode(answer.content, type=kind)
            except msgspec.ValidationError as error:
                raise ContractError(f"{self._who}: {path} has another shape than documented ({error})") from error
            except msgspec.DecodeError:
                self.transport.wait(0.5 * 2**attempt)
        raise RetryError(
            f"{url}: {ATTEMPTS} answers in a row broke off or were conflicts. Nothing was lost; run again later."
        )

    def _note(self, answer: requests.Response, url: str) -> None:
        if "Date" in answer.headers:
            self.server_time = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        served = answer.headers.get("Stripe-Version", VERSION)
        if served != VERSION:
            raise ContractError(
                f"{url} served version {served} instead of {VERSION}; update Takings before numbers change"
            )

    def _pace(self) -> None:
        """No more requests a second than the kind of key allows."""
        kind = self.account.secret.split("_")[1:2]  # rk_live_…; an organization's or a temporary key is a live one
        rate = {"test": TEST_RATE, "simulated": SIMULATED_RATE}.get(kind[0] if kind else "", LIVE_RATE)
        now = time.monotonic()
        if self._next > now:
            self.transport.wait(self._next - now)
        self._next = max(now, self._next) + 1 / rate

    def _refuse(self, answer: requests.Response, path: str) -> NoReturn:
        """The error that an answer means."""
        status = answer.status_code
        try:
            error = msgspec.json.decode(answer.content, type=_Refusal).error
        except msgspec.DecodeError:
            error = _Error()
        told = self.transport.redact(error.message)[:400]
        if status == 401:
            why = "its key has expired" if error.code == "api_key_expired" else "its key is not accepted"
            raise ConfigurationError(
                f"{self._who}: {why} (HTTP 401: {told}). Make a restricted key that may read in Stripe's dashboard "
                "under Developers, API keys, and put it where the source's `secret` points to."
            )
        if status == 403:
            found = _PERMISSION.search(error.message)
            permission = found[1] if found else path.split("/", maxsplit=1)[0]
            raise MissingPermissionError(
                f"{self._who}: the key may not read {path.split('/', maxsplit=1)[0]}: it lacks {permission}. "
                "Give it that permission in Stripe's dashboard, then run again.",
                permission,
            )
        if status == 404 and error.code == "resource_missing":
            raise VanishedError(f"{self._who}: {told}")
        aged = status == 400 and "retention" in error.message.lower()  # an event that a resumed page starts after
        if aged or (error.code == "resource_missing" and error.param == "starting_after"):
            raise LostCursorError(f"{self._who}: {told}")
        if status == 404 or 300 <= status < 400:
            raise ConfigurationError(
                f"{self._who}: HTTP {status}: there is no such API at this address. Check `account` and `base_url`."
            )
        if "API version" in error.message:
            raise ContractError(f"{self._who}: Stripe serves version {VERSION} no more ({told}). Update Takings.")
        raise ContractError(f"{self._who}: Stripe refused {path}: HTTP {status} {error.code or ''} {told}")

    def now(self) -> datetime:
        """Stripe's own clock. Raises ContractError before the first answer, or when answers carry none."""
        if self.server_time is None:
            raise ContractError(f"{self._who}: Stripe's answers carry no Date")
        return self.server_time
