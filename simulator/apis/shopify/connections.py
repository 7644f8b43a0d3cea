"""The root connections: the fields that their objects can be searched and sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.apis.shopify.search import Searchable


@dataclass(frozen=True)
class RootConnection:
    """``sorts`` maps a sort key to a field."""

    type_name: str
    fields: Mapping[str, Searchable]
    sorts: Mapping[str, str]
    default_sort: str = "ID"


CONNECTIONS: Mapping[str, RootConnection] = {
    "orders": RootConnection(
        "Order",
        {
            "id": Searchable("id", lambda o: o.order.id),
            "name": Searchable("text", lambda o: o.order.name),
            "created_at": Searchable("time", lambda o: o.order.created_at),
            "processed_at": Searchable("time", lambda o: o.order.processed_at),
            "updated_at": Searchable("time", lambda o: o.books.updated_at[o.order.id]),
            "financial_status": Searchable("text", lambda o: o.financial_status),
            "test": Searchable("bool", lambda o: o.order.test),
            "source_name": Searchable("text", lambda o: o.order.source),
        },
        {"ID": "id", "CREATED_AT": "created_at", "PROCESSED_AT": "processed_at", "UPDATED_AT": "updated_at"},
        default_sort="PROCESSED_AT",
    ),
    "customers": RootConnection(
        "Customer",
        {
            "id": Searchable("id", lambda c: c.customer.id),
            "created_at": Searchable("day", lambda c: c.customer.created_at),
            "updated_at": Searchable("day", lambda c: c.updated_at),
            "email": Searchable("text", lambda c: c.customer.email),
        },
        {"ID": "id", "CREATED_AT": "created_at", "UPDATED_AT": "updated_at"},
    ),
    "products": RootConnection(
        "Product",
        {
            "id": Searchable("id", lambda p: p.product.id),
            "created_at": Searchable("time", lambda p: p.product.created_at),
            "updated_at": Searchable("time", lambda p: p.updated_at),
        },
        {"ID": "id", "CREATED_AT": "created_at", "UPDATED_AT": "updated_at"},
    ),
    "productVariants": RootConnection(
        "ProductVariant",
        {
            "id": Searchable("id", lambda v: v.variant.id),
            "updated_at": Searchable("time", lambda v: v.updated_at),
            "sku": Searchable("text", lambda v: v.variant.sku),
        },
        {"ID": "id", "POSITION": "id"},
    ),
    "events": RootConnection(
        "BasicEvent",
        {
            "id": Searchable("id", lambda e: e.id),
            "action": Searchable("text", lambda e: "destroy"),
            "created_at": Searchable("time", lambda e: e.at),
            "subject_type": Searchable("text", lambda e: e.kind),
        },
        {"ID": "id", "CREATED_AT": "created_at"},
    ),
}
