"""Pull a small simulated advertiser, and the staging rows that its books expect."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.base import Account, Pulled
from connectors.http import Transport
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from connectors.tiktok_ads.client import VERSION
from connectors.tiktok_ads.pull import pull
from connectors.tiktok_ads.settings import TikTokAdsSettings
from simulator import SimulatorServer, World, demo_world
from simulator.apis.tiktok.reports import SERVICES, promotion
from simulator.scenarios.ads.books import AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, GROUP, Node
from simulator.world import seconds
from tests.connectors import staged

START, END = date(2026, 1, 15), datetime(2026, 3, 20, 10, tzinfo=UTC)
AsOf = dict[date, int]
Readings = dict[date, list[int]]  # the instants at which each day was read


def small_world() -> World:
    """64 days of two shops with a few orders per day, and every kind of change to ads."""
    return demo_world(seed=11, start=START, end=END, orders=3_000)


@dataclass
class Place:
    """A landing zone and a staging file of their own."""

    root: Path
    shop: str = "aurora"
    waits: list[float] = field(default_factory=list)
    readings: dict[str, Readings] = field(default_factory=dict)

    def known_as(self, server: SimulatorServer, **other: str) -> Account:
        books = server.world.ad_account(self.shop, "tiktok")
        named = {"account": books.id, "secret": books.token, "base_url": f"{server.url}/tiktok"} | other
        return Account("acme", "tiktok_ads", named["account"], named["base_url"], named["secret"])

    def pull(self, server: SimulatorServer, run_id: str = "run", **settings: Any) -> dict[str, Pulled]:
        """One pull; pauses are recorded instead of waited."""
        known = {name: settings.pop(name) for name in ("account", "secret", "base_url") if name in settings}
        account = self.known_as(server, **known)
        transport = Transport((account.secret,), sleep=self.waits.append)
        version = settings.pop("version", VERSION)
        days, own = settings.pop("days", None), {"since": START, "queries_a_second": 1000} | settings
        with Staging(self.root / "staging.duckdb") as staging:
            landing = Landing(self.root / "landing")
            context = PullContext(account, landing, staging, run_id, transport, days=days)
            typed = TikTokAdsSettings(kind="tiktok_ads", account="1", secret="env:UNUSED", **own)
            steps = pull(context, typed, version)
            try:
                return {result.stream: result for result in steps}
            finally:
                self.remember_readings(staging)

    def remember_readings(self, staging: Staging) -> None:
        """Add to `readings` when the days of each stream were read last."""
        for stream, day, at in staging.db.execute("select stream, day, as_of from takings.days_read").fetchall():
            instants = self.readings.setdefault(stream, {}).setdefault(day, [])
            if day >= START and seconds(at) not in instants:
                instants.append(seconds(at))

    @property
    def pauses(self) -> list[float]:
        """The pauses that are longer than pacing."""
        return [seconds for seconds in self.waits if seconds > 0.1]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return staged.rows(self.root / "staging.duckdb", sql, values)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every staging table, in order, with its lineage."""
        return staged.tables(self.root / "staging.duckdb", "tiktok_ads", lineage=True)

    def as_of(self, stream: str) -> AsOf:
        """When each day was read last."""
        rows = self.rows("select day, as_of from takings.days_read where stream = ?", [stream])
        return {day: seconds(at) for day, at in rows if day >= START}


def shown(
    books: AdAccount, level: str, readings: Readings, kinds: Collection[str]
) -> dict[tuple[date, Node], tuple[AdStats, int]]:
    """Each object's day as it was reported last, and when: one that TikTok no longer has keeps what it had before."""
    return {
        (day, node): (stats, at)
        for day, instants in readings.items()
        for at in instants
        for node, stats in books.rows(level, day, at, kinds).items()
    }


def ads(books: AdAccount, readings: Readings) -> list[tuple[Any, ...]]:
    """ads_insights as the books have them: each day as reported when it was read."""
    return sorted(
        (day, service, ad.id, ad.at_level(GROUP).id, ad.at_level(CAMPAIGN).id, ad.name(at), stats.spend,
         stats.impressions, stats.clicks, stats.reach, *stats.purchases.get("default", (0, 0)))
        for service, kinds in SERVICES.items()
        for (day, ad), (stats, at) in shown(books, AD, readings, kinds).items() if stats.impressions
    )  # fmt: skip


def campaigns(books: AdAccount, readings: Readings) -> list[tuple[Any, ...]]:
    """campaign_insights as the books have them."""
    return sorted(
        (day, service, campaign.id, campaign.name(at), stats.spend, stats.impressions, stats.clicks,
         *stats.purchases.get("default", (0, 0)))
        for service, kinds in SERVICES.items()
        for (day, campaign), (stats, at) in shown(books, CAMPAIGN, readings, kinds).items() if stats.impressions
    )  # fmt: skip


def totals(books: AdAccount, as_of: AsOf) -> list[tuple[Any, ...]]:
    """advertiser_insights as the books have them, with cash and voucher."""
    result = []
    for day, at in as_of.items():
        for service, kinds in SERVICES.items():
            stats = books.total(day, at, kinds)
            if stats and stats.impressions:
                voucher = books.voucher(day, at, kinds)
                result.append((day, service, stats.spend, stats.spend - voucher, voucher, stats.impressions,
                               stats.clicks, *stats.purchases.get("default", (0, 0))))  # fmt: skip
    return sorted(result)


def gmv(books: AdAccount, readings: Readings) -> list[tuple[Any, ...]]:
    """gmv_max_insights as the books have them."""
    return sorted(
        (day, campaign.id, books.stores[0], promotion(campaign), stats.spend, *stats.purchases.get("default", (0, 0)))
        for (day, campaign), (stats, _) in shown(books, CAMPAIGN, readings, ["gmv_max"]).items()
    )


ADS = """select date_day, service_type, ad_id, ad_group_id, campaign_id, ad_name, spend_micros, impressions, clicks,
reach, complete_payments, complete_payment_value_micros from tiktok_ads.ads_insights order by all"""
CAMPAIGNS = """select date_day, service_type, campaign_id, campaign_name, spend_micros, impressions, clicks,
complete_payments, complete_payment_value_micros from tiktok_ads.campaign_insights order by all"""
TOTALS = """select date_day, service_type, spend_micros, cash_spend_micros, voucher_spend_micros, impressions, clicks,
complete_payments, complete_payment_value_micros from tiktok_ads.advertiser_insights order by all"""
GMV = """select date_day, campaign_id, store_id, promotion_type, cost_micros, orders, gross_revenue_micros
from tiktok_ads.gmv_max_insights order by all"""
