"""Everything that staging holds of a tenant or of one account: counted, renamed or deleted, in the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

Parts = tuple[str, ...]
"""(tenant,) or (tenant, source, account)"""
COLUMNS = ("tenant_id", "source", "source_account")
OF_CONFIGURATION = ("tenants", "targets", "channels", "accounts")  # every build writes them again
HAVE_TENANTS = """
select table_schema, table_name, list_contains(array_agg(column_name), 'source') as has_source,
    list_contains(array_agg(column_name), 'landing_part') as has_part
from information_schema.columns
group by table_schema, table_name
having list_contains(array_agg(column_name), 'tenant_id')
order by table_schema, table_name
"""


def count(db: duckdb.DuckDBPyConnection, parts: Parts) -> int:
    """The number of rows of a tenant or an account."""
    total = 0
    for table, columns, values, _ in _tables(db, parts):
        row = db.execute(f"select count(*) from {table} where {_equal(columns, ' and ')}", values).fetchone()
        total += row[0] if row else 0
    return total


def rename(db: duckdb.DuckDBPyConnection, old: Parts, new: Parts) -> None:
    """Give the rows another tenant or account; a row's place in the landing zone changes with it."""
    names = dict(zip(COLUMNS, new, strict=False))
    before, after = "/".join(old) + "/", "/".join(new) + "/"
    for table, columns, values, has_part in _tables(db, old):
        sets, texts = _equal(columns, ", "), [names[column] for column in columns]
        if has_part:
            sets += ", landing_part = case when starts_with(landing_part, ?) then ? || substr(landing_part, ?) "
            sets += "else landing_part end"
            texts += [before, after, str(len(before) + 1)]
        db.execute(f"update {table} set {sets} where {_equal(columns, ' and ')}", [*texts, *values])


def remove(db: duckdb.DuckDBPyConnection, parts: Parts) -> None:
    """Delete the rows."""
    for table, columns, values, _ in _tables(db, parts):
        db.execute(f"delete from {table} where {_equal(columns, ' and ')}", values)


def _tables(db: duckdb.DuckDBPyConnection, parts: Parts) -> Iterator[tuple[str, list[str], list[str], bool]]:
    """Each table with the columns that say whose a row is, their values, and whether rows name their landed part."""
    for schema, name, has_source, has_part in db.execute(HAVE_TENANTS).fetchall():
        if schema == "takings" and name in OF_CONFIGURATION:
            continue
        names = dict(zip(COLUMNS, parts, strict=False))
        if not has_source and names.pop("source", schema) != schema:
            continue  # a table of another source
        yield f"{schema}.{name}", [*names], [*names.values()], has_part


def _equal(columns: list[str], between: str) -> str:
    return between.join(f"{column} = ?" for column in columns)
