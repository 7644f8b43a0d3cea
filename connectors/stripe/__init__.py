"""Stripe's API, version 2026-10-28.endive.

client.py    one request: key, version, pacing, errors by what to do about them
streams/     what is asked for, and the tables it becomes
listing.py   a window of a stream: what events say has changed, fetched anew, and a sweep by `created` besides
pull.py      the order of it all: check the key, read the events, land, load, move the cursor

The data's way: balance transactions, charges, refunds, subscriptions, … -> landing zone -> schema `stripe` of the
staging file. Amounts stay minor units, as Stripe gives them. `takings pull` runs it alone.
"""

from connectors.connector import Connector
from connectors.stripe import pull
from connectors.stripe.settings import StripeSettings
from connectors.stripe.streams import STREAMS

CONNECTOR = Connector(
    kind="stripe",
    settings=StripeSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="payments",
    key_is_account=True,
)

__all__ = ["CONNECTOR"]
