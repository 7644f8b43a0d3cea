"""The books of an ad account: the statistics of each ad and day, as the platform reports them at an instant.

Spend and values are micros of the account's currency. A day grows by the hour while it lasts, is reported slightly too
small for one day after it, may lose invalid clicks until the 26th day, and gains purchases until the 28th.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from simulator.books import DAY, HOUR, Instant
from simulator.history import ShopHistory
from simulator.scenarios.ads.attribution import AttributedPurchase, attribute
from simulator.scenarios.ads.plan import ACTIVE, AD, CAMPAIGN, DELETED, GROUP, PURGED, Node, Plan, draw

ACCOUNT = "account"
KINDS = ("auction", "reservation", "smart_plus", "gmv_max")
KEPT = 1_000
"""Days of an account, as reported at one instant, that are kept."""
_REACH = {AD: 10, GROUP: 9, CAMPAIGN: 8, ACCOUNT: 7}  # tenths: one person sees several ads


@dataclass
class AdStats:
    """``purchases`` are (count, value) by attribution window. Only ``reach`` is not additive."""

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
    """One ad account of a shop; ``share``, a part of 0..99, says which of its orders the platform reports."""

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
    _purchases: dict[date, list[AttributedPurchase]] = field(default_factory=dict, repr=False)
    _ads: list[list[Node]] = field(default_factory=list, repr=False)  # by campaign
    _running: dict[date, list[Node]] = field(default_factory=dict, repr=False)
    _whole_days: dict[tuple[str, date], AdStats] = field(default_factory=dict, repr=False)
    _reported: dict[tuple[date, Instant], Sequence[tuple[Node, AdStats]]] = field(default_factory=dict, repr=False)
    _orders_read: int = 0
    _read_until: Instant = 0
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def hidden_statuses(self) -> Collection[str]:
        """The statuses whose rows no breakdown shows."""
        return (DELETED, PURGED) if self.platform == "meta" else (PURGED,)

    def ads(self, at: Instant) -> list[Node]:
        """Every ad created by that instant, deleted ones too."""
        with self._lock:
            count = self.plan.campaigns(self.plan.day(at))
            while len(self._ads) < count:
                self._ads.append(self.plan.ads(len(self._ads)))
            return [ad for ads in self._ads[:count] for ad in ads if ad.created_at <= at]

    def nodes(self, level: str, at: Instant) -> list[Node]:
        """Every campaign, ad set or ad created by that instant, oldest first."""
        return list(dict.fromkeys(ad.at_level(level) for ad in self.ads(at)))

    def delivering(self, day: date) -> list[Node]:
        """The ads of a day: those that are active when it begins."""
        if day not in self._running:
            midnight = self.plan.midnight(day)
            self._running[day] = [ad for ad in self.ads(midnight) if ad.status(midnight) == ACTIVE]
        return self._running[day]

    def rows(
        self, level: str, day: date, at: Instant, kinds: Collection[str] = KINDS, visible: bool = True
    ) -> dict[Node, AdStats]:
        """A day's rows of a level as reported at ``at``: those that a breakdown shows, or those that it hides."""
        rows: dict[Node, AdStats] = {}
        for ad, stats in self._ad_stats(day, at):
            node = ad.at_level(level)
            if ad.kind in kinds and (node.status(at) not in self.hidden_statuses) == visible:
                rows.setdefault(node, AdStats()).add(stats)
        for stats in rows.values():
            stats.reach = stats.reach * _REACH[level] // 10
        return rows

    def total(self, day: date, at: Instant, kinds: Collection[str] = KINDS) -> AdStats | None:
        """The account's row of a day, which includes what breakdowns hide; None on a day without delivery."""
        rows = [stats for ad, stats in self._ad_stats(day, at) if ad.kind in kinds]
        if not rows:
            return None
        total = _sum(rows)
        total.reach = total.reach * _REACH[ACCOUNT] // 10
        return total

    def unallocated(self, level: str, day: date, at: Instant) -> AdStats:
        """The part of the account's total that no shown row of the level explains."""
        return _sum(self.rows(level, day, at, visible=False).values())

    def voucher(self, day: date, at: Instant, kinds: Collection[str] = ("auction", "smart_plus")) -> int:
        """The part of a day's spend that ad credits paid, in micros."""
        total = self.total(day, at, kinds)
        return min(total.spend, 5_000_000) if total and day.toordinal() % 9 == 0 else 0

    def days(self, at: Instant) -> list[date]:
        """Every day of the account until the current one."""
        count = (self.plan.day(at) - self.plan.start).days + 1
        return [self.plan.start + timedelta(days=number) for number in range(count)]

    def attributed_purchases(self, at: Instant) -> list[AttributedPurchase]:
        """Every purchase reported by that instant, in no order. A day without ads has none."""
        self._read_orders(at)
        reported = [
            purchase
            for purchases in list(self._purchases.values())
            for purchase in purchases
            if purchase.reported_at <= at
        ]
        return [purchase for purchase in reported if self.delivering(purchase.day)]

    def _ad_stats(self, day: date, at: Instant) -> Sequence[tuple[Node, AdStats]]:
        """The statistics of each ad with delivery, as reported at ``at``: only to be read.

        The levels of an account and its total are asked for the same days at the same instant.
        """
        known = self._reported.get((day, at))
        if known is None:
            if len(self._reported) >= KEPT:
                self._reported.clear()
            known = self._reported[day, at] = self._report(day, at)
        return known

    def _report(self, day: date, at: Instant) -> Sequence[tuple[Node, AdStats]]:
        self._read_orders(at)
        ads = self.delivering(day)
        by_ad = {ad.id: stats for ad in ads if (stats := self._delivery(ad, day, at)) is not None}
        for purchase in self._purchases.get(day, ()):
            ad = ads[purchase.ad % len(ads)] if ads else None
            if ad is not None and ad.id in by_ad and purchase.reported_at <= at:
                by_ad[ad.id].add(AdStats(purchases=dict.fromkeys(purchase.windows, (1, purchase.value))))
        return [(ad, by_ad[ad.id]) for ad in ads if ad.id in by_ad]

    def _delivery(self, ad: Node, day: date, at: Instant) -> AdStats | None:
        """The statistics of an ad without purchases, as reported at ``at``; None in the first hour of the day."""
        begin, end = self.plan.midnight(day), self.plan.midnight(day + timedelta(days=1))
        passed = min(at, end) - begin
        if passed < HOUR:
            return None
        share = passed // HOUR * 1000 // ((end - begin) // HOUR)
        if at < end + DAY:
            share = share * 994 // 1000
        whole = self._whole_day(ad, day)
        dice = draw(self.plan.seed, ad.id, day, "late")
        invalid = dice[0] % 12 == 0 and at >= end + (3 + dice[1] % 23) * DAY
        valid_spend, valid_clicks = (985, 980) if invalid else (1000, 1000)  # per thousand
        return AdStats(
            spend=whole.spend * share // 1000 * valid_spend // 1000,
            impressions=whole.impressions * share // 1000,
            clicks=whole.clicks * share // 1000 * valid_clicks // 1000,
            link_clicks=whole.link_clicks * share // 1000 * valid_clicks // 1000,
            carts=whole.carts * share // 1000,
            reach=whole.reach * share // 1000,
        )

    def _whole_day(self, ad: Node, day: date) -> AdStats:
        """The statistics of a completed day, without purchases and before later corrections."""
        stats = self._whole_days.get((ad.id, day))
        if stats is None:
            dice = draw(self.plan.seed, ad.id, day)
            impressions = ad.weight * (600 + dice[0] % 800)
            clicks = impressions * (8 + dice[3] % 20) // 1000
            spend = impressions * (4_000 + dice[1] % 6_000) + dice[2] % 10_000
            stats = AdStats(spend, impressions, clicks, clicks * 8 // 10, clicks // 6, impressions * 7 // 10)
            self._whole_days[ad.id, day] = stats
        return stats

    def _read_orders(self, at: Instant) -> None:
        """Attributes the shop's new orders. No purchase is reported within an hour, so once per hour is enough."""
        with self._lock:
            if at < self._read_until:
                return
            self.history.books(at)
            orders, exponent = self.history.orders, self.history.shop.exponent
            for order in orders[self._orders_read :]:
                day = self.plan.day(order.created_at)
                purchase = attribute(order, self.plan.seed, self.share, day, exponent)
                if purchase is not None and purchase.day >= self.plan.start:
                    self._purchases.setdefault(purchase.day, []).append(purchase)
            self._orders_read, self._read_until = len(orders), at + HOUR


def _sum(rows: Iterable[AdStats]) -> AdStats:
    total = AdStats()
    for row in rows:
        total.add(row)
    return total
