"""What the APIs of Meta and TikTok share: the ad accounts of a platform, and the rows of their reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from simulator.apis.base import Api
from simulator.books import Instant
from simulator.scenarios.ads.books import ACCOUNT, KINDS, AdAccount, AdStats
from simulator.scenarios.ads.plan import Node


@dataclass
class AdApi(Api):
    """An API over the ad accounts of one platform."""

    platform: ClassVar[str]

    def accounts(self) -> list[AdAccount]:
        return [account for account in self.world.ads if account.platform == self.platform]

    def accounts_of(self, token: str) -> list[AdAccount]:
        return [account for account in self.accounts() if account.token == token]

    def account(self, identifier: str) -> AdAccount | None:
        return next((account for account in self.accounts() if account.id == identifier), None)


def reported_days(account: AdAccount, first: date, last: date, at: Instant) -> list[date]:
    """The days of a range for which the account has data at an instant."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if account.plan.start <= day <= account.plan.day(at)]


def delivered_rows(
    account: AdAccount, level: str, day: date, at: Instant, kinds: Collection[str] = KINDS
) -> Iterator[tuple[Node | None, AdStats]]:
    """The rows of a day with impressions. The account's own row has no node, and counts deleted ads too."""
    if level == ACCOUNT:
        total = account.total(day, at, kinds)
        if total is not None and total.impressions:
            yield None, total
        return
    for node, stats in account.rows(level, day, at, kinds).items():
        if stats.impressions:
            yield node, stats
