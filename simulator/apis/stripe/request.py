"""A GET request of Stripe's API and its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from urllib.parse import parse_qsl

from simulator.apis.stripe.errors import StripeError

RANGES: Mapping[str, Callable[[int, int], bool]] = {
    "created": eq,
    "created[gt]": gt,
    "created[gte]": ge,
    "created[lt]": lt,
    "created[lte]": le,
}
LIST_PARAMETERS = frozenset({"limit", "starting_after", "expand[]", "types[]", *RANGES})


@dataclass(frozen=True)
class StripeRequest:
    """``path`` is what follows the resource: an id, or an id and ``lines``."""

    resource: str
    path: tuple[str, ...]
    parameters: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, path: str, query: str) -> StripeRequest:
        """``path`` is without ``/v1/``. Stripe's own client numbers the entries of a list: ``expand[0]``."""
        resource, *rest = path.strip("/").split("/")
        parameters = parse_qsl(query, keep_blank_values=True)
        return cls(resource, tuple(rest), [(re.sub(r"\[\d+\]$", "[]", name), value) for name, value in parameters])

    @property
    def url(self) -> str:
        return "/".join(("/v1", self.resource, *self.path))

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.parameters if key == name]

    def one(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def bounds(self) -> list[tuple[Callable[[int, int], bool], int]]:
        """The comparisons that ``created`` must pass. Raises StripeError."""
        return [(RANGES[name], integer(name, value)) for name, value in self.parameters if name in RANGES]


def integer(name: str, text: str) -> int:
    if not text.lstrip("-").isdigit():
        raise StripeError(400, f"Invalid integer: {text}", "parameter_invalid_integer", name)
    return int(text)
