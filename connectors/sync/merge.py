"""Merge landed records into existing tables: cast each row, reject what fails, write only what changed.

A stored row is written only where the source's row differs, so a repeat changes nothing. Rows with a parent are
replaced parent by parent (a removed line vanishes), rows of a slice day by day; others are upserted by key, the newest
version winning.
"""

from __future__ import annotations

import duckdb

from connectors.base import Account, Stream, Table
from connectors.errors import ContractError
from connectors.sync import converted
from connectors.sync.casts import cast, read, strict_cast
from connectors.sync.control_tables import LINEAGE, OF_STREAM, SCOPE, of_stream, rows_changed, utc_now

OBJECT = '{"'
"""How a text begins that is an object of JSON: a source sent one in place of a key."""


class NotCleanError(ContractError):
    """A quick way met a row that cannot be typed: each row has to be judged."""

    def __init__(self) -> None:
        super().__init__("A row cannot be loaded in the quick way")


class Merge:
    """One load of one stream's landed records (the view `record`) into its tables, inside the caller's transaction.

    With `strict` a row that cannot be loaded is an error of the whole load, NotCleanError: to judge each value of each
    row costs as much as to type it. `has_rejects` says that rows of earlier loads are rejected, `has_parents` that each
    landed child is in the part of its parent.
    """

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        account: Account,
        stream: Stream,
        run_id: str,
        *,
        strict: bool = False,
        has_rejects: bool = True,
        has_parents: bool = False,
        has_converted: bool = False,
    ) -> None:
        self.strict, self.has_rejects, self.has_converted = strict, has_rejects, has_converted
        self.has_parents = has_parents  # and all of them are in new_<table>
        self.db, self.account, self.stream, self.run_id = db, account, stream, run_id
        self.scope = [account.tenant_id, account.account]
        self.load = of_stream(account, stream.name)
        self.is_empty = dict[str, bool]()

    def run(self) -> tuple[int, int]:
        """Returns (rows changed, rows rejected)."""
        changed = rejected = 0
        for table in self.stream.tables:
            try:
                cleared, failed = self._cast(table)
            except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
                if self.strict:
                    raise NotCleanError from error
                raise
            rejected += failed
            changed += max(0, cleared - failed) + self._merge(table)
        names = [*(f"new_{table.name}" for table in self.stream.tables), "held"]
        self.db.execute("; ".join(f"drop table if exists {name}" for name in names))
        return changed, rejected

    def _cast(self, table: Table) -> tuple[int, int]:
        """Fill new_<table> with typed rows, one per key; rows that cannot be typed are rejected.

        Returns how many rejects of earlier loads were cleared, and how many rows were rejected now.
        """
        typed_by = strict_cast if self.strict else cast
        typed = ", ".join(f"{typed_by(column)} as {column.name}" for column in table.columns)
        place = f"{table.place[0]} as place_file, {table.place[1]} as place_line, " if table.place else ""
        self.db.execute(
            f"create temp table new_{table.name} as select {typed}, r.landing_part, {place}"
            f"{_reason(table, strict=self.strict)} as reject_reason from {table.source} where {table.where}"
        )
        if table.place and self.has_converted:
            self.db.execute(
                f"insert into new_{table.name} by name select * exclude (line), file as place_file, "
                f"cast(line as varchar) as place_line from ({converted.rows_of(table)})"
            )
        if table.numbered:
            self._number(table)
        if table.parent and not table.apart and not self.has_parents:
            self._keep_newest_parents(table)
        twice, broken = self._count(table)
        if broken and self.strict:
            raise NotCleanError
        if (twice or broken) and table is self.stream.tables[0]:
            self.has_parents = False
        if twice and not table.place:  # a broken line has no key
            self._keep_newest_versions(table)
        cleared = self._clear_rejects(table) if self.has_rejects else 0
        rejected = self._reject(table) if broken else 0
        if table.place and (self._count(table)[0] if broken else twice):
            self._keep_newest_versions(table)
        return cleared, rejected

    def _number(self, table: Table) -> None:
        """Number equal rows of a file by their lines."""
        rows = f"select *, cast(place_line as bigint) as line from new_{table.name} where reject_reason is null"
        self.db.execute(
            f"update new_{table.name} as r set {table.numbered} = n.number "
            f"from ({converted.repeated(table, rows)}) as n "
            "where r.place_file = n.file and cast(r.place_line as bigint) = n.line"
        )

    def _count(self, table: Table) -> tuple[bool, int]:
        """Whether new_<table> has a key twice (a page that moved), and how many of its rows cannot be loaded."""
        missing = " or ".join(
            f"{name} is null or starts_with(cast({name} as varchar), '{OBJECT}')" for name in table.key
        )
        broken = f"reject_reason is not null or {missing}" if self.strict else "reject_reason is not null"
        rows, keys, broken = self.db.execute(
            f"select coalesce(sum(n), 0), count(*), coalesce(sum(broken), 0) from (select count(*) as n, "
            f"count(*) filter (where {broken}) as broken from new_{table.name} group by {', '.join(table.key)})"
        ).fetchall()[0]
        self.is_empty[table.name] = rows == 0
        return rows != keys, int(broken)

    def _clear_rejects(self, table: Table) -> int:
        """Delete the rejects of earlier loads whose rows have come again; returns their number."""
        if table.place:
            keys, match = f"select {table.place[0]} from {table.source}", "regexp_replace(row_key, ':[0-9]+$', '')"
        elif table.parent:  # a broken child that was removed does not come again, but its parent does
            root = self.stream.tables[0]
            keys, match = f"select {root.key[0]} from new_{root.name}", "split_part(row_key, '/', 1)"
        elif table.slice:  # the same for a broken row of a day that is replaced
            days = "unnest(generate_series(first, last, interval 1 day))::date"
            keys, match = f"select cast({days} as varchar) from covered", "split_part(row_key, '/', 1)"
        else:
            keys, match = f"select {_row_key(table)} from new_{table.name}", "row_key"
            if table.ended:
                keys += f" union all select {table.ended} from {table.source} where {table.ended} is not null"
        return rows_changed(
            self.db,
            f"delete from takings.rejects where {OF_STREAM} and table_name = '{table.name}' and {match} in ({keys})",
            self.load,
        )

    def _reject(self, table: Table) -> int:
        """Move the rows that have a reason to takings.rejects; returns their number."""
        count = rows_changed(
            self.db,
            f"insert into takings.rejects select ?, ?, ?, ?, '{table.name}', {_row_key(table)}, reject_reason, ?, "
            f"landing_part, ? from new_{table.name} where reject_reason is not null",
            [*self.load, self.run_id, utc_now()],
        )
        if count:
            self.db.execute(f"delete from new_{table.name} where reject_reason is not null")
        return count

    def _keep_newest_parents(self, table: Table) -> None:
        """Drop children of a parent's older version or of a rejected parent. They are in the same part as it."""
        self.db.execute(
            f"delete from new_{table.name} as n where n.{table.parent} is not null "
            f"and not exists (select 1 from new_{self.stream.tables[0].name} as p "
            f"where p.{self.stream.tables[0].key[0]} = n.{table.parent} and p.landing_part = n.landing_part)"
        )

    def _keep_newest_versions(self, table: Table) -> None:
        """Keep one row per key, the newest version."""
        newest = f"{table.version} desc nulls last, " if table.version else ""
        later = "try_cast(place_line as bigint) desc nulls last, " if table.place else ""
        part = "landing_part desc, "
        order = f"{newest}{later}{part}" if table.apart else f"{newest}{part}{later}"  # a file's lines are in any part
        self.db.execute(
            f"create or replace temp table new_{table.name} as select * from new_{table.name} qualify row_number() "
            f"over (partition by {', '.join(table.key)} order by {order.removesuffix(', ')}) = 1"
        )

    def _merge(self, table: Table) -> int:
        """Merge new_<table> into the staging table. Returns the number of rows removed or written."""
        target, new = f"{self.account.source}.{table.name}", f"new_{table.name}"
        if (empty := self.is_empty[table.name]) and not (table.slice or table.parent):
            return 0
        if table.history:
            return self._append_history(table, target)
        held, same, older = self._hold(table, target, new)
        in_held = " and ".join(f"h.{name} = {{of}}.{name}" for name in table.key)
        if older:
            self.db.execute(f"delete from {new} as n using held as h where h.is_older and {in_held.format(of='n')}")
            self.has_parents = False
        removed = 0
        if held > same + older:
            removed = rows_changed(
                self.db,
                f"delete from {target} as t using held as h where t.tenant_id = ? and t.source_account = ? "
                f"and not h.is_same and not h.is_older and {in_held.format(of='t')}",
                self.scope,
            )
        if empty:
            return removed
        columns = [column.name for column in table.columns]
        unless_same = f"where not exists (select 1 from held as h where h.is_same and {in_held.format(of='n')})"
        written = rows_changed(
            self.db,
            f"insert into {target} ({', '.join((*SCOPE, *LINEAGE, *columns))}) "
            f"select ?, ?, ?, n.landing_part, {', '.join(f'n.{name}' for name in columns)} from {new} as n "
            f"{unless_same if same else ''}",
            [*self.scope, self.run_id],
        )
        return max(removed, written)

    def _hold(self, table: Table, target: str, new: str) -> tuple[int, int, int]:
        """The table `held`: the stored rows that the window replaces, and whether they stay: `is_same` as the new row
        of their key, or `is_older`, since the new one is. Returns how many there are, are the same, and are older."""
        key, columns = table.key, [column.name for column in table.columns if column.name not in table.key]
        same_key = " and ".join(f"t.{name} = n.{name}" for name in key)
        same = " and ".join(f"t.{name} is not distinct from n.{name}" for name in columns) or "true"
        same, older, join, where = f"n.{key[0]} is not null and {same}", "false", "join", "true"
        if table.slice:
            join, where = "left join", "exists (select 1 from covered as c where t.{0} between c.first and c.last)"
            where = where.format(table.slice)
            same = f"coalesce({table.spared or 'false'}, true) or ({same})"  # a spared row stays, whatever has come
        elif table.parent:
            root = self.stream.tables[0]
            join, where = "left join", f"t.{table.parent} in (select {root.key[0]} from new_{root.name})"
            if table.apart:
                same = f"not ({where}) or ({same})"
                where = f"({where} or n.{key[0]} is not null)"
        elif table.version:
            older = f"coalesce(t.{table.version} > n.{table.version}, false)"
        listed = ", ".join(f"t.{name}" for name in key)
        held = rows_changed(
            self.db,
            f"create or replace temp table held as select {listed}, ({same}) as is_same, {older} as is_older "
            f"from {target} as t {join} {new} as n on {same_key} "
            f"where t.tenant_id = ? and t.source_account = ? and {where}",
            self.scope,
        )
        if not held:
            return 0, 0, 0
        counts = "count(*) filter (where is_same and not is_older), count(*) filter (where is_older)"
        same_rows, older_rows = self.db.execute(f"select {counts} from held").fetchall()[0]
        return held, same_rows, older_rows

    def _append_history(self, table: Table, target: str) -> int:
        """Add a row for each key whose newest stored row differs."""
        key = ", ".join(table.key)
        when = next(column.name for column in table.columns if column.type == "INSTANT")
        same = " and ".join(f"t.{name} is not distinct from n.{name}" for name in table.history)
        listed = ", ".join(column.name for column in table.columns)
        return rows_changed(
            self.db,
            f"""insert into {target} ({", ".join((*SCOPE, *LINEAGE))}, {listed})
            with newest as (
                select * from {target} where tenant_id = ? and source_account = ?
                qualify row_number() over (partition by {key} order by {when} desc) = 1)
            select ?, ?, ?, n.landing_part, {", ".join(f"n.{column.name}" for column in table.columns)}
            from new_{table.name} as n left join newest as t using ({key})
            where t.{when} is null or (n.{when} > t.{when} and not ({same}))""",
            [*self.scope, *self.scope, self.run_id],
        )


def _reason(table: Table, *, strict: bool) -> str:
    """SQL for why a record cannot be loaded; null for one that can. `strict` casts judge the values, and `_count` the
    keys."""
    if strict:
        return table.broken or "null::varchar"
    reasons = [
        f"case when {column.read} is not null and {cast(column)} is null "
        f"then '{column.name} is not {column.type}: ' || left(cast({column.read} as varchar), 80) end"
        for column in table.columns
        if column.type != "VARCHAR"
    ] + [
        f"case when {read(table, name)} is null then '{name} is missing' "
        f"when starts_with(cast({read(table, name)} as varchar), '{OBJECT}') then '{name} is an object' end"
        for name in table.key
    ]
    listed = f"concat_ws('; ', {', '.join(reasons)})"
    return f"nullif({f'coalesce({table.broken}, {listed})' if table.broken else listed}, '')"


def _row_key(table: Table) -> str:
    """SQL for how a reject is named: by its file and line, else by its key."""
    if table.place:
        return "place_file || ':' || place_line"
    return " || '/' || ".join(f"coalesce(cast({name} as varchar), '?')" for name in table.key)
