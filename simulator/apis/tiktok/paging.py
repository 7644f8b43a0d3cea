"""Numbered pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.apis.tiktok.parameters import number_parameter

DEFAULT_SIZE, MAX_SIZE = 10, 1000


def page(rows: Sequence[Any], params: Mapping[str, str], shifted: bool = False) -> dict[str, Any]:
    """One page; ``shifted``: a row was added in front of all others since the page before."""
    number = number_parameter(params, "page", 1)
    size = number_parameter(params, "page_size", DEFAULT_SIZE, MAX_SIZE)
    total = len(rows) + shifted
    first = (number - 1) * size - shifted
    info = {"page": number, "page_size": size, "total_number": total, "total_page": -(-total // size)}
    return {"list": list(rows[max(0, first) : first + size]), "page_info": info}
