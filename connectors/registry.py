"""Every source that Takings knows. A new one is a folder with a CONNECTOR, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from connectors import files, meta_ads, shopify, stripe, tiktok_ads
from connectors.base import Stream
from connectors.connector import Connector

CONNECTORS: tuple[Connector, ...] = (
    shopify.CONNECTOR,
    stripe.CONNECTOR,
    meta_ads.CONNECTOR,
    tiktok_ads.CONNECTOR,
    files.CONNECTOR,
)
BY_KIND: Mapping[str, Connector] = {connector.kind: connector for connector in CONNECTORS}
KINDS = tuple(BY_KIND)
STREAMS: Mapping[str, tuple[Stream, ...]] = {connector.kind: connector.streams for connector in CONNECTORS}
