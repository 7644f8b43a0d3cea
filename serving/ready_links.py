"""Links for questions that are asked again and again: an open one is used before a new one fills the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.presets import Days
from serving import links
from serving.keys import Keys
from serving.ledger import Ledger
from serving.links import Link


@dataclass(frozen=True)
class Wish:
    """Which report of which tenant, over fixed days or a period that moves, made by whom."""

    report: str
    tenant: str
    by: str
    days: Days | None = None
    rolling: str | None = None


def ready_link(
    keys: Keys, ledger: Ledger, wish: Wish, lifetime: timedelta, now: datetime, least: timedelta = timedelta(0)
) -> Link:
    """An open link of `wish` that opens for longer than `least`; without one, a new link in the ledger."""
    for entry in ledger.live(now, wish.tenant):
        link = entry.link
        known = (link.report, link.tenant, entry.made_by, link.days, link.rolling)
        if known == (wish.report, wish.tenant, wish.by, wish.days, wish.rolling) and link.expiry - now > least:
            return link
    link = links.new(keys, wish.report, wish.tenant, wish.days, wish.rolling, lifetime=lifetime, now=now)
    ledger.add(link, wish.by, now)
    return link
