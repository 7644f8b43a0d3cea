"""What an incremental build recomputes together: the rows of a unit, such as one order.

A model names its unit in its `meta`: each of its rows belongs to one unit and is made only of rows of that unit, beside
what it looks up. A unit is known by a hash of its columns. What changed in staging is known by groups of orders: some
orders share one, and a model that reads staging recomputes them together.

    {{ config(meta={'unit': 'order', 'lookups': {'products': ['tenant_id', 'source', 'product_key']}}) }}

A lookup is an input whose row concerns the model's rows with equal values in these columns, and no others; or, where
`through` names a part for the lookup, the units of that part's rows with equal values. Every other input with the
columns of the unit is a part of it. A change of any input that is neither makes the model whole again.

A model that adds up units names the columns by which it does. Every other column is a sum, 0 and not null where there
is nothing to add, and `row_count` is the number of added rows: a row without any disappears. Its inputs are tables.

    {{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'source', 'channel', 'date_day']}) }}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

UNITS: Mapping[str, tuple[str, ...]] = {
    "order": ("tenant_id", "source_account", "order_id"),
    "customer": ("tenant_id", "customer_key"),
    "account": ("tenant_id", "customer_id"),
    "email": ("tenant_id", "email"),
    "product": ("tenant_id", "source", "product_key"),
    "product_day": ("tenant_id", "source", "product_key", "date_day"),
}
"""The columns that name a unit."""
ORDER_GROUP, ACCOUNT_GROUP = "order_group", "account_group"
GROUPED = {"order": ORDER_GROUP, "account": ACCOUNT_GROUP}
"""By unit, what takes its place in a model that reads staging."""
GROUPS = 65_536
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
MAPPED = {ORDER_GROUP: (*ORDER_SOURCES, CUSTOMERS, DELETIONS), ACCOUNT_GROUP: (CUSTOMERS,)}
"""Staging tables of which a changed row is mapped to the groups that it concerns."""
_PARTS = {"order": ORDER_SOURCES, "account": (CUSTOMERS,)}
_OF_A_REFUND = ("shopify.refund_lines", "shopify.refund_transactions")


def columns(unit: str) -> tuple[str, ...]:
    """The columns that name a unit or a group."""
    return UNITS[_unit(unit)]


def hash_of(alias: str, unit: str) -> str:
    """SQL: the hash of a row's unit, or the number of its group."""
    return _group(alias, columns(unit)) if unit in MAPPED else _hash(alias, columns(unit))


def hash_type(unit: str) -> str:
    """The type of what `hash_of` gives."""
    return "usmallint" if unit in MAPPED else "ubigint"


def is_part(table: str, unit: str) -> bool:
    """Whether each row of a staging table belongs to one unit, or to one group."""
    return table in _PARTS.get(_unit(unit), ())


def has_columns(table: str, unit: str) -> bool:
    """Whether a part of a unit names the unit itself; rows of a refund name the order by their refund."""
    return unit != "order" or table not in _OF_A_REFUND


def _unit(unit: str) -> str:
    return next((name for name, group in GROUPED.items() if group == unit), unit)


def _hash(alias: str, names: Collection[str]) -> str:
    return f"hash({', '.join(f'{alias}.{name}' for name in names)})"


def _group(alias: str, names: Collection[str]) -> str:
    return group_of(_hash(alias, names))


def group_of(number: str) -> str:
    """SQL: the number of the group to which a unit with this hash belongs."""
    return f"cast({number} % {GROUPS} as usmallint)"


def source_rows(table: str, unit: str = "") -> tuple[str, str]:
    """SQL: the rows of a staging table as `t`, and the hash of each one's unit; its group where no unit is named."""
    if table in _OF_A_REFUND:
        joined = f"raw.{table} as t inner join raw.shopify.refunds as r using (tenant_id, source_account, refund_id)"
        return joined, hash_of("r", unit or ORDER_GROUP)
    if table in ORDER_SOURCES:
        return f"raw.{table} as t", hash_of("t", unit or ORDER_GROUP)
    if table == CUSTOMERS:
        return f"raw.{table} as t", hash_of("t", unit or ACCOUNT_GROUP)
    if table == DELETIONS:
        return f"raw.{table} as t", _group("t", ("tenant_id", "source_account", "subject_id"))
    return f"raw.{table} as t", "cast(0 as usmallint)"


def touched_accounts(differences: str) -> str:
    """SQL: the group of each account of a customer that a difference between two stagings concerns."""
    return f"select bucket from {differences} where relation = '{CUSTOMERS}'"


def touched_orders(differences: str) -> str:
    """SQL: the group of each order that a difference between two stagings concerns.

    `differences` has relation and bucket. The bucket of a deletion is that of the order or product which was deleted;
    lines that name a product change with its deletion, and orders with their customer's name and address.
    """
    direct = ", ".join(f"'{table}'" for table in (*ORDER_SOURCES, DELETIONS))

    def through(table: str, bucket: str, relation: str) -> str:
        return (
            f"select {hash_of('t', ORDER_GROUP)} from raw.{table} as t inner join {differences} as d "
            f"on {bucket} = d.bucket where d.relation = '{relation}'"
        )

    product = _group("t", ("tenant_id", "source_account", "product_id"))
    return (
        f"select bucket from {differences} where relation in ({direct}) union "
        + through("shopify.orders", hash_of("t", ACCOUNT_GROUP), CUSTOMERS)
        + " union "
        + through("shopify.order_lines", product, DELETIONS)
    )
