"""The books of an ad account: what each ad cost and did on each day, as the platform tells it at an instant.

Spend and values are micros of the account's currency. A day grows by the hour while it lasts, is told a little too
small for a day after that, may lose invalid clicks up to 26 days later, and gains purchases for 28 days.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from simulator.books import Instant
from simulator.history import ShopHistory
from simulator.scenarios.ads.attribution import Claim, claim
from simulator.scenarios.ads.plan import ACTIVE, AD, DAY, DELETED, HOUR, LEVELS, PURGED, Node, Plan, draw

ACCOUNT = "account"
KINDS = ("auction", "reservation", "smart_plus", "gmv_max")
_REACH = {AD: 10, "group": 9, "campaign": 8, ACCOUNT: 7}  # tenths: one person sees several ads


@dataclass
class AdStats:
    """A day's numbers. ``purchases`` are (count, value) by attribution window; ``reach`` alone does not add up."""

    spend: int = 0
    impressions: int = 0
    clicks: int = 0
    link_clicks: int = 0
    carts: int = 0
    reach: int = 0
    purchases: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, other: AdStats) -> None:
        self.spend += other.spend
        self.impressions += other.impressions
        self.clicks += other.clicks
        self.link_clicks += other.link_clicks
        self.carts += other.carts
        self.reach += other.reach
        for window, (count, value) in other.purchases.items():
            before = self.purchases.get(window, (0, 0))
            self.purchases[window] = (before[0] + count, before[1] + value)


@dataclass
class AdAccount:
    """One advertising account of a shop; ``share`` of 0..99 is the part of its orders that the platform claims."""

    platform: str  # meta, tiktok
    id: str
    name: str
    currency: str
    time_zone: str
    token: str
    history: ShopHistory
    plan: Plan
    share: range
    status: str = "ACTIVE"
    stores: tuple[str, ...] = ()
    _claims: dict[date, list[Claim]] = field(default_factory=dict, repr=False)
    _ads: list[list[Node]] = field(default_factory=list, repr=False)
    _running: dict[date, list[Node]] = field(default_factory=dict, repr=False)
    _whole: dict[tuple[str, date], AdStats] = field(default_factory=dict, repr=False)
    _seen: int = 0
    _until: Instant = 0
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def hidden(self) -> Collection[str]:
        """The statuses whose rows no breakdown shows any more."""
        return (DELETED, PURGED) if self.platform == "meta" else (PURGED,)

    def ads(self, at: Instant) -> list[Node]:
        """Every ad ever made by that instant, deleted ones too."""
        with self._lock:
            count = self.plan.campaigns(self.plan.day(at))
            while len(self._ads) < count:
                self._ads.append(self.plan.ads(len(self._ads)))
            return [ad for ads in self._ads[:count] for ad in ads if ad.created_at <= at]

    def nodes(self, level: str, at: Instant) -> list[Node]:
        """Every campaign, ad set or ad ever made, oldest first."""
        return list(dict.fromkeys(ad.at_level(level) for ad in self.ads(at)))

    def delivering(self, day: date) -> list[Node]:
        """The ads that run on a day: those that stood active as it began."""
        known = self._running.get(day)
        if known is None:
            midnight = self.plan.midnight(day)
            known = [ad for ad in self.ads(midnight) if ad.status(midnight) == ACTIVE]
            self._running[day] = known
        return known

    def rows(
        self, level: str, day: date, at: Instant, kinds: Collection[str] = KINDS, visible: bool = True
    ) -> dict[Node, AdStats]:
        """A day's rows at a level as told at ``at``: those that a breakdown shows, or else those that it hides."""
        found: dict[Node, AdStats] = {}
        for ad, numbers in self._of_day(day, at):
            node = ad.at_level(level)
            if ad.kind in kinds and (node.status(at) not in self.hidden) == visible:
                found.setdefault(node, AdStats()).add(numbers)
        for numbers in found.values():
            numbers.reach = numbers.reach * _REACH[level] // 10
        return found

    def total(self, day: date, at: Instant, kinds: Collection[str] = KINDS) -> AdStats | None:
        """The account's own row of a day, which knows what no breakdown shows; None on a day without delivery."""
        told = [numbers for ad, numbers in self._of_day(day, at) if ad.kind in kinds]
        if not told:
            return None
        total = _sum(told)
        total.reach = total.reach * _REACH[ACCOUNT] // 10
        return total

    def unallocated(self, level: str, day: date, at: Instant) -> AdStats:
        """What the account's total holds and no row of the level explains."""
        return _sum(self.rows(level, day, at, visible=False).values())

    def voucher(self, day: date, at: Instant, kinds: Collection[str] = ("auction", "smart_plus")) -> int:
        """The part of a day's spend that was paid with ad credits, in micros."""
        total = self.total(day, at, kinds)
        return min(total.spend, 5_000_000) if total and day.toordinal() % 9 == 0 else 0

    def days(self, at: Instant) -> list[date]:
        """Every day of the account until the one that is going on."""
        count = (self.plan.day(at) - self.plan.start).days + 1
        return [self.plan.start + timedelta(days=number) for number in range(count)]

    def claims(self, at: Instant) -> list[Claim]:
        """Every purchase claimed by that instant, in any order; one without an ad that ran on its day is none."""
        self._learn(at)
        found = [each for claims in list(self._claims.values()) for each in claims if each.told_at <= at]
        return [each for each in found if self.delivering(each.day)]

    def _of_day(self, day: date, at: Instant) -> list[tuple[Node, AdStats]]:
        self._learn(at)
        ads = self.delivering(day)
        told = {ad.id: numbers for ad in ads if (numbers := self._told(ad, day, at)) is not None}
        for each in self._claims.get(day, ()):
            ad = ads[each.choice % len(ads)] if ads else None
            if ad is not None and ad.id in told and each.told_at <= at:
                told[ad.id].add(AdStats(purchases=dict.fromkeys(each.windows, (1, each.value))))
        return [(ad, told[ad.id]) for ad in ads if ad.id in told]

    def _told(self, ad: Node, day: date, at: Instant) -> AdStats | None:
        """What an ad did on a day without purchases, as far as it is told."""
        begin, end = self.plan.midnight(day), self.plan.midnight(day + timedelta(days=1))
        passed = min(at, end) - begin
        if passed < HOUR:
            return None
        share = passed // HOUR * 1000 // ((end - begin) // HOUR)
        if at < end + DAY:
            share = share * 994 // 1000
        whole = self._of_whole_day(ad, day)
        dice = draw(self.plan.seed, ad.id, day, "late")
        invalid = dice[0] % 12 == 0 and at >= end + (3 + dice[1] % 23) * DAY
        lost = (985, 980) if invalid else (1000, 1000)
        return AdStats(
            spend=whole.spend * share // 1000 * lost[0] // 1000,
            impressions=whole.impressions * share // 1000,
            clicks=whole.clicks * share // 1000 * lost[1] // 1000,
            link_clicks=whole.link_clicks * share // 1000 * lost[1] // 1000,
            carts=whole.carts * share // 1000,
            reach=whole.reach * share // 1000,
        )

    def _of_whole_day(self, ad: Node, day: date) -> AdStats:
        known = self._whole.get((ad.id, day))
        if known is None:
            dice = draw(self.plan.seed, ad.id, day)
            impressions = ad.weight * (600 + dice[0] % 800)
            clicks = impressions * (8 + dice[3] % 20) // 1000
            spend = impressions * (4_000 + dice[1] % 6_000) + dice[2] % 10_000
            known = AdStats(spend, impressions, clicks, clicks * 8 // 10, clicks // 6, impressions * 7 // 10)
            self._whole[ad.id, day] = known
        return known

    def _learn(self, at: Instant) -> None:
        """Looks at the shop's new orders. None is told of within an hour, so that the next hour needs no look."""
        with self._lock:
            if at < self._until:
                return
            self.history.books(at)
            orders, shop = self.history.orders, self.history.shop
            for order in orders[self._seen :]:
                each = claim(order, self.plan.seed, self.share, self.plan.day(order.created_at), shop.exponent)
                if each is not None and each.day >= self.plan.start:
                    self._claims.setdefault(each.day, []).append(each)
            self._seen, self._until = len(orders), at + HOUR


def _sum(rows: Iterable[AdStats]) -> AdStats:
    total = AdStats()
    for row in rows:
        total.add(row)
    return total


__all__ = ["ACCOUNT", "KINDS", "LEVELS", "AdAccount", "AdStats"]
