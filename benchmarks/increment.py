"""What a build costs in which 100 orders of a million changed, as a ratio to the full build before.

    .venv/bin/python -m benchmarks.increment HOME [--times NUMBER]

HOME is a home of `make demo`. Its largest shop's orders and customers are repeated (83 times: a million orders), its
products ten times. Then 70 of the last 3,000 orders and 30 of any age get another total, six are refunded, one is
deleted and one has a customer with another name. Both builds are measured in CPU seconds of this process, in one run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration import dbt_build, last_build, recording
from orchestration.home import Home, quoted

SHOP = "aurora"
REPEATED = {
    "orders", "order_refunds", "refunds", "agreements", "customers", "discounts", "order_lines", "refund_lines",
    "refund_transactions", "sales", "shipping_lines", "transactions", "deletions",
}  # fmt: skip
PRODUCTS = {"products", "variants", "variant_costs"}
OF_ORDERS = {
    "order_id", "agreement_id", "sale_id", "line_item_id", "refund_id", "transaction_id", "refund_line_id",
    "shipping_line_id", "customer_id", "order_name",
}  # fmt: skip
OF_PRODUCTS = {"product_id", "variant_id", "sku"}
CHANGES = f"""
create temp table newest as from shopify.orders order by processed_at desc limit 3000;
create temp table chosen as (select order_id from newest order by hash(order_id) limit 70)
    union (select order_id from shopify.orders order by hash(order_id) limit 30);
create temp table first_sales as select min(sale_id) as sale_id from shopify.sales
    where order_id in (from chosen) group by order_id;
update shopify.orders set total = total + 1, current_total = current_total + 1 where order_id in (from chosen);
update shopify.sales set amount = amount + 1 where sale_id in (from first_sales);
update shopify.orders set financial_status = 'REFUNDED' where order_id in (from chosen order by 1 limit 6);
insert into shopify.deletions select '{SHOP}', '{SHOP}', '', '', 'ORDER', max(order_id), timestamp '2026-01-01'
    from chosen;
update shopify.customers set display_name = 'Another Name' where customer_id in
    (select customer_id from shopify.orders where order_id in (select min(order_id) from chosen));
"""


def main() -> None:
    """Measure both builds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("home", type=Path, help="a home of make demo")
    parser.add_argument("--times", type=int, default=83, help="how often the shop's orders are repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
        home = Home(Path(folder))
        home.staging.parent.mkdir()
        orders = repeat(Home(options.home).staging, home.staging, options.times)
        recording.nodes(home)
        built: list[dbt_build.Built] = []
        full = _cpu(lambda: built.append(dbt_build.build(home, "full")))
        last_build.keep(home, built[0].path)
        with duckdb.connect(str(home.staging)) as db:
            db.execute(CHANGES)
        changed = _cpu(lambda: built.append(dbt_build.build(home, "changed")))
        if built[1].is_full:
            raise SystemExit("The build of the changed orders was a full one")
    print("| orders | changed | CPU seconds of the build | of a full build | ratio |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    print(f"| {orders:,} | 100 | {changed:.1f} | {full:.1f} | {changed / full:.2f} |")


def repeat(source: Path, target: Path, times: int) -> int:
    """Write a staging file of one shop whose orders are repeated; returns their number."""
    with duckdb.connect(str(target)) as db:
        db.execute(f"set preserve_insertion_order = false; attach {quoted(source)} as demo (read_only)")
        tables = db.execute(
            "select schema_name, table_name, list({name: column_name, kind: data_type} order by column_index) "
            "from duckdb_columns() where database_name = 'demo' and not internal and schema_name <> 'main' group by all"
        ).fetchall()
        for schema, table, columns in tables:
            db.execute(f"create schema if not exists {schema}")
            kinds = {column["name"]: column["kind"] for column in columns}
            where = f" where tenant_id = '{SHOP}'" if "tenant_id" in kinds else ""
            rows = f"select * from demo.{schema}.{table}{where}"
            if schema == "shopify":
                rows = _repeated(table, kinds, times) + where
            db.execute(f"create table {schema}.{table} as {rows}")
        ((orders,),) = db.execute("select count(*) from shopify.orders").fetchall()
    return int(orders)


def _repeated(table: str, kinds: dict[str, str], times: int) -> str:
    """SQL: the rows of a shop's table, repeated under other ids where there are more of them with more orders."""
    if table == "sales_totals":
        amounts = [f"{name} * {times} as {name}" for name, kind in kinds.items() if kind.startswith("DECIMAL")]
        return f"select * replace ({', '.join(amounts)}) from demo.shopify.{table}"
    if table not in REPEATED | PRODUCTS:
        return f"select * from demo.shopify.{table}"
    number = dict.fromkeys(OF_ORDERS, "n") | dict.fromkeys(OF_PRODUCTS, "n % 10")
    number["subject_id"] = "case when subject_type = 'PRODUCT' then n % 10 else n end"
    others = [
        f"case when {number[name]} = 0 then {name} else {name} || 'x' || {number[name]} end as {name}"
        for name in kinds
        if name in number
    ]
    others += ["'n' || n || email as email"] if "email" in kinds else []
    count = min(times, 10) if table in PRODUCTS else times
    distinct = "distinct " if table == "deletions" else ""
    return (
        f"select {distinct}{', '.join(kinds)} from (select * replace ({', '.join(others)}) "
        f"from demo.shopify.{table}, range({count}) as r(n))"
    )


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
