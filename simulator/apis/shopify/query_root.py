"""The root fields of the schema over one shop's books: connections, single objects, the shop itself."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from simulator.apis.shopify import paging, shopifyql
from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.catalogue_views import CustomerView, ProductView, VariantView
from simulator.apis.shopify.connections import CONNECTIONS
from simulator.apis.shopify.errors import refused
from simulator.apis.shopify.order_views import OrderView, RefundView
from simulator.apis.shopify.schema import ApiObject
from simulator.apis.shopify.search import SearchError, compile_search
from simulator.books import Instant, Order, Presentment
from simulator.history import Books
from simulator.scenarios.visits.books import Visits

VERSION = "2026-10"
VERSIONS = ("2025-10", "2026-01", "2026-04", "2026-07", VERSION)
SIXTY_DAYS = 60 * 86_400
_CONNECTION_OF_TYPE = {connection.type_name: name for name, connection in CONNECTIONS.items()}


@dataclass
class QueryRoot:
    """One shop at one instant. ``warnings`` are those of the searches since they were cleared."""

    books: Books
    now: Instant
    visits: Visits | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    _amounts: dict[Presentment | None, Amounts] = field(default_factory=dict)
    _by_id: dict[str, dict[int, Any]] = field(default_factory=dict)  # by type

    def order_view(self, order: Order) -> OrderView:
        amounts = self._amounts.get(order.presentment)
        if amounts is None:
            amounts = self._amounts[order.presentment] = Amounts(self.books.shop, order.presentment)
        return OrderView(self.books, order, amounts)

    def all_of(self, name: str) -> list[Any]:
        """The views of all objects of a root connection, by id. Orders older than 60 days need a scope."""
        books = self.books
        if name == "orders":
            oldest = 0 if "read_all_orders" in books.shop.scopes else self.now - SIXTY_DAYS
            return [self.order_view(order) for order in books.orders if order.created_at >= oldest]
        if name == "customers":
            return [CustomerView(books, customer) for customer in books.customers]
        if name == "products":
            return [ProductView(books, product) for product in books.products]
        if name == "productVariants":
            return [VariantView(books, variant) for product in books.products for variant in product.variants]
        return books.deletions

    def selected(self, name: str, query: str | None) -> list[Any]:
        """The objects of a root connection that match a search. Raises GraphQLError for an invalid search."""
        try:
            search = compile_search(query, CONNECTIONS[name].fields)
        except SearchError as error:
            raise refused(str(error)) from None
        if search.warnings:
            self.warnings.append({"path": [name], "query": query, "warnings": search.warnings})
        return [view for view in self.all_of(name) if search.predicate(view)] if query else self.all_of(name)

    def connection(self, name: str, args: dict[str, Any]) -> paging.Page:
        connection = CONNECTIONS[name]
        sort = args.get("sortKey") or connection.default_sort
        paging.checked_first(args.get("first"), args.get("last"))
        value, number = connection.fields[connection.sorts[sort]].get, connection.fields["id"].get
        rows = [(value(view), number(view), view) for view in self.selected(name, args.get("query"))]
        rows.sort(key=lambda row: row[:2])
        return paging.page_of_keys(rows, sort, args)

    def node(self, gid: str) -> Any:
        """The object of a global id, or None. Raises GraphQLError for an invalid id."""
        parts = gid.rsplit("/", 2)
        if not gid.startswith("gid://shopify/") or len(parts) != 3 or not parts[2].isdigit():
            raise refused(f"Invalid global id '{gid}'", "RESOURCE_NOT_FOUND")
        type_name, number = parts[1], int(parts[2])
        if type_name not in self._by_id:
            self._by_id[type_name] = self._index(type_name)
        return self._by_id[type_name].get(number)

    def _index(self, type_name: str) -> dict[int, Any]:
        if type_name == "Refund":
            views = [self.order_view(order) for order in self.books.orders if order.refunds]
            return {refund.id: RefundView(view, refund) for view in views for refund in view.order.refunds}
        name = _CONNECTION_OF_TYPE.get(type_name)
        if name is None:
            return {}
        identify = CONNECTIONS[name].fields["id"].get
        return {identify(view): view for view in self.all_of(name)}

    def shop(self) -> ApiObject:
        shop = self.books.shop
        return ApiObject(
            "Shop",
            id=f"gid://shopify/Shop/{zlib.crc32(shop.account.encode())}",
            name=shop.name,
            email=f"owner@{shop.account}.example",
            myshopifyDomain=f"{shop.account}.myshopify.com",
            ianaTimezone=shop.time_zone,
            currencyCode=shop.currency,
            taxesIncluded=shop.taxes_included,
            taxShipping=True,
        )

    def installation(self) -> ApiObject:
        scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in self.books.shop.scopes]
        return ApiObject("AppInstallation", id="gid://shopify/AppInstallation/1", accessScopes=scopes)

    @staticmethod
    def versions() -> list[ApiObject]:
        return [ApiObject("ApiVersion", handle=name, displayName=name, supported=True) for name in VERSIONS]

    def shopifyql(self, text: str) -> ApiObject:
        try:
            result = shopifyql.run(self.books, text, self.now, self.visits)
        except shopifyql.ShopifyQLError as error:
            return ApiObject("ShopifyqlQueryResponse", parseErrors=error.errors, tableData=None)
        columns = [
            {"name": name, "dataType": data_type, "displayName": name.replace("_", " ").title()}
            for name, data_type in result.columns
        ]
        table = ApiObject("ShopifyqlTableData", columns=columns, rows=result.rows)
        return ApiObject("ShopifyqlQueryResponse", parseErrors=[], tableData=table)
