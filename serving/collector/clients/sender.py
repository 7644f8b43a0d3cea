"""Sends records to `POST /collect` in a thread: whoever records something never waits, and never sees an error.

    sender = Sender("https://numbers.example/collect", write_key)
    sender.put("events", {"event_id": …, "occurred_at": …, "event_name": "page_view"})

What cannot be sent now is tried again, with pauses that grow; a record counts once, by its id. When too many records
wait, new ones are dropped: `lost` counts them, and the log says so. At the end of the process what waits is sent.
"""

from __future__ import annotations

import atexit
import http.client
import json
import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

MOST_WAITING = 10_000  # records that wait to be sent
MOST_AT_ONCE, MOST_BYTES = 200, 300_000  # of a request
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds between two attempts
GIVE_UP = 3600.0  # seconds for which the same records are tried
ATTEMPT = 10.0  # seconds for an answer
AT_THE_END = 5.0  # seconds that the end of the process may be delayed
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
SPLIT = frozenset({413, 422})  # a part of the records may be taken
log = logging.getLogger("takings.collector")
_senders: WeakSet[Sender] = WeakSet()


@dataclass(frozen=True)
class _Answer:
    """Status of a request, 0 without an answer; after how many seconds to try again; what the answer says."""

    status: int
    retry_after: float = 0.0
    text: str = ""


class Sender:
    """Sends to one address. `interval`: seconds for which records are gathered. Raises ValueError for a bad address."""

    def __init__(
        self, url: str, write_key: str, *, interval: float = 0.5, most_waiting: int = MOST_WAITING,
        first_pause: float = FIRST_PAUSE,
    ) -> None:  # fmt: skip
        self._url = urlsplit(url)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ValueError(f"{url!r} is not an address such as https://numbers.example/collect")
        self._headers = {"content-type": "application/json", "authorization": f"Bearer {write_key}"}
        self._interval, self._most_waiting, self._first_pause = interval, most_waiting, first_pause
        self.lost = 0
        self._begin()
        _senders.add(self)

    def _begin(self) -> None:
        """Nothing waits and no thread runs: at first, and in a child process, whose records are its own."""
        self._queue: queue.Queue[tuple[str, Mapping[str, Any]]] = queue.Queue(self._most_waiting)
        self._changed = threading.Condition()
        self._hurry, self._closing = threading.Event(), threading.Event()
        self._outstanding, self._deadline = 0, float("inf")
        self._thread: threading.Thread | None = None
        self._complaints: set[str] = set()

    def put(self, name: str, record: Mapping[str, Any]) -> None:
        """Send a record of the list `name`, soon."""
        with self._changed:
            is_taken = not self._closing.is_set() and self._is_running() and not self._queue.full()
            if is_taken:
                self._queue.put_nowait((name, record))
                self._outstanding += 1
        if not is_taken:
            self._lose(1, "Too many records wait for the collector, or the process ends: new ones are dropped")

    def _is_running(self) -> bool:
        """Start the thread with the first record; False where Python starts none any more, since it ends."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="takings-collector", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
        return True

    def flush(self, seconds: float = AT_THE_END) -> bool:
        """Wait until everything is sent or given up, at most so long. Returns whether nothing waits any more."""
        self._hurry.set()
        with self._changed:
            return self._changed.wait_for(lambda: self._outstanding == 0, seconds)

    def close(self, seconds: float = AT_THE_END) -> None:
        """Send what waits, at most so long; records that come later are lost."""
        self._deadline = time.monotonic() + seconds
        self._closing.set()
        self._hurry.set()
        with self._changed:
            self._changed.wait_for(lambda: self._outstanding == 0, seconds)

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            if not self._hurry.is_set():
                self._hurry.wait(self._interval)
            self._hurry.clear()
            while len(batch) < MOST_AT_ONCE:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            try:
                self._send([part for part in map(self._encoded, batch) if part is not None])
            except Exception:  # the thread goes on with the next records
                log.exception("Records were not sent, by a mistake of the sender")
            finally:
                self._settle(len(batch))

    def _settle(self, count: int) -> None:
        """Nobody waits for these records any more."""
        with self._changed:
            self._outstanding -= count
            self._changed.notify_all()

    def _encoded(self, record: tuple[str, Mapping[str, Any]]) -> tuple[str, bytes] | None:
        try:
            return record[0], json.dumps(record[1], allow_nan=False).encode(errors="replace")
        except (TypeError, ValueError) as error:
            self._lose(1, f"A record cannot be written as JSON ({error})")
            return None

    def _send(self, batch: Sequence[tuple[str, bytes]]) -> None:
        """Send records, in requests that are not too long, until each was taken or refused, or the time is over."""
        while batch:
            count, size = 0, 0
            while count < len(batch) and (not count or size + len(batch[count][1]) <= MOST_BYTES):
                size += len(batch[count][1])
                count += 1
            self._send_request(batch[:count])
            batch = batch[count:]

    def _send_request(self, batch: Sequence[tuple[str, bytes]]) -> None:
        pause, give_up = self._first_pause, time.monotonic() + GIVE_UP
        while True:
            answer = self._post(batch)
            if 200 <= answer.status < 300:
                self._complaints.clear()
                return
            if answer.status in SPLIT and len(batch) > 1:
                half = len(batch) // 2
                self._send_request(batch[:half])
                self._send_request(batch[half:])
                return
            what = f"status {answer.status}: {answer.text}" if answer.status else answer.text
            if answer.status and answer.status not in LATER:
                self._lose(len(batch), f"The collector refuses records ({what})")
                return
            wait = max(answer.retry_after, pause * (1 + secrets.randbelow(1000) / 2000))
            if time.monotonic() + wait > min(give_up, self._deadline):
                self._lose(len(batch), f"The collector cannot be reached ({what})")
                return
            self._complain(f"The collector does not take records now ({what}); they are sent later")
            pause = min(pause * 2, LONGEST_PAUSE)
            if self._closing.is_set():
                time.sleep(wait)
            elif self._closing.wait(wait):
                pause = self._first_pause  # a last attempt, at once

    def _post(self, batch: Sequence[tuple[str, bytes]]) -> _Answer:
        """One attempt. Redirects are not followed."""
        lists: dict[str, list[bytes]] = {}
        for name, record in batch:
            lists.setdefault(name, []).append(record)
        parts = (b"%b: [%b]" % (json.dumps(name).encode(), b", ".join(records)) for name, records in lists.items())
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        seconds = max(0.1, min(ATTEMPT, self._deadline - time.monotonic()))
        connection = kind(self._url.hostname or "", self._url.port, timeout=seconds)
        try:
            connection.request("POST", self._url.path or "/", b"{%b}" % b", ".join(parts), self._headers)
            response = connection.getresponse()
            after = response.getheader("retry-after", "0")
            text = response.read(2000).decode(errors="replace")
            return _Answer(response.status, float(after) if after.isdecimal() else 0.0, " ".join(text.split()))
        except (OSError, http.client.HTTPException) as error:
            return _Answer(0, 0.0, str(error) or type(error).__name__)
        finally:
            connection.close()

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        self._complain(f"{why}. Lost so far: {self.lost}")

    def _complain(self, what: str) -> None:
        """Log a message once, until records are taken again."""
        kind = what.partition("(")[0]
        if kind not in self._complaints:
            self._complaints.add(kind)
            log.warning("%s", what)


def _close_all() -> None:
    for sender in list(_senders):
        sender.close()


def _begin_again() -> None:
    for sender in list(_senders):
        sender._begin()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_begin_again)
