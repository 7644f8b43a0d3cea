"""What is configured of collectors: whose a write key is, how often it may send, and how a record is checked.

A write key is public: whoever opens a page can read it. It only adds records, and reads nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from common.collected import Check


@dataclass(frozen=True)
class Collector:
    """A source of kind `collector`.

    folder: where its records go. contracts: the lists that a request may have. origins: the pages that may send,
    all where there are none.
    """

    tenant: str
    account: str
    key: str = field(repr=False)
    folder: Path
    contracts: tuple[str, ...]
    check: Check
    requests_per_minute: int = 6000
    origins: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.tenant}/{self.account}"


class Collectors:
    """All collectors, by write key. Keys are compared by their hash, so that the time says nothing about them."""

    def __init__(self, collectors: Iterable[Collector] = ()) -> None:
        self._by_digest = {_digest(collector.key): collector for collector in collectors}

    def of_key(self, key: str) -> Collector | None:
        """The collector that a write key opens."""
        return self._by_digest.get(_digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()
