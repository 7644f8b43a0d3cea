"""The tables of takings.toml about Superset and Dagster."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from connectors.settings import Name, Table


class SupersetSettings(Table):
    """Superset's server on 127.0.0.1."""

    port: int = Field(default=8088, ge=1, le=65535, description="Superset's port on 127.0.0.1.")
    https: bool = Field(
        default=False,
        description="Whether people reach Superset by https, through a web server in front of it. Browsers then send "
        "the session's cookie by https only, and wrong logins count for the address in `X-Forwarded-For`.",
    )
    operators: tuple[Name, ...] = Field(
        default=(),
        description="Names of logins that see the dashboards of all tenants, and Dagster's pages. They change no "
        "dashboard and no login.",
    )


class DagsterSettings(Table):
    """Dagster's server on 127.0.0.1."""

    port: int = Field(default=3000, ge=1, le=65535, description="The port of Dagster's pages on 127.0.0.1.")


class DashboardSettings(Table):
    """What the dashboards open on: a first and a last day, both shown."""

    default_range: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d : \d{4}-\d\d-\d\d$")] | None = Field(
        default=None,
        description="What dashboards open on: `YYYY-MM-DD : YYYY-MM-DD`, both days shown. Without it the last 30 days, "
        "today included.",
    )

    @field_validator("default_range")
    @classmethod
    def _real_days(cls, text: str | None) -> str | None:
        if text is not None:
            first, last = (date.fromisoformat(day) for day in text.split(" : "))
            if first > last:
                raise ValueError(f"the first day {first} is after the last, {last}")
        return text
