"""The settings of a TikTok advertiser in takings.toml."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from connectors.settings import KIND, AdAccount, Address, AdSettings, Secret, address_of, first_day, secret_of


class TikTokAdsSettings(AdSettings):
    """An advertiser at TikTok."""

    default_address: ClassVar[str] = "https://business-api.tiktok.com"
    kind: Literal["tiktok_ads"] = Field(description=KIND)
    account: AdAccount = Field(description="The advertiser's id.")
    secret: Secret = secret_of("the access token")
    base_url: Address | None = address_of(default_address)
    since: date | None = first_day("two years back")
    queries_a_second: int = Field(
        default=8,
        ge=1,
        le=1000,
        description="The most requests per second. TikTok allows an app 10 (Basic), 20 (Advanced), 30 (Premium): "
        "stay below.",
    )
