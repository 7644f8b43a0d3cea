"""The published tables: one per mart, as its contract says, in which each login sees the rows of its own tenant.

    marts.<mart>           rows of all tenants; a policy shows a login those of its tenant
    takings.published      which run's rows they are, and since when: one row
    takings.readers        the logins that may read, and whose rows (readers.py)

The tables stay from run to run, and with them the policies and rights. A table whose mart has other columns now is
altered in its place: what readers began to read before is still there for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from psycopg import sql

from connectors.postgres.connection import Connection
from orchestration.postgres.warehouse import MARK, make_schema

PUBLISHED, BOOK = "marts", "takings"
EVERY_TENANT = "*"
"""In place of a tenant's id, of a login that sees all rows; no tenant has such an id."""
Columns = Mapping[str, Mapping[str, str]]
"""The columns of each mart with their types."""
POLICY = "own_tenant"

_BOOK = f"""
create table if not exists {BOOK}.published (
    run text not null, published_at timestamp not null, one_row boolean primary key default true check (one_row));
create table if not exists {BOOK}.readers (role_name name primary key, tenant_id text not null);
alter table {BOOK}.readers enable row level security;
grant usage on schema {BOOK} to public;
grant select on {BOOK}.readers to public;
"""  # every policy asks the table of logins: a role that is not in it sees no row there, and so none of any mart
# what a login sees of the table of logins: itself, and the roles whose rights it has
_OWN_ROLES = f"""create policy own_role on {BOOK}.readers for select
  using (role_name in (select rolname from pg_roles where pg_has_role(oid, 'usage')))"""
# asked once per query: neither part depends on the row
_OWN_ROWS = f"""(tenant_id = any (array(select r.tenant_id from {BOOK}.readers as r)))
  or exists (select from {BOOK}.readers as r where r.tenant_id = '{EVERY_TENANT}')"""


def prepare(db: Connection) -> None:
    """Make the schemas of what is published. Raises ConfigurationError where somebody else made one of their names."""
    make_schema(db, PUBLISHED)
    make_schema(db, BOOK)
    db.execute(_BOOK)
    if not _policies(db, BOOK, "readers"):
        db.execute(_OWN_ROLES)


def published_run(db: Connection) -> str | None:
    """The run whose rows are published; None before the first publish."""
    rows = db.execute(f"select run from {BOOK}.published").fetchall()
    return rows[0][0] if rows else None


def columns(db: Connection, schema: str) -> dict[str, dict[str, str]]:
    """The columns of each table and view of a schema, with their types."""
    result: dict[str, dict[str, str]] = {}
    rows = db.execute(
        """select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            join pg_attribute as a on a.attrelid = c.oid
        where n.nspname = %s and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
        order by c.relname, a.attnum""",
        [schema],
    ).fetchall()
    for table, column, kind in rows:
        result.setdefault(table, {})[column] = kind
    return result


def conform(db: Connection, marts: Columns) -> None:
    """Bring the published tables to these columns. Columns that stay keep their values.

    The caller is in a transaction. Readers of a table that is altered wait for its end, and it for theirs: a while.
    A table that is as it has to be is not locked.
    """
    db.execute("set local lock_timeout = '20s'")
    before = columns(db, PUBLISHED)
    for mart in before.keys() - marts.keys():
        db.execute(sql.SQL("drop table {}").format(_table(mart)))
    for mart, types in marts.items():
        if mart in before:
            _alter(db, mart, before[mart], types)
        else:
            _create(db, mart, types)
    readers = [name for name, _, exists in readers_of(db) if exists]
    for mart in marts.keys() - before.keys():
        grant(db, mart, readers)
    shown = _protected(db)
    for mart, types in marts.items():  # a table without tenants has nothing that belongs to one
        if "tenant_id" in types and mart not in shown:
            _protect(db, mart)


def readers_of(db: Connection) -> list[tuple[str, str, bool]]:
    """Each login that may read: its name, its tenant, and whether the server still has it."""
    return db.execute(
        f"""select r.role_name, r.tenant_id, p.oid is not null from {BOOK}.readers as r
        left join pg_roles as p on p.rolname = r.role_name and shobj_description(p.oid, 'pg_authid') = '{MARK}'
        order by r.role_name"""
    ).fetchall()


def grant(db: Connection, mart: str, readers: Iterable[str]) -> None:
    """Let logins read a table: its policy says which rows."""
    for name in readers:
        db.execute(sql.SQL("grant select on {} to {}").format(_table(mart), sql.Identifier(name)))


def _create(db: Connection, mart: str, types: Mapping[str, str]) -> None:
    listed = sql.SQL(", ").join(map(_column, types.items()))
    db.execute(sql.SQL("create table {} ({})").format(_table(mart), listed))
    if keys := [name for name in ("tenant_id", "date_day") if name in types]:
        by = sql.SQL(", ").join(map(sql.Identifier, keys))
        db.execute(sql.SQL("create index on {} ({})").format(_table(mart), by))


def _alter(db: Connection, mart: str, before: Mapping[str, str], types: Mapping[str, str]) -> None:
    """A column of another type is another column: to rewrite it would hide all rows from who reads an older state."""
    for name, kind in before.items():
        if types.get(name) != kind:
            db.execute(sql.SQL("alter table {} drop column {}").format(_table(mart), sql.Identifier(name)))
    for name, kind in types.items():
        if before.get(name) != kind:
            db.execute(sql.SQL("alter table {} add column {}").format(_table(mart), _column((name, kind))))


def _protected(db: Connection) -> set[str]:
    """The published tables that show each login its own rows."""
    rows = db.execute(
        """select c.relname from pg_class as c join pg_policy as p on p.polrelid = c.oid and p.polname = %s
        where c.relnamespace = %s::regnamespace and c.relrowsecurity""",
        [POLICY, PUBLISHED],
    ).fetchall()
    return {mart for (mart,) in rows}


def _protect(db: Connection, mart: str) -> None:
    """Show each login its own rows."""
    db.execute(sql.SQL("alter table {} enable row level security").format(_table(mart)))
    if not _policies(db, PUBLISHED, mart):
        rule = sql.SQL("create policy {} on {} for select using ({})")
        db.execute(rule.format(sql.Identifier(POLICY), _table(mart), sql.SQL(_OWN_ROWS)))


def _policies(db: Connection, schema: str, table: str) -> list[tuple[str]]:
    return db.execute(
        "select policyname from pg_policies where schemaname = %s and tablename = %s", [schema, table]
    ).fetchall()


def _column(column: tuple[str, str]) -> sql.Composable:
    name, kind = column
    return sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))


def _table(mart: str) -> sql.Identifier:
    return sql.Identifier(PUBLISHED, mart)
