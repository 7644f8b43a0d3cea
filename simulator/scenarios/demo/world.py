"""The demo world."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from simulator.history import ShopHistory
from simulator.scenarios.ads.accounts import ad_accounts
from simulator.scenarios.demo.shopkeeper import Shopkeeper
from simulator.scenarios.demo.shops import PROFILES
from simulator.scenarios.visits.books import Visits
from simulator.scenarios.visits.expenses import Company
from simulator.scenarios.visits.visitors import Crowd
from simulator.world import World

DAYS = 400


def demo_world(seed: int = 7, start: date | None = None, end: datetime | None = None, orders: int = 20_000) -> World:
    """Two shops over time, about ``orders`` orders in any 400 days, ending at ``end`` (now).

    ``start`` is the first day, 400 days before ``end`` unless given.  What happened before an instant depends on
    ``seed``, ``start`` and ``orders`` alone: a later ``end``, or a clock that is moved on, only adds to it.
    """
    end = (datetime.now(UTC) if end is None else end if end.tzinfo else end.replace(tzinfo=UTC)).replace(microsecond=0)
    start = start or (end - timedelta(days=DAYS)).date()
    histories = []
    for profile in PROFILES:
        history = ShopHistory(profile.shop)
        history.advance = Shopkeeper(profile, history, seed, start, orders * profile.share / 100 / DAYS).advance
        histories.append(history)
    ads = ad_accounts(histories, seed, start)
    visits: dict[str, Visits] = {}
    for profile, history in zip(PROFILES, histories, strict=True):
        own = f"{seed}:{history.shop.account}"
        plans = {each.platform: each.plan for each in ads if each.history is history}
        crowd = Crowd(history.shop, own, start, plans)
        company = Company(history.shop, own, start, orders * profile.share / 100 / DAYS)
        visits[history.shop.account] = Visits(history, crowd, company)
    return World(histories, end, ads, visits)
