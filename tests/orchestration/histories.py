"""Random histories of a staging file, and builds of it: incremental ones and full ones, to be compared cell by cell.

    history = History(folder, seed)
    history.change("rates change")   # without a name: any change, of which it returns the name
    history.build()                  # from the last build
    differences(history.last, history.full())

A change need not make sense: rows without an order, amounts that do not add up. A check may fail, and has to fail in
the same way in both builds. Here every node runs, also after a failed check.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from orchestration import incremental, last_build, recorded, units
from orchestration.home import quoted
from tests import shared_cache
from tests.orchestration import first_build

PROGRAM, BUILD = {"the program": "1"}, "build.duckdb"
LINEAGE = "run_id = run_id || '.', landing_part = landing_part || '.'"
OF_ORDERS = [name.removeprefix("shopify.") for name in units.ORDER_SOURCES]
OTHERS = (
    "meta_ads.ads_insights", "meta_ads.account_insights", "meta_ads.ads_actions", "tiktok_ads.ads_insights",
    "stripe.charges", "stripe.balance_transactions", "stripe.refunds", "files.events", "files.operating_expenses",
    "shopify.products", "shopify.variants", "shopify.variant_costs", "shopify.sales_totals", "shopify.customers",
    "shopify.orders", "shopify.order_lines", "shopify.sales", "shopify.agreements", "shopify.refunds",
    "shopify.refund_lines", "shopify.refund_transactions",
)  # fmt: skip
KEYS = ("tenant_id", "source_account", "run_id", "landing_part", "currency", "kind", "window_id")


def build_from_nothing(staging: Path) -> Path:
    """A build from nothing of a staging file that no history has changed yet, shared by all histories."""
    world = staging.relative_to(shared_cache.FOLDER).parts[0]

    def make(folder: Path) -> None:
        folder.mkdir()
        _build_whole(staging, folder / BUILD)

    return shared_cache.entry(f"first-of-{world.partition('.')[0]}", world + Path(__file__).read_text(), make) / BUILD


def _build_whole(staging: Path, path: Path) -> None:
    nodes = first_build.nodes()
    with _open(path, staging) as db:
        for schema in sorted({node["schema"] for node in nodes if node["resource_type"] != "test"}):
            db.execute(f"create schema if not exists {schema}")
        results = [recorded.run(db, node) for node in nodes]
        last_build.write(db, PROGRAM, nodes, results)


def _open(path: Path, staging: Path) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect(str(path))
    db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set threads = 1")
    db.execute(f"attach {quoted(staging)} as raw (read_only)")
    return db


class History:
    """A staging file that changes step by step, and the last build of it."""

    def __init__(self, staging: Path, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.staging, self.folder, self.chance = folder / "staging.duckdb", folder, random.Random(seed)  # noqa: S311
        shutil.copyfile(staging, self.staging)
        (folder / "full").mkdir()
        self.last, self.steps = Path(shutil.copy(build_from_nothing(staging), folder / "full")), 0
        self.counts: dict[str, int] = {}
        self.whole: dict[str, list[str]] = {}
        self.declared: dict[str, dict[str, Any]] = {}  # by model, another `meta` than its own

    def full(self) -> Path:
        """A build from nothing."""
        path = self.folder / "full" / BUILD
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        _build_whole(self.staging, path)
        return path

    def build(self) -> None:
        """An incremental build, which becomes the last one."""
        path, last = self.folder / "next" / BUILD, self.folder / "last.duckdb"
        self.last.replace(last)
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        _, nodes, outcomes = last_build.read(last)
        nodes = [{**node, "meta": self.declared.get(node["name"], node["meta"])} for node in nodes]
        shutil.copyfile(last, path)
        with _open(path, self.staging) as db:
            increment = incremental.start(db, last, nodes, outcomes)
            results = [increment.run(db, node) for node in nodes]
            last_build.write(db, PROGRAM, nodes, results, incremental.CONTENTS)
            self.counts, self.whole = increment.counts, increment.whole
        self.last = path

    def change(self, name: str = "") -> str:
        """Change staging in one way; the name of the change."""
        name = name or self.chance.choice(list(CHANGES))
        self.steps += 1
        with duckdb.connect(str(self.staging)) as db:
            db.execute("set TimeZone = 'UTC'; set threads = 1")
            CHANGES[name](self, db)
        return name

    def some(self, table: str, most: int, where: str = "true") -> str:
        """SQL: a condition that holds for a few rows of a table."""
        seed, count = self.chance.randrange(10**9), self.chance.randint(1, most)
        return (
            f"rowid in (select rowid from {table} where {where} order by hash(rowid * 1000003 + {seed}), rowid "
            f"limit {count})"
        )

    def instant(self) -> str:
        """SQL: an interval of up to a year and a half."""
        return f"interval {self.chance.randint(0, 550 * 24)} hour"


def differences(one: Path, other: Path) -> list[str]:
    """The tables of two builds with the number of their differing rows, and the checks with other results."""
    with duckdb.connect() as db:
        db.execute(f"attach {quoted(one)} as one (read_only); attach {quoted(other)} as other (read_only)")
        listed = (
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = ? and schema_name <> ?"
        )
        names = [
            {name for (name,) in db.execute(listed, [side, last_build.SCHEMA]).fetchall()} for side in ("one", "other")
        ]
        assert names[0] == names[1] and len(names[0]) > 90, names[0] ^ names[1]
        result = []
        for name in sorted(names[0]):
            missing = f"select count(*) from (from one.{name} except all from other.{name})"
            row = db.execute(
                f"select ({missing}), (select count(*) from one.{name}), (select count(*) from other.{name})"
            )
            lacking, rows, others = row.fetchall()[0]
            surplus = others - (rows - lacking)  # the rows of the other that are no row of this one
            result += [f"{name}: {lacking} and {surplus} rows"] if lacking or surplus else []
        nodes = f"select node ->> '$.name', outcome from {{}}.{last_build.SCHEMA}.nodes"
        result += map(str, db.execute(f"({nodes.format('one')} except {nodes.format('other')})").fetchall())
    return result


def _columns(db: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = db.execute(f"describe {table}").fetchall()
    return [name for name, *_ in rows]


def _edit_any(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """A value of a few rows of any table becomes that of another row."""
    table = history.chance.choice(OTHERS)
    names = [name for name in _columns(db, table) if name not in KEYS and not name.endswith("_id")]
    name = history.chance.choice(names)
    rows = history.some(table, 3)
    value = f"(select {name} from {table} where {history.some(table, 1)} limit 1)"
    db.execute(f"update {table} set {name} = {value} where {rows}")


def _delete_any(history: History, db: duckdb.DuckDBPyConnection) -> None:
    table = history.chance.choice(OTHERS)
    db.execute(f"delete from {table} where {history.some(table, 3)}")


def _load_again(history: History, db: duckdb.DuckDBPyConnection) -> None:
    table = "shopify." + history.chance.choice(OF_ORDERS)
    db.execute(f"update {table} set {LINEAGE} where {history.some(table, 20)}")


def _late_orders(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """A few orders again under other ids, on other days: new ones, and old ones that arrive late."""
    chosen = f"(select order_id from shopify.orders where {history.some('shopify.orders', 3)})"
    end = f"'n{history.steps}'"
    shift = f"{history.chance.choice('+-')} {history.instant()}"
    for name in OF_ORDERS:
        table = f"shopify.{name}"
        columns = _columns(db, table)
        new = [f"{column} || {end} as {column}" for column in columns if column in
               ("order_id", "agreement_id", "sale_id", "refund_id", "transaction_id", "refund_line_id")]  # fmt: skip
        new += [f"{column} {shift} as {column}" for column in columns if column in ("processed_at", "happened_at")]
        where = f"order_id in {chosen}"
        if "order_id" not in columns:
            where = f"refund_id in (select refund_id from shopify.refunds where order_id in {chosen})"
        db.execute(f"create temp table added as select * replace ({', '.join(new)}) from {table} where {where}")
        db.execute(f"insert into {table} from added; drop table added")


def _late_refund(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """A refund of a few old orders again, up to a year and a half later, with rows of the ledger."""
    chosen, end, later = history.some("shopify.refunds", 2), f"'r{history.steps}'", history.instant()
    db.execute(f"create temp table chosen as select refund_id from shopify.refunds where {chosen}")
    of_chosen = "refund_id in (select refund_id from chosen)"
    db.execute(
        f"insert into shopify.refunds select * replace (refund_id || {end} as refund_id, created_at + {later} as "
        f"created_at, processed_at + {later} as processed_at) from shopify.refunds where {of_chosen}"
    )
    for table, key in (("refund_lines", "refund_line_id"), ("refund_transactions", "transaction_id")):
        db.execute(
            f"insert into shopify.{table} select * replace (refund_id || {end} as refund_id, {key} || {end} as {key}) "
            f"from shopify.{table} where {of_chosen}"
        )
    db.execute(
        f"insert into shopify.sales select sales.* replace (agreement_id || {end} as agreement_id, sale_id || {end} as "
        "sale_id) from shopify.sales join shopify.agreements using (tenant_id, source_account, order_id, agreement_id) "
        f"where agreements.{of_chosen}"
    )
    db.execute(
        f"insert into shopify.agreements select * replace (agreement_id || {end} as agreement_id, "
        f"refund_id || {end} as refund_id, happened_at + {later} as happened_at) "
        f"from shopify.agreements where {of_chosen}"
    )
    db.execute("drop table chosen")


def _remove_orders(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """Some or all rows of a few orders disappear from staging."""
    db.execute(
        f"create temp table chosen as select order_id from shopify.orders where {history.some('shopify.orders', 3)}"
    )
    for name in history.chance.sample(OF_ORDERS, history.chance.randint(1, len(OF_ORDERS))):
        if "order_id" in _columns(db, f"shopify.{name}"):
            db.execute(f"delete from shopify.{name} where order_id in (from chosen)")
    db.execute("drop table chosen")


def _delete(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """Shopify says that orders or products were deleted."""
    kind, table, name = history.chance.choice(
        [("ORDER", "shopify.orders", "order_id"), ("PRODUCT", "shopify.products", "product_id")]
    )
    known = f"{name} not in (select subject_id from shopify.deletions)"
    db.execute(
        f"insert into shopify.deletions select tenant_id, source_account, run_id, landing_part, '{kind}', {name}, "
        f"timestamp '2026-03-01' from {table} where {history.some(table, 2, known)}"
    )


def _undelete(history: History, db: duckdb.DuckDBPyConnection) -> None:
    db.execute(f"delete from shopify.deletions where {history.some('shopify.deletions', 2)}")


def _merge_customers(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """Customers get the e-mail of another one, or none."""
    other = f"(select email from shopify.customers where {history.some('shopify.customers', 1)} limit 1)"
    value = history.chance.choice([other, "null"])
    db.execute(f"update shopify.customers set email = {value} where {history.some('shopify.customers', 3)}")


def _move_orders(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """Orders change their customer, e-mail or day."""
    customer = f"(select customer_id from shopify.customers where {history.some('shopify.customers', 1)} limit 1)"
    value = history.chance.choice(
        [
            f"customer_id = {customer}",
            "customer_id = null",
            "email = null",
            f"processed_at = processed_at - {history.instant()}",
        ]
    )
    db.execute(f"update shopify.orders set {value} where {history.some('shopify.orders', 3)}")


def _foreign_orders(history: History, db: duckdb.DuckDBPyConnection) -> None:
    db.execute(f"update shopify.orders set currency = 'GBP' where {history.some('shopify.orders', 4)}")


def _rates(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """Rates of a few days appear or change: those of days before an order count for it too."""
    day = f"(select max(processed_at)::date - {history.chance.randint(0, 60)} from shopify.orders)"
    rate = f"{history.chance.randint(50, 200)} / 100.0"
    db.execute(f"delete from takings.exchange_rates where rate_day = {day}")
    db.execute(
        f"insert into takings.exchange_rates select {day}, a, b, {rate} "
        "from (values ('GBP'), ('EUR'), ('USD')) as f(a), (values ('EUR'), ('USD')) as t(b) where a <> b"
    )


def _zone(history: History, db: duckdb.DuckDBPyConnection) -> None:
    zone = history.chance.choice(["America/New_York", "Europe/Berlin", "Asia/Tokyo", "UTC"])
    db.execute(f"update takings.tenants set time_zone = '{zone}' where {history.some('takings.tenants', 1)}")


def _currency(history: History, db: duckdb.DuckDBPyConnection) -> None:
    currency = history.chance.choice(["USD", "EUR"])
    db.execute(f"update takings.tenants set currency = '{currency}' where {history.some('takings.tenants', 1)}")


def _channel(history: History, db: duckdb.DuckDBPyConnection) -> None:
    channel = history.chance.choice(["Online store", "Marketplaces", "Wholesale"])
    db.execute("delete from takings.channels where source_name = 'web'")
    db.execute(f"insert into takings.channels values ('aurora', 'web', '{channel}')")


def _cost(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """A product's cost is known from another instant on."""
    table = "shopify.variant_costs"
    db.execute(
        f"insert into {table} select * replace (known_from - {history.instant()} as known_from, unit_cost + "
        f"{history.chance.randint(1, 5)} as unit_cost) from {table} where {history.some(table, 2)}"
    )


def _next_day(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """Every source was read further."""
    db.execute(
        f"update takings.cursors set loaded_until = loaded_until + interval {history.chance.randint(1, 48)} hour"
    )


def _tenant_leaves(history: History, db: duckdb.DuckDBPyConnection) -> None:
    """A tenant is blocked, or there again."""
    if db.execute("select count(*) from takings.tenants").fetchall()[0][0] > 1:
        db.execute("create or replace table takings.left_out as from takings.tenants where tenant_id = 'nordlicht'")
        db.execute("delete from takings.tenants where tenant_id = 'nordlicht'")
    else:
        db.execute("insert into takings.tenants from takings.left_out")


def _nothing(history: History, db: duckdb.DuckDBPyConnection) -> None:
    db.execute("update takings.runs set run_id = run_id || '.'")


Change = Callable[[History, duckdb.DuckDBPyConnection], Any]
CHANGES: dict[str, Change] = {
    "a value of any table": _edit_any,
    "another value of any table": _edit_any,
    "rows of any table are gone": _delete_any,
    "rows are loaded again": _load_again,
    "orders arrive late": _late_orders,
    "a refund arrives late": _late_refund,
    "orders are gone": _remove_orders,
    "orders or products are deleted": _delete,
    "a deletion is taken back": _undelete,
    "customers are one": _merge_customers,
    "orders are another customer's or day's": _move_orders,
    "orders have another currency": _foreign_orders,
    "rates change": _rates,
    "a time zone changes": _zone,
    "a currency changes": _currency,
    "a channel changes": _channel,
    "a cost changes": _cost,
    "a day later": _next_day,
    "a tenant leaves or comes": _tenant_leaves,
    "nothing": _nothing,
}
