"""The streams of TikTok and their staging tables. Data, no code.

Spend comes from two reports that do not overlap: the integrated one (auction with Smart+, reservation) and that of
GMV Max, whose `cost` is ad spend too. Each has also a report of the advertiser, which includes the spend that no ad
and no campaign explains. Days are in the advertiser's time zone; amounts are micros of its currency.
"""

from connectors.tiktok_ads.streams.insights import (
    ADS_INSIGHTS,
    ADVERTISER_INSIGHTS,
    CAMPAIGN_INSIGHTS,
    GMV_MAX_INSIGHTS,
    GMV_MAX_TOTALS,
    REPORTS,
)
from connectors.tiktok_ads.streams.objects import AD_GROUPS, ADS, ADVERTISER, CAMPAIGNS, LISTS

STREAMS = (  # totals come first: they are loaded even where reports of ads fail
    ADVERTISER,
    ADVERTISER_INSIGHTS,
    GMV_MAX_TOTALS,
    CAMPAIGNS,
    AD_GROUPS,
    ADS,
    CAMPAIGN_INSIGHTS,
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
    "CAMPAIGN_INSIGHTS",
    "GMV_MAX_INSIGHTS",
    "GMV_MAX_TOTALS",
    "LISTS",
    "REPORTS",
    "STREAMS",
]
