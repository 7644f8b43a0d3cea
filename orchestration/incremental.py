"""A build that recomputes only what changed since the last one, in a copy of its file.

    unchanged inputs       the table stays, and the result of the test
    a model with a unit    its SQL runs over the touched units; their rows replace the old ones
    sums over units        what touched units bring now is added, and what they brought before subtracted
    every other model      its SQL runs over everything

What dbt executed (recording.py) is executed again. A unit is touched where the content of staging, or
of a table that was built before, differs from the last build; where a difference cannot be mapped to units, the model
is built whole. So all tables are whole after it, and equal those of a full build
(tests/orchestration/test_incremental.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration import last_build, recorded, units
from orchestration.home import quoted
from orchestration.last_build import row_hash, table_of
from orchestration.recorded import Node, OnNode
from orchestration.unit_rows import UnitRows

VOLATILE = re.compile(r"\bcurrent_(date|timestamp)\b|\bnow\(\)", re.IGNORECASE)
FILLED = ("kpis", "sales_trend", "movers", "alerts", "annotations", "outlook", "build_info")
"""Marts that get rows after the build (semantic/digest/fill.py): the last build's are of its own instant."""
SMALL = 1_000_000  # rows of a table that is compared with the last build's, to find that it did not change
MOST_TOUCHED = units.GROUPS // 4  # more are not faster than a whole model
CONTENTS = "delta.main.contents"
EVERY_MODEL = "every model"
NAMED = 6  # models in a line
Outcome = tuple[str, int | None, str | None]


@dataclass(frozen=True)
class Continued:
    """A build from the last one: dbt's result for each node, in dbt's order, and which models are whole all the same.

    `whole`: by reason, the models that have a unit and were built whole. Without results a full build is needed, of
    EVERY_MODEL.
    """

    results: list[Any] | None
    whole: dict[str, list[str]] = field(default_factory=dict)


def run_nodes(last: Path, scratch: Path, staging: Path, program: last_build.Program, on_node: OnNode) -> Continued:
    """Build into `scratch` from the last build.

    A full build is needed where no earlier build is kept, where another program made it, or where a model or check
    failed, which a full build judges. Raises duckdb.Error where a file is damaged or the disk is full.
    """
    if not last.exists():
        return needs_full_build("these tenants have no earlier build")
    made_by, nodes, outcomes = last_build.read(last)
    if made_by != program:
        return needs_full_build(last_build.difference(made_by, program))
    shutil.copyfile(last, scratch)
    with recorded.opened(scratch, staging) as db:
        increment = start(db, last, nodes, outcomes)
        results = recorded.run_all(db, nodes, on_node, increment.run)
        for result in results:
            if result.status in recorded.BROKEN:
                return needs_full_build(f"{result.node.name} failed")
        last_build.write(db, program, nodes, results, CONTENTS)
        return Continued(results, increment.whole)


def needs_full_build(reason: str) -> Continued:
    """No results: every model is to be built whole, for this reason."""
    return Continued(None, {reason: [EVERY_MODEL]})


def described(whole: dict[str, list[str]]) -> list[str]:
    """A line for each reason why models were built whole, with their names; the first ones of many."""
    lines = []
    for reason, names in whole.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        lines.append(f"built whole, since {reason}: {', '.join(names[:NAMED])}{more}")
    return lines


def start(db: duckdb.DuckDBPyConnection, last: Path, nodes: Sequence[Node], outcomes: dict[str, Outcome]) -> Increment:
    """Attach the last build to a copy of it that is open beside staging, and find what changed in staging."""
    db.execute(f"attach {quoted(last)} as last (read_only)")
    db.execute("attach ':memory:' as delta")
    db.execute("set perfect_ht_threshold = 17")  # an array of groups instead of a hash table
    return Increment(db, nodes, outcomes)


class Increment:
    """Runs nodes in their order over the tables of the last build, which the caller has copied."""

    def __init__(self, db: duckdb.DuckDBPyConnection, nodes: Sequence[Node], outcomes: dict[str, Outcome]) -> None:
        self.build, self.outcomes = db, outcomes
        self.nodes = {node["unique_id"]: node for node in nodes}
        self.rows = UnitRows(db, self.nodes)
        self.changed: dict[str, bool] = {}
        self.counts = dict.fromkeys(("unchanged", "by unit", "whole"), 0)  # of models and tests
        self.whole: dict[str, list[str]] = {}
        """By reason, the models that were built whole although they have a unit."""
        self._compare_staging(last_build.sources(nodes))

    def _compare_staging(self, tables: Sequence[str]) -> None:
        contents, last = CONTENTS, f"last.{last_build.SCHEMA}.contents"
        self.build.execute(f"create table {contents} as {last_build.contents(self.build, tables)}")
        self.build.execute(
            f"create table delta.main.differences as select relation, bucket from {contents} as n "
            f"full join {last} as l using (relation, bucket) "
            "where n.rows is distinct from l.rows or n.hash is distinct from l.hash"
        )
        relations = self.build.execute("select distinct relation from delta.main.differences").fetchall()
        self.different = {relation for (relation,) in relations}
        for unit, touched in ((units.ORDER_GROUP, units.touched_orders), (units.ACCOUNT_GROUP, units.touched_accounts)):
            if self.different & set(units.MAPPED[unit]):
                self.rows.touch(unit, touched("delta.main.differences"))

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
            self._add(node, unit) if "sums_by" in node["meta"] else self._replace(node, unit)
            self.counts["by unit"] += 1
            return recorded.result(node, *self.outcomes[name])
        self.counts["whole"] += 1
        result = recorded.run(db, node)
        self.changed[name] = result.status == "success" and not self._is_as_before(node)
        self.rows.columns_by_node.pop(name, None)
        return result

    def _differs(self, name: str) -> bool:
        return table_of(name) in self.different if name.startswith("source.") else self.changed[name]

    def _touched_by(self, node: Node) -> str | None:
        """The unit by which a node can be built, after what is touched was noted; none where it is built whole."""
        unit, obstacle = self._unit_of(node)
        if obstacle and node["resource_type"] == "model":
            self.whole.setdefault(obstacle, []).append(node["name"])
        return None if obstacle else unit

    def _unit_of(self, node: Node) -> tuple[str | None, str]:
        """The unit of a node, after that of which an input changed was touched, or why it cannot be built by its unit.

        It is a group of units where staging changed.
        """
        unit, lookups = node["meta"].get("unit"), node["meta"].get("lookups", {})
        if unit not in units.UNITS:
            return None, ""
        tables = [above for above in self._read_by(node) if self._differs(above)]
        for above in (above for above in tables if above.startswith("source.")):
            unit = units.GROUPED.get(unit, unit)
            if table_of(above) not in units.MAPPED.get(unit, ()) or "sums_by" in node["meta"]:
                return None, f"{table_of(above)} changed"
        for above in (above for above in tables if not above.startswith("source.")):
            keys, name = lookups.get(self.nodes[above]["name"]), self.nodes[above]["name"]
            is_lookup = keys is not None and node["resource_type"] == "model"
            if not is_lookup and (keys is not None or not self.rows.has_unit(above, unit)):
                return None, f"{name} changed"
            touching = f"{self.rows.changes(above)} as t"
            if is_lookup:
                same = " and ".join(f"t.{key} = c.{key}" for key in keys)
                touching = f"{self._through(node, name)} as t semi join {self.rows.changes(above)} as c on {same}"
            self.rows.touch(unit, f"select distinct {units.hash_of('t', unit)} from {touching}")
        if self.rows.number_touched(unit) > MOST_TOUCHED:
            return None, f"more than {MOST_TOUCHED:,} {unit.replace('_', ' ')}s are touched"
        return unit, ""

    def _through(self, node: Node, lookup: str) -> str:
        """The relation that says which units a row of a lookup concerns."""
        through = node["meta"].get("through", {}).get(lookup)
        names = [above for above in node["depends_on"] if above in self.nodes and self.nodes[above]["name"] == through]
        return self.rows.relation(names[0] if names else node["unique_id"])

    def _read_by(self, node: Node) -> list[str]:
        """The tables that a node reads, those of views too."""
        result: list[str] = []
        for above in node["depends_on"]:
            view = not above.startswith("source.") and self.nodes[above]["materialized"] == "view"
            result += self._read_by(self.nodes[above]) if view else [above]
        return result

    def _replace(self, node: Node, unit: str) -> None:
        """Replace the rows of touched units in a table, where they are not as before."""
        rows, name = self.rows, node["unique_id"]
        table, new = rows.relation(name), rows.name()
        self.build.execute(f"create table {new} as from {table} limit 0")
        self.build.execute(f"insert into {new} by name {rows.over_parts(node, node['compiled_code'], unit)}")
        numbers, old = rows.of_table(table, unit)
        self.changed[name] = self._note(name, *rows.net(name, {new: 1, old: -1}))
        if self.changed[name]:
            replaced, of_unit = rows.name(), f"{units.hash_of('t', unit)} = r.unit"
            self.build.execute(
                f"create table {replaced} as select distinct {units.hash_of('t', unit)} as unit "
                f"from {rows.changes(name)} as t"
            )
            numbers = f"{numbers} as n semi join {replaced} as r using (unit)"
            self._exchange(table, numbers, f"select t.* from {new} as t semi join {replaced} as r on {of_unit}")
        rows.parts[name, unit, frozenset(), False] = new
        rows.parts[name, unit, frozenset(), True] = old

    def _add(self, node: Node, unit: str) -> None:
        """Add to the sums of a table what touched units bring now, and subtract what they brought before."""
        rows, name = self.rows, node["unique_id"]
        table, difference, numbers, added, removed = rows.relation(name), *(rows.name() for _ in range(4))
        keys = list(node["meta"]["sums_by"])
        sums = [column for column in rows.columns(name) if column not in keys]
        by, equal = ", ".join(keys), " and ".join(f"t.{key} is not distinct from d.{key}" for key in keys)
        sides = [
            f"select {by}, {', '.join(f'{sign}{column} as {column}' for column in sums)} from "
            f"({rows.over_parts(node, node['compiled_code'], unit, last=last)})"
            for sign, last in (("", False), ("-", True))
        ]
        total = f"select {by}, {', '.join(f'sum({column}) as {column}' for column in sums)} from"
        self.build.execute(
            f"create table {difference} as {total} ({' union all '.join(sides)}) group by {by} "
            f"having {' or '.join(f'sum({column}) <> 0' for column in sums)}"
        )
        self.build.execute(
            f"create table {numbers} as select t.rowid as number "
            f"from {table} as t semi join {difference} as d on {equal}"
        )
        of_numbers = f"from {table} as t semi join {numbers} as n on t.rowid = n.number"
        self.build.execute(f"create table {removed} as select t.* {of_numbers}")
        self.build.execute(f"create table {added} as from {table} limit 0")
        self.build.execute(
            f"insert into {added} by name {total} (from {removed} union all by name from {difference}) "
            f"group by {by} having sum({units.ROWS}) <> 0"
        )
        self.changed[name] = self._note(name, added, removed)
        if self.changed[name]:
            self._exchange(table, numbers, f"from {added}")

    def _note(self, name: str, added: str, removed: str) -> bool:
        """Note the rows by which a table differs from the last build's; whether there are any."""
        self.rows.added[name], self.rows.removed[name] = added, removed
        ((count,),) = self.build.execute(f"select count(*) from {self.rows.changes(name)}").fetchall()
        return bool(count)

    def _exchange(self, table: str, numbers: str, new: str) -> None:
        """Delete the rows of these numbers from a table, and insert the new rows."""
        chosen = f"(select number from {numbers})"
        self.build.execute(f"delete from {table} as t using {chosen} as n where t.rowid = n.number")
        self.build.execute(f"insert into {table} {new}")

    def _test(self, node: Node) -> Any:
        """A test that passed before fails only by rows of touched units, where it has a unit or tests keys of one."""
        sql = self._narrowed(node) if self.outcomes[node["unique_id"]][:2] == ("pass", 0) else None
        result = recorded.run(self.build, node, sql)
        return result if result.status == "pass" or sql is None else recorded.run(self.build, node)

    def _narrowed(self, node: Node) -> str | None:
        """SQL of a test over the rows that may fail now; none where they are not known."""
        keys = node["meta"].get("keys")
        if not keys:
            unit = self._touched_by(node)
            return self.rows.over_parts(node, node["sql"], unit) if unit else None
        (model,) = node["depends_on"]
        unit = self._touched_by({**node, "meta": {"unit": self.nodes[model]["meta"].get("unit")}})
        if unit is None:
            return None
        relation, part = self.rows.relation(model), self.rows.over_parts(node, self.rows.relation(model), unit)
        if not set(units.columns(unit)) <= set(keys):  # a key may be that of a row of another unit too
            same = " and ".join(f"t.{key} is not distinct from p.{key}" for key in keys)
            part = f"(select t.* from {relation} as t semi join {part} as p on {same})"
        return str(node["sql"].replace(relation, part))

    def _is_as_before(self, node: Node) -> bool:
        name = node["unique_id"]
        both = (self.rows.relation(name), self.rows.in_last(name))
        counts = [self.build.execute(f"select count(*) from {table}").fetchall() for table in both]
        if counts[0] != counts[1] or counts[0][0][0] > SMALL:
            return False
        row = row_hash("t", self.rows.columns(name))
        sums = [self.build.execute(f"select sum({row}) from {table} as t").fetchall() for table in both]
        return bool(sums[0] == sums[1])
