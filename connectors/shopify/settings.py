"""The settings of a shop in takings.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from connectors.settings import KIND, Address, ApiSettings, Name, Secret, secret_of


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
