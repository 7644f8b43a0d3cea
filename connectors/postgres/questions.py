"""What a pull asks staging, and the database."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from connectors.contracts import Contract
from connectors.sync.reader import Question

NOW = "select date_trunc('second', now())"
SET_TIMEOUT = "select set_config('statement_timeout', %s, false)"
TABLE = "select to_regclass(%s)::oid"
TABLES = """
select n.nspname || '.' || c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
order by 1 limit 31
"""
COLUMNS = """
select attname, format_type(atttypid, null), has_column_privilege(attrelid, attnum, 'select')
from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
"""


def keys(contract: Contract) -> Question:
    """The keys of the rows that staging has, without those that are gone at the source."""
    key = contract.key or "row_hash"
    return Question(f"select {key} from {contract.name} where not is_deleted", (contract.name,))


def as_text(column: str) -> Composed:
    """A column, or a value inside a column of JSON, as text."""
    name, _, inside = column.partition(".")
    if inside:
        return SQL("({}::jsonb ->> {})").format(Identifier(name), Literal(inside))
    return SQL("{}::text").format(Identifier(name))


def page(
    columns: Composable, source: Composable, where: Sequence[Composable], order: Composable, most: int
) -> Composed:
    """The next rows of a table, as texts."""
    conditions = SQL(" and ").join([SQL("true"), *where])
    return SQL("select {} {} and {} order by {} limit {}").format(columns, source, conditions, order, Literal(most))


def keys_in(source: Composable, key: str) -> Composed:
    """The keys of a table, as texts."""
    return SQL("select {} {}").format(as_text(key), source)


def rows_of(columns: Composable, source: Composable, key: str, keys: Sequence[str]) -> Composed:
    """The rows with some keys."""
    return SQL("select {} {} and {} = any({})").format(columns, source, as_text(key), Literal(list(keys)))


def key_of_several_rows(source: Composable, key: str) -> Composed:
    """A key that more than one row has."""
    column = Identifier(key)
    several = SQL("select {} {} and {} is not null group by {} having count(*) > 1 limit 1")
    return several.format(as_text(key), source, column, column)
