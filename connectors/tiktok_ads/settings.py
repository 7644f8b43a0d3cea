"""The settings of a TikTok advertiser in takings.toml."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from connectors.settings import KIND, AdAccount, Address, AdSettings, Secret, secret_of


class TikTokAdsSettings(AdSettings):
    """An advertiser at TikTok."""

    default_address: ClassVar[str] = "https://business-api.tiktok.com"
    kind: Literal["tiktok_ads"] = Field(description=KIND)
    account: AdAccount = Field(description="The advertiser's id.")
    secret: Secret = secret_of("the access token")
    base_url: Address | None = Field(
        default=None,
        description="Another server that speaks the same API. Without it: `https://business-api.tiktok.com`.",
    )
    since: date | None = Field(
        default=None,
        description="The first day to read. Without it two years back. When it is moved back, the next pull reads "
        "the days before.",
    )
    queries_a_second: int = Field(
        default=8,
        ge=1,
        le=1000,
        description="The most requests per second. TikTok allows an app 10 (Basic), 20 (Advanced), 30 (Premium): "
        "stay below.",
    )
