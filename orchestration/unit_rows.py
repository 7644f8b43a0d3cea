"""The rows of touched units in each relation, as a relation of its own, in this build and in the last one.

A unit is touched where a row of it may differ from the last build. Rows of touched units are found once per relation:
the columns that name the unit are read first, then the found rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from orchestration import units
from orchestration.last_build import columns_of, row_hash, table_of
from orchestration.recorded import Node

TIMES = "times_of_row"
"""A column for how often a row is there, beside those of a relation."""


class UnitRows:
    """Touched units, and the rows of them in each relation.

    `added` and `removed`: by node, the table of its rows that the last build does not have, and of those which only the
    last build has.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, nodes: Mapping[str, Node]) -> None:
        self.build, self.nodes = db, nodes
        self.added: dict[str, str] = {}
        self.removed: dict[str, str] = {}
        self.columns_by_node: dict[str, list[str]] = {}
        self.parts: dict[tuple[str, str, frozenset[str], bool], str] = {}  # by relation, unit, lookups, whether last
        self.tables = 0
        for unit in (*units.MAPPED, *units.UNITS):
            self.build.execute(f"create table delta.main.touched_{unit} (unit {units.hash_type(unit)})")

    def touch(self, unit: str, hashes: str) -> None:
        """Add units to those that are touched: SQL with the hash of each."""
        touched = f"delta.main.touched_{unit}"
        count = self.build.execute(f"insert into {touched} select * from ({hashes}) except select * from {touched}")
        if count.fetchall()[0][0]:
            self.parts = {key: table for key, table in self.parts.items() if key[1] != unit}

    def number_touched(self, unit: str) -> int:
        """How many units of a kind are touched."""
        ((count,),) = self.build.execute(f"select count(*) from delta.main.touched_{unit}").fetchall()
        return int(count)

    def of_table(self, table: str, unit: str) -> tuple[str, str]:
        """The numbers of the touched rows of a table, with their unit, and the rows; both as tables."""
        numbers, rows = self.name(), self.name()
        self.build.execute(
            f"create table {numbers} as select t.rowid as number, k.unit from {table} as t "
            f"inner join delta.main.touched_{unit} as k on {units.hash_of('t', unit)} = k.unit"
        )
        self.build.execute(
            f"create table {rows} as select t.* from {table} as t semi join {numbers} as n on t.rowid = n.number"
        )
        return numbers, rows

    def over_parts(self, node: Node, sql: str, unit: str, *, last: bool = False) -> str:
        """SQL of a node that reads only the touched rows of what is a part of the unit."""
        lookups = frozenset(node["meta"].get("lookups", {}))
        for above in node["depends_on"]:
            sql = sql.replace(self.relation(above), self._part(above, unit, lookups, last))
        return sql

    def _part(self, name: str, unit: str, lookups: frozenset[str], last: bool) -> str:
        """The touched rows of a relation, as a relation of their own; the whole one where it has no rows by unit."""
        source = name.startswith("source.")
        node = self.nodes.get(name)
        view = node is not None and node["materialized"] == "view"
        last = last and not source and (view or name in self.added)
        key = (name, unit, lookups if view else frozenset(), last)
        relation = self.relation(name)
        if node is not None and node["name"] in lookups:
            return relation
        if key in self.parts:
            return self.parts[key]
        if view and node is not None:
            part, sql = self.name(), node["compiled_code"]
            for above in node["depends_on"]:
                sql = sql.replace(self.relation(above), self._part(above, unit, lookups, last))
            self.build.execute(f"create view {part} as {sql}")
        elif not self._is_part(name, unit):
            part = relation
        elif last:
            now = self._part(name, unit, lookups, False)
            part, _ = self.net(name, {now: 1, self.added[name]: -1, self.removed[name]: 1})
        elif group := self._of_group(name, unit):
            part = self.name()
            self.build.execute(
                f"create table {part} as select t.* from {group} as t "
                f"semi join delta.main.touched_{unit} as k on {units.hash_of('t', unit)} = k.unit"
            )
        elif source:
            part = self._of_source(table_of(name), unit)
        else:
            _, part = self.of_table(relation, unit)
        self.parts[key] = part
        return part

    def _is_part(self, name: str, unit: str) -> bool:
        return units.is_part(table_of(name), unit) if name.startswith("source.") else self.has_unit(name, unit)

    def _of_group(self, name: str, unit: str) -> str | None:
        """The rows of touched groups in a relation, where they are known and have all rows of touched units."""
        group = units.GROUPED.get(unit, "")
        part = self.parts.get((name, group, frozenset(), False))
        if part is None or not units.has_columns(table_of(name), unit):
            return None
        ((outside,),) = self.build.execute(
            f"select count(*) from delta.main.touched_{unit} as k anti join delta.main.touched_{group} as g "
            f"on {units.group_of('k.unit')} = g.unit"
        ).fetchall()
        return None if outside else part

    def _of_source(self, table: str, unit: str) -> str:
        numbers, part = self.name(), self.name()
        rows, of_unit = units.source_rows(table, unit)
        self.build.execute(
            f"create table {numbers} as select t.rowid as number from {rows} "
            f"inner join delta.main.touched_{unit} as k on {of_unit} = k.unit"
        )
        self.build.execute(
            f"create table {part} as select t.* from raw.{table} as t semi join {numbers} as n on t.rowid = n.number"
        )
        return part

    def net(self, name: str, relations: Mapping[str, int]) -> tuple[str, str]:
        """Add and subtract relations with a node's columns: the rows that remain, and those that are lacking.

        `relations`: 1 for a relation that is added, -1 for one that is subtracted. A row that remains twice is there
        twice.
        """
        columns, counted, tables = ", ".join(self.columns(name)), self.name(), (self.name(), self.name())
        signed = " union all ".join(
            f"select {columns}, {sign} as {TIMES} from {relation}" for relation, sign in relations.items()
        )
        self.build.execute(
            f"create table {counted} as select {columns}, sum({TIMES}) as {TIMES} from ({signed}) group by {columns} "
            f"having sum({TIMES}) <> 0"
        )
        ((most,),) = self.build.execute(f"select coalesce(max(abs({TIMES})), 0) from {counted}").fetchall()
        for sign, table in zip((1, -1), tables, strict=True):
            self.build.execute(
                f"create table {table} as select {columns} from {counted} "
                f"inner join range({most}) as repeated (number) on repeated.number < {sign} * {TIMES}"
            )
        return tables

    def changes(self, name: str) -> str:
        """SQL: a node's rows that are not as before, the old ones and the new ones."""
        if name not in self.added:
            table, last, row = self.relation(name), self.in_last(name), row_hash("t", self.columns(name))
            differing = self.name()
            self.build.execute(
                f"create table {differing} as select h from (select {row} as h, 1 as number from {table} as t "
                f"union all select {row}, -1 from {last} as t) group by h having sum(number) <> 0"
            )
            for side, rows in ((self.added, table), (self.removed, last)):
                side[name] = self.name()
                self.build.execute(
                    f"create table {side[name]} as select t.* "
                    f"from {rows} as t semi join {differing} as d on {row} = d.h"
                )
        return f"(from {self.added[name]} union all from {self.removed[name]})"

    def has_unit(self, name: str, unit: str) -> bool:
        """Whether a relation has the columns that name a unit."""
        return set(units.columns(unit)) <= set(self.columns(name))

    def columns(self, name: str) -> Sequence[str]:
        """The columns of a node's relation."""
        if name not in self.columns_by_node:
            node = self.nodes[name]
            self.columns_by_node[name] = columns_of(self.build, "build", node["schema"], node["name"])
        return self.columns_by_node[name]

    def relation(self, name: str) -> str:
        """A relation as the compiled SQL writes it."""
        if name.startswith("source."):
            schema, table = table_of(name).split(".")
            return f'"raw"."{schema}"."{table}"'
        return f'"build"."{self.nodes[name]["schema"]}"."{self.nodes[name]["name"]}"'

    def in_last(self, name: str) -> str:
        """A node's table in the last build."""
        return self.relation(name).replace('"build"', '"last"', 1)

    def name(self) -> str:
        """A name for a table of this build alone."""
        self.tables += 1
        return f'"delta"."main"."t{self.tables}"'
