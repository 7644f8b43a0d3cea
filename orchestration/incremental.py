"""A build that recomputes only what changed since the last one, in a copy of its file.

    unchanged inputs       the table stays, and the result of the test
    a model with a unit    its SQL runs over the touched units; their rows replace the old ones
    every other model      its SQL runs over everything

What dbt executed in the last build is executed again without dbt. A unit is touched where the content of staging, or
of a table that was built before, differs from the last build; where a difference cannot be mapped to units, the model
is built whole. So all tables are whole after it, and equal those of a full build
(tests/orchestration/test_incremental.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration import last_build, recorded, units
from orchestration.dbt_parse import resources
from orchestration.home import quoted
from orchestration.last_build import columns_of, row_hash, table_of
from orchestration.recorded import Node, OnNode

VOLATILE = re.compile(r"\bcurrent_(date|timestamp)\b|\bnow\(\)", re.IGNORECASE)
FILLED = ("kpis", "sales_trend", "movers", "alerts", "annotations", "outlook", "build_info")
"""Marts that get rows after the build (semantic/digest/fill.py): the last build's are of its own instant."""
SMALL = 300_000  # rows of a table that is compared with the last build's, to find that it did not change
MOST_TOUCHED = units.BUCKETS // 4  # more are not faster than a whole model
CONTENTS = "delta.main.contents"
Outcome = tuple[str, int | None, str | None]


def run_nodes(last: Path, scratch: Path, staging: Path, fingerprint: str, on_node: OnNode) -> list[Any] | None:
    """Build into `scratch` from the last build; dbt's result for each node, in dbt's order.

    None where a full build is needed: there is no last build, another program made it, or a model or check failed,
    which a full build judges. Raises duckdb.Error where a file is damaged or the disk is full.
    """
    if not last.exists():
        return None
    program, nodes, outcomes = last_build.read(last)
    if program != fingerprint:
        return None
    shutil.copyfile(last, scratch)
    with duckdb.connect(str(scratch)) as db:
        threads, memory = resources(staging)
        db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        db.execute(f"set threads = {threads}; set memory_limit = '{memory}'")
        db.execute("set checkpoint_threshold = '1TB'")  # once at the end
        db.execute(f"attach {quoted(staging)} as raw (read_only)")
        increment = start(db, last, nodes, outcomes)
        results = recorded.run_all(db, nodes, on_node, increment.run)
        if any(result.status in recorded.BROKEN for result in results):
            return None
        last_build.write(db, fingerprint, nodes, results, CONTENTS)
        return results


def start(db: duckdb.DuckDBPyConnection, last: Path, nodes: Sequence[Node], outcomes: dict[str, Outcome]) -> Increment:
    """Attach the last build to a copy of it that is open beside staging, and find what changed in staging."""
    db.execute(f"attach {quoted(last)} as last (read_only)")
    db.execute("attach ':memory:' as delta")
    return Increment(db, nodes, outcomes)


class Increment:
    """Runs nodes in their order over the tables of the last build, which the caller has copied."""

    def __init__(self, db: duckdb.DuckDBPyConnection, nodes: Sequence[Node], outcomes: dict[str, Outcome]) -> None:
        self.build, self.outcomes = db, outcomes
        self.nodes = {node["unique_id"]: node for node in nodes}
        self.changed: dict[str, bool] = {}
        self.changes: dict[str, str] = {}  # by node: the table of its rows that are not as before
        self.parts: dict[tuple[str, str, frozenset[str]], str] = {}  # by relation, unit and lookups: its touched rows
        self.columns: dict[str, list[str]] = {}
        self.counts = dict.fromkeys(("unchanged", "by unit", "whole"), 0)  # of models and tests
        self.tables = 0
        self._compare_staging(last_build.sources(nodes))

    def _compare_staging(self, tables: Sequence[str]) -> None:
        contents, last = CONTENTS, f"last.{last_build.SCHEMA}.contents"
        self.build.execute(f"create table {contents} as {last_build.contents(self.build, tables)}")
        self.build.execute(
            f"create table delta.main.differences as select relation, tenant_id, bucket from {contents} as n "
            f"full join {last} as l using (relation, tenant_id, bucket) "
            "where n.rows is distinct from l.rows or n.hash is distinct from l.hash"
        )
        relations = self.build.execute("select distinct relation from delta.main.differences").fetchall()
        self.different = {relation for (relation,) in relations}
        for unit in units.UNITS:
            self.build.execute(f"create table delta.main.touched_{unit} (tenant_id varchar, bucket integer)")
        if self.different & set(units.MAPPED):
            self._touch("order", units.touched_orders("delta.main.differences"))

    def _touch(self, unit: str, buckets: str) -> None:
        """Add buckets to those of a unit that are touched."""
        touched = f"delta.main.touched_{unit}"
        count = self.build.execute(f"insert into {touched} select * from ({buckets}) except select * from {touched}")
        if count.fetchall()[0][0]:
            self.parts = {key: table for key, table in self.parts.items() if key[1] != unit}

    def run(self, db: duckdb.DuckDBPyConnection, node: Node) -> Any:
        """Bring one node up to date; its result."""
        name, kind = node["unique_id"], node["materialized"]
        differs = any(self._differs(above) for above in node["depends_on"])
        if not differs and node["name"] not in FILLED and not VOLATILE.search(node["sql"]):
            self.changed[name] = False
            self.counts["unchanged"] += 1
            return recorded.result(node, *self.outcomes[name])
        if kind == "view":
            self.changed[name] = True
            return recorded.result(node, *self.outcomes[name])
        if node["resource_type"] == "test":
            return self._test(node)
        unit = self._touched_by(node)
        if unit:
            self._replace(node, unit)
            self.counts["by unit"] += 1
            return recorded.result(node, *self.outcomes[name])
        self.counts["whole"] += 1
        result = recorded.run(db, node)
        self.changed[name] = result.status == "success" and not self._is_as_before(node)
        self.columns.pop(name, None)
        return result

    def _differs(self, name: str) -> bool:
        return table_of(name) in self.different if name.startswith("source.") else self.changed[name]

    def _touched_by(self, node: Node) -> str | None:
        """The unit of a node all of whose changed inputs can be mapped to units, after these were touched."""
        unit, lookups = node["meta"].get("unit"), node["meta"].get("lookups", {})
        if unit not in units.UNITS:
            return None
        tables = [above for above in self._read_by(node) if self._differs(above)]
        for above in tables:
            if above.startswith("source."):
                if unit != "order" or table_of(above) not in units.MAPPED:
                    return None
                continue
            keys = lookups.get(self.nodes[above]["name"])
            if keys is None and not self._has_unit(above, unit):
                return None
            changes = self._changes(above)
            if keys is None:
                self._touch(unit, f"select distinct c.tenant_id, {self._bucket('c', unit)} from {changes} as c")
            elif node["resource_type"] == "test":
                return None
            else:
                equal = " and ".join(f"t.{key} = c.{key}" for key in keys)
                self._touch(
                    unit,
                    f"select distinct t.tenant_id, {self._bucket('t', unit)} "
                    f"from {self._relation(node['unique_id'])} as t semi join {changes} as c on {equal}",
                )
        ((count,),) = self.build.execute(f"select count(*) from delta.main.touched_{unit}").fetchall()
        return unit if count <= MOST_TOUCHED else None

    def _read_by(self, node: Node) -> list[str]:
        """The tables that a node reads, those of views too."""
        result: list[str] = []
        for above in node["depends_on"]:
            view = not above.startswith("source.") and self.nodes[above]["materialized"] == "view"
            result += self._read_by(self.nodes[above]) if view else [above]
        return result

    def _replace(self, node: Node, unit: str) -> None:
        """Replace the rows of touched units in a table, where they are not as before."""
        name = node["unique_id"]
        table, new, old, changes = self._relation(name), self._name(), self._name(), self._name()
        self.build.execute(f"create table {new} as from {table} limit 0")
        self.build.execute(f"insert into {new} by name {self._over_parts(node, node['compiled_code'], unit)}")
        self.build.execute(f"create table {old} as {self._of_touched(table, unit)}")
        self.build.execute(
            f"create table {changes} as select * from (from {new} except all from {old}) "
            f"union all select * from (from {old} except all from {new})"
        )
        ((count,),) = self.build.execute(f"select count(*) from {changes}").fetchall()
        self.changed[name], self.changes[name] = count > 0, changes
        self.parts[name, unit, frozenset()] = new
        if count:
            replaced = self._name()
            by_unit = self._bucket("t", unit)
            self.build.execute(
                f"create table {replaced} as select distinct t.tenant_id, {by_unit} as bucket from {changes} as t"
            )
            of_replaced = f"t.tenant_id = r.tenant_id and {by_unit} = r.bucket"
            self.build.execute(f"delete from {table} as t using {replaced} as r where {of_replaced}")
            self.build.execute(
                f"insert into {table} select t.* from {new} as t semi join {replaced} as r on {of_replaced}"
            )
            self.build.execute(f"drop table {replaced}")
        self.build.execute(f"drop table {old}")

    def _test(self, node: Node) -> Any:
        """A test that passed before fails only by rows of touched units, where it has a unit."""
        if self.outcomes[node["unique_id"]][:2] == ("pass", 0) and (unit := self._touched_by(node)):
            result = recorded.run(self.build, node, self._over_parts(node, node["sql"], unit))
            if result.status == "pass":
                return result
        return recorded.run(self.build, node)

    def _over_parts(self, node: Node, sql: str, unit: str) -> str:
        """SQL of a node that reads only the touched rows of what is a part of the unit."""
        lookups = frozenset(node["meta"].get("lookups", {}))
        for above in node["depends_on"]:
            sql = sql.replace(self._relation(above), self._part(above, unit, lookups))
        return sql

    def _part(self, name: str, unit: str, lookups: frozenset[str]) -> str:
        """The touched rows of a relation, as a relation of their own; the whole one where it has no rows by unit."""
        source = name.startswith("source.")
        node = self.nodes.get(name)
        view = node is not None and node["materialized"] == "view"
        key = (name, unit, lookups if view else frozenset())
        relation = self._relation(name)
        if node is not None and node["name"] in lookups:
            return relation
        if key in self.parts:
            return self.parts[key]
        part = self._name()
        if view and node is not None:
            sql = node["compiled_code"]
            for above in node["depends_on"]:
                sql = sql.replace(self._relation(above), self._part(above, unit, lookups))
            self.build.execute(f"create view {part} as {sql}")
        elif source and unit == "order" and table_of(name) in units.ORDER_SOURCES:
            rows, bucket = units.source_rows(table_of(name))
            self.build.execute(
                f"create table {part} as select t.* from {rows} inner join delta.main.touched_order as k "
                f"on t.tenant_id = k.tenant_id and {bucket} = k.bucket"
            )
        elif not source and self._has_unit(name, unit):
            self.build.execute(f"create table {part} as {self._of_touched(relation, unit)}")
        else:
            part = relation
        self.parts[key] = part
        return part

    def _of_touched(self, table: str, unit: str) -> str:
        return (
            f"select t.* from {table} as t inner join delta.main.touched_{unit} as k "
            f"on t.tenant_id = k.tenant_id and {self._bucket('t', unit)} = k.bucket"
        )

    def _changes(self, name: str) -> str:
        """The table of a node's rows that are not as before: the old ones and the new ones."""
        if name not in self.changes:
            table, changes = self._relation(name), self._name()
            row = row_hash("t", self._columns(name))
            self.build.execute(
                f"create table {changes} as with differing as (select h from (select {row} as h, 1 as number "
                f"from {table} as t union all select {row}, -1 from {self._in_last(name)} as t) "
                "group by h having sum(number) <> 0) "
                f"select t.* from {table} as t semi join differing as d on {row} = d.h "
                f"union all select t.* from {self._in_last(name)} as t semi join differing as d on {row} = d.h"
            )
            self.changes[name] = changes
        return self.changes[name]

    def _is_as_before(self, node: Node) -> bool:
        name = node["unique_id"]
        row = row_hash("t", self._columns(name))
        counts = [self.build.execute(f"select count(*) from {table}").fetchall() for table in self._both(name)]
        if counts[0] != counts[1] or counts[0][0][0] > SMALL:
            return False
        sums = [self.build.execute(f"select sum({row}) from {table} as t").fetchall() for table in self._both(name)]
        return bool(sums[0] == sums[1])

    def _both(self, name: str) -> tuple[str, str]:
        return self._relation(name), self._in_last(name)

    def _in_last(self, name: str) -> str:
        return self._relation(name).replace('"build"', '"last"', 1)

    def _has_unit(self, name: str, unit: str) -> bool:
        return {"tenant_id", *units.UNITS[unit]} <= set(self._columns(name))

    def _columns(self, name: str) -> list[str]:
        if name not in self.columns:
            node = self.nodes[name]
            self.columns[name] = columns_of(self.build, "build", node["schema"], node["name"])
        return self.columns[name]

    def _relation(self, name: str) -> str:
        """A relation as the compiled SQL writes it."""
        if name.startswith("source."):
            schema, table = table_of(name).split(".")
            return f'"raw"."{schema}"."{table}"'
        return f'"build"."{self.nodes[name]["schema"]}"."{self.nodes[name]["name"]}"'

    def _bucket(self, alias: str, unit: str) -> str:
        return units.bucket(alias, units.UNITS[unit])

    def _name(self) -> str:
        self.tables += 1
        return f'"delta"."main"."t{self.tables}"'
