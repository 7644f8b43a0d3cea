"""Pull a small simulated ad account, and the staging rows that its books expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.base import Account, Pulled
from connectors.connections import Request
from connectors.http import Transport
from connectors.meta_ads.client import VERSION
from connectors.meta_ads.pull import pull
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from simulator import SimulatorServer, World, demo_world
from simulator.scenarios.ads.books import AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, GROUP, Node
from simulator.world import seconds
from tests.connectors import staged

START, END = date(2026, 1, 15), datetime(2026, 3, 20, 10, tzinfo=UTC)
PURCHASES = ("purchase", "omni_purchase", "onsite_web_purchase", "onsite_web_app_purchase",
             "offsite_conversion.fb_pixel_purchase")  # fmt: skip


def small_world() -> World:
    """64 days of two shops with a few orders per day, and every kind of change to ads."""
    return demo_world(seed=11, start=START, end=END, orders=3_000)


@dataclass
class Place:
    """A landing zone and a staging file of their own."""

    root: Path
    shop: str = "aurora"
    waits: list[float] = field(default_factory=list)
    readings: dict[str, dict[date, list[int]]] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)

    def known_as(self, server: SimulatorServer, **other: str) -> Account:
        books = server.world.ad_account(self.shop, "meta")
        named = {"account": books.id, "secret": books.token, "base_url": f"{server.url}/meta"} | other
        return Account("acme", "meta_ads", named["account"], named["base_url"], named["secret"])

    def pull(self, server: SimulatorServer, run_id: str = "run", **settings: Any) -> dict[str, Pulled]:
        """One pull; pauses are recorded instead of waited, requests are kept as they were sent."""
        known = {name: settings.pop(name) for name in ("account", "secret", "base_url") if name in settings}
        account = self.known_as(server, **known)
        transport = Transport((account.secret,), sleep=self.waits.append)
        transport.sent = self.sent.append
        version = settings.pop("version", VERSION)
        days, own = settings.pop("days", None), {"since": START} | settings
        with Staging(self.root / "staging.duckdb") as staging:
            landing = Landing(self.root / "landing")
            context = PullContext(account, landing, staging, run_id, transport, days=days)
            steps = pull(context, MetaAdsSettings(kind="meta_ads", account="1", secret="env:UNUSED", **own), version)
            try:
                return {result.stream: result for result in steps}
            finally:
                self.remember_readings(staging)

    def remember_readings(self, staging: Staging) -> None:
        """Add to `readings` when the days of each stream were read last."""
        for stream, day, at in staging.db.execute("select stream, day, as_of from takings.days_read").fetchall():
            instants = self.readings.setdefault(stream, {}).setdefault(day, [])
            if seconds(at) not in instants:
                instants.append(seconds(at))

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return staged.rows(self.root / "staging.duckdb", sql, values)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every staging table, in order, with its lineage."""
        return staged.tables(self.root / "staging.duckdb", "meta_ads", lineage=True)

    def as_of(self, stream: str) -> dict[date, int]:
        """When each day was read last."""
        rows = self.rows("select day, as_of from takings.days_read where stream = ?", [stream])
        return {day: seconds(at) for day, at in rows}


Readings = dict[date, list[int]]  # the instants at which each day was read


def shown(books: AdAccount, level: str, readings: Readings) -> dict[tuple[date, Node], tuple[AdStats, int]]:
    """Each object's day as it was reported last, and when: a deleted one keeps what it had before."""
    return {
        (day, node): (stats, at)
        for day, instants in readings.items() if day >= START
        for at in instants
        for node, stats in books.rows(level, day, at).items() if stats.impressions
    }  # fmt: skip


def ads(books: AdAccount, readings: Readings) -> list[tuple[Any, ...]]:
    """ads_insights as the books have them: each day as reported when it was read."""
    return sorted(
        (day, ad.id, ad.at_level(GROUP).id, ad.at_level(CAMPAIGN).id, ad.name(at), stats.spend, stats.impressions,
         stats.clicks, stats.link_clicks, stats.reach)
        for (day, ad), (stats, at) in shown(books, AD, readings).items()
    )  # fmt: skip


def campaigns(books: AdAccount, readings: Readings) -> list[tuple[Any, ...]]:
    """campaign_insights as the books have them: with the ads that were deleted."""
    return sorted(
        (day, campaign.id, campaign.name(at), stats.spend, stats.impressions, stats.clicks, stats.reach)
        for (day, campaign), (stats, at) in shown(books, CAMPAIGN, readings).items()
    )


def purchases(books: AdAccount, readings: Readings) -> list[tuple[Any, ...]]:
    """The purchases of ads_actions: the number and the value in micros by day, ad, type and window."""
    return sorted(
        (day, ad.id, kind, window, count, value or None)
        for (day, ad), (stats, _) in shown(books, AD, readings).items()
        for window, (count, value) in stats.purchases.items() if count
        for kind in PURCHASES
    )  # fmt: skip


def totals(books: AdAccount, as_of: dict[date, int]) -> list[tuple[Any, ...]]:
    """account_insights as the books have them."""
    by_day = [(day, books.total(day, at)) for day, at in sorted(as_of.items()) if day >= START]
    return [(day, stats.spend, stats.impressions, stats.clicks, stats.reach) for day, stats in by_day
            if stats and stats.impressions]  # fmt: skip


ADS = """select date_day, ad_id, ad_set_id, campaign_id, ad_name, spend_micros, impressions, clicks, link_clicks, reach
from meta_ads.ads_insights order by all"""
CAMPAIGNS = """select date_day, campaign_id, campaign_name, spend_micros, impressions, clicks, reach
from meta_ads.campaign_insights order by all"""
BOUGHT = """select date_day, ad_id, action_type, action_window, action_count::bigint, value_micros
from meta_ads.ads_actions where action_type like '%purchase%' order by all"""

TOTALS = "select date_day, spend_micros, impressions, clicks, reach from meta_ads.account_insights order by all"
