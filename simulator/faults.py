"""What can go wrong with a request, as a list that a test writes down.

    Faults([Fault("throttled", on="orders", times=2), Fault("error", status=502, times=None)])

``on`` names a resource: a root field of Shopify's (``orders``, ``bulkOperation``), the start of a bulk operation
(``bulk:orders``), the download of its file (``bulk_file``); ``stripe:charges``, ``meta:campaigns``, ``tiktok:ad/get``.
An empty ``on`` is any request. For ``denied`` it is what may not be read: ``Order.email``, ``stripe:charges``,
``ads_read`` (Meta), ``reporting`` (TikTok).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KINDS: Mapping[str, str] = {
    "throttled": "the API's own answer to too many calls, with HTTP 200 or 400",
    "too_many": "HTTP 429 with Retry-After: `seconds` (Shopify, Stripe)",
    "error": "HTTP `status` with a page of HTML",
    "unauthorized": "HTTP 401, as for an expired token (Shopify, Stripe)",
    "cut": "the connection closes in the middle of the body",
    "truncated": "half of the body, with a Content-Length that fits",
    "slow": "the response comes `seconds` later",
    "null_data": "`data` is null, without an error (Shopify)",
    "same_cursor": "a page ends with the cursor of the page before, and says that more follow (Shopify, Meta)",
    "denied": "what `on` names may not be read: the field is null with ACCESS_DENIED, a bulk operation fails (Shopify);"
    " the request fails (the others)",
    "lock_timeout": "HTTP 429 for an object that another request holds (Stripe)",
    "lost_cursor": "HTTP 400: the object in `starting_after` is gone (Stripe)",
    "api_error": "an error body with `code`, `subcode`, `message` (Meta, TikTok)",
    "job_failed": "an asynchronous report fails (Meta)",
    "moved": "a row is added in front of the others between two pages (TikTok)",
    "bulk_limit": "LIMIT_REACHED instead of a new bulk operation",
    "bulk_failed": "the bulk operation ends FAILED with INTERNAL_SERVER_ERROR",
    "bulk_timeout": "the bulk operation ends FAILED with TIMEOUT",
    "bulk_expired": "the bulk operation ends EXPIRED",
    "bulk_canceled": "the bulk operation ends CANCELED",
    "wrong_count": "the objectCount of a bulk operation is one too high",
    "url_expired": "the URL of a bulk file answers 403 with the storage's XML",
    "truncated_file": "a bulk file ends in the middle of a line",
}
_BULK_OUTCOMES: Mapping[str, tuple[str, str | None]] = {
    "bulk_failed": ("FAILED", "INTERNAL_SERVER_ERROR"),
    "bulk_timeout": ("FAILED", "TIMEOUT"),
    "bulk_expired": ("EXPIRED", None),
    "bulk_canceled": ("CANCELED", None),
}


@dataclass
class Fault:
    """Happens ``times`` times (None: until cleared), after ``skip`` matching requests without it."""

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

    def matches(self, account: str, resources: Iterable[str]) -> bool:
        return self.account in (None, account) and (not self.on or self.on in resources)


@dataclass
class Faults:
    """The faults that are still to happen. They may change while a server runs."""

    pending: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self.pending.append(fault)

    def clear(self) -> None:
        with self._lock:
            self.pending.clear()

    def take(self, kind: str, account: str, resources: Iterable[str]) -> Fault | None:
        """The fault of this kind that happens to this request. It counts as having happened once more."""
        with self._lock:
            for fault in self.pending:
                if fault.kind != kind or not fault.matches(account, resources):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.pending.remove(fault)
                return fault
        return None

    def denied(self, account: str) -> dict[str, str]:
        """What may not be read and the scope that it needs. ``times`` does not count: these last until cleared."""
        with self._lock:
            denied = (fault for fault in self.pending if fault.kind == "denied" and fault.account in (None, account))
            return {fault.on: fault.scope for fault in denied}

    def bulk_outcome(self, account: str, resources: Iterable[str]) -> tuple[str, str | None] | None:
        """The status and the error code of a bulk operation that does not complete."""
        for kind, outcome in _BULK_OUTCOMES.items():
            if self.take(kind, account, resources):
                return outcome
        return None
