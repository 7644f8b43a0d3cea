"""The table of takings.toml about a tenant."""

from __future__ import annotations

from decimal import Decimal
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated
from zoneinfo import available_timezones

from pydantic import Field, StringConstraints, field_validator

from connectors.registry import CONNECTORS
from connectors.settings import Name, SourceSettings, Table
from connectors.shopify.settings import SalesChannels
from orchestration.alert_settings import AlertChannelSettings, each_channel_once
from orchestration.api_settings import ApiSettings
from orchestration.brand_settings import BrandSettings
from orchestration.chat_settings import TenantChatSettings
from orchestration.delivery_settings import DeliverySettings, each_once
from orchestration.server_settings import LoginSettings, ShareSettings

known_zones = cache(available_timezones)  # it looks through a folder
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Target = Annotated[Decimal, Field(max_digits=20, decimal_places=6, allow_inf_nan=False)]
if TYPE_CHECKING:
    AnySource = SourceSettings
else:  # the registry's settings, distinguished by `kind`: a union that no type checker can follow
    _union = reduce(or_, (connector.settings for connector in CONNECTORS))
    AnySource = Annotated[_union, Field(discriminator="kind")]


class TenantSettings(Table):
    """Who looks at their own numbers: zone and reporting currency decide days and amounts."""

    id: Name = Field(description="Part of file, role and login names. `admin` is taken.")
    name: str = Field(description="The tenant's name as people see it.")
    time_zone: str = Field(description="IANA name, such as `Europe/Berlin`. Decides on which day a sale falls.")
    currency: Currency = Field(description="Reporting currency: every amount is shown in it.")
    inactive_after_days: int = Field(
        default=180,
        ge=31,
        le=730,
        description="After how many days without orders a customer counts as inactive, from 31 to 730: about twice "
        "the usual time between two orders. For `inactivity_churn_rate`.",
    )
    every_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="How often `takings serve` reads the tenant's sources: at each full hour by default. A run reads "
        "what is new and builds what changed.",
    )
    alerts: dict[str, Decimal] = Field(
        default_factory=dict,
        description="The tenant's own limit for a rule of `takings alerts`: it replaces the limit of the rule's first "
        "condition. Money is in the reporting currency.",
    )
    alert_channels: tuple[AlertChannelSettings, ...] = ()
    alert_budget: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="The most messages about alerts per day of the tenant. One more names what else changed; what is "
        "still so on the next day is sent then.",
    )
    stale_after_hours: int = Field(
        default=26,
        ge=1,
        le=8760,
        description="After how many hours without newer numbers the alert channels get a message.",
    )
    targets: dict[MetricName, Target] = Field(
        default_factory=dict,
        description="The value that a gauge points at, in the metric's own unit (a ratio as 0.05, not as 5 %).",
    )
    channels: SalesChannels = Field(default_factory=dict)
    share: ShareSettings = ShareSettings()
    api: ApiSettings = ApiSettings()
    brand: BrandSettings = BrandSettings()
    chat: TenantChatSettings = TenantChatSettings()
    logins: tuple[LoginSettings, ...] = ()
    deliveries: tuple[DeliverySettings, ...] = ()
    sources: tuple[AnySource, ...] = Field(min_length=1)

    @field_validator("alert_channels")
    @classmethod
    def _each_channel_once(cls, channels: tuple[AlertChannelSettings, ...]) -> tuple[AlertChannelSettings, ...]:
        each_channel_once(channels)
        return channels

    @field_validator("deliveries")
    @classmethod
    def _each_delivery_once(cls, deliveries: tuple[DeliverySettings, ...]) -> tuple[DeliverySettings, ...]:
        each_once(deliveries)
        return deliveries

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in known_zones():
            raise ValueError(f"{zone!r} is no IANA time zone (such as Europe/Berlin)")
        return zone
