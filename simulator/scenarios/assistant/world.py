"""The assistant of a shop of a seeded world."""

from __future__ import annotations

from datetime import timedelta

from simulator.scenarios.assistant.books import Assistant
from simulator.scenarios.assistant.days import Days
from simulator.scenarios.assistant.models import own_prices
from simulator.scenarios.visits import Visits

FIRST_DAY = 280  # of the demo's shop: the assistant is younger than the shop
SESSIONS_PER_DAY, ORDER_SHARE = 18.0, 14
OUTLIER_TOKENS = 3_000_000


def assistant(
    visits: Visits,
    seed: int,
    first_day: int = FIRST_DAY,
    sessions_per_day: float = SESSIONS_PER_DAY,
    order_share: int = ORDER_SHARE,
    outlier_tokens: int = OUTLIER_TOKENS,
) -> Assistant:
    """The assistant of the shop with these visits. The past of an instant depends only on the shop and on these."""
    result = Assistant(visits.history.shop.account, own_prices(visits.visitors.start + timedelta(days=first_day)))
    result.advance = Days(result, visits, seed, first_day, sessions_per_day, order_share, outlier_tokens).advance
    return result
