"""Shopify's Admin API, version 2026-10.

settings.py      its table in takings.toml
client.py        one request: authentication, pacing by the cost bucket, errors by how to recover
streams/         the requests and the tables they become
bulk.py pages.py search.py   the two ways in: a bulk operation for the first load, pages for later changes
questions.py     what a pull asks staging
pull.py          the order of these steps: check the shop, land, load, move the cursor

Orders with their ledger (agreements and sales), customers, products -> landing zone -> schema `shopify` of the staging
file. `takings pull --source shopify` syncs it alone.
"""

from connectors.connector import Connector
from connectors.shopify import pull
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.streams import STREAMS

CONNECTOR = Connector(
    kind="shopify",
    title="Shopify",
    settings=ShopifySettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="orders",
    identify=pull.identify,
)

__all__ = ["CONNECTOR"]
