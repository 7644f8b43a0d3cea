"""Measures speed as a ratio to the plainest way to do the same, in one run on one machine.

    .venv/bin/python -m benchmarks.run [--world FOLDER | --days NUMBER] [--write]

pull     download and load of a shop's orders by bulk   /  DuckDB reading the same landed file into plain tables
build    every model and test of dbt                    /  one hand-written SQL for the daily numbers on that staging
publish  a build to what readers see                    /  a plain copy of the same bytes, synced to the disk
chart    a chart's first answer from Superset           /  the same SQL asked of the published file directly

`pull` is measured from the request for the finished file until its rows are committed; the time in which the source
makes that file is not ours. `--days 30` is for a quick look whether everything runs; `--write` writes the table to
benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from connectors.http import Transport
from semantic.duckdb_files import connect

ROOT = Path(__file__).parents[1]
ROUNDS = 3

PLAIN_TABLES = """
create or replace table orders as select id, name, createdAt::timestamptz as created_at, processedAt::timestamptz as
    processed_at, updatedAt::timestamptz as updated_at, currencyCode, displayFinancialStatus, email, customer.id as
    customer, totalPriceSet.shopMoney.amount::decimal(24, 6) as total from {records} where __typename = 'Order';
create or replace table lines as select __parentId, id, title, sku, quantity::bigint as quantity, product.id as product,
    originalUnitPriceSet.shopMoney.amount::decimal(24, 6) as price from {records} where __typename = 'LineItem';
create or replace table agreements as select __parentId, id, happenedAt::timestamptz as happened_at, refund.id as refund
    from {records} where happenedAt is not null;
create or replace table sales as select __parentId, id, lineType, lineItem.id as line, quantity::bigint as quantity,
    totalAmount.shopMoney.amount::decimal(24, 6) as amount, totalTaxAmount.shopMoney.amount::decimal(24, 6) as tax
    from {records} where lineType is not null;
"""
PLAIN_DAY = """
select o.tenant_id, cast(timezone('UTC', coalesce(a.happened_at, o.processed_at)) as date) as day,
    sum(s.amount - s.tax) filter (where s.line_type = 'PRODUCT') as net_sales, sum(s.tax) as taxes,
    count(distinct o.order_id) as orders
from staging.shopify.sales as s
join staging.shopify.agreements as a using (tenant_id, source_account, order_id, agreement_id)
join staging.shopify.orders as o using (tenant_id, source_account, order_id)
group by all
"""


def main() -> None:
    """Run every benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--world", type=Path, help="a folder of real orders instead of the demo's shops")
    parser.add_argument("--days", type=int, help="days of the demo's shops; without it as many as the demo has")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/results.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
        os.environ["TAKINGS_HOME"] = folder
        os.environ["TAKINGS_CONFIG"] = f"{folder}/takings.toml"
        rows = list(measure(Path(folder), options.world, options.days))
    table = render(rows, options.world)
    print(table)
    if options.write:
        (ROOT / "benchmarks" / "results.md").write_text(table + "\n")


def measure(folder: Path, world: Path | None, days: int | None = None) -> Iterator[tuple[str, str, float, float]]:
    """Rows of (what, size, seconds, seconds of the plain way)."""
    from benchmarks import growth
    from orchestration import demo, pipeline, servers, superset
    from orchestration.dbt_build import build
    from orchestration.home import Home
    from orchestration.publication import Tenant, publish

    home = Home(folder)
    with servers.Children() as children:
        shops = children.start_simulator(demo.simulator_arguments(home, world, days or demo.DAYS))
        settings = demo.configure(home, shops, world)
        yield from _pull(home, settings)
        pipeline.record_run(settings, "benchmark")
        took = _best(lambda: build(home, "benchmark"))
        with duckdb.connect() as db:
            db.execute(f"attach '{home.staging}' as staging (read_only)")
            size = f"{db.execute('select count(*) from staging.shopify.sales').fetchall()[0][0]:,} ledger rows"
            yield "build", size, took, _best(lambda: db.execute(PLAIN_DAY).fetchall())
        tenants = {tenant.id: Tenant(tenant.time_zone) for tenant in settings.tenants}
        built = build(home, "benchmark")
        growth.complete(home, built, list(tenants))
        with _timed() as took_publish:
            target = publish(home, built, "20000101T000000", tenants, lambda *_: None)
        size = sum(path.stat().st_size for path in target.iterdir())
        yield "publish", f"{size / 1e6:.0f} MB", took_publish[0], _best(lambda: _copy(target, folder / "copy"))
        server = superset.server(settings)
        server.port = servers.free_port()
        children.on_exit(server.stop)
        server.start()
        server.wait_ready()
        yield _chart(settings, server, target)


class _Clock(Transport):
    """Records when the last file was requested."""

    download_began = 0.0

    def download(self, url: str, target: Path, on_bytes: Callable[[int], None]) -> Path:
        self.download_began = time.perf_counter()
        return super().download(url, target, on_bytes)


def _pull(home: Any, settings: Any) -> Iterator[tuple[str, str, float, float]]:
    from connectors.shopify.pull import pull
    from connectors.shopify.streams import ORDERS
    from connectors.sync.landing import Landing
    from connectors.sync.loop import PullContext
    from connectors.sync.staging import Staging

    for source in settings.connected():
        if source.account.source != "shopify":
            continue
        account, rounds = source.account, []
        for number in range(ROUNDS):  # each from the beginning; the last one stays for the next measurement
            last = number == ROUNDS - 1
            landing = Landing(home.landing if last else home.root / f"landing-{number}")
            file = home.staging if last else home.root / f"staging-{number}.duckdb"
            with Staging(file) as staging:
                clock = _Clock((account.secret,))
                context = PullContext(account, landing, staging, "benchmark", clock)
                for pulled in pull(context, source.settings):
                    if pulled.stream == "orders":
                        rows = pulled.landed
                        rounds.append(time.perf_counter() - clock.download_began)
        seconds = min(rounds)
        parts = [str(path) for path in Landing(home.landing).newest(account, "orders").paths]
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in ORDERS.record.items())
        plain = home.root / "plain.duckdb"

        def read(parts: list[str] = parts, columns: str = columns, plain: Path = plain) -> None:
            plain.unlink(missing_ok=True)
            with duckdb.connect(str(plain)) as db:
                db.execute("set preserve_insertion_order = false")
                db.execute(
                    f"create temp table r as select * from read_json({parts}, format='newline_delimited', "
                    f"columns={{{columns}}})"
                )
                db.execute(PLAIN_TABLES.format(records="r"))

        yield f"pull {account.account}", f"{rows:,} records", seconds, _best(read)


def _chart(settings: Any, server: Any, target: Path) -> tuple[str, str, float, float]:
    from orchestration import superset
    from semantic import catalog, compiler
    from superset_assets import access, client, sync, verify

    session = client.connect(server.url, "admin", server.credentials.admin.password)
    sync.apply(session, superset.asset_zip(settings))
    access.grant(session, [tenant.id for tenant in settings.tenants], server.credentials)
    tenant = settings.tenants[0].id
    chart = "Revenue by day"
    verify.chart_data(session, chart, tenant=tenant, force=True)  # opens the connection, once per worker
    took = _best(lambda: verify.chart_data(session, chart, tenant=tenant, force=True))
    sql = compiler.compile_query(
        catalog.load(target), ["order_revenue", "refunded_order_value"], by=["day"], tenant=tenant
    )

    def ask() -> None:
        with connect(target / "all.duckdb") as db:
            db.execute(sql).fetchall()

    return "chart", chart, took, _best(ask)


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in source.iterdir():
        copied = target / path.name
        shutil.copyfile(path, copied)
        with copied.open("rb") as file:
            os.fsync(file.fileno())


def _best(work: Callable[[], object]) -> float:
    """The shortest of a few rounds: noise of the machine only adds time."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


@contextmanager
def _timed() -> Iterator[list[float]]:
    took: list[float] = []
    began = time.perf_counter()
    yield took
    took.append(time.perf_counter() - began)


def render(rows: list[tuple[str, str, float, float]], world: Path | None) -> str:
    """The table in Markdown."""
    head = [
        "# Benchmarks",
        "",
        f"{'A real retailer' if world else 'The demo'}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}. What each line is compared with: run.py.",
        "",
        "| what | size | seconds | the plain way | ratio |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    lines = [f"| {what} | {size} | {took:.2f} | {plain:.2f} | {took / plain:.1f} |" for what, size, took, plain in rows]
    return "\n".join([*head, *lines])


if __name__ == "__main__":
    main()
