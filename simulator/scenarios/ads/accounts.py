"""The ad accounts of the demo world: one at Meta and one at TikTok per shop, in their own time zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from simulator.history import ShopHistory
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.ads.plan import Plan

ZONES = {  # shop: (Meta, TikTok); other shops use their own zone
    "aurora": ("America/Los_Angeles", "America/New_York"),
    "nordlicht": ("Europe/Berlin", "Etc/UTC"),
}
META_SHARE, TIKTOK_SHARE = range(0, 45), range(30, 55)  # of a hundred orders; both report those from 30 to 44
TIKTOK_KINDS = ("auction", "gmv_max", "smart_plus", "gmv_max", "reservation")


def ad_accounts(histories: Sequence[ShopHistory], seed: int, start: date) -> list[AdAccount]:
    """Two accounts per shop, in the shop's currency."""
    accounts = []
    for number, history in enumerate(histories, 1):
        shop = history.shop
        meta_zone, tiktok_zone = ZONES.get(shop.account, (shop.time_zone, shop.time_zone))
        for platform, zone, share, first_account, first_id, kinds, stores in (
            ("meta", meta_zone, META_SHARE, 10**15, 120_210_000_000_000_000, ("auction",), ()),
            ("tiktok", tiktok_zone, TIKTOK_SHARE, 7 * 10**18, 178 * 10**16, TIKTOK_KINDS, (f"7495{number:015d}",)),
        ):
            plan = Plan(
                seed=f"{seed}:{shop.account}:{platform}",
                start=start,
                zone=ZoneInfo(zone),
                first_id=first_id + number * 10_000_000_000,
                kinds=kinds,
                purges=platform == "tiktok",
            )
            accounts.append(
                AdAccount(
                    platform=platform,
                    id=str(first_account + number),
                    name=f"{shop.name} Ads",
                    currency=shop.currency,
                    time_zone=zone,
                    token=f"simulated_{platform}_{shop.account}",
                    history=history,
                    plan=plan,
                    share=share,
                    stores=stores,
                )
            )
    return accounts
