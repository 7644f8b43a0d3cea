"""The mapped columns of a table, checked against what the database has, and the SQL that reads them as texts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from connectors.base import Account
from connectors.contracts import Contract
from connectors.errors import ConfigurationError
from connectors.postgres import questions
from connectors.postgres.client import label
from connectors.postgres.connection import Connection
from connectors.postgres.questions import as_text
from connectors.postgres.settings import MappedTable, PostgresSettings
from connectors.postgres.streams import MAPPED

KEY = "key"
"""The name under which a row's key is read; no contract has such a field."""
JSON_TYPES = frozenset({"json", "jsonb"})
NAMED = 30  # tables or columns in a message


@dataclass(frozen=True)
class Mapped:
    """A table as it is read: `fields` are the contract's fields with their columns, `changed_at` the column of a row's
    last change, `change_type` its type, `key` the column of a row's key."""

    contract: Contract
    table: str
    fields: Mapping[str, str]
    constants: Mapping[str, str]
    tenant: tuple[str, str] | None
    changed_at: str | None
    key: str
    change_type: str = ""

    def fingerprint(self, *more: object) -> str:
        """Changes with everything that changes what is read of an unchanged table."""
        return hashlib.sha256(repr((self, *more)).encode()).hexdigest()[:16]

    @property
    def source(self) -> Composed:
        """The FROM and WHERE clauses: the tenant's rows."""
        where: Composable = SQL("true")
        if self.tenant:
            where = SQL("{} = {}").format(Identifier(self.tenant[0]), Literal(self.tenant[1]))
        return SQL("from {} where {}").format(Identifier(*self.table.split(".")), where)

    @property
    def columns(self) -> Composed:
        """The key, the time of the last change, and each field, as texts."""
        changed = as_text(self.changed_at) if self.changed_at else SQL("null")
        return SQL(", ").join([as_text(self.key), changed, *map(as_text, self.fields.values())])


def read(connection: Connection, account: Account, settings: PostgresSettings) -> list[Mapped]:
    """The mapped tables, in the order of the streams. Raises ConfigurationError with every mistake at once."""
    mapped, mistakes = list[Mapped](), list[str]()
    for name, contract in MAPPED.items():
        if (table := settings.tables.get(name)) is not None:
            columns = _columns_of(connection, table.table, mistakes)
            if columns is not None:
                mapped.append(_mapped(contract, table, columns, mistakes))
    if mistakes:
        raise ConfigurationError("\n".join(f"{label(account)}: {mistake}" for mistake in mistakes))
    return mapped


def _columns_of(connection: Connection, table: str, mistakes: list[str]) -> dict[str, tuple[str, bool]] | None:
    """The table's columns with their types and whether the login may read them; None where there is no such table."""
    name = Identifier(*table.split(".")).as_string(connection)
    oid = connection.execute(questions.TABLE, [name]).fetchall()[0][0]
    if oid is None:
        tables = [row[0] for row in connection.execute(questions.TABLES).fetchall()]
        mistakes.append(f"there is no table {table}. The database has {_listed(tables)}.")
        return None
    return {name: (kind, readable) for name, kind, readable in connection.execute(questions.COLUMNS, [oid]).fetchall()}


def _mapped(
    contract: Contract, table: MappedTable, columns: dict[str, tuple[str, bool]], mistakes: list[str]
) -> Mapped:
    fields = {
        field.name: table.columns.get(field.name, field.name)
        for field in contract.fields
        if field.name in table.columns or (field.name in columns and field.name not in table.constants)
    }
    key = table.key or fields.get(contract.key or "", "")
    changed_at = table.changed_at or fields.get(contract.version or "")
    tenant = (table.tenant.column, table.tenant.value) if table.tenant else None
    used = [*fields.values(), *filter(None, (table.key, table.changed_at, tenant and tenant[0]))]
    for column in dict.fromkeys(used):
        name, _, inside = column.partition(".")
        kind, readable = columns.get(name, ("", True))
        if not kind:
            mistakes.append(f"{table.table} has no column {name!r}. It has {_listed(list(columns))}.")
        elif inside and kind not in JSON_TYPES:
            mistakes.append(f"{table.table}.{name} is of type {kind}, so it has no {inside!r} inside.")
        elif not readable:
            mistakes.append(f"the login may not read {table.table}.{name}. Grant it `select` on it.")
    for field in contract.fields:
        if field.required and field.name not in fields and field.name not in table.constants:
            mistakes.append(
                f"{contract.name} needs {field.name}: name its column of {table.table} in `columns`. It has "
                f"{_listed(list(columns))}."
            )
    change_type = columns.get(changed_at or "", ("", True))[0]
    return Mapped(contract, table.table, fields, table.constants, tenant, changed_at, key, change_type)


def _listed(names: list[str]) -> str:
    if not names:
        return "none that this login can see"
    return ", ".join(names[:NAMED]) + (" and more" if len(names) > NAMED else "")
