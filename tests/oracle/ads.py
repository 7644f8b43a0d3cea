"""Spend, impressions, clicks, purchases and their value from the books of the ad accounts: by ad and day, and in total.

Each day is as the platform reported it when a pull read it last. The first pull reads all days, a later one the days
since the pull before it and the 28 days before that, the first one of a month 13 months. An ad or a campaign that the
platform no longer shows then is as it was shown last. A campaign has the platform's own figure: what its ads do not
explain is a row of the campaign. ``pulls`` are the instants of the pulls, oldest first. Amounts are micros of the
account's currency, days are those of the account's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulator import World
from simulator.scenarios.ads.books import AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, GROUP, Node
from simulator.world import seconds
from tests.oracle.marts import Row, Table

LOOKBACK, THIRTEEN_MONTHS = timedelta(days=28), timedelta(days=396)
PLATFORMS = {"meta": ("meta_ads", "Meta"), "tiktok": ("tiktok_ads", "TikTok")}
BY_AD = ("auction", "reservation", "smart_plus")  # GMV Max has its own report, by campaign, without ads
GMV_MAX = "gmv_max"
UNALLOCATED = "(deleted or unallocated)"
MEASURES = ("spend_micros", "impressions", "clicks", "purchases", "purchase_value_micros")
Key = tuple[str, str | None, str | None, str | None, date]  # platform, campaign, ad set, ad, day
Pulls = Sequence[datetime]


def readings(day: date, account: AdAccount, pulls: Pulls) -> list[int]:
    """The instants at which pulls read a day, oldest first."""
    instants, before = [], date.max
    for pull in map(seconds, pulls):
        today = account.plan.day(pull)
        new_month = (before.year, before.month) != (today.year, today.month)
        first = date.min if before == date.max else before - (THIRTEEN_MONTHS if new_month else LOOKBACK)
        if first <= day <= today:
            instants.append(pull)
        before = today
    return instants


def stats_row(stats: AdStats) -> Row:
    """The measures of a row; purchases are of one action type, in the account's default window."""
    count, value = stats.purchases.get("default", (0, 0))
    amounts = (stats.spend, stats.impressions, stats.clicks, count, value)
    return dict(zip(MEASURES, amounts, strict=True))


def gmv_max_row(stats: AdStats) -> Row:
    """GMV Max counts as spend only: its orders are those of the TikTok shop, not of this one."""
    return dict.fromkeys(MEASURES, 0) | {"spend_micros": stats.spend}


def _less(total: Row, parts: Iterable[Row]) -> Row:
    for part in parts:
        total = {name: total[name] - part[name] for name in MEASURES}
    return total


@dataclass(frozen=True)
class AccountDay:
    """A day of an account as it was read last, at ``at``; it was read before at the instants ``earlier``."""

    account: AdAccount
    day: date
    at: int
    earlier: tuple[int, ...] = ()

    def shown(self, level: str, kinds: Sequence[str] = BY_AD) -> dict[Node, AdStats]:
        """Each object's statistics when it was shown last."""
        stats: dict[Node, AdStats] = {}
        for instant in (*self.earlier, self.at):
            stats |= self.account.rows(level, self.day, instant, kinds)
        return stats

    def total(self) -> Row:
        """The account's own total, which no breakdown changes."""
        account_total = self.account.total(self.day, self.at, BY_AD)
        rows = [stats_row(account_total)] if account_total else []
        rows += [gmv_max_row(stats) for stats in self._gmv_max().values()]
        return {name: sum(row[name] for row in rows) for name in MEASURES}

    def _gmv_max(self) -> dict[Node, AdStats]:
        shown, hidden = (
            self.account.rows(CAMPAIGN, self.day, self.at, [GMV_MAX], visible) for visible in (True, False)
        )
        return {**shown, **hidden}

    def rows(self, level: str = AD) -> dict[tuple[str | None, str | None, str | None], Row]:
        """Rows by (campaign, ad set, ad).

        The part of a campaign that no row of the level explains has None as ad set and ad; the part of the account that
        no campaign explains has three times None.
        """
        rows: dict[tuple[str | None, str | None, str | None], Row] = {}
        for node, stats in self.shown(level).items():
            campaign, group, ad = ([*(parent.id for parent in node.path), None, None])[:3]
            rows[campaign, group, ad] = stats_row(stats)
        for node, stats in self.shown(CAMPAIGN).items():
            inside = [row for key, row in rows.items() if key[0] == node.id]
            if any((rest := _less(stats_row(stats), inside)).values()):
                rows[node.id, None, None] = rest
        for node, stats in self.shown(CAMPAIGN, [GMV_MAX]).items():
            rows[node.id, None, None] = gmv_max_row(stats)
        if any((rest := _less(self.total(), rows.values())).values()):
            rows[None, None, None] = rest
        return rows


def days(account: AdAccount, pulls: Pulls) -> list[AccountDay]:
    """The days that the pulls have read."""
    until_now = account.days(seconds(pulls[-1]))
    read = ((day, readings(day, account, pulls)) for day in until_now)
    return [AccountDay(account, day, instants[-1], tuple(instants[:-1])) for day, instants in read if instants]


def spend(world: World, account: str, pulls: Pulls, level: str = AD) -> dict[Key, Row]:
    """The rows of the mart ``spend``; a part that no ad explains has no ad set and ad."""
    return {
        (name, *key, day.day): row
        for platform, (_, name) in PLATFORMS.items()
        for day in days(world.ad_account(account, platform), pulls)
        for key, row in day.rows(level).items()
        if any(row.values())
    }


def names(world: World, account: str, pulls: Pulls) -> dict[str, str]:
    """The names of campaigns, ad sets and ads at the last pull, by id."""
    at, by_id = seconds(pulls[-1]), dict[str, str]()
    for platform in PLATFORMS:
        for level in (CAMPAIGN, GROUP, AD):
            for node in world.ad_account(account, platform).nodes(level, at):
                by_id[node.id] = node.name(at)
    return by_id


def gmv_max_campaigns(world: World, account: str, pulls: Pulls) -> set[str]:
    """The ids of GMV Max campaigns, which have no ads."""
    nodes = world.ad_account(account, "tiktok").nodes(CAMPAIGN, seconds(pulls[-1]))
    return {node.id for node in nodes if node.kind == GMV_MAX}


def minor(micros: int, exponent: int) -> int:
    """Micros as minor units, rounded half up."""
    unit = int(10 ** (6 - exponent))
    return (2 * micros + unit) // (2 * unit)


def marketing_daily(world: World, account: str, pulls: Pulls) -> dict[tuple[date, str], Row]:
    """The marketing family of ``metrics_daily`` by (day, channel): each account's total of a day, rounded once."""
    table: Table[tuple[date, str]] = Table()
    for platform, (_, name) in PLATFORMS.items():
        ads = world.ad_account(account, platform)
        for day in days(ads, pulls):
            total, exponent = day.total(), ads.history.shop.exponent
            row = table[day.day, f"{name} Ads"]
            row["ad_spend_minor"] = minor(total["spend_micros"], exponent)
            row["platform_purchase_value_minor"] = minor(total["purchase_value_micros"], exponent)
            row |= {"impressions": total["impressions"], "clicks": total["clicks"]}
            row["platform_purchases"] = total["purchases"]
    return table.rows()
