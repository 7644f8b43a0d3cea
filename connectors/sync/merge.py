"""Into tables that hold rows: typed row by row, set aside where that fails, compared with what is stored.

A stored row is touched only where the source's row differs, so a repeat changes nothing. Rows with a parent are
replaced parent by parent (a removed line vanishes), rows of a slice day by day, others upserted by key, the newest
version winning.
"""

from __future__ import annotations

import duckdb

from connectors.base import Account, Stream, Table
from connectors.sync.casts import cast, read
from connectors.sync.control_tables import LINEAGE, OF_STREAM, SCOPE, of_stream, utc_now


class Merge:
    """One load of one stream's landed records (the view `record`) into its tables, inside the caller's transaction."""

    def __init__(self, db: duckdb.DuckDBPyConnection, account: Account, stream: Stream, run_id: str) -> None:
        self.db, self.account, self.stream, self.run_id = db, account, stream, run_id
        self.scope = [account.tenant_id, account.account]
        self.load = of_stream(account, stream.name)

    def run(self) -> tuple[int, int]:
        """Returns (rows changed, rows set aside)."""
        changed = rejected = 0
        for table in self.stream.tables:
            cleared, aside = self._type(table)
            rejected += aside
            changed += max(0, cleared - aside) + self._merge(table)
        for table in self.stream.tables:
            self.db.execute(f"drop table new_{table.name}")
        return changed, rejected

    def _type(self, table: Table) -> tuple[int, int]:
        """new_<table>: its rows typed, one a key; those that cannot be typed are set aside.

        Returns how many stood aside before that have come again, and how many do now.
        """
        typed = [f"{cast(column)} as {column.name}" for column in table.columns]
        broken = [column for column in table.columns if column.type != "VARCHAR"]
        reasons = [
            f"case when {column.read} is not null and {cast(column)} is null "
            f"then '{column.name} is not {column.type}: ' || left(cast({column.read} as varchar), 80) end"
            for column in broken
        ] + [f"case when {read(table, name)} is null then '{name} is missing' end" for name in table.key]
        if table.broken:  # said in full by who read it
            reasons = [f"coalesce({table.broken}, concat_ws('; ', {', '.join(reasons)}))"]
        file, line = table.place or ("null::varchar", "null::varchar")
        self.db.execute(
            f"create temp table new_{table.name} as select {', '.join(typed)}, r.landing_part, "
            f"{file} as place_file, {line} as place_line, "
            f"nullif(concat_ws('; ', {', '.join(reasons)}), '') as reject_reason "
            f"from {table.source} where {table.where}"
        )
        if table.parent:
            self._of_newest_parents(table)
        if not table.place:  # a broken line has no key
            self._one_a_key(table)
        key = " || '/' || ".join(f"coalesce(cast({name} as varchar), '?')" for name in table.key)
        seen, same = f"select {key} from new_{table.name}", "row_key"
        if table.parent:  # a broken child that the source removed since comes no more, but its parent does
            parents = f"new_{self.stream.tables[0].name}"
            seen, same = f"select {self.stream.tables[0].key[0]} from {parents}", "split_part(row_key, '/', 1)"
        elif table.slice:  # likewise a broken row of a day that is replaced
            days = "unnest(generate_series(first, last, interval 1 day))::date"
            seen, same = f"select cast({days} as varchar) from covered", "split_part(row_key, '/', 1)"
        if table.place:
            key = "place_file || ':' || place_line"
            seen, same = f"select {table.place[0]} from {table.source}", "regexp_replace(row_key, ':[0-9]+$', '')"
        cleared = rows_changed(
            self.db,
            f"delete from takings.rejects where {OF_STREAM} and table_name = '{table.name}' and {same} in ({seen})",
            self.load,
        )
        rejects = self.db.execute(
            f"insert into takings.rejects select ?, ?, ?, ?, '{table.name}', {key}, reject_reason, ?, landing_part, ? "
            f"from new_{table.name} where reject_reason is not null",
            [*self.load, self.run_id, utc_now()],
        ).fetchone()
        count = int(rejects[0]) if rejects else 0
        if count:
            self.db.execute(f"delete from new_{table.name} where reject_reason is not null")
        if table.place:
            self._one_a_key(table)
        return cleared, count

    def _of_newest_parents(self, table: Table) -> None:
        """Children stand in the same part as their parent: those of a parent's older version, or of one that is not
        taken, go.
        """
        self.db.execute(
            f"delete from new_{table.name} as n where n.{table.parent} is not null "
            f"and not exists (select 1 from new_{self.stream.tables[0].name} as p "
            f"where p.{self.stream.tables[0].key[0]} = n.{table.parent} and p.landing_part = n.landing_part)"
        )

    def _one_a_key(self, table: Table) -> None:
        """A source may hand over a row twice (a page that moved): the newest version stays."""
        key = ", ".join(table.key)
        twice = self.db.execute(f"select count(*) <> count(distinct ({key})) from new_{table.name}").fetchone()
        if twice and twice[0]:
            newest = f"{table.version} desc nulls last, " if table.version else ""
            self.db.execute(
                f"create or replace temp table new_{table.name} as select * from new_{table.name} "
                f"qualify row_number() over (partition by {key} order by {newest}landing_part desc) = 1"
            )

    def _merge(self, table: Table) -> int:
        """Bring new_<table> into the staging table. Returns the number of rows removed or written."""
        target, new = f"{self.account.source}.{table.name}", f"new_{table.name}"
        mine = "t.tenant_id = ? and t.source_account = ?"
        columns = [column.name for column in table.columns]
        listed = ", ".join(columns)
        if table.history:
            return self._append_history(table, target)
        same_key = " and ".join(f"t.{name} = n.{name}" for name in table.key)
        same_row = " and ".join(f"t.{name} is not distinct from n.{name}" for name in columns)
        if table.version:  # an older version than the stored one changes nothing
            self.db.execute(
                f"delete from {new} as n using {target} as t "
                f"where {mine} and {same_key} and t.{table.version} > n.{table.version}",
                self.scope,
            )
        if table.slice:
            removed = rows_changed(
                self.db,
                f"delete from {target} as t using covered as c where {mine} and t.{table.slice} between c.first "
                f"and c.last and not exists (select 1 from {new} as n where {same_key} and {same_row}) "
                f"and not ({table.spared or 'false'})",
                self.scope,
            )
        elif table.parent:
            removed = rows_changed(
                self.db,
                f"delete from {target} as t where {mine} and t.{table.parent} in "
                f"(select {self.stream.tables[0].key[0]} from new_{self.stream.tables[0].name}) "
                f"and not exists (select 1 from {new} as n where {same_key} and {same_row})",
                self.scope,
            )
        else:
            removed = rows_changed(
                self.db,
                f"delete from {target} as t using {new} as n where {mine} and {same_key} and not ({same_row})",
                self.scope,
            )
        written = rows_changed(
            self.db,
            f"insert into {target} ({', '.join((*SCOPE, *LINEAGE))}, {listed}) "
            f"select ?, ?, ?, n.landing_part, {', '.join(f'n.{name}' for name in columns)} from {new} as n "
            f"where not exists (select 1 from {target} as t where {mine} and {same_key})",
            [*self.scope, self.run_id, *self.scope],
        )
        return max(removed, written)

    def _append_history(self, table: Table, target: str) -> int:
        """A row for each key whose newest stored row says something else."""
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


def rows_changed(db: duckdb.DuckDBPyConnection, sql: str, values: list[str]) -> int:
    """The number of rows that a statement changed."""
    row = db.execute(sql, values).fetchone()
    return int(row[0]) if row else 0
