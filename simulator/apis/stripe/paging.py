"""Pages of a list: ``limit`` rows after the object that ``starting_after`` names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from simulator.apis.stripe.errors import StripeError, missing
from simulator.apis.stripe.request import LIST_PARAMETERS, StripeRequest, integer
from simulator.scenarios.payments.books import State


def page(request: StripeRequest, rows: Sequence[Any], ids: Sequence[str], kind: str, filters: Collection[str]) -> State:
    """One page; ``filters`` are the parameters of this list that other lists do not have. Raises StripeError."""
    for name, _ in request.parameters:
        if name not in LIST_PARAMETERS and name not in filters:
            raise StripeError(400, f"Received unknown parameter: {name}", "parameter_unknown", name)
    limit = integer("limit", request.one("limit") or "10")
    if not 1 <= limit <= 100:
        raise StripeError(400, "This value must be between 1 and 100.", "parameter_invalid_integer", "limit")
    after, start = request.one("starting_after"), 0
    if after is not None:
        if after not in ids:
            raise missing(kind, after, "starting_after")
        start = ids.index(after) + 1
    end = start + limit
    return {"object": "list", "url": request.url, "has_more": end < len(rows), "data": list(rows[start:end])}
