"""What the creator's vaults cost, day by day, without a random number.

- the first day of each month: tools, of no vault; on its first Monday, two equal rows of the writers of vault_3
- Mondays: ads for the niche AI Tools, and for vault_2, whose niche the row does not name
- the 15th: a credit for the ads of AI Tools
- the 20th: a translation of one product
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple


class Cost(NamedTuple):
    """The fields of a row of vault_costs. ``amount`` is in cents; what the row does not name is empty."""

    day: date
    amount: int
    currency: str
    category: str
    vault_id: str
    niche: str
    product_name: str


def costs(start: date, end: date) -> Iterator[Cost]:
    """Every cost from ``start`` to ``end``, both included, oldest first."""
    for number in range((end - start).days + 1):
        day = start + timedelta(days=number)
        if day.day == 1:
            yield Cost(day, 4999, "USD", "Tools", "", "", "")
        if day.weekday() == 0:
            yield Cost(day, 1250 + day.day, "USD", "Ads", "", "AI Tools", "")
            yield Cost(day, 605, "USD", "Ads", "vault_2", "", "")
            if day.day <= 7:
                yield from [Cost(day, 1500, "USD", "Writers", "vault_3", "AI Tools", "")] * 2
        if day.day == 15:
            yield Cost(day, -333, "USD", "Ads", "", "AI Tools", "")
        if day.day == 20:
            yield Cost(day, 2750, "USD", "", "vault_3", "AI Tools", "KI-Werkzeugkasten")
