"""The settings of a Stripe account in takings.toml."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from connectors.settings import KIND, Address, ApiSettings, Secret, address_of, secret_of

MetadataKey = Annotated[str, StringConstraints(pattern=r'^[^\[\]"\\]{1,40}$')]
StripeAccount = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]


class StripeSettings(ApiSettings):
    """A Stripe account."""

    default_address: ClassVar[str] = "https://api.stripe.com"
    kind: Literal["stripe"] = Field(description=KIND)
    account: StripeAccount = Field(
        description="The account's id, or a name of your own. It stays bound to the "
        "Stripe account that was pulled first: a key of another account is refused."
    )
    secret: Secret = secret_of("the restricted key")
    base_url: Address | None = address_of(default_address)
    test_mode: bool = Field(
        default=False,
        description="Read test payments with a test-mode key; without this setting such a key is refused.",
    )
    order_metadata_key: MetadataKey = Field(
        default="order_id",
        description="The key of a charge's metadata that names its order: by Shopify's id, its gid, or the order's "
        "name.",
    )
