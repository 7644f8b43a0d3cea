"""Customers as the shop knows them today."""

from __future__ import annotations

from connectors.base import Column, Stream, Table
from connectors.shopify.streams.columns import MONEY_TYPE, count, identifier, instant, text

CUSTOMERS = Stream(
    name="customers",
    cursor="updated_at",
    whole_days=True,
    query="""customers%(arguments)s { %(open)s
  __typename id displayName firstName lastName defaultEmailAddress { emailAddress } createdAt updatedAt
  numberOfOrders amountSpent { amount currencyCode }
%(close)s }""",
    record={
        "__typename": "VARCHAR",
        "id": "VARCHAR",
        "displayName": "VARCHAR",
        "firstName": "VARCHAR",
        "lastName": "VARCHAR",
        "defaultEmailAddress": "STRUCT(emailAddress VARCHAR)",
        "createdAt": "VARCHAR",
        "updatedAt": "VARCHAR",
        "numberOfOrders": "VARCHAR",
        "amountSpent": MONEY_TYPE,
    },
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
