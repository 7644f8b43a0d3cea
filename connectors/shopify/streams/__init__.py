"""The requests to Shopify, and the staging tables that they become. Data, no code.

Every number of a shop's sales comes from the ledger (`agreements` and their `sales`): on a recorded order with two
refunds and an exchange its rows add up to the order's current total, and nothing else does. Refunds' own lines hang
below a list, which a bulk operation refuses, so they are requested by id once their orders have arrived.
"""

from connectors.shopify.streams.customers import CUSTOMERS
from connectors.shopify.streams.orders import ORDERS
from connectors.shopify.streams.products import PRODUCTS
from connectors.shopify.streams.refunds import REFUNDS
from connectors.shopify.streams.sessions import SESSIONS_TOTALS
from connectors.shopify.streams.shop import DELETIONS, SALES_TOTALS, SHOP

# The control report comes right after the orders that it controls, so that little can change in between.
STREAMS = (SHOP, ORDERS, DELETIONS, SALES_TOTALS, REFUNDS, CUSTOMERS, PRODUCTS, SESSIONS_TOTALS)
SCOPES = ("read_orders", "read_all_orders", "read_products", "read_inventory", "read_customers")
"""What a pull needs. With `read_reports` it also reads Shopify's reports: a control, and sessions."""

__all__ = [
    "CUSTOMERS",
    "DELETIONS",
    "ORDERS",
    "PRODUCTS",
    "REFUNDS",
    "SALES_TOTALS",
    "SCOPES",
    "SESSIONS_TOTALS",
    "SHOP",
    "STREAMS",
]
