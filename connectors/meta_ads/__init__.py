"""Meta's Marketing API, version v26.0.

client.py     one request: token, version, patience by code, pacing by the usage headers
judgement.py  what an error's code and subcode ask of us
streams/      what is asked for, and the tables it becomes
reports.py    insights of a range of days: at once, or by an asynchronous run; halved when they are too much
pull.py       the order of it all: check the account, land, load, move the cursor

The data's way: the account, campaigns, ad sets, ads, daily insights of ads and of the account, actions apart ->
landing zone -> schema `meta_ads` of the staging file. `takings pull` runs it alone.
"""

from connectors.connector import Connector
from connectors.meta_ads import pull
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.meta_ads.streams import INSIGHTS, STREAMS

CONNECTOR = Connector(
    kind="meta_ads",
    settings=MetaAdsSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="spend",
    restated=frozenset(INSIGHTS),
    choices=("purchase_action", "attribution_window"),
)

__all__ = ["CONNECTOR"]
