"""The sources of takings.toml: a table for each kind, with what only that kind has."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Secret = Annotated[str, StringConstraints(pattern=r"^(env|file):.+$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
StripeAccount = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
ActionType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,99}$")]


def _digits(value: object) -> object:
    """An ad account's number as text. One form only: act_12 and 12 would be two accounts, and count twice."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.startswith("act_"):
        raise ValueError(f"write the number alone: {value.removeprefix('act_')!r}, without 'act_'")
    return value


AdAccount = Annotated[str, BeforeValidator(_digits), StringConstraints(pattern=r"^[0-9]{1,25}$")]


class Table(BaseModel):
    """A table of takings.toml: what nobody declared is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ShopifySettings(Table):
    """A shop."""

    kind: Literal["shopify"]
    account: Name
    secret: Secret
    base_url: Address | None = None
    client_id: str | None = None

    @property
    def address(self) -> str:
        return self.base_url or f"https://{self.account}.myshopify.com"

    def options(self) -> dict[str, Any]:
        """What its pull is told besides the account."""
        return {}


class StripeSettings(Table):
    """A Stripe account."""

    kind: Literal["stripe"]
    account: StripeAccount
    secret: Secret
    base_url: Address | None = None
    test_mode: bool = False

    @property
    def address(self) -> str:
        return self.base_url or "https://api.stripe.com"

    def options(self) -> dict[str, Any]:
        return {"test_mode": self.test_mode}


class _AdSettings(Table):
    account: AdAccount
    secret: Secret
    base_url: Address | None = None
    since: date | None = None
    lookback_days: int = Field(default=28, ge=0, le=395)


class MetaAdsSettings(_AdSettings):
    """An ad account at Meta."""

    kind: Literal["meta_ads"]
    purchase_action: ActionType | None = None
    attribution_window: Literal["default", "1d_click", "7d_click", "28d_click", "1d_view"] = "default"

    @property
    def address(self) -> str:
        return self.base_url or "https://graph.facebook.com"

    def options(self) -> dict[str, Any]:
        return {"since": self.since, "lookback_days": self.lookback_days}


class TikTokAdsSettings(_AdSettings):
    """An advertiser at TikTok."""

    kind: Literal["tiktok_ads"]
    queries_a_second: int = Field(default=8, ge=1, le=1000)

    @property
    def address(self) -> str:
        return self.base_url or "https://business-api.tiktok.com"

    def options(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "lookback_days": self.lookback_days,
            "queries_a_second": float(self.queries_a_second),
        }


class FilesSettings(Table):
    """A folder of events, operating expenses and bank balances."""

    kind: Literal["files"]
    account: Name
    path: Path

    def options(self) -> dict[str, Any]:
        return {}


SourceSettings = Annotated[
    ShopifySettings | StripeSettings | MetaAdsSettings | TikTokAdsSettings | FilesSettings,
    Field(discriminator="kind"),
]
KINDS = ("shopify", "stripe", "meta_ads", "tiktok_ads", "files")
COUNTED = {
    "shopify": "orders",
    "stripe": "payments",
    "meta_ads": "spend",
    "tiktok_ads": "spend",
    "files": "events",
}
