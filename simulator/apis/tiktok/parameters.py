"""Parameters of the Business API: lists and objects are JSON in the query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulator.apis.tiktok.errors import invalid


def json_parameter(params: Mapping[str, str], name: str, default: Any = None) -> Any:
    """Raises TikTokError when the text is not JSON."""
    text = params.get(name)
    if text is None:
        return default
    try:
        return json.loads(text)
    except ValueError:
        raise invalid(name, "Invalid JSON") from None


def number_parameter(params: Mapping[str, str], name: str, default: int, maximum: int | None = None) -> int:
    """A positive number. Raises TikTokError when it is out of range."""
    text = params.get(name, str(default))
    if not text.isdigit() or int(text) < 1 or (maximum and int(text) > maximum):
        raise invalid(name, f"Must be between 1 and {maximum or 'infinity'}")
    return int(text)
