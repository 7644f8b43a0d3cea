"""Spend, impressions, clicks, purchases and their value from the ad accounts' books: by ad and day, and in total.

An account is not read as it stands now but as it was told when it was last read: the first pull reads all of it, each
later one the days since the pull before it and the 28 days before that, the first one of a month 13 months.  ``pulls``
are their instants, oldest first.  Amounts are micros of the account's currency, days the account's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulator import World
from simulator.scenarios.ads.books import AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, GROUP, Node
from simulator.world import seconds
from tests.oracle.marts import Row, Table

LOOKBACK, THIRTEEN_MONTHS = timedelta(days=28), timedelta(days=396)
PLATFORMS = {"meta": ("meta_ads", "Meta"), "tiktok": ("tiktok_ads", "TikTok")}
BY_AD = ("auction", "reservation", "smart_plus")  # GMV Max has a report of its own, by campaign, without ads
GMV_MAX = "gmv_max"
NOBODY = "(deleted or unallocated)"
MEASURES = ("spend_micros", "impressions", "clicks", "purchases", "purchase_value_micros")
Key = tuple[str, str | None, str | None, str | None, date]  # platform, campaign, ad set, ad, day
Pulls = Sequence[datetime]


def read_at(day: date, account: AdAccount, pulls: Pulls) -> int | None:
    """When a day was last read; None when no pull has reached it."""
    found, before = None, date.max
    for pull in map(seconds, pulls):
        today = account.plan.day(pull)
        is_new = (before.year, before.month) != (today.year, today.month)
        first = date.min if before == date.max else before - (THIRTEEN_MONTHS if is_new else LOOKBACK)
        if first <= day <= today:
            found = pull
        before = today
    return found


def told(numbers: AdStats) -> Row:
    """What the platform says of a row; one action type, in the account's own window."""
    count, value = numbers.purchases.get("default", (0, 0))
    amounts = (numbers.spend, numbers.impressions, numbers.clicks, count, value)
    return dict(zip(MEASURES, amounts, strict=True))


def told_of_gmv_max(numbers: AdStats) -> Row:
    """GMV Max is spend and nothing else: its orders are the platform's own shop's, no completed payment of ours."""
    return dict.fromkeys(MEASURES, 0) | {"spend_micros": numbers.spend}


@dataclass(frozen=True)
class Day:
    """An account's day as it was last read."""

    account: AdAccount
    day: date
    at: int

    def total(self) -> Row:
        """The account's own total: the control."""
        found = dict.fromkeys(MEASURES, 0)
        whole = self.account.total(self.day, self.at, BY_AD)
        for row in ([told(whole)] if whole else []) + [told_of_gmv_max(each) for each in self._gmv_max().values()]:
            found = {name: found[name] + row[name] for name in MEASURES}
        return found

    def _gmv_max(self) -> dict[Node, AdStats]:
        shown, hidden = (self.account.rows(CAMPAIGN, self.day, self.at, [GMV_MAX], each) for each in (True, False))
        return {**shown, **hidden}

    def rows(self, level: str = AD) -> dict[tuple[str | None, str | None, str | None], Row]:
        """(campaign, ad set, ad) to what is told of it; what no row explains stands under nobody."""
        found: dict[tuple[str | None, str | None, str | None], Row] = {}
        for node, numbers in self.account.rows(level, self.day, self.at, BY_AD).items():
            campaign, group, ad = ([*(each.id for each in node.path), None, None])[:3]
            found[campaign, group, ad] = told(numbers)
        for node, numbers in self.account.rows(CAMPAIGN, self.day, self.at, [GMV_MAX]).items():
            found[node.id, None, None] = told_of_gmv_max(numbers)
        left = self.total()
        for row in found.values():
            left = {name: left[name] - row[name] for name in MEASURES}
        if any(left.values()):
            found[None, None, None] = left
        return found


def days(account: AdAccount, pulls: Pulls) -> list[Day]:
    every = account.days(seconds(pulls[-1]))
    return [Day(account, day, at) for day in every if (at := read_at(day, account, pulls)) is not None]


def spend(world: World, account: str, pulls: Pulls, level: str = AD) -> dict[Key, Row]:
    """The mart ``spend``; the rest that no ad explains has no campaign, ad set and ad."""
    return {
        (name, *key, each.day): row
        for platform, (_, name) in PLATFORMS.items()
        for each in days(world.ad_account(account, platform), pulls)
        for key, row in each.rows(level).items()
        if any(row.values())
    }


def names(world: World, account: str, pulls: Pulls) -> dict[str, str]:
    """Id of a campaign, ad set or ad to its name at the last pull."""
    at, found = seconds(pulls[-1]), dict[str, str]()
    for platform in PLATFORMS:
        for level in (CAMPAIGN, GROUP, AD):
            for node in world.ad_account(account, platform).nodes(level, at):
                found[node.id] = node.name(at)
    return found


def minor(micros: int, exponent: int) -> int:
    """Micros to minor units, rounded half up once."""
    unit = int(10 ** (6 - exponent))
    return (2 * micros + unit) // (2 * unit)


def marketing_daily(world: World, account: str, pulls: Pulls) -> dict[tuple[date, str], Row]:
    """(day, channel) to the marketing family of ``metrics_daily``: each account's day total, rounded once."""
    table: Table[tuple[date, str]] = Table()
    for platform, (_, name) in PLATFORMS.items():
        of = world.ad_account(account, platform)
        for each in days(of, pulls):
            total, exponent = each.total(), of.history.shop.exponent
            row = table[each.day, f"{name} Ads"]
            row["ad_spend_minor"] = minor(total["spend_micros"], exponent)
            row["platform_purchase_value_minor"] = minor(total["purchase_value_micros"], exponent)
            row |= {"impressions": total["impressions"], "clicks": total["clicks"]}
            row["platform_purchases"] = total["purchases"]
    return table.done()
