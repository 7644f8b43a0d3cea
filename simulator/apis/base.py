"""What the simulator's server and the wires of its sources say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Response:
    """An HTTP answer; ``cut`` closes the connection in its middle."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Api = Callable[[str, str, Mapping[str, str], bytes], Response]
"""A source's wire: (method, path with its query, headers, body) to its answer."""


@dataclass(frozen=True)
class LoggedRequest:
    """A request in the server's log. A fault names one of its ``resources`` in ``on``."""

    account: str
    resources: tuple[str, ...]
    parameters: dict[str, Any]
    status: int
