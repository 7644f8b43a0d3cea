"""The tables of takings.toml about servers (Superset, Dagster, the web application, the warehouse), logins, links."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from connectors.postgres.settings import URI
from connectors.settings import Name, Secret, Table

PublicAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+$")]


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


class ServingSettings(Table):
    """The web application's server on 127.0.0.1."""

    port: int = Field(default=8090, ge=1, le=65535, description="The port of report pages and links on 127.0.0.1.")
    audit_days: int = Field(
        default=400,
        ge=1,
        le=3650,
        description="How many days the records of who read and exported what are kept (`takings audit export`).",
    )
    address: PublicAddress | None = Field(
        default=None,
        description="Where people reach it, through a web server in front of it: links begin with it. Its host has to "
        "be Superset's, which may have another port: then its logins are known. Without it: `http://127.0.0.1:PORT`.",
    )


class LastingSettings(Table):
    """How long something lasts that a tenant gives away."""

    default_days: int
    most_days: int

    @model_validator(mode="after")
    def _default_within(self) -> LastingSettings:
        if self.default_days > self.most_days:
            raise ValueError(f"default_days is {self.default_days}, more than most_days, {self.most_days}")
        return self


class ShareSettings(LastingSettings):
    """How long a tenant's links open."""

    default_days: int = Field(default=7, ge=1, le=3650, description="Days until a link expires.")
    most_days: int = Field(default=90, ge=1, le=3650, description="The most days that may be chosen for a link.")


class LoginSettings(Table):
    """A further login of a tenant, for the dashboards."""

    name: Name = Field(description="The login's name: each name once, in all tenants.")
    role: Literal["owner", "analyst"] = Field(
        description="`owner`: reads, exports and shares the dashboards. `analyst`: also explores, and saves own charts "
        "and dashboards."
    )


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


class WarehouseSettings(Table):
    """Where marts are built and read."""

    engine: Literal["duckdb", "postgres"] = Field(
        default="duckdb",
        description="Where marts are built and read: in DuckDB files under TAKINGS_HOME, or in the PostgreSQL database "
        "of `secret`.",
    )
    secret: Secret | None = Field(
        default=None,
        description=f"Where the connection URI of a PostgreSQL database is kept, `{URI}`: `env:NAME`, or `file:PATH` "
        '(relative to takings.toml). For `engine = "postgres"` and `takings certify`.',
    )
