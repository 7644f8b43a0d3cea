"""What the simulator's server and the wires of its sources say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``cut`` closes the connection in its middle."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Mount = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""A source's wire: (method, path with its query, headers, body) to its answer."""


@dataclass(frozen=True)
class Seen:
    """A request that came: ``fields`` are its root fields, for other paths the path."""

    account: str
    fields: tuple[str, ...]
    variables: dict[str, Any]
    status: int
