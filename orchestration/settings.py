"""The only reader of the environment and of takings.toml.

Environment: TAKINGS_HOME (where all state lives, default `.takings` in the checkout) and TAKINGS_CONFIG (the file,
default `takings.toml` in the current folder, else in TAKINGS_HOME). Everything else stands in the file, described in
takings.example.toml.
"""

from __future__ import annotations

import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from connectors.base import Account
from orchestration.errors import Problem

CHECKOUT = Path(__file__).resolve().parent.parent
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Table):
    """One account at one source."""

    kind: Literal["shopify"]
    account: Name
    secret: Annotated[str, StringConstraints(pattern=r"^(env|file):.+$")]
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")] | None = None
    client_id: str | None = None


class TenantSettings(_Table):
    """Who looks at their own numbers: zone and reporting currency decide days and amounts."""

    id: Name
    name: str
    time_zone: str
    currency: Currency
    alerts: dict[str, Decimal] = Field(default_factory=dict)
    sources: tuple[SourceSettings, ...] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is no IANA time zone (such as Europe/Berlin)")
        return zone


class WarehouseSettings(_Table):
    """Where marts are built and read."""

    engine: Literal["duckdb"] = "duckdb"


class RatesSettings(_Table):
    """A CSV of exchange rates: day, from, to, rate."""

    file: Path


class ServerSettings(_Table):
    """A server on 127.0.0.1."""

    port: int = Field(ge=1, le=65535)


class DashboardSettings(_Table):
    """What the dashboards open on: a first and a last day, both shown."""

    default_range: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d : \d{4}-\d\d-\d\d$")] | None = None

    @field_validator("default_range")
    @classmethod
    def _real_days(cls, text: str | None) -> str | None:
        if text is not None:
            first, last = (date.fromisoformat(day) for day in text.split(" : "))
            if first > last:
                raise ValueError(f"the first day {first} is after the last, {last}")
        return text


class Settings(_Table):
    """The whole configuration, checked."""

    tenants: tuple[TenantSettings, ...] = Field(min_length=1)
    warehouse: WarehouseSettings = WarehouseSettings()
    exchange_rates: RatesSettings | None = None
    superset: ServerSettings = ServerSettings(port=8088)
    dagster: ServerSettings = ServerSettings(port=3000)
    dashboards: DashboardSettings = DashboardSettings()
    config_path: Path = Field(default=Path(), exclude=True)
    home: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _each_once(self) -> Settings:
        ids = [tenant.id for tenant in self.tenants]
        accounts = [(source.kind, source.account) for tenant in self.tenants for source in tenant.sources]
        for twice in {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"the tenant {twice!r} stands twice")
        if "admin" in ids:
            raise ValueError("a tenant cannot be called 'admin': that is the administrator's login")
        for kind, account in {pair for pair in accounts if accounts.count(pair) > 1}:
            raise ValueError(f"the {kind} account {account!r} stands twice: its orders would count twice")
        return self

    def accounts(self, *, secrets: bool = True) -> list[Account]:
        """Every account with its secret. Raises Problem that names all missing secrets at once.

        Without `secrets` for what needs no network.
        """
        found, missing = [], []
        for tenant in self.tenants:
            for source in tenant.sources:
                try:
                    secret = self._secret(source.secret) if secrets else ""
                except LookupError as error:
                    missing.append(f"  {tenant.id} / {source.kind} / {source.account}: {error.args[0]}")
                    continue
                base_url = source.base_url or f"https://{source.account}.myshopify.com"
                found.append(Account(tenant.id, source.kind, source.account, base_url, secret, source.client_id))
        if missing:
            raise Problem(
                "A secret is missing, so nothing was pulled:\n"
                + "\n".join(missing)
                + f"\nSet it, or change `secret` in {self.config_path}."
            )
        return found

    def _secret(self, reference: str) -> str:
        kind, _, where = reference.partition(":")
        if kind == "env":
            value = os.environ.get(where, "")
            if not value:
                raise LookupError(f"the environment variable {where} is not set")
            return value
        path = self.config_path.parent / where
        try:
            value = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise LookupError(f"the file {path} cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise LookupError(f"the file {path} is no text") from None
        if not value:
            raise LookupError(f"the file {path} is empty")
        return value

    def tenant(self, tenant_id: str) -> TenantSettings:
        """One tenant by id. Raises Problem naming the ones that exist."""
        for tenant in self.tenants:
            if tenant.id == tenant_id:
                return tenant
        known = ", ".join(tenant.id for tenant in self.tenants)
        raise Problem(f"There is no tenant {tenant_id!r} in {self.config_path}. Known are: {known}.")


def home() -> Path:
    """The folder of all state: TAKINGS_HOME, else `.takings` in the checkout."""
    return Path(os.environ.get("TAKINGS_HOME") or CHECKOUT / ".takings").absolute()


def config_path() -> Path:
    """The configuration file that counts: TAKINGS_CONFIG, else ./takings.toml, else the one in TAKINGS_HOME."""
    if named := os.environ.get("TAKINGS_CONFIG"):
        return Path(named).absolute()
    here = Path("takings.toml").absolute()
    return here if here.exists() else home() / "takings.toml"


def load(path: Path | None = None) -> Settings:
    """Read and check the configuration. Raises Problem that names every mistake at once."""
    path = path or config_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Problem(
            f"There is no configuration at {path}. Copy takings.example.toml to takings.toml and change it, "
            "or run `make demo` to see Takings with simulated shops."
        ) from None
    except OSError as error:
        raise Problem(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise Problem(
            f"The configuration {path} is not UTF-8 text (byte {error.start}). Nothing was changed."
        ) from None
    try:
        return Settings.model_validate({**tomllib.loads(text), "config_path": path, "home": home()})
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"The configuration {path} is not valid TOML: {error}. Nothing was changed.") from None
    except ValidationError as error:
        lines = [f"  {_place(item['loc'])}: {item['msg']}" for item in _causes(error)]
        raise Problem(
            f"The configuration {path} has {len(lines)} mistake{'s' * (len(lines) > 1)}:\n"
            + "\n".join(lines)
            + "\nSee takings.example.toml for every setting. Nothing was changed."
        ) from None


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """Each mistake once: a list that lost its broken items is not too short as well."""
    found = error.errors()
    places = [item["loc"] for item in found]
    return [
        item
        for item in found
        if item["type"] != "too_short" or not any(place[: len(item["loc"])] == item["loc"] != place for place in places)
    ]


def _place(location: tuple[int | str, ...]) -> str:
    """tenants[0].sources[1].secret"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
    return text or "file"
