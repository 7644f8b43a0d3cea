"""The demo world: its shops with their advertising, visits and expenses, and a creator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from simulator.history import ShopHistory
from simulator.scenarios.ads.accounts import ad_accounts
from simulator.scenarios.assistant.world import assistant
from simulator.scenarios.creator.world import VISITS_PER_DAY, creator
from simulator.scenarios.demo.shops import PROFILES, Profile
from simulator.scenarios.demo.simulation import ShopSimulation
from simulator.scenarios.visits.books import Visits
from simulator.scenarios.visits.expenses import Finances
from simulator.scenarios.visits.visitors import Visitors
from simulator.world import World

DAYS, ORDERS = 400, 20_000
WITH_ASSISTANT = "aurora"


def demo_world(
    seed: int = 7,
    start: date | None = None,
    end: datetime | None = None,
    orders: int = ORDERS,
    profiles: Sequence[Profile] = PROFILES,
    visits_per_day: float | None = None,
) -> World:
    """Two shops (or those of ``profiles``) with about ``orders`` orders per 400 days, until ``end`` (default: now),
    and a creator with about ``visits_per_day`` visits per day (0: no creator; default: in proportion to the orders).

    ``start`` is the first day, 400 days before ``end`` by default. The past of an instant depends only on ``seed``,
    ``start`` and these two numbers: a later ``end``, or a clock that moves on, only adds to it.
    """
    end = (datetime.now(UTC) if end is None else end if end.tzinfo else end.replace(tzinfo=UTC)).replace(microsecond=0)
    start = start or (end - timedelta(days=DAYS)).date()
    per_day = {profile.shop.account: orders * profile.share / 100 / DAYS for profile in profiles}
    histories = []
    for profile in profiles:
        history = ShopHistory(profile.shop)
        history.advance = ShopSimulation(profile, history, seed, start, per_day[profile.shop.account]).advance
        histories.append(history)
    ads = ad_accounts(histories, seed, start)
    visits: dict[str, Visits] = {}
    for history in histories:
        shop = history.shop
        own_seed = f"{seed}:{shop.account}"
        plans = {account.platform: account.plan for account in ads if account.history is history}
        visitors = Visitors(shop, own_seed, start, plans)
        visits[shop.account] = Visits(history, visitors, Finances(shop, own_seed, start, per_day[shop.account]))
    if visits_per_day is None:
        visits_per_day = VISITS_PER_DAY * orders / ORDERS
    creators = [creator(seed, start, visits_per_day)] if visits_per_day else []
    assistants = [assistant(visits[account], seed) for account in visits if account == WITH_ASSISTANT]
    return World(histories, end, ads, visits, creators, assistants)
