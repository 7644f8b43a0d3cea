"""Shopify's Admin API, version 2026-10.

client.py    one request: authentication, pacing by the cost bucket, errors by what to do about them
streams/     what is asked for, and the tables it becomes
bulk.py pages.py   the two ways in: a bulk operation for the first load, pages for what changed since
pull.py      the order of it all: check the shop, land, load, move the cursor

The data's way: orders with their ledger (agreements and sales), customers, products -> landing zone -> schema
`shopify` of the staging file. `takings pull` runs it alone.
"""

from connectors.connector import Connector
from connectors.shopify import pull
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.streams import STREAMS

CONNECTOR = Connector(
    kind="shopify",
    settings=ShopifySettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="orders",
)

__all__ = ["CONNECTOR"]
