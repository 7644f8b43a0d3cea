"""The streams of Meta and their staging tables. Data, no code.

Spend, impressions and clicks have the grain (day, ad); actions have tables of their own, since a join would multiply
the spend. The reports of campaigns and of the account include deleted ads, which have no rows of their own. Days are
in the account's time zone; amounts are micros of its currency.
"""

from connectors.meta_ads.streams.insights import ACCOUNT_INSIGHTS, ADS_INSIGHTS, CAMPAIGN_INSIGHTS, INSIGHTS
from connectors.meta_ads.streams.objects import ACCOUNT, AD_SETS, ADS, CAMPAIGNS, EDGES

# the account's total comes first: it is loaded even where reports of ads fail
STREAMS = (ACCOUNT, ACCOUNT_INSIGHTS, CAMPAIGNS, AD_SETS, ADS, CAMPAIGN_INSIGHTS, ADS_INSIGHTS)

__all__ = [
    "ACCOUNT",
    "ACCOUNT_INSIGHTS",
    "ADS",
    "ADS_INSIGHTS",
    "AD_SETS",
    "CAMPAIGNS",
    "CAMPAIGN_INSIGHTS",
    "EDGES",
    "INSIGHTS",
    "STREAMS",
]
