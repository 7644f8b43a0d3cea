"""TikTok's Business API, version v1.3.

client.py     one request: token, pace, retries by error code; the envelope decides, errors have HTTP 200 too
streams/      each stream's requests, and the tables that it fills
questions.py  what a pull asks staging
pages.py      numbered pages of a list that may change while it is read
reports.py    daily reports in ranges of 30 days, halved when too large
guards.py     what may not vanish from a day that is read again
pull.py       the order of steps: check the advertiser, then land, load, move the cursor

Data flow: the advertiser, campaigns, ad groups, ads of every kind, daily insights of ads, of campaigns and of the
advertiser, GMV Max -> landing zone -> schema `tiktok_ads` of the staging file. Sync it alone:
`takings pull --source tiktok_ads`.
"""

from connectors.connector import Connector
from connectors.tiktok_ads import pull
from connectors.tiktok_ads.settings import TikTokAdsSettings
from connectors.tiktok_ads.streams import REPORTS, STREAMS

CONNECTOR = Connector(
    kind="tiktok_ads",
    title="TikTok Ads",
    settings=TikTokAdsSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="spend",
    restated=REPORTS,
)

__all__ = ["CONNECTOR"]
