"""The settings of a Meta ad account in takings.toml."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from connectors.settings import KIND, AdAccount, Address, AdSettings, Secret, address_of, first_day, secret_of

ActionType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,99}$")]


class MetaAdsSettings(AdSettings):
    """An ad account at Meta."""

    default_address: ClassVar[str] = "https://graph.facebook.com"
    kind: Literal["meta_ads"] = Field(description=KIND)
    account: AdAccount = Field(description="The ad account's number, without `act_`.")
    secret: Secret = secret_of("the system user's token with ads_read")
    base_url: Address | None = address_of(default_address)
    since: date | None = first_day("all that Meta keeps, 37 months")
    purchase_action: ActionType | None = Field(
        default=None,
        description="The one action type that counts as a purchase. Without it omni_purchase where the account has "
        "ever reported it, else purchase.",
    )
    attribution_window: Literal["default", "1d_click", "7d_click", "28d_click", "1d_view"] = Field(
        default="default",
        description="Which purchases count; `default` is the account's own setting.",
    )
