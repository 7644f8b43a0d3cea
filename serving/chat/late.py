"""Answers within the platform's three seconds, or later: the note that it takes longer is the first answer then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

Message = Mapping[str, Any]
MOST_WAITING = 50  # answers that take longer, at a time
BUSY = "Too many questions are being answered. Ask again in a minute."
TIMEOUT = 10  # seconds
PAUSES = (0.5, 2.0, 5.0)  # seconds before it is tried again
RETRIED = frozenset((404, 429, 500, 502, 503, 504))
"""404: the answer may arrive before the platform has read the note that it takes longer."""
log = logging.getLogger("takings.serving")
T = TypeVar("T")


@dataclass(frozen=True)
class Delivery:
    """Where a late answer is sent: the platform's name for the log, the method, and an address that is a secret."""

    platform: str
    method: str
    url: str = field(repr=False)
    user_agent: str


class Late:
    """The answers that are being made, for one event loop. `pause` waits some seconds before another attempt."""

    def __init__(self, patience: float, pause: Callable[[float], None] = time.sleep) -> None:
        self._patience, self._pause = patience, pause
        self._waiting = 0

    async def respond(
        self, work: Coroutine[Any, Any, Message], delivery: Delivery, *,
        now: Callable[[Message], Message], note: Message, busy: Message,
    ) -> JSONResponse:  # fmt: skip
        """The message that `work` makes, in the form that `now` gives an answer; or `note`, and the message later."""
        if self._waiting >= MOST_WAITING:
            work.close()
            return JSONResponse(busy)
        self._waiting += 1
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        if self._patience:
            await asyncio.wait((task,), timeout=self._patience)
        if self._patience and task.done():
            return JSONResponse(now(task.result()))
        return JSONResponse(note, background=BackgroundTask(self._deliver, task, delivery))

    def _ended(self, _: asyncio.Task[Message]) -> None:
        self._waiting -= 1

    async def _deliver(self, task: asyncio.Task[Message], delivery: Delivery) -> None:
        message = await task
        await run_in_threadpool(send, delivery, message, self._pause)


def send(delivery: Delivery, message: Message, pause: Callable[[float], None]) -> bool:
    """Send a late answer; whether it arrived. The log says what the platform answered, never the address."""
    problem = ""
    for seconds in (*PAUSES, None):
        wait = seconds
        try:
            with requests.Session() as session:
                session.auth = _no_login  # no login of a .netrc file
                answer = session.request(
                    delivery.method, delivery.url, json=message, timeout=TIMEOUT, allow_redirects=False,
                    headers={"User-Agent": delivery.user_agent},
                )  # fmt: skip
            if answer.status_code in range(200, 300):
                return True
            problem = f"it answered {answer.status_code}"
            if answer.status_code not in RETRIED:
                break
            if seconds is not None and answer.status_code == 429:
                wait = max(seconds, _seconds(answer.headers.get("retry-after", "")))
        except requests.RequestException as error:
            problem = type(error).__name__  # its text has the address
        if wait is not None:
            pause(wait)
    log.error("An answer to a command did not reach %s: %s.", delivery.platform, problem)
    return False


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _seconds(text: str, most: float = 30.0) -> float:
    """What Retry-After says, bounded."""
    try:
        return min(most, max(0.0, float(text)))
    except ValueError:
        return 0.0
