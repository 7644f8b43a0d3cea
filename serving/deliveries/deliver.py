"""One pass over the outbox: render what is planned, send what is rendered, note what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from common.errors import TakingsError
from serving.deliveries.message import Message, Outcome, Waiting
from serving.deliveries.outbox import Entry, Key, Outbox

Clock = Callable[[], datetime]
Renderer = Callable[[Key], Message | Waiting]
Sender = Callable[[Entry, Message], Outcome]
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
"""How long after each attempt the next one is, where the receiver names no time; the last one repeats."""
GIVE_UP = timedelta(hours=24)
"""How long after a message was due and rendered it is tried again."""
LONGEST_PASS = timedelta(minutes=10)
"""After this time no further message is begun; the next pass goes on."""
THREADS = 8


def deliver(
    outbox: Outbox, due: Iterable[Entry], render: Renderer, send: Sender, now: Clock, *, threads: int = THREADS
) -> list[Entry]:
    """Render and send the entries that are due (`Outbox.open`); returns them as they are afterwards, in their order.

    A receiver that does not take one message now is not asked for others in the same pass. An error of a renderer makes
    its messages wait; an error of a sender that is no `Outcome` makes its message unknown. Raises StateError.
    """
    delivery = _Pass(outbox, render, send, now)
    lost = outbox.recover(now())
    entries = list(due)
    with ThreadPoolExecutor(threads, "deliver") as pool:
        futures: list[Future[None]] = []
        try:
            for entry in entries:
                if delivery.is_over:
                    break
                if entry.state == "rendered" or delivery.rendered(entry.key):
                    futures.append(pool.submit(delivery.send, entry.id))
            for future in futures:
                future.result()
        except BaseException:  # an interruption, or an outbox that cannot be used: what is not begun is not begun
            delivery.stop()
            raise
    return [*lost, *(outbox.find(entry.id) for entry in entries)]


class _Pass:
    def __init__(self, outbox: Outbox, render: Renderer, send: Sender, now: Clock) -> None:
        self._outbox, self._render, self._send, self._now = outbox, render, send, now
        self._rendered: dict[Key, bool] = {}
        self._resting: set[str] = set()
        self._lock = threading.Lock()
        self._end = time.monotonic() + LONGEST_PASS.total_seconds()

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._end

    def stop(self) -> None:
        """Begin nothing any more."""
        self._end = 0.0

    def rendered(self, key: Key) -> bool:
        """Whether the message of a key could be rendered and is stored; each key is tried once."""
        if key not in self._rendered:
            try:
                result = self._render(key)
            except TakingsError as error:
                result = Waiting(str(error))
            except Exception as error:  # one report that cannot be written holds back no other message
                result = Waiting(f"it could not be written ({type(error).__name__}: {error})")
            if isinstance(result, Waiting):
                self._outbox.wait(key, result.why)
            else:
                self._outbox.store(key, result, self._now())
            self._rendered[key] = not isinstance(result, Waiting)
        return self._rendered[key]

    def send(self, number: int) -> None:
        """Send one message, if no other process does, and note what came of it."""
        entry = self._outbox.find(number)
        with self._lock:
            if self.is_over or entry.recipient in self._resting:
                return
        message = self._outbox.message(entry)
        claimed = self._outbox.claim(entry, self._now()) if message else None
        if claimed is None or message is None:
            return
        try:
            outcome = self._send(claimed, message)
        except Exception as error:  # nobody knows how far it came, and its text may hold an address
            outcome = Outcome("unknown", f"the program failed while it was sending ({type(error).__name__})")
        if outcome.result == "later":
            with self._lock:
                self._resting.add(entry.recipient)
        self._note(claimed, outcome)

    def _note(self, entry: Entry, outcome: Outcome) -> None:
        now = self._now()
        if outcome.result != "later":
            self._outbox.end(entry, outcome.result, outcome.detail, now)
            return
        delay = DELAYS[min(entry.attempts, len(DELAYS)) - 1]
        again = now + max(delay, outcome.wait or delay)
        if again > max(entry.due, entry.rendered or entry.due) + GIVE_UP:
            times = f"{entry.attempts} attempt{'s' * (entry.attempts > 1)}"
            self._outbox.end(entry, "failed", f"given up after {times}: {outcome.detail}", now)
        else:
            self._outbox.end(entry, "rendered", outcome.detail, now, again)
