"""The only reader of the environment and of takings.toml.

Environment: TAKINGS_HOME (where all state lives, default `.takings` in the checkout) and TAKINGS_CONFIG (the file,
default `takings.toml` in the current folder, else in TAKINGS_HOME). Everything else is in the file;
takings.example.toml describes it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from common.errors import ConfigurationError
from connectors.base import Account
from connectors.registry import BY_KIND, KINDS
from connectors.settings import REFERENCE, SourceSettings, Table
from orchestration import chat_settings, delivery_settings
from orchestration.home import Home
from orchestration.server_settings import (
    DagsterSettings,
    DashboardSettings,
    ServingSettings,
    SupersetSettings,
    WarehouseSettings,
)
from orchestration.tenant_settings import TenantSettings

_BLANKS = " \t\r\n"  # what `echo` and editors leave around a secret
CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Source:
    """A configured source: its account with the secret, its own settings, and the tenant's time zone."""

    account: Account
    settings: SourceSettings
    problem: ConfigurationError | None = None
    """Why the account cannot be pulled as it is configured."""
    time_zone: str = "UTC"


class RatesSettings(Table):
    """A CSV of exchange rates: day, from, to, rate."""

    file: Path = Field(
        description="CSV with the columns `day,from,to,rate` (relative to takings.toml). For orders in another "
        "currency than the tenant's. A day without a rate takes the last one of the six days before it; none is an "
        "error that names pair and day."
    )


class Settings(Table):
    """The whole configuration, checked."""

    tenants: tuple[TenantSettings, ...] = Field(min_length=1)
    warehouse: WarehouseSettings = WarehouseSettings()
    exchange_rates: RatesSettings | None = None
    superset: SupersetSettings = SupersetSettings()
    dagster: DagsterSettings = DagsterSettings()
    serving: ServingSettings = ServingSettings()
    chat: chat_settings.ChatSettings = chat_settings.ChatSettings()
    dashboards: DashboardSettings = DashboardSettings()
    config_path: Path = Field(default=Path(), exclude=True)
    home: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _each_once(self) -> Settings:
        for tenant in self.tenants:
            tenant.brand.brand(tenant.name, self.config_folder)  # reads the logo: a mistake in it is one of the file
        deliveries = [(tenant.id, tenant.deliveries) for tenant in self.tenants]
        if unknown := list(delivery_settings.unknown_reports(deliveries, self.reports_folder)):
            raise ValueError("; ".join(unknown))
        ids = [tenant.id for tenant in self.tenants]
        for twice in {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"the tenant {twice!r} is configured twice")
        if "admin" in ids:
            raise ValueError("a tenant cannot be called 'admin': that is the administrator's login")
        colleagues = [login.name for tenant in self.tenants for login in tenant.logins]
        names = [*ids, "admin", *self.superset.operators, *colleagues]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the login {name!r} is configured twice: a tenant's id is a login, too")
        ports = [self.superset.port, self.dagster.port, self.serving.port]
        for port in sorted({port for port in ports if ports.count(port) > 1}):
            raise ValueError(f"port {port} is configured for two of [superset], [dagster] and [serving]")
        rooms = {tenant.id: tenant.chat for tenant in self.tenants}
        chat_settings.check(self.chat, rooms, self.serving.address)
        accounts = [(source.kind, source.account) for _, source in self.sources()]
        for kind, account in sorted({pair for pair in accounts if accounts.count(pair) > 1}):
            raise ValueError(
                f"the {kind} account {account!r} is configured twice: its {BY_KIND[kind].counted} would count twice"
            )
        folders = [
            (folder, source.kind) for _, source in self.sources() if (folder := source.folder(self.config_folder))
        ]
        for folder, kind in sorted({pair for pair in folders if folders.count(pair) > 1}):
            raise ValueError(f"the folder {folder} is configured twice: its {BY_KIND[kind].counted} would count twice")
        return self

    @property
    def config_folder(self) -> Path:
        """The folder of takings.toml, to which the paths in it are relative."""
        return self.config_path.parent

    @property
    def reports_folder(self) -> Path:
        """The folder of one's own reports, beside takings.toml; it need not exist."""
        return self.config_folder / "reports"

    @property
    def has_deliveries(self) -> bool:
        """Whether any tenant has a delivery."""
        return any(tenant.deliveries for tenant in self.tenants)

    def sources(self) -> Iterator[tuple[TenantSettings, SourceSettings]]:
        """Every source with its tenant, in the order of the file."""
        return ((tenant, source) for tenant in self.tenants for source in tenant.sources)

    def connected(self) -> list[Source]:
        """Every source with its account and secret; a missing or shared secret is its `problem`."""
        sources = []
        for tenant, source in self.sources():
            reference, secret, problem, state = source.secret_reference, "", None, "is missing"
            try:
                secret = self.secret(reference) if reference else ""
                state = "cannot be used"
                source.check_secret(secret)
            except LookupError as error:
                problem = ConfigurationError(
                    f"The secret of the {source.kind} account {source.account} (tenant {tenant.id}) {state}",
                    error.args[0],
                    f"Set it, or change `secret` in {self.config_path}",
                )
            account = Account(tenant.id, source.kind, source.account, self._address(tenant, source), secret)
            sources.append(Source(account, source, problem, tenant.time_zone))
        return _with_keys_of_their_own(sources)

    def _address(self, tenant: TenantSettings, source: SourceSettings) -> str:
        """Where the connector reads: an address, a folder of files, or the folder of what was collected."""
        collected = source.collected(Home(self.home).collected, tenant.id)
        return str(collected) if collected else source.address(self.config_folder)

    def without_secrets(self) -> list[Account]:
        """The account of every source, for what needs no network."""
        return [
            Account(tenant.id, source.kind, source.account, self._address(tenant, source), "")
            for tenant, source in self.sources()
        ]

    def accounts(self) -> list[Account]:
        """The account of every source with its secret. Raises ConfigurationError that names every `problem`."""
        sources = self.connected()
        if problems := [str(source.problem) for source in sources if source.problem]:
            raise ConfigurationError("\n".join(dict.fromkeys(problems)))
        return [source.account for source in sources]

    def secret(self, reference: str) -> str:
        """The value behind `env:NAME` or `file:PATH`. Raises LookupError that says why it cannot be used."""
        kind, _, where = reference.partition(":")
        if kind == "env":
            value = os.environ.get(where, "").strip(_BLANKS)
            if not value:
                raise LookupError(f"the environment variable {where} is not set or is empty")
            return _printable(value, f"the environment variable {where}")
        path = self.config_folder / where
        try:
            value = path.read_text(encoding="utf-8").strip(_BLANKS)
        except OSError as error:
            raise LookupError(f"the file {path} cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise LookupError(f"the file {path} is no text") from None
        if not value:
            raise LookupError(f"the file {path} is empty")
        return _printable(value, f"the file {path}")

    def on(self, engine: Literal["duckdb", "postgres"] | None) -> Settings:
        """A copy whose marts are built and read there; None changes nothing."""
        warehouse = self.warehouse.model_copy(update={"engine": engine} if engine else {})
        return self.model_copy(update={"warehouse": warehouse})

    def without(self, tenant_ids: Collection[str]) -> Settings:
        """A copy without these tenants; it may have none left."""
        left = tuple(tenant for tenant in self.tenants if tenant.id not in tenant_ids)
        return self.model_copy(update={"tenants": left})

    def tenant(self, tenant_id: str) -> TenantSettings:
        """One tenant by id. Raises TakingsError naming the ones that exist."""
        for tenant in self.tenants:
            if tenant.id == tenant_id:
                return tenant
        known = ", ".join(tenant.id for tenant in self.tenants)
        raise ConfigurationError(
            f"There is no tenant {tenant_id!r} in {self.config_path}", next_step=f"Choose from: {known}"
        )


def _printable(secret: str, place: str) -> str:
    """A secret that a request's header can carry. Raises LookupError that says why it cannot, without the secret."""
    if "\ufeff" in secret:
        raise LookupError(f"{place} contains a byte-order mark: save it without one")
    if "\n" in secret or "\r" in secret:
        raise LookupError(f"{place} has more than one line: it has to hold the secret alone")
    if blank := next((letter for letter in secret if letter in _BLANKS), None):
        raise LookupError(f"{place} has a blank (U+{ord(blank):04X}) inside the secret: copy the secret again")
    if odd := next((letter for letter in secret if not "!" <= letter <= "~"), None):
        raise LookupError(
            f"{place} contains the character U+{ord(odd):04X}, which no secret has: copy the secret again"
        )
    return secret


def home() -> Path:
    """The folder of all state: TAKINGS_HOME, else `.takings` in the checkout."""
    return Path(os.environ.get("TAKINGS_HOME") or CHECKOUT / ".takings").absolute()


def cache() -> Path:
    """What can be made again at any time, for all homes of a user: `takings` in XDG_CACHE_HOME, else in ~/.cache.

    Raises OSError if this user has no home directory.
    """
    try:
        return (Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "takings").absolute()
    except RuntimeError as error:  # this user has no home directory
        raise OSError(str(error)) from None


def config_path() -> Path:
    """The configuration file that counts: TAKINGS_CONFIG, else ./takings.toml, else the one in TAKINGS_HOME."""
    if named := os.environ.get("TAKINGS_CONFIG"):
        return Path(named).absolute()
    here = Path("takings.toml").absolute()
    return here if here.exists() else home() / "takings.toml"


def load(path: Path | None = None) -> Settings:
    """Read and check the configuration. Raises TakingsError that names every mistake at once."""
    path = path or config_path()
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors write a byte-order mark
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no configuration at {path}",
            next_step="Copy takings.example.toml to takings.toml and change it, or run `make demo` to see Takings with "
            "simulated shops",
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"The configuration {path} cannot be read",
            error.strerror or str(error),
            "Make it a readable file, or name another with TAKINGS_CONFIG",
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"The configuration {path} is not UTF-8 text",
            f"byte {error.start} is not part of a character",
            "Nothing was changed; save the file as UTF-8",
        ) from None
    try:
        return Settings.model_validate(
            {**tomllib.loads(text, parse_float=Decimal), "config_path": path, "home": home()}
        )
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"The configuration {path} is not valid TOML", str(error), "Nothing was changed; correct that place"
        ) from None
    except ValidationError as error:
        lines = [f"  {_place(item['loc'])}: {_words(item)}" for item in _causes(error)]
        raise ConfigurationError(
            f"The configuration {path} has {len(lines)} mistake{'s' * (len(lines) > 1)}:\n" + "\n".join(lines),
            next_step="Nothing was changed; takings.example.toml shows every setting",
        ) from None


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """Each mistake once: a list that lost its broken items is not too short as well."""
    errors = error.errors()
    places = [item["loc"] for item in errors]
    return [
        item
        for item in errors
        if item["type"] != "too_short" or not any(place[: len(item["loc"])] == item["loc"] != place for place in places)
    ]


def _place(location: tuple[int | str, ...]) -> str:
    """tenants[0].sources[1].secret; the kind that pydantic puts behind a source's number is left out."""
    steps = [
        step for number, step in enumerate(location)
        if not (number == 4 and location[2] == "sources" and step in KINDS)
    ]  # fmt: skip
    if len(steps) == 4 and steps[2] == "sources":
        steps.append("kind")  # what a source is at all decides on the rest of it
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return text or "file"


def _words(mistake: ErrorDetails) -> str:
    """What is wrong, without what was written there: a secret may have been."""
    if mistake["type"] == "union_tag_not_found":
        return "Field required"
    if mistake["type"] == "union_tag_invalid":
        return f"it has to be one of {', '.join(KINDS)}"
    if mistake["type"] == "string_pattern_mismatch" and mistake["ctx"]["pattern"] == REFERENCE:
        return "Write where the secret is, env:NAME or file:PATH, not the secret itself"
    return mistake["msg"].removeprefix("Value error, ")


def _with_keys_of_their_own(sources: list[Source]) -> list[Source]:
    """Where a key opens one account only, the same key under several names would count twice: none is pulled then."""
    same: dict[tuple[str, str, str], list[Account]] = {}
    for source in sources:
        account = source.account
        if account.secret and BY_KIND[account.source].key_is_account:
            server = account.base_url if "://" in account.base_url else ""  # one web application has all write keys
            same.setdefault((account.source, server, account.secret), []).append(account)
    problems = {}
    for accounts in same.values():
        if len(accounts) > 1:
            names = " and ".join(f"{account.account!r} (tenant {account.tenant_id})" for account in accounts)
            kind = accounts[0].source
            error = ConfigurationError(
                "Nothing was pulled",
                f"the {kind} accounts {names} have the same key, so their {BY_KIND[kind].counted} would count twice",
                "Give each account a key of its own",
            )
            problems.update(dict.fromkeys(accounts, error))
    return [replace(source, problem=source.problem or problems.get(source.account)) for source in sources]
