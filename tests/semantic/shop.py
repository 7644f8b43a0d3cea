"""A week of two made-up shops, small enough to check by hand. The expected reports are in test_reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

US: dict[str, Any] = {"tenant_id": "acme", "source": "shopify", "currency": "USD", "minor_units": 100}
READ = datetime(2026, 3, 9, 6)
JP: dict[str, Any] = {"tenant_id": "hinode", "source": "shopify", "currency": "JPY", "minor_units": 1}
NONE = {"orders_refunded": 0, "orders_partially_refunded": 0}


def _day(shop: dict[str, Any], day: int, channel: str = "Online store", **figures: int) -> dict[str, Any]:
    return {**shop, "channel": channel, "date_day": date(2026, 3, day), **NONE, **figures}


def _product(shop: dict[str, Any], day: int, key: str, title: str, sku: str, **figures: int) -> dict[str, Any]:
    names = {"product_key": key, "product_id": key, "product_title": title, "skus": sku}
    return {**shop, **names, "date_day": date(2026, 3, day), **figures}


def _customer(shop: dict[str, Any], day: int, key: str, name: str, orders: int, spend: int) -> dict[str, Any]:
    figures = {"orders_placed": 1, "orders_completed": orders, "customer_spend_minor": spend}
    names = {"customer_key": key, "customer_id": key, "display_name": name}
    return {**shop, **names, "date_day": date(2026, 3, day), **figures}


ROWS: dict[str, list[dict[str, Any]]] = {
    "metrics_daily": [
        # on the 2nd one order of 12.50 in the shop and two of 30.00 together online, on the 3rd nothing is sold
        _day(
            US, 2, orders_placed=2, orders_completed=1, orders_partially_refunded=1, units_sold=3,
            gross_sales_minor=3300, discounts_minor=300, returns_minor=0, net_sales_minor=3000, shipping_minor=500,
            taxes_minor=250, duties_minor=0, fees_minor=0, total_sales_minor=3750, order_value_minor=3000,
            revenue_all_orders_minor=3750, sessions=8, add_to_carts=10, user_days=5, ad_spend_minor=1000,
            order_revenue_minor=1750, refunded_order_value_minor=2000, refunded_amount_minor=0, orders_paid_back=1,
        ),
        _day(
            US, 2, "Point of sale", orders_placed=1, orders_completed=1, units_sold=1, gross_sales_minor=1250,
            discounts_minor=0, returns_minor=0, net_sales_minor=1250, shipping_minor=0, taxes_minor=0, duties_minor=0,
            fees_minor=0, total_sales_minor=1250, order_value_minor=1250, order_revenue_minor=1250,
            revenue_all_orders_minor=1250,
            refunded_order_value_minor=0, refunded_amount_minor=0, orders_paid_back=0,
        ),
        # on the 4th only a return of 10.01 and the money paid back
        _day(
            US, 4, orders_placed=0, orders_completed=0, units_sold=0, gross_sales_minor=0, discounts_minor=0,
            returns_minor=1001, net_sales_minor=-1001, shipping_minor=0, taxes_minor=-80, duties_minor=0, fees_minor=0,
            total_sales_minor=-1081, order_value_minor=0, order_revenue_minor=0, refunded_order_value_minor=0,
            revenue_all_orders_minor=0, user_days=3,
            refunded_amount_minor=1081, orders_paid_back=0,
        ),
        _day(
            JP, 2, orders_placed=1, orders_completed=1, order_revenue_minor=12345, order_value_minor=12345,
            refunded_order_value_minor=0,
        ),
    ],
    "product_daily": [
        _product(US, 2, "1", "Tent, \"two\"", "T-1,T-2", quantity_completed=2, product_revenue_minor=3000, units_sold=3,
                 units_returned=0, returns_minor=0),
        _product(US, 2, "2", "=SUM(A1)", "-5", quantity_completed=1, product_revenue_minor=1000, units_sold=1,
                 units_returned=0, returns_minor=0),
        _product(US, 4, "1", "Tent, \"two\"", "T-1,T-2", quantity_completed=0, product_revenue_minor=0, units_sold=0,
                 units_returned=1, returns_minor=1001),
        _product(JP, 2, "9", "Kettle", "K", quantity_completed=1, product_revenue_minor=12345, units_sold=1),
    ],
    "customer_daily": [
        _customer(US, 2, "11", "Zoë Åström", 1, 1750),
        _customer(US, 2, "12", "Ben", 1, 1250),
        _customer(US, 2, "13", "Nobody yet", 0, 0),
        _customer(JP, 2, "14", "Hana", 1, 12345),
    ],
    "build_info": [
        {"tenant_id": name, "run_id": "run-1", "as_of": READ, "published_at": READ} for name in ("acme", "hinode")
    ],
}  # fmt: skip
