"""The tables [[tenants.alert_channels]] of takings.toml: where messages about alerts go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from connectors.settings import Name, Secret, Table
from semantic.alerts import rules
from serving.alerts.book import Channel
from serving.alerts.state import Event

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Moment = Annotated[str, StringConstraints(pattern=r"^(begin|end)$")]
WAITS = ("numbers_wait", "delivery_waits")
"""What is reported like a rule: numbers that are too old, and a delivery that is not sent."""


class AlertChannelSettings(Table):
    """Where messages about alerts go: when a rule begins to fire, and when that is over."""

    name: Name = Field(description="A name of your own, once per tenant: `takings alerts --test-channel NAME`.")
    address: Secret = Field(
        description="Where the address of the receiver is kept: an environment variable, or a file (relative to "
        "takings.toml). An address of [Apprise](https://appriseit.com/services), such as `mailto://…`, `slack://…`."
    )
    rules: tuple[RuleName, ...] = Field(
        default=(),
        description="Only these rules of `takings alerts`, `numbers_wait` (numbers are too old) and `delivery_waits`. "
        "Without it: all.",
    )
    notify: tuple[Moment, ...] = Field(
        default=("begin", "end"),
        min_length=1,
        description="`begin`: when a rule begins to fire, or cannot be checked any more. `end`: when that is over.",
    )

    @field_validator("rules")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = (*(rule.name for rule in rules.load()), *WAITS)
        for name in names:
            if name not in known:
                raise ValueError(f"there is no alert rule {name!r}: choose from {', '.join(known)}")
        return names

    def channel(self) -> Channel:
        """The channel as the alerts know it."""
        events: set[Event] = {"begin", "lost"} if "begin" in self.notify else set()
        events |= {"end"} if "end" in self.notify else set()
        return Channel(self.name, self.address, frozenset(self.rules) or None, frozenset(events))


def each_channel_once(channels: Sequence[AlertChannelSettings]) -> None:
    """Raise ValueError where two channels of a tenant have one name, or one address: it would get everything twice."""
    for what in ("name", "address"):
        values = [str(getattr(channel, what)) for channel in channels]
        for value in sorted({value for value in values if values.count(value) > 1}):
            raise ValueError(f"the {what} {value!r} is configured for two alert channels of one tenant")
