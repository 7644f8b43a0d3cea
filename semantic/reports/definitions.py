"""The reports and the dashboard's CSV exports, as data.

`{currency}` is replaced by the lower-case code of the tenant's currency: `revenue_usd` for a shop in dollars,
`revenue_eur` for one in euros (docs/decisions/0009-export-currency-columns.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Show = Literal["value", "percent", "share", "pace", "badge"]
PACE_DAYS = 7


@dataclass(frozen=True)
class ReportColumn:
    """A column: `of` is a metric, or a dimension or period of the report.

    show: value; percent: the ratio × 100; share: part of the sum over all rows; pace: the average per day over the
    seven days that end with the row's day; badge: green, yellow or red.
    """

    name: str
    of: str
    show: Show = "value"


@dataclass(frozen=True)
class Report:
    """A report over a range of days. One row per combination of `by`; `labels` are dimensions that depend on them.
    `every_day` adds days without rows, as zeros. With `only`, rows in which that metric is zero are left out."""

    name: str
    title: str
    columns: tuple[ReportColumn, ...]
    by: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    only: str | None = None

    @property
    def every_day(self) -> bool:
        """Whether the report has one row for each day of the range."""
        return self.by == ("day",)


def _columns(**names: str) -> tuple[ReportColumn, ...]:
    return tuple(ReportColumn(name.replace("_CURRENCY", "_{currency}"), of) for name, of in names.items())


_PRODUCT = ("product_id", "product_title", "skus")

REPORTS: Mapping[str, Report] = MappingProxyType(
    {
        report.name: report
        for report in (
            Report(
                "revenue-overview",
                "Revenue Overview",
                _columns(
                    date="day",
                    gross_sales_CURRENCY="gross_sales",
                    discounts_CURRENCY="discounts",
                    returns_CURRENCY="returns",
                    net_sales_CURRENCY="net_sales",
                    shipping_CURRENCY="shipping",
                    taxes_CURRENCY="taxes",
                    duties_CURRENCY="duties",
                    fees_CURRENCY="fees",
                    total_sales_CURRENCY="total_sales",
                    order_count="orders_placed",
                    aov_CURRENCY="aov",
                    refunded_CURRENCY="refunded_amount",
                ),
                by=("day",),
            ),
            Report(
                "sales-velocity",
                "Sales Velocity",
                (
                    *_columns(date="day", order_count="orders_placed", units_sold="units_sold"),
                    ReportColumn("orders_per_day_7d", "orders_placed", "pace"),
                    ReportColumn("units_per_day_7d", "units_sold", "pace"),
                ),
                by=("day",),
            ),
            Report(
                "product-performance",
                "Product Performance",
                (
                    *_columns(product_id="product_id", name="product_title", sku="skus", qty_sold="product_quantity"),
                    *_columns(revenue_CURRENCY="product_revenue", returned_CURRENCY="product_returns"),
                    *_columns(units_returned="product_units_returned", return_rate="product_return_rate"),
                    ReportColumn("revenue_share", "product_revenue", "share"),
                ),
                by=("source", "product_key"),
                labels=_PRODUCT,
                order=("-product_revenue",),
            ),
            Report(
                "revenue-by-day",
                "Revenue by Day",
                _columns(
                    date="day",
                    revenue_CURRENCY="order_revenue",
                    order_count="orders_completed",
                    refunded_CURRENCY="refunded_order_value",
                ),
                by=("day",),
            ),
            Report(
                "top-products",
                "Top Products",
                _columns(
                    product_id="product_id",
                    name="product_title",
                    sku="skus",
                    qty_sold="product_quantity",
                    revenue_CURRENCY="product_revenue",
                ),
                by=("source", "product_key"),
                labels=_PRODUCT,
                order=("-product_revenue",),
                limit=10,
                only="product_quantity",
            ),
            Report(
                "top-customers",
                "Top Customers",
                _columns(
                    customer_id="customer_id",
                    display_name="display_name",
                    order_count="customer_orders",
                    total_spent_CURRENCY="customer_spend",
                ),
                by=("source", "customer_key"),
                labels=("customer_id", "display_name"),
                order=("-customer_spend",),
                limit=10,
                only="customer_orders",
            ),
            Report(
                "refund-rate",
                "Refund Rate",
                (
                    ReportColumn("refund_rate_percent", "refund_rate_by_status", "percent"),
                    *_columns(total_orders="orders_settled", refunded="orders_refunded"),
                    *_columns(
                        partial_refunds="orders_partially_refunded", total_refunded_CURRENCY="refunded_order_value"
                    ),
                    ReportColumn("badge", "refund_rate_by_status", "badge"),
                ),
            ),
        )
    }
)
