"""The only HTTP session: time limits, patience, redaction.

Retries what may work later (a broken line, 429, 5xx) with growing pauses and the server's own Retry-After, and gives
up with one clear error. What a status means beyond that is the connector's business.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import requests
import urllib3

from connectors.errors import ContractError, GoneError, IncompleteError, RetryError

T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 10, 60
ATTEMPTS = 6
LONGEST_PAUSE = 60.0
RETRIED = frozenset({429, 500, 502, 503, 504})
GONE = frozenset({403, 404, 410})


class Transport:
    """One `requests.Session` with manners. `sleep` is a seam for tests; `secrets` never leave in a message."""

    def __init__(self, secrets: tuple[str, ...] = (), sleep: Callable[[float], None] = time.sleep) -> None:
        self.session = requests.Session()
        self.secrets = [text for text in secrets if text]
        self.sleep = sleep
        self.calls = 0
        self.waited = 0.0
        self.retried = RETRIED  # a source whose body says what a 500 means takes it out

    def wait(self, seconds: float) -> None:
        """Pause, and remember how long the source made us wait."""
        self.waited += seconds
        self.sleep(seconds)

    def redact(self, text: str) -> str:
        """`text` without any secret."""
        for secret in self.secrets:
            text = text.replace(secret, "[secret]")
        return text

    def post(self, url: str, body: object, headers: dict[str, str]) -> requests.Response:
        """POST JSON and return the answer, whatever its status, unless it is one that patience may cure.

        A redirect is handed over, not followed: it would carry the token to another host.
        Raises RetryError when it still fails after all attempts.
        """
        return self._patiently("POST", url, headers, body=body)

    def get(self, url: str, params: Sequence[tuple[str, str]], headers: dict[str, str]) -> requests.Response:
        """GET with the same manners; `params` may name one parameter several times."""
        return self._patiently("GET", url, headers, params=params)

    def _patiently(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: object = None,
        params: Sequence[tuple[str, str]] = (),
    ) -> requests.Response:
        trouble = ""
        for attempt in range(ATTEMPTS):
            try:
                self.calls += 1
                answer = self.session.request(
                    method,
                    url,
                    params=list(params),
                    json=body,
                    headers=headers,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                )
                if answer.status_code not in self.retried:
                    return answer
                trouble = f"it answered HTTP {answer.status_code}"
                pause = _retry_after(answer) or _backoff(attempt)
            except requests.ConnectionError as error:
                trouble, pause = (
                    f"no connection ({type(error.args[0]).__name__ if error.args else error})",
                    _backoff(attempt),
                )
            except requests.RequestException as error:
                trouble, pause = f"the answer broke off ({type(error).__name__})", _backoff(attempt)
            if attempt + 1 < ATTEMPTS:
                self.wait(pause)
        raise RetryError(
            self.redact(
                f"{url} does not answer as it should: {trouble}, {ATTEMPTS} times in a row. "
                "Nothing was lost; what has arrived is kept. "
                "Check the address and the source's status page, then run again."
            )
        )

    @contextmanager
    def stream(self, url: str) -> Iterator[requests.Response]:
        """GET a file to be read as it comes, undecoded.

        Raises GoneError when its address has run out, IncompleteError when it is not to be had now.
        """
        self.calls += 1
        try:
            with self.session.get(
                url, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS), headers={"Accept-Encoding": "gzip"}
            ) as answer:
                if answer.status_code in GONE:
                    raise GoneError(f"the result file is gone (HTTP {answer.status_code})")
                if answer.status_code != 200:
                    raise IncompleteError(f"the result file answered HTTP {answer.status_code}")
                yield answer
        except requests.RequestException as error:
            raise IncompleteError(f"the result file broke off ({type(error).__name__})") from error

    def download(self, url: str, target: Path, on_bytes: Callable[[int], None]) -> Path:
        """Write the file at `url` as received to `target` (`.gz` is added when it comes packed); return the path."""
        with self.stream(url) as answer:
            if answer.headers.get("Content-Encoding") == "gzip":
                target = target.with_name(target.name + ".gz")
            done = 0
            with target.open("wb") as file:
                try:
                    for chunk in answer.raw.stream(1 << 20, decode_content=False):
                        file.write(chunk)
                        done += len(chunk)
                        on_bytes(done)
                except urllib3.exceptions.HTTPError as error:
                    raise IncompleteError(f"the result file broke off ({type(error).__name__})") from error
                file.flush()
                os.fsync(file.fileno())
        return target


def _backoff(attempt: int) -> float:
    return float(min(LONGEST_PAUSE, 0.5 * 2**attempt) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret


def _retry_after(answer: requests.Response) -> float | None:
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(LONGEST_PAUSE, seconds) if seconds > 0 else None


def decoded(body: bytes | msgspec.Raw, kind: type[T], who: str, what: str) -> T:
    """`body` as a `kind`; `who` is the account, `what` was asked for.

    Raises ContractError when a field is missing or of another type: a list that is not there is no empty list.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise ContractError(
            f"{who}: the answer to {what} has another shape than documented ({error}); nothing of it was loaded. Run "
            "again later; if it stays so, update Takings."
        ) from error
