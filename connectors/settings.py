"""What the `[[tenants.sources]]` tables of takings.toml share: field types, and the base of each source's settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
REFERENCE = r"^(env|file):.+$"
Secret = Annotated[str, StringConstraints(pattern=REFERENCE)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]

KIND = "Which connector."


def _digits(value: object) -> object:
    """An ad account's number as text, in one form only: act_12 and 12 would be two accounts and count twice."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.startswith("act_"):
        raise ValueError(f"write the number alone: {value.removeprefix('act_')!r}, without 'act_'")
    return value


AdAccount = Annotated[str, BeforeValidator(_digits), StringConstraints(pattern=r"^[0-9]{1,25}$")]


def secret_of(what: str) -> Any:
    """The declaration of a `secret` field."""
    return Field(description=f"Where {what} is kept: an environment variable, or a file (relative to takings.toml).")


def address_of(default: str) -> Any:
    """The declaration of a `base_url` field."""
    return Field(default=None, description=f"Another server that speaks the same API. Without it: `{default}`.")


def first_day(default: str) -> Any:
    """The declaration of a `since` field; `default` says what is read without it."""
    return Field(
        default=None,
        description=f"The first day to read. Without it {default}. When it is moved back, the next pull reads the days "
        "before.",
    )


def keep_text() -> Any:
    """The declaration of a `keep_text` field."""
    return Field(
        default=False,
        description="Whether the texts of chat messages are kept. Without it only their lengths are: nobody can read a "
        "chat in Takings.",
    )


class Table(BaseModel):
    """A table of takings.toml; an unknown key in it is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(Table):
    """What each source's settings have. Paths in them are relative to `config_folder`, the folder of
    takings.toml."""

    kind: str
    account: str

    @property
    def secret_reference(self) -> str | None:
        """Where its secret is kept, `env:NAME` or `file:PATH`; None for a source without a secret."""
        return None

    def check_secret(self, secret: str) -> None:
        """Raise LookupError that says why a secret cannot be used, without the secret."""

    def folder(self, config_folder: Path) -> Path | None:
        """The folder that it reads; None for a source that is reached over the network."""
        del config_folder
        return None

    def collected(self, folder: Path, tenant: str) -> Path | None:
        """The folder that it reads below the `folder` of all collected records; None for any other source."""
        del folder, tenant
        return None

    def address(self, config_folder: Path) -> str:
        """The URL or the folder that the connector reads."""
        raise NotImplementedError


class ApiSettings(SourceSettings):
    """A source behind an API."""

    default_address: ClassVar[str]
    secret: Secret
    base_url: Address | None = None

    @property
    def secret_reference(self) -> str | None:
        return self.secret

    def address(self, config_folder: Path) -> str:
        del config_folder
        return self.base_url or self.default_address


class AdSettings(ApiSettings):
    """An ad platform: daily reports that it restates for weeks."""

    account: AdAccount
    since: date | None = None
    lookback_days: int = Field(
        default=28,
        ge=0,
        le=395,
        description="How many days before the last pull are read again, since platforms restate them.",
    )
