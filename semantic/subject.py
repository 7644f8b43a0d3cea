"""A tenant as people know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """A tenant's name, its time zone (IANA), and its sources' names by kind: {"shopify": "Shopify"}."""

    name: str
    time_zone: str
    sources: Mapping[str, str]
