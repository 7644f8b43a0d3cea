"""Parameters of the Graph API: in a query or a form each is a text, in a JSON body a value."""

from __future__ import annotations

import json
from typing import Any


def list_parameter(value: Any) -> list[str]:
    """A list as JSON, or as words separated by commas."""
    if isinstance(value, list):
        return [str(item) for item in value]
    text = str(value or "")
    if text.startswith("["):
        return [str(item) for item in json.loads(text)]
    return [word for word in text.split(",") if word]


def json_parameter(value: Any) -> Any:
    """An object or a list of objects."""
    return json.loads(value) if isinstance(value, str) else value
