"""What is asked of TikTok, and the staging tables that it becomes. Data, no code.

Spend comes from two reports that do not overlap: the integrated one (auction with Smart+, reservation) and that of
GMV Max, whose `cost` is ad spend too. Each has the advertiser's own day beside its rows, which holds what no ad and no
campaign explains. Days are the advertiser's own; amounts are micros of its currency.
"""

from connectors.tiktok_ads.streams.insights import (
    ADS_INSIGHTS,
    ADVERTISER_INSIGHTS,
    GMV_MAX_INSIGHTS,
    GMV_MAX_TOTALS,
    REPORTS,
)
from connectors.tiktok_ads.streams.objects import AD_GROUPS, ADS, ADVERTISER, CAMPAIGNS, LISTS

STREAMS = (  # what the day cost in all comes first: it stands also where its parts cannot be had
    ADVERTISER,
    ADVERTISER_INSIGHTS,
    GMV_MAX_TOTALS,
    CAMPAIGNS,
    AD_GROUPS,
    ADS,
    ADS_INSIGHTS,
    GMV_MAX_INSIGHTS,
)

__all__ = [
    "ADS",
    "ADS_INSIGHTS",
    "ADVERTISER",
    "ADVERTISER_INSIGHTS",
    "AD_GROUPS",
    "CAMPAIGNS",
    "GMV_MAX_INSIGHTS",
    "GMV_MAX_TOTALS",
    "LISTS",
    "REPORTS",
    "STREAMS",
]
