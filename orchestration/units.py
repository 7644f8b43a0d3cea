"""What an incremental build recomputes together: the rows of a unit, such as one order.

A model names its unit in its `meta`: each of its rows belongs to one unit and is made only of rows of that unit, beside
what it looks up. Units are counted in buckets of a hash: a few orders share one, and are recomputed together.

    {{ config(meta={'unit': 'order', 'lookups': {'products': ['tenant_id', 'source', 'product_key']}}) }}

A lookup is an input whose row concerns the model's rows with equal values in these columns, and no others. Every other
input with the columns of the unit is a part of it. A change of any input that is neither makes the model whole again.

A model that adds up units names the columns by which it does. Every other column is a sum, 0 and not null where there
is nothing to add, and `row_count` is the number of added rows: a row without any disappears. Its inputs are tables.

    {{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'source', 'channel', 'date_day']}) }}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

UNITS: Mapping[str, tuple[str, ...]] = {
    "order": ("source_account", "order_id"),
    "customer": ("customer_key",),
    "account": ("customer_id",),
    "product": ("source", "product_key"),
}
"""The columns that name a unit, beside the tenant."""
BUCKETS = 65_536
ROWS = "row_count"
"""The column of a model of sums that says how many rows were added."""

ORDER_SOURCES = tuple(
    f"shopify.{name}"
    for name in (
        "orders", "order_lines", "order_refunds", "agreements", "sales", "discounts", "shipping_lines", "transactions",
        "refunds", "refund_lines", "refund_transactions",
    )
)  # fmt: skip
"""Staging tables whose rows belong to one order."""
CUSTOMERS, DELETIONS = "shopify.customers", "shopify.deletions"
MAPPED = (*ORDER_SOURCES, CUSTOMERS, DELETIONS)
"""Staging tables of which a changed row is mapped to the orders that it concerns."""
_OF_A_REFUND = ("shopify.refund_lines", "shopify.refund_transactions")
_NAMED_BY = {CUSTOMERS: "customer_id", DELETIONS: "subject_id"}


def bucket(alias: str, columns: Collection[str]) -> str:
    """SQL: the bucket of a row's unit."""
    return f"cast(hash({', '.join(f'{alias}.{name}' for name in columns)}) % {BUCKETS} as integer)"


def source_rows(table: str) -> tuple[str, str]:
    """SQL: the rows of a staging table as `t`, and the bucket of each."""
    if table in _OF_A_REFUND:
        joined = f"raw.{table} as t inner join raw.shopify.refunds as r using (tenant_id, source_account, refund_id)"
        return joined, bucket("r", UNITS["order"])
    if table in ORDER_SOURCES:
        return f"raw.{table} as t", bucket("t", UNITS["order"])
    if table in _NAMED_BY:
        return f"raw.{table} as t", bucket("t", ("source_account", _NAMED_BY[table]))
    return f"raw.{table} as t", "0"


def touched_orders(differences: str) -> str:
    """SQL: the tenant and the bucket of each order that a difference between two stagings concerns.

    `differences` has relation, tenant_id and bucket. The bucket of a deletion is that of the order or product which was
    deleted; lines that name a product change with its deletion, and orders with their customer's name and address.
    """
    order = bucket("t", UNITS["order"])
    direct = ", ".join(f"'{table}'" for table in (*ORDER_SOURCES, DELETIONS))

    def through(table: str, column: str, relation: str) -> str:
        return (
            f"select t.tenant_id, {order} as bucket from raw.{table} as t inner join {differences} as d "
            f"on t.tenant_id = d.tenant_id and {bucket('t', ('source_account', column))} = d.bucket "
            f"where d.relation = '{relation}'"
        )

    return (
        f"select tenant_id, bucket from {differences} where relation in ({direct}) union "
        + through("shopify.orders", "customer_id", CUSTOMERS)
        + " union "
        + through("shopify.order_lines", "product_id", DELETIONS)
    )
