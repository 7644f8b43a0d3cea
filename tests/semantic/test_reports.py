"""Reports: their exact columns and, for the week of shop.py, their exact bytes."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from semantic.catalog import Catalog
from semantic.errors import NoDataError, RangeError, UnknownNameError, UnknownTenantError, WriteError
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.fill import fill
from semantic.reports.formats import save
from semantic.reports.library import built_in
from tests.semantic import shop, synthetic

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 4)


def filled(published: Path, name: str, start: date, end: date, tenant: str | None) -> Content:
    return fill(published, name, start, end, tenant=tenant, now=datetime.now(UTC))


def run_report(published: Path, name: str, start: date, end: date, *, tenant: str | None = None) -> pa.Table:
    return filled(published, name, start, end, tenant).table


def write_report(
    published: Path, name: str, start: date, end: date, *, folder: Path, tenant: str | None = None
) -> Path:
    content = filled(published, name, start, end, tenant)
    return save(content, Brand(content.tenant_name), "csv", folder)


def lines(published: Path, name: str, folder: Path, tenant: str = "acme") -> list[str]:
    """The lines of a report's file, after checking byte order mark and line ends."""
    path = write_report(published, name, FIRST, LAST, tenant=tenant, folder=folder)
    assert path == folder / f"{name}-2026-03-01-2026-03-04.csv"
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.endswith(b"\r\n")
    return content[3:].decode().split("\r\n")[:-1]


def test_revenue_by_day_has_its_columns_and_every_day(published: Path, tmp_path: Path) -> None:
    assert lines(published, "revenue-by-day", tmp_path) == [
        "date,revenue_usd,order_count,refunded_usd",
        "2026-03-01,0.00,0,0.00",
        "2026-03-02,30.00,2,20.00",
        "2026-03-03,0.00,0,0.00",
        "2026-03-04,0.00,0,0.00",
    ]


def test_top_products_has_its_columns_and_only_sold_products(published: Path, tmp_path: Path) -> None:
    assert lines(published, "top-products", tmp_path) == [
        "product_id,name,sku,qty_sold,revenue_usd",
        '1,"Tent, ""two""","T-1,T-2",2,30.00',
        "2,'=SUM(A1),'-5,1,10.00",
    ]


def test_top_customers_has_its_columns_and_only_customers_who_bought(published: Path, tmp_path: Path) -> None:
    assert lines(published, "top-customers", tmp_path) == [
        "customer_id,display_name,order_count,total_spent_usd",
        "11,Zoë Åström,1,17.50",
        "12,Ben,1,12.50",
    ]


def test_refund_rate_is_one_row_with_the_badge_of_the_unrounded_rate(published: Path, tmp_path: Path) -> None:
    assert lines(published, "refund-rate", tmp_path) == [
        "refund_rate_percent,total_orders,refunded,partial_refunds,total_refunded_usd,badge",
        "33.3333,3,0,1,20.00,red",
    ]


def test_revenue_overview_shows_refunds_on_the_day_of_the_refund(published: Path, tmp_path: Path) -> None:
    head, *days = lines(published, "revenue-overview", tmp_path)
    assert head == (
        "date,gross_sales_usd,discounts_usd,returns_usd,net_sales_usd,shipping_usd,taxes_usd,duties_usd,fees_usd,"
        "total_sales_usd,order_count,aov_usd,refunded_usd"
    )
    assert days == [
        "2026-03-01,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0,,0.00",
        "2026-03-02,45.50,3.00,0.00,42.50,5.00,2.50,0.00,0.00,50.00,3,14.17,0.00",
        "2026-03-03,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0,,0.00",
        "2026-03-04,0.00,0.00,10.01,-10.01,0.00,-0.80,0.00,0.00,-10.81,0,,10.81",
    ]


def test_sales_velocity_averages_seven_days_including_days_before_the_range(published: Path, tmp_path: Path) -> None:
    assert lines(published, "sales-velocity", tmp_path)[2:4] == [
        "2026-03-02,3,4,0.428571,0.571429",
        "2026-03-03,0,0,0.428571,0.571429",
    ]
    later = run_report(published, "sales-velocity", date(2026, 3, 8), date(2026, 3, 9), tenant="acme")
    assert [row["orders_per_day_7d"] for row in later.to_pylist()] == [Decimal("0.428571"), Decimal(0)]


def test_product_performance_has_returns_and_shares(published: Path, tmp_path: Path) -> None:
    assert lines(published, "product-performance", tmp_path) == [
        "product_id,name,sku,qty_sold,revenue_usd,returned_usd,units_returned,return_rate,revenue_share",
        '1,"Tent, ""two""","T-1,T-2",2,30.00,10.01,1,0.333333,0.750000',
        "2,'=SUM(A1),'-5,1,10.00,0.00,0,0.000000,0.250000",
    ]


def test_shop_in_yen_has_yen_columns_without_decimals(published: Path, tmp_path: Path) -> None:
    assert lines(published, "revenue-by-day", tmp_path, "hinode")[:3] == [
        "date,revenue_jpy,order_count,refunded_jpy",
        "2026-03-01,0,0,0",
        "2026-03-02,12345,1,0",
    ]


def test_report_of_a_range_without_sales_has_zeros_and_empty_rates(published: Path) -> None:
    report = run_report(published, "refund-rate", date(2020, 1, 1), date(2020, 1, 2), tenant="acme")
    assert report.to_pylist() == [
        {
            "refund_rate_percent": None, "total_orders": 0, "refunded": 0, "partial_refunds": 0,
            "total_refunded_usd": Decimal("0.00"), "badge": None,
        }
    ]  # fmt: skip
    assert run_report(published, "top-products", date(2020, 1, 1), date(2020, 1, 2), tenant="acme").num_rows == 0


def test_product_whose_title_changed_is_one_product(catalog: Catalog, tmp_path: Path) -> None:
    rows = [dict(row) for row in shop.ROWS["product_daily"]]
    rows[2] |= {"product_title": "Tent", "skus": None, "quantity_completed": 1, "product_revenue_minor": 1}
    published = synthetic.publish(tmp_path / "published", catalog, {**shop.ROWS, "product_daily": rows})
    table = run_report(published, "top-products", FIRST, LAST, tenant="acme")
    assert table.column("product_id").to_pylist() == ["1", "2"]
    assert table.column("revenue_usd").to_pylist() == [Decimal("30.01"), Decimal("10.00")]


def test_top_ten_with_ties_is_always_the_same(catalog: Catalog, tmp_path: Path) -> None:
    rows = [
        {**shop.ROWS["product_daily"][0], "product_key": f"p{n:02}", "product_id": f"p{n:02}"}
        for n in reversed(range(30))
    ]
    published = synthetic.publish(tmp_path / "published", catalog, {**shop.ROWS, "product_daily": rows})
    table = run_report(published, "top-products", FIRST, LAST, tenant="acme")
    assert table.column("product_id").to_pylist() == [f"p{n:02}" for n in range(10)]


def test_every_report_uses_existing_metrics_and_typed_columns(published: Path, catalog: Catalog) -> None:
    for report in [declared.report for declared in built_in().values()]:
        dimensions = {"day", *report.by, *report.labels}
        assert all(column.of in dimensions or column.of in catalog.metrics for column in report.columns)
        assert run_report(published, report.name, FIRST, LAST, tenant="acme").num_columns == len(report.columns)
    table = run_report(published, "revenue-by-day", FIRST, LAST, tenant="acme")
    assert table.schema.types == [pa.date32(), pa.decimal128(38, 2), pa.int64(), pa.decimal128(38, 2)]


def test_report_written_twice_is_the_same_file_without_leftovers(published: Path, tmp_path: Path) -> None:
    first = write_report(published, "revenue-overview", FIRST, LAST, tenant="acme", folder=tmp_path).read_bytes()
    again = write_report(published, "revenue-overview", FIRST, LAST, tenant="acme", folder=tmp_path).read_bytes()
    assert first == again
    assert [path.name for path in tmp_path.iterdir()] == ["revenue-overview-2026-03-01-2026-03-04.csv"]


def test_spreadsheet_reads_the_values_of_the_report(published: Path, tmp_path: Path) -> None:
    path = write_report(published, "top-products", FIRST, LAST, tenant="acme", folder=tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert next(iter(csv.DictReader(file)))["name"] == 'Tent, "two"'


@pytest.mark.parametrize(
    ("name", "start", "end", "tenant", "error"),
    [
        ("revenue", FIRST, LAST, "acme", UnknownNameError),
        ("revenue-overview", LAST, FIRST, "acme", RangeError),
        ("revenue-overview", FIRST, LAST, "acne", UnknownTenantError),
        ("revenue-overview", FIRST, LAST, None, UnknownTenantError),
    ],
)
def test_report_that_fails_leaves_no_file(
    published: Path, tmp_path: Path, name: str, start: date, end: date, tenant: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        write_report(published, name, start, end, tenant=tenant, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_report_for_a_tenant_without_rows_says_to_load_its_sources(catalog: Catalog, tmp_path: Path) -> None:
    published = synthetic.publish(tmp_path / "published", catalog, {"build_info": shop.ROWS["build_info"]})
    with pytest.raises(NoDataError, match="takings run"):
        run_report(published, "revenue-overview", FIRST, LAST, tenant="acme")


def test_folder_that_cannot_be_written_is_one_clear_error(published: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="Cannot write"):
        write_report(published, "refund-rate", FIRST, LAST, tenant="acme", folder=tmp_path / "file")
