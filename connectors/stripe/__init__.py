"""Stripe's API, version 2026-10-28.endive.

settings.py   its table in takings.toml
client.py     one GET request: key, version, pacing, and an error for each refusal
streams/      each stream's resource, and the tables that it fills
questions.py  what a pull asks staging
pages.py      lists by `created`, page by page
listing.py    one window of a stream: objects that events name, then a sweep by `created`
deletions.py  deleted objects
pull.py       the order of steps: check the key, read the events, then land, load, move the cursor

Data flow: balance transactions, charges, refunds, subscriptions, … -> landing zone -> schema `stripe` of the staging
file. Amounts stay in minor units, as Stripe gives them. Sync it alone: `takings pull --source stripe`.
"""

from connectors.connector import Connector
from connectors.stripe import pull
from connectors.stripe.settings import StripeSettings
from connectors.stripe.streams import STREAMS

CONNECTOR = Connector(
    kind="stripe",
    title="Stripe",
    settings=StripeSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="payments",
    key_is_account=True,
    identify=pull.identify,
    choices=("order_metadata_key",),
)

__all__ = ["CONNECTOR"]
