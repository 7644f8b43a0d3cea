"""The shop itself with its time zone and currency, its deleted objects, and its own report of its sales."""

from __future__ import annotations

from connectors.base import Column, Stream, Table
from connectors.shopify.streams.columns import flag, identifier, instant, text
from connectors.shopify.streams.selection import record_of

EVENTS_QUERY = """events%(arguments)s { %(open)s
  __typename id ... on BasicEvent { action createdAt subjectId subjectType }
%(close)s }"""

DELETIONS = Stream(
    name="deletions",
    cursor="created_at",
    query=EVENTS_QUERY,
    record=record_of(EVENTS_QUERY),
    tables=(
        Table(
            name="deletions",
            key=("subject_type", "subject_id"),
            where="r.action = 'destroy'",
            columns=(
                text("subject_type", "r.subjectType"),
                identifier("subject_id", "r.subjectId"),
                instant("deleted_at", "r.createdAt"),
            ),
        ),
    ),
)

TOTALS_COLUMNS = (
    "gross_sales",
    "discounts",
    "sales_reversals",
    "net_sales",
    "shipping_charges",
    "taxes",
    "total_sales",
)

SALES_TOTALS = Stream(  # Shopify's own report, with which our numbers are reconciled
    name="sales_totals",
    query=f"FROM sales SHOW {', '.join(TOTALS_COLUMNS)} TIMESERIES %(grain)s SINCE %(since)s UNTIL %(until)s",
    record={"day": "VARCHAR", **dict.fromkeys(TOTALS_COLUMNS, "VARCHAR")},
    tables=(
        Table(
            name="sales_totals",
            key=("day",),
            where="true",
            columns=(
                Column("day", "DATE", "r.day"),
                *(Column(name, "MONEY", f"r.{name}") for name in TOTALS_COLUMNS),
            ),
        ),
    ),
)

SHOP_QUERY = "shop { id name myshopifyDomain ianaTimezone currencyCode taxesIncluded }"

SHOP = Stream(
    name="shop",
    query=SHOP_QUERY,
    record=record_of(SHOP_QUERY),
    tables=(
        Table(
            name="shop",
            key=("shop_id",),
            where="true",
            columns=(
                identifier("shop_id", "r.id"),
                text("name", "r.name"),
                text("domain", "r.myshopifyDomain"),
                text("time_zone", "r.ianaTimezone"),
                text("currency", "r.currencyCode"),
                flag("taxes_included", "r.taxesIncluded"),
            ),
        ),
    ),
)
