"""Every source that Takings knows. A new one is a folder with a CONNECTOR, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from connectors import collector, files, meta_ads, postgres, shopify, stripe, tiktok_ads
from connectors.base import Stream
from connectors.connector import Connector
from connectors.sync.staging import Staging

CONNECTORS: tuple[Connector, ...] = (
    shopify.CONNECTOR,
    stripe.CONNECTOR,
    meta_ads.CONNECTOR,
    tiktok_ads.CONNECTOR,
    files.CONNECTOR,
    postgres.CONNECTOR,
    collector.CONNECTOR,
)
BY_KIND: Mapping[str, Connector] = {connector.kind: connector for connector in CONNECTORS}
KINDS = tuple(BY_KIND)
STREAMS: Mapping[str, tuple[Stream, ...]] = {connector.kind: connector.streams for connector in CONNECTORS}


def prepare_schemas(staging: Staging) -> None:
    """Create the tables of every source, also of those without an account: each dbt model finds what it reads."""
    for connector in CONNECTORS:
        staging.prepare(connector.kind, connector.streams, connector.choices)
