"""TikTok's Business API, version v1.3.

client.py     one request: token, pace, patience by code; the envelope decides, HTTP says 200 to errors too
streams/      what is asked for, and the tables it becomes
pages.py      numbered pages of a list that may move while it is read
reports.py    daily reports in ranges of 30 days, halved when they are too large
pull.py       the order of it all: check the advertiser, land, load, move the cursor

The data's way: the advertiser, campaigns, ad groups, ads of every kind, daily insights of ads and of the advertiser,
GMV Max -> landing zone -> schema `tiktok_ads` of the staging file. `takings pull` runs it alone.
"""

from connectors.connector import Connector
from connectors.tiktok_ads import pull
from connectors.tiktok_ads.settings import TikTokAdsSettings
from connectors.tiktok_ads.streams import REPORTS, STREAMS

CONNECTOR = Connector(
    kind="tiktok_ads",
    settings=TikTokAdsSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="spend",
    restated=REPORTS,
)

__all__ = ["CONNECTOR"]
