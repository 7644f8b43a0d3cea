"""Customers as the shop knows them today."""

from __future__ import annotations

from connectors.base import Column, Stream, Table
from connectors.shopify.streams.columns import count, identifier, instant, text
from connectors.shopify.streams.selection import record_of

QUERY = """customers%(arguments)s { %(open)s
  __typename id displayName firstName lastName defaultEmailAddress { emailAddress } createdAt updatedAt
  numberOfOrders amountSpent { amount currencyCode }
%(close)s }"""
CUSTOMERS = Stream(
    name="customers",
    cursor="updated_at",
    whole_days=True,
    query=QUERY,
    record=record_of(QUERY),
    tables=(
        Table(
            name="customers",
            key=("customer_id",),
            version="updated_at",
            where="true",
            columns=(
                identifier("customer_id", "r.id"),
                text("display_name", "r.displayName"),
                text("email", "lower(r.defaultEmailAddress.emailAddress)"),
                instant("created_at", "r.createdAt"),
                instant("updated_at", "r.updatedAt"),
                count("number_of_orders", "r.numberOfOrders"),
                Column("amount_spent", "MONEY", "r.amountSpent.amount"),
                text("currency", "r.amountSpent.currencyCode"),
            ),
        ),
    ),
)
