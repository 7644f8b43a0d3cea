"""The ad accounts of the demo world: for each shop one at Meta and one at TikTok, in zones of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from simulator.history import ShopHistory
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.ads.plan import Plan

ZONES = {  # account: (Meta, TikTok); a shop's own zone where none is named
    "aurora": ("America/Los_Angeles", "America/New_York"),
    "nordlicht": ("Europe/Berlin", "Etc/UTC"),
}
META_SHARE, TIKTOK_SHARE = range(0, 45), range(30, 55)  # of a hundred orders; both claim those from 30 to 44
TIKTOK_KINDS = ("auction", "gmv_max", "smart_plus", "gmv_max", "reservation")


def ad_accounts(histories: Sequence[ShopHistory], seed: int, start: date) -> list[AdAccount]:
    """Two accounts for each shop, in the shop's currency."""
    found = []
    for number, history in enumerate(histories, 1):
        shop = history.shop
        meta_zone, tiktok_zone = ZONES.get(shop.account, (shop.time_zone, shop.time_zone))
        for platform, zone, share, prefix, kinds in (
            ("meta", meta_zone, META_SHARE, 120_210_000_000_000_000, ("auction",)),
            ("tiktok", tiktok_zone, TIKTOK_SHARE, 1_780_000_000_000_000_000, TIKTOK_KINDS),
        ):
            plan = Plan(
                seed=f"{seed}:{shop.account}:{platform}",
                start=start,
                zone=ZoneInfo(zone),
                first_id=prefix + number * 10_000_000_000,
                kinds=kinds,
                purges=platform == "tiktok",
            )
            found.append(
                AdAccount(
                    platform=platform,
                    id=str((1_000_000_000_000_000 if platform == "meta" else 7_000_000_000_000_000_000) + number),
                    name=f"{shop.name} Ads",
                    currency=shop.currency,
                    time_zone=zone,
                    token=f"simulated_{platform}_{shop.account}",
                    history=history,
                    plan=plan,
                    share=share,
                    stores=(f"7495{number:015d}",) if platform == "tiktok" else (),
                )
            )
    return found
