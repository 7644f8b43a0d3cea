"""Meta's Marketing API, version v26.0.

client.py     one request: token, version, retries by error code, pacing by the usage headers
errors.py     what to do about an error, by its code and subcode
streams/      each stream's fields, and the tables that it fills
reports.py    insights of a range of days: at once, or by an asynchronous run; halved when too large
runs.py       asynchronous runs, within one deadline per report
questions.py  what a pull asks staging
guards.py     what may not vanish from a day that is read again
pull.py       the order of steps: check the account, then land, load, move the cursor

Data flow: the account, campaigns, ad sets, ads, daily insights of ads, of campaigns and of the account, actions apart
-> landing zone -> schema `meta_ads` of the staging file. Sync it alone: `takings pull --source meta_ads`.
"""

from connectors.connector import Connector
from connectors.meta_ads import pull
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.meta_ads.streams import INSIGHTS, STREAMS

CONNECTOR = Connector(
    kind="meta_ads",
    title="Meta Ads",
    settings=MetaAdsSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="spend",
    restated=frozenset(INSIGHTS),
    choices=("purchase_action", "attribution_window"),
)

__all__ = ["CONNECTOR"]
