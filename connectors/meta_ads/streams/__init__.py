"""What is asked of Meta, and the staging tables that it becomes. Data, no code.

Spend and its like stand at the grain (day, ad), actions in tables of their own: joined to spend they multiply it. The
account's own day holds what no ad explains: deleted ads have no rows, the account's total keeps them. Days are the
account's own; amounts are micros of its currency.
"""

from connectors.meta_ads.streams.insights import ACCOUNT_INSIGHTS, ADS_INSIGHTS, INSIGHTS
from connectors.meta_ads.streams.objects import ACCOUNT, AD_SETS, ADS, CAMPAIGNS, EDGES

# what the day cost in all comes first: it stands also where its parts cannot be had
STREAMS = (ACCOUNT, ACCOUNT_INSIGHTS, CAMPAIGNS, AD_SETS, ADS, ADS_INSIGHTS)

__all__ = [
    "ACCOUNT",
    "ACCOUNT_INSIGHTS",
    "ADS",
    "ADS_INSIGHTS",
    "AD_SETS",
    "CAMPAIGNS",
    "EDGES",
    "INSIGHTS",
    "STREAMS",
]
