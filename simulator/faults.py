"""What can go wrong on the way, as a list that a test writes down.

    Faults([Fault("throttled", on="orders", times=2), Fault("error", status=502, times=None)])

``on`` names a root field (orders, nodes, bulkOperation, …), ``bulk:orders`` for the start of a bulk run over orders,
``bulk_file`` for the download of its result, or for ``denied`` a field as ``Order.email``; ``stripe:charges`` a
resource of Stripe's; empty is any request.
``times`` is how often (None: for ever), after letting ``skip`` matching requests through.

| kind | what happens |
| --- | --- |
| throttled | HTTP 200, THROTTLED |
| too_many | HTTP 429 with Retry-After (``seconds``, written as a float) |
| error | HTTP ``status`` (500) with an HTML page |
| unauthorized | HTTP 401, as for a token that has run out |
| cut | the connection closes in the middle of the answer |
| truncated | half of the answer, with a length that says it is whole |
| slow | the answer comes ``seconds`` later |
| null_data | ``data`` is null, without an error |
| same_cursor | a page ends with the cursor of the one before it, and says that more follow |
| denied | the field is null, with ACCESS_DENIED; in bulk the operation fails |
| lock_timeout | HTTP 429 of an object that another request holds (Stripe) |
| lost_cursor | HTTP 400: the object that ``starting_after`` names is gone (Stripe) |
| api_error | the error body of Meta or TikTok with ``code``, ``subcode``, ``message`` |
| job_failed | an asynchronous report that ends badly (Meta) |
| moved | rows come or go between two pages (TikTok) |
| bulk_limit | LIMIT_REACHED |
| bulk_failed, bulk_timeout, bulk_expired, bulk_canceled | how the operation ends |
| wrong_count | objectCount is one more than the file's lines |
| url_expired | the file's URL answers 403 with storage's XML |
| truncated_file | the file ends in the middle of a line |
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KINDS = frozenset(
    {
        "throttled",
        "too_many",
        "error",
        "unauthorized",
        "cut",
        "truncated",
        "slow",
        "null_data",
        "same_cursor",
        "denied",
        "lock_timeout",
        "lost_cursor",
        "api_error",
        "job_failed",
        "moved",
        "bulk_limit",
        "bulk_failed",
        "bulk_timeout",
        "bulk_expired",
        "bulk_canceled",
        "wrong_count",
        "url_expired",
        "truncated_file",
    }
)
_FATES: Mapping[str, tuple[str, str | None]] = {
    "bulk_failed": ("FAILED", "INTERNAL_SERVER_ERROR"),
    "bulk_timeout": ("FAILED", "TIMEOUT"),
    "bulk_expired": ("EXPIRED", None),
    "bulk_canceled": ("CANCELED", None),
}


@dataclass
class Fault:
    kind: str
    on: str = ""
    times: int | None = 1
    account: str | None = None
    skip: int = 0
    status: int = 500
    seconds: float = 2.0
    code: int = 0
    subcode: int = 0
    message: str = ""
    scope: str = "`read_all` access scope"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"No fault {self.kind!r}; there are {', '.join(sorted(KINDS))}.")

    def fits(self, account: str, fields: Iterable[str]) -> bool:
        return self.account in (None, account) and (not self.on or self.on in fields)


@dataclass
class Faults:
    """Faults that are still to happen; safe to change while a server runs."""

    waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self.waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self.waiting.clear()

    def take(self, kind: str, account: str, fields: Iterable[str]) -> Fault | None:
        """The fault of this kind that happens to this request, counted as having happened."""
        with self._lock:
            for fault in self.waiting:
                if fault.kind != kind or not fault.fits(account, fields):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                return fault
        return None

    def denied(self, account: str) -> dict[str, str]:
        """Fields that may not be read (``Type.field``) and the scope they ask for; these stay until cleared."""
        with self._lock:
            return {f.on: f.scope for f in self.waiting if f.kind == "denied" and f.account in (None, account)}

    def bulk_fate(self, account: str, fields: Iterable[str]) -> tuple[str, str | None] | None:
        """How a bulk operation ends when it does not end well."""
        for kind, fate in _FATES.items():
            if self.take(kind, account, fields):
                return fate
        return None
