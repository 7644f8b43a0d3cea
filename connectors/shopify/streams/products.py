"""Products, their variants, and what they cost."""

from __future__ import annotations

from connectors.base import Column, Stream, Table
from connectors.shopify.streams.columns import identifier, instant, text
from connectors.shopify.streams.selection import record_of

QUERY = """products%(arguments)s { %(open)s
  __typename id title vendor productType status createdAt updatedAt
  variants%(inner)s { %(open)s
    __typename id title sku price inventoryItem { id unitCost { amount currencyCode } }
  %(close)s }
%(close)s }"""
CONNECTIONS: dict[str, object] = {"variants": {}}

PRODUCTS = Stream(  # read whole each time: a cost changes without its product's updatedAt
    name="products",
    query=QUERY,
    connections=CONNECTIONS,
    record=record_of(QUERY, CONNECTIONS),
    tables=(
        Table(
            name="products",
            key=("product_id",),
            version="updated_at",
            where="r.__typename = 'Product'",
            columns=(
                identifier("product_id", "r.id"),
                text("title", "r.title"),
                text("vendor", "r.vendor"),
                text("product_type", "r.productType"),
                text("status", "r.status"),
                instant("created_at", "r.createdAt"),
                instant("updated_at", "r.updatedAt"),
            ),
        ),
        Table(
            name="variants",
            key=("product_id", "variant_id"),
            parent="product_id",
            where="r.__typename = 'ProductVariant'",
            columns=(
                identifier("product_id", "r.__parentId"),
                identifier("variant_id", "r.id"),
                text("title", "r.title"),
                text("sku", "nullif(r.sku, '')"),
                Column("price", "MONEY", "r.price"),
                Column("unit_cost", "MONEY", "r.inventoryItem.unitCost.amount"),
                text("cost_currency", "r.inventoryItem.unitCost.currencyCode"),
            ),
        ),
        Table(
            name="variant_costs",
            key=("variant_id",),
            where="r.__typename = 'ProductVariant'",
            history=("unit_cost", "cost_currency"),
            columns=(
                identifier("variant_id", "r.id"),
                Column("known_from", "INSTANT", "r.landed_until"),
                Column("unit_cost", "MONEY", "r.inventoryItem.unitCost.amount"),
                text("cost_currency", "r.inventoryItem.unitCost.currencyCode"),
            ),
        ),
    ),
)
