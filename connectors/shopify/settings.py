"""The settings of a shop in takings.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from connectors.settings import KIND, Address, ApiSettings, Name, Secret, secret_of

Channel = Literal[
    "Online store", "Point of sale", "Draft orders", "Subscription renewals", "Mobile apps", "Marketplaces",
    "Partnerships", "API orders", "Other channels",
]  # fmt: skip
"""A sales channel of the seed `channels`, which gives each its source of revenue."""
SalesChannels = Annotated[
    dict[str, Channel],
    Field(
        description="The channel of orders with this `sourceName` at Shopify (a name, or the number of an app). It "
        "comes before what the seed `channels` says; a name that neither has is `Marketplaces` where Shopify says so "
        "of the order, else `Other channels`."
    ),
]


class ShopifySettings(ApiSettings):
    """A shop."""

    kind: Literal["shopify"] = Field(description=KIND)
    account: Name = Field(description="The shop: `<account>.myshopify.com`. Each account is configured once.")
    secret: Secret = secret_of("the app's token")
    base_url: Address | None = Field(
        default=None,
        description="Another server that speaks the same API, or a shop that has moved. "
        "Without it: `https://<account>.myshopify.com`.",
    )
    client_id: str | None = Field(
        default=None,
        description="For apps with the client credentials grant; then `secret` is the client secret.",
    )

    def address(self, config_folder: Path) -> str:
        del config_folder
        return self.base_url or f"https://{self.account}.myshopify.com"
