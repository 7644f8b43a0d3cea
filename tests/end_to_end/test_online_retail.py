"""A real retailer, from the API to the published marts, exact to the penny: its last weeks, and its year (deep).

The retailer's tables (data/online_retail) are served over Shopify's API, pulled, built and published; what is expected
is computed here from the parquet files alone, by SQL that shares nothing with the connector or with dbt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator import retail_world, serve
from tests.end_to_end import retail
from tests.orchestration.installation import Installation

pytestmark = pytest.mark.skipif(retail.ABSENT, reason=retail.REASON)
YEAR = pytest.param("year", marks=pytest.mark.deep)
Rows = list[tuple[Any, ...]]

# What was sold and what came back, line by line, each on its day in London. A line that was refunded more often than
# once, and one refunded twice in one refund, stays as many rows as it has.
SOURCE = """
create table orders as select *, cast(timezone('Europe/London', timezone('UTC', created_at)) as date) as day
from read_parquet('{folder}/orders.parquet');
create table lines as select l.*, o.day, o.customer_id, o.created_at
from read_parquet('{folder}/order_lines.parquet') as l join orders as o using (order_id);
create table refunds as
select r.refund_id, r.order_id, r.line_no, r.quantity, r.amount_minor, l.kind, l.sku, l.day as order_day, l.customer_id,
    cast(timezone('Europe/London', timezone('UTC', r.created_at)) as date) as day, r.created_at
from read_parquet('{folder}/refund_lines.parquet') as r join lines as l using (order_id, line_no);
"""


@pytest.fixture(scope="module", params=["six weeks", YEAR])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the retailer's tables."""
    return retail.FOLDER if request.param == "year" else retail.last_weeks(tmp_path_factory.mktemp("retail") / "weeks")


@pytest.fixture(scope="module")
def source(tables: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        db.execute(SOURCE.format(folder=tables))
        yield db


@pytest.fixture(scope="module")
def place(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    place = Installation(tmp_path_factory.mktemp("retail"))
    world = retail_world(tables)
    with serve(world, now=world.end + timedelta(minutes=10)) as server:
        place.configure(server)
        result = place.run()
    assert result.built is not None
    assert result.built.warnings == []
    return place


def same(rows: Rows, expected: Rows) -> None:
    """Equal, with a message that shows the first rows that differ instead of all of them."""
    only_found, only_expected = sorted(set(rows) - set(expected)), sorted(set(expected) - set(rows))
    assert (only_found[:3], only_expected[:3]) == ([], [])
    assert len(rows) == len(expected) > 0


@pytest.mark.parametrize("tables", [YEAR], indirect=True)
def test_totals_of_the_year_equal_the_sums_of_the_retailers_tables(place: Installation) -> None:
    (totals,) = place.ask(
        "select sum(gross_sales_minor), sum(orders_placed), sum(discounts_minor), sum(taxes_minor),"
        " any_value(currency), max(minor_units) from marts.metrics_daily"
    )
    assert totals == (10_272_118_87, 20_626, 0, 0, "GBP", 100)
    charged = place.ask("select sum(shipping_minor) filter (where shipping_minor > 0) from marts.revenue")
    assert charged == [(291_401_65,)]
    assert place.ask(
        "select sum(refunded_amount_minor), sum(refunded_store_credit_minor) from marts.metrics_daily"
    ) == [(448_361_75, 0)]
    assert place.ask("select count(distinct customer_id), count(*) filter (where is_guest) from marts.orders") == [
        (4335, 2166)
    ]
    assert place.ask("select count(distinct date_day) > 300 from marts.metrics_daily") == [(True,)]
    assert place.ask(
        "select count(distinct cohort_month), sum(customers) filter (where month_number = 0) from marts.cohorts"
    ) == [(13, 4335)]
    assert place.ask("select count(distinct customer_id) from marts.customer_daily") == [(4335,)]


def test_only_the_one_shop_is_published(place: Installation) -> None:
    assert place.ask("select distinct tenant_id, source from marts.metrics_daily") == [("online_retail", "shopify")]
    counted = "select (select count(*) from marts.orders), (select count(*) from marts.revenue)"
    assert place.ask(counted, file="tenant-online_retail") == place.ask(counted)
    assert place.ask(counted, file="nobody") == [(0, 0)]


def test_every_day_reconciles_with_the_report_of_the_shop(place: Installation, tables: Path) -> None:
    days = 2000 if tables == retail.FOLDER else 200
    assert place.ask("select count(*) > ?, max(abs(difference_minor)) from marts.reconciliation", [days]) == [(True, 0)]


def test_sales_returns_shipping_and_orders_of_every_day_equal_the_tables(
    place: Installation, source: duckdb.DuckDBPyConnection
) -> None:
    expected = source.execute("""
        select day, sum(gross)::bigint, sum(returned)::bigint, sum(shipping)::bigint, sum(orders)::bigint,
            sum(paid_back)::bigint, sum(units)::bigint
        from (
            select day, 0 as gross, 0 as returned, 0 as shipping, count(*) as orders, 0 as paid_back, 0 as units
            from orders group by all
            union all
            select day, sum(amount_minor) filter (where kind = 'goods'), 0,
                sum(amount_minor) filter (where kind = 'shipping'), 0, 0, sum(quantity) filter (where kind = 'goods')
            from lines group by all
            union all
            select day, 0, sum(amount_minor) filter (where kind = 'goods'),
                -sum(amount_minor) filter (where kind = 'shipping'), 0, sum(amount_minor), 0
            from refunds group by all
        ) group by all order by all""").fetchall()
    rows = place.ask("""
        select date_day, sum(gross_sales_minor)::bigint, sum(returns_minor)::bigint, sum(shipping_minor)::bigint,
            sum(orders_placed)::bigint, sum(refunded_amount_minor)::bigint, sum(units_sold)::bigint
        from marts.metrics_daily group by all order by all""")
    expected = [tuple(value or 0 for value in row) for row in expected]
    same(rows, expected)


def test_units_and_amounts_of_every_product_equal_its_sku_in_the_tables(
    place: Installation, source: duckdb.DuckDBPyConnection
) -> None:
    expected = source.execute("""
        select sku, sum(sold)::bigint, sum(amount)::bigint, sum(back)::bigint, sum(returned)::bigint
        from (
            select sku, sum(quantity) as sold, sum(amount_minor) as amount, 0 as back, 0 as returned
            from lines where kind = 'goods' group by all
            union all
            select sku, 0, 0, sum(quantity), sum(amount_minor) from refunds where kind = 'goods' group by all
        ) group by all order by all""").fetchall()
    rows = place.ask("""
        select skus, sum(units_sold)::bigint, sum(gross_sales_minor)::bigint, sum(units_returned)::bigint,
            sum(returns_minor)::bigint
        from marts.product_daily group by all order by all""")
    same(rows, expected)


def test_orders_spend_and_net_sales_of_every_customer_equal_the_tables(
    place: Installation, source: duckdb.DuckDBPyConnection
) -> None:
    """An order with a refund is (partially) refunded and no longer completed."""
    expected = source.execute("""
        with sold as (
            select order_id, customer_id, sum(amount_minor) as total,
                coalesce(sum(amount_minor) filter (where kind = 'goods'), 0) as goods
            from lines group by all),
        back as (
            select order_id, sum(amount_minor) as paid_back,
                coalesce(sum(amount_minor) filter (where kind = 'goods'), 0) as goods
            from refunds group by all)
        select customer_id::varchar, count(*),
            coalesce(sum(sold.total) filter (where coalesce(back.paid_back, 0) = 0), 0)::bigint,
            sum(sold.goods - coalesce(back.goods, 0))::bigint
        from sold left join back using (order_id) where customer_id is not null
        group by all order by all""").fetchall()
    rows = place.ask("""
        select customer_id, sum(orders_placed)::bigint, sum(customer_spend_minor)::bigint, sum(net_sales_minor)::bigint
        from marts.customer_daily group by all order by all""")
    same(rows, expected)


def test_customers_and_net_revenue_of_every_cohort_month_equal_the_tables(
    place: Installation, source: duckdb.DuckDBPyConnection
) -> None:
    expected = source.execute("""
        with net as (
            select order_id, sum(amount) as net from (
                select order_id, sum(amount_minor) as amount from lines where kind = 'goods' group by all
                union all
                select order_id, -sum(amount_minor) from refunds where kind = 'goods' group by all) group by all),
        known as (
            select o.customer_id, date_trunc('month', o.day)::date as month, coalesce(net.net, 0) as net,
                min(date_trunc('month', o.day)::date) over (partition by o.customer_id) as cohort
            from orders as o left join net using (order_id) where o.customer_id is not null),
        grid as (
            select c.cohort, c.customers, m.number
            from (select cohort, count(distinct customer_id) as customers from known group by all) as c,
                (select unnest(range(0, 13)) as number) as m
            where c.cohort + to_months(m.number::int) <= date '2011-12-01')
        select grid.cohort, grid.number, grid.customers,
            (select count(distinct customer_id) from known
             where known.cohort = grid.cohort and known.month = grid.cohort + to_months(grid.number::int)),
            coalesce((select sum(net) from known
             where known.cohort = grid.cohort and known.month = grid.cohort + to_months(grid.number::int)), 0)::bigint
        from grid order by all""").fetchall()
    rows = place.ask("""
        select cohort_month, month_number, customers, active_customers, net_revenue_minor
        from marts.cohorts order by all""")
    same(rows, expected)
    months = len({row[0] for row in rows})
    assert len(rows) == months * (months + 1) // 2


def test_order_with_more_than_a_thousand_lines_is_complete(place: Installation) -> None:
    assert place.ask("select max(n) from (select count(*) as n from marts.revenue group by order_id)")[0][0] >= 1114
