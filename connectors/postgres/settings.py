"""The settings of a database in takings.toml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from connectors.postgres.streams import MAPPED
from connectors.settings import KIND, Name, Secret, SourceSettings, Table, keep_text, secret_of

Identifier = Annotated[str, StringConstraints(pattern=r'^[^\s."][^."]{0,62}(\.[^."]{1,63})?$')]
URI = "postgresql://user:password@host:5432/database?sslmode=require"


class Filter(Table):
    """The rows of one shop in a table of many."""

    column: Identifier = Field(description="The column that says whose a row is.")
    value: str = Field(description="Its value in the rows of this tenant.")


class MappedTable(Table):
    """A table whose rows are the records of a contract."""

    table: Identifier = Field(description="The table or view, with its schema where that is not in the search path.")
    columns: Mapping[str, Identifier] = Field(
        default={},
        description="The column of each field of the contract. A field without one takes the column of its own name, "
        "if that exists. `settings.temperature` is a value inside a column of JSON.",
    )
    constants: Mapping[str, str] = Field(default={}, description="Values of fields that no column holds.")
    tenant: Filter | None = Field(
        default=None,
        description="Only rows with this value, `{column = …, value = …}`, where the table holds several shops.",
    )
    changed_at: Identifier | None = Field(
        default=None,
        description="The column that says when a row was changed last, where it is not that of `updated_at`. Without "
        "either the whole table is read each time.",
    )
    key: Identifier | None = Field(
        default=None, description="The column that tells rows apart, for records without an id of their own."
    )


class PostgresSettings(SourceSettings):
    """A database that a login can read."""

    kind: Literal["postgres"] = Field(description=KIND)
    account: Name = Field(description="A name of your own.")
    secret: Secret = secret_of(f"the connection URI, `{URI}`,")
    tables: Mapping[str, MappedTable] = Field(
        description=f"The tables, by the contract of their records: {', '.join(f'`{name}`' for name in MAPPED)}."
    )
    keep_text: bool = keep_text()
    lookback_minutes: int = Field(
        default=60,
        ge=0,
        le=10_080,
        description="How many minutes before the last pull are read again: a long transaction is seen late.",
    )
    statement_timeout: int = Field(default=600, ge=1, le=86_400, description="Seconds that one query may take.")

    @property
    def secret_reference(self) -> str | None:
        return self.secret

    def address(self, config_folder: Path) -> str:
        """None of its own: it is part of the secret."""
        del config_folder
        return ""

    def check_secret(self, secret: str) -> None:
        if not is_uri(secret):
            raise LookupError(f"it is not a connection URI such as {URI}")

    @field_validator("tables")
    @classmethod
    def _are_contracts(cls, tables: Mapping[str, MappedTable]) -> Mapping[str, MappedTable]:
        if not tables:
            raise ValueError(f"name at least one table, such as [tenants.sources.tables.{next(iter(MAPPED))}]")
        if unknown := sorted(tables.keys() - MAPPED.keys()):
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(MAPPED)}")
        return tables

    @model_validator(mode="after")
    def _have_fields_of_the_contract(self) -> PostgresSettings:
        for name, table in self.tables.items():
            fields = MAPPED[name].by_name
            for field in (*table.columns, *table.constants):
                if field not in fields:
                    raise ValueError(f"tables.{name}: {field!r} is not a field of it; it has {', '.join(fields)}")
            if both := sorted(table.columns.keys() & table.constants.keys()):
                raise ValueError(f"tables.{name}: {both[0]!r} is in columns and in constants: remove one")
            if MAPPED[name].key is None and table.key is None:
                raise ValueError(f"tables.{name}: name the column that tells its rows apart as `key`")
        return self


def is_uri(secret: str) -> bool:
    """Whether it has the form of a connection URI."""
    return urlsplit(secret).scheme in ("postgresql", "postgres") and len(secret.split()) == 1
