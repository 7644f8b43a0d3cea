"""What a connector may ask staging: named questions over one account's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from connectors.base import Account


@dataclass(frozen=True)
class Question:
    """A SELECT over some of the source's staging tables. It names them without a schema, and its values as $name.

    The reader binds each table to the account's own rows, so that a question needs no tenant and no account.
    """

    sql: str
    tables: tuple[str, ...]


class Reader:
    """The staging rows of one account."""

    def __init__(self, db: duckdb.DuckDBPyConnection, account: Account) -> None:
        self.db, self.account = db, account

    def rows(self, question: Question, **values: object) -> list[tuple[Any, ...]]:
        """Every row that answers a question."""
        tables = ", ".join(
            f"{table} as (select * from {self.account.source}.{table} "
            "where tenant_id = $tenant_id and source_account = $source_account)"
            for table in question.tables
        )
        scope = {"tenant_id": self.account.tenant_id, "source_account": self.account.account}
        rows: list[tuple[Any, ...]] = self.db.execute(f"with {tables} {question.sql}", {**scope, **values}).fetchall()
        return rows

    def first(self, question: Question, **values: object) -> tuple[Any, ...] | None:
        """The first row that answers a question; None for none."""
        rows = self.rows(question, **values)
        return rows[0] if rows else None

    def count(self, table: str) -> int:
        """How many rows a table holds."""
        return int(self.rows(Question(f"select count(*) from {table}", (table,)))[0][0])
