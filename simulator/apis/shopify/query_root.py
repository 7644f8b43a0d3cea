"""The API's entry points over one shop's books: root connections, single objects, what the shop says of itself."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator.apis.shopify import catalogue_views, order_views, paging, shopifyql
from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.schema import Row
from simulator.apis.shopify.search import Searchable, SearchError, compile_search
from simulator.history import Books
from simulator.scenarios.visits.books import Visits

VERSION = "2026-10"
VERSIONS = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10")
SIXTY_DAYS = 60 * 86_400

_ORDER = {
    "id": Searchable("id", lambda o: o.order.id),
    "name": Searchable("text", lambda o: o.order.name),
    "created_at": Searchable("time", lambda o: o.order.created_at),
    "processed_at": Searchable("time", lambda o: o.order.processed_at),
    "updated_at": Searchable("time", lambda o: o.books.updated_at[o.order.id]),
    "financial_status": Searchable("text", lambda o: o.financial_status),
    "test": Searchable("bool", lambda o: o.order.test),
    "source_name": Searchable("text", lambda o: o.order.source),
}
_CUSTOMER = {
    "id": Searchable("id", lambda c: c.customer.id),
    "updated_at": Searchable("day", lambda c: c.updated_at),
    "created_at": Searchable("day", lambda c: c.customer.created_at),
    "email": Searchable("text", lambda c: c.customer.email),
}
_PRODUCT = {
    "id": Searchable("id", lambda p: p.product.id),
    "updated_at": Searchable("time", lambda p: p.updated_at),
    "created_at": Searchable("time", lambda p: p.product.created_at),
}
_VARIANT = {
    "id": Searchable("id", lambda v: v.variant.id),
    "updated_at": Searchable("time", lambda v: v.updated_at),
    "sku": Searchable("text", lambda v: v.variant.sku),
}
_EVENT = {
    "id": Searchable("id", lambda e: e.id),
    "action": Searchable("text", lambda e: "destroy"),
    "created_at": Searchable("time", lambda e: e.at),
    "subject_type": Searchable("text", lambda e: e.kind),
}
_SORTS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "orders": {
        "ID": lambda o: o.order.id,
        "CREATED_AT": lambda o: o.order.created_at,
        "PROCESSED_AT": lambda o: o.order.processed_at,
        "UPDATED_AT": lambda o: o.books.updated_at[o.order.id],
    },
    "customers": {
        "ID": lambda c: c.customer.id,
        "CREATED_AT": lambda c: c.customer.created_at,
        "UPDATED_AT": lambda c: c.updated_at,
    },
    "products": {
        "ID": lambda p: p.product.id,
        "CREATED_AT": lambda p: p.product.created_at,
        "UPDATED_AT": lambda p: p.updated_at,
    },
    "productVariants": {"ID": lambda v: v.variant.id, "POSITION": lambda v: v.variant.id},
    "events": {"ID": lambda e: e.id, "CREATED_AT": lambda e: e.at},
}
_KNOWN = {"orders": _ORDER, "customers": _CUSTOMER, "products": _PRODUCT, "productVariants": _VARIANT, "events": _EVENT}
_DEFAULT_SORT = {"orders": "PROCESSED_AT"}
_ID: Mapping[str, Callable[[Any], int]] = {name: sorts["ID"] for name, sorts in _SORTS.items()}


@dataclass
class QueryRoot:
    """One shop at one instant, as the API's root fields see it; ``now`` rules what is old or expired."""

    books: Books
    now: int
    visits: Visits | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def _amounts(self) -> dict[Any, Amounts]:
        return {}

    def order_view(self, order: Any) -> order_views.OrderView:
        amounts = self._amounts.get(order.presentment)
        if amounts is None:
            amounts = self._amounts[order.presentment] = Amounts(self.books.shop, order.presentment)
        return order_views.OrderView(self.books, order, amounts)

    def all_of(self, name: str) -> list[Any]:
        """Every object of a root connection, as views, by id."""
        books = self.books
        if name == "orders":
            oldest = 0 if "read_all_orders" in books.shop.scopes else self.now - SIXTY_DAYS
            return [self.order_view(order) for order in books.orders if order.created_at >= oldest]
        if name == "customers":
            return [catalogue_views.CustomerView(books, each) for each in books.customers]
        if name == "products":
            return [catalogue_views.ProductView(books, each) for each in books.products]
        if name == "productVariants":
            return [catalogue_views.VariantView(books, each) for product in books.products for each in product.variants]
        return books.deletions

    def selected(self, name: str, query: str | None) -> list[Any]:
        """The objects of a root connection that a search lets through."""
        try:
            search = compile_search(query, _KNOWN[name])
        except SearchError as error:
            raise paging.refuse(str(error)) from None
        if search.warnings:
            self.warnings.append({"path": [name], "query": query, "warnings": search.warnings})
        return [it for it in self.all_of(name) if search.predicate(it)] if query else self.all_of(name)

    def connection(self, name: str, args: dict[str, Any]) -> paging.Page:
        sort = args.get("sortKey") or _DEFAULT_SORT.get(name, "ID")
        paging.checked_first(args.get("first"), args.get("last"))
        value, number = _SORTS[name][sort], _ID[name]
        rows = [(value(it), number(it), it) for it in self.selected(name, args.get("query"))]
        rows.sort(key=lambda row: row[:2])
        return paging.page_of_keys(rows, sort, args)

    def node(self, gid: str) -> Any:
        """An object by its global id; None when there is none (any more)."""
        parts = gid.rsplit("/", 2)
        if not gid.startswith("gid://shopify/") or len(parts) != 3 or not parts[2].isdigit():
            raise paging.refuse(f"Invalid global id '{gid}'", "RESOURCE_NOT_FOUND")
        kind, number = parts[1], int(parts[2])
        return self._index(kind).get(number)

    @cached_property
    def _indexes(self) -> dict[str, dict[int, Any]]:
        return {}

    def _index(self, kind: str) -> dict[int, Any]:
        if kind not in self._indexes:
            if kind == "Refund":
                orders = [order for order in self.books.orders if order.refunds]
                self._indexes[kind] = {
                    refund.id: order_views.RefundView(view, refund)
                    for view in map(self.order_view, orders)
                    for refund in view.order.refunds
                }
            else:
                root = {
                    "Order": "orders",
                    "Customer": "customers",
                    "Product": "products",
                    "ProductVariant": "productVariants",
                    "BasicEvent": "events",
                }.get(kind)
                self._indexes[kind] = {} if root is None else {_ID[root](it): it for it in self.all_of(root)}
        return self._indexes[kind]

    def shop(self) -> Row:
        shop = self.books.shop
        return Row(
            "Shop",
            id=f"gid://shopify/Shop/{zlib.crc32(shop.account.encode())}",  # each shop its own
            name=shop.name,
            email=f"owner@{shop.account}.example",
            myshopifyDomain=f"{shop.account}.myshopify.com",
            ianaTimezone=shop.time_zone,
            currencyCode=shop.currency,
            taxesIncluded=shop.taxes_included,
            taxShipping=True,
        )

    def installation(self) -> Row:
        scopes = [{"handle": each, "description": each.replace("_", " ")} for each in self.books.shop.scopes]
        return Row("AppInstallation", id="gid://shopify/AppInstallation/1", accessScopes=scopes)

    @staticmethod
    def versions() -> list[Row]:
        return [Row("ApiVersion", handle=each, displayName=each, supported=True) for each in VERSIONS]

    def shopifyql(self, text: str) -> Row:
        try:
            answer = shopifyql.run(self.books, text, self.now, self.visits)
        except shopifyql.QlError as error:
            return Row("ShopifyqlQueryResponse", parseErrors=error.errors, tableData=None)
        columns = [
            {"name": name, "dataType": kind, "displayName": name.replace("_", " ").title()}
            for name, kind in answer.columns
        ]
        table = Row("ShopifyqlTableData", columns=columns, rows=answer.rows)
        return Row("ShopifyqlQueryResponse", parseErrors=[], tableData=table)
