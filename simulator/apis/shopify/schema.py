"""The shipped schema, with scalars written as Shopify writes them, and the resolver that reads ``fields``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from simulator.apis.shopify import paging
from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.fields import FIELDS, order_shipping

SDL = Path(__file__).with_name("schema.graphql")
MONEY = {"MoneyBag", "MoneyV2"}


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def iso(instant: int) -> str:
    """An instant as ``2026-03-08T06:59:00Z``."""
    day, second = divmod(instant, 86_400)
    minute, second = divmod(second, 60)
    return f"{_date(day)}T{minute // 60:02}:{minute % 60:02}:{second:02}Z"


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "DateTime": iso,
    "UnsignedInt64": str,
    "Decimal": str,
    "Money": str,
    "URL": str,
}


@cache
def schema() -> GraphQLSchema:
    built = build_schema(SDL.read_text(encoding="utf-8"))
    for name, write in _WRITTEN.items():
        scalar: Any = built.type_map[name]
        scalar.serialize = write
    return built


def object_type(of: GraphQLSchema, name: str) -> GraphQLObjectType:
    """An object type of the schema by its name."""
    found = of.type_map[name]
    if not isinstance(found, GraphQLObjectType):
        raise TypeError(f"{name} is no object type of the schema.")
    return found


def nullable(of: Any) -> Any:
    """A type without its ``!``."""
    return of.of_type if is_non_null_type(of) else of


class Amount:
    """A MoneyBag or a MoneyV2 while graphql-core walks through it."""

    __slots__ = ("amounts", "minor")

    def __init__(self, minor: int, amounts: Amounts) -> None:
        self.minor, self.amounts = minor, amounts


class Row:
    """A plain object of the API that is no part of the books: its fields by name."""

    def __init__(self, typename: str, **fields: Any) -> None:
        self.typename, self.fields = typename, fields


def is_connection(of: GraphQLOutputType) -> bool:
    return get_named_type(of).name.endswith("Connection")


def type_name(value: Any, *_: Any) -> str:
    name: str = "BasicEvent" if type(value).__name__ == "Deletion" else value.typename
    return name


def connection_items(parent: str, field: str, source: Any, args: dict[str, Any]) -> Any:
    """The whole list behind a nested connection."""
    if (parent, field) == ("Order", "shippingLines"):
        return order_shipping(source, bool(args.get("includeRemovals")))
    return FIELDS[parent][field](source)


def refuse_denied(context: Any, parent: str, name: str) -> None:
    """Raises GraphQLError where the token may not read a field."""
    if (denied := f"{parent}.{name}") in context.denied:
        raise GraphQLError(
            f"Access denied for {name} field. Required access: {context.denied[denied]}.",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "typeName": parent,
                "fieldName": name,
                "requiredAccess": context.denied[denied],
            },
        )


def resolve(source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
    """graphql-core's default resolver: any field below the roots."""
    parent, name = info.parent_type.name, info.field_name
    context = info.context
    refuse_denied(context, parent, name)
    plain = _plain(source, parent, name)
    if plain is not _BOOKS:
        return plain
    if is_connection(info.return_type):
        return paging.page_of_list(connection_items(parent, name, source, args), args)
    value = FIELDS[parent][name](source)
    if value is not None and get_named_type(info.return_type).name in MONEY:
        return Amount(value, source.amounts)
    if args.get("first") is not None and is_list_type(nullable(info.return_type)):
        return value[: args["first"]]
    return value


_BOOKS = object()


def _plain(source: Any, parent: str, name: str) -> Any:
    """The field of an object that is not read from the books; ``_BOOKS`` for one that is."""
    if isinstance(source, paging.Page):
        return _resolve_page(source, name)
    if isinstance(source, dict):
        return source[name]
    if isinstance(source, Row):
        return source.fields[name]
    if isinstance(source, Amount):
        return _resolve_amount(source, parent, name)
    return _BOOKS


def _resolve_page(page: paging.Page, name: str) -> Any:
    if name == "nodes":
        return page.nodes
    if name == "edges":
        return [{"node": node, "cursor": cursor} for node, cursor in zip(page.nodes, page.cursors, strict=True)]
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursors[0] if page.cursors else None,
        "endCursor": page.cursors[-1] if page.cursors else None,
    }


def _resolve_amount(amount: Amount, parent: str, name: str) -> Any:
    if parent == "MoneyBag":
        return money_fields(amount.minor, amount.amounts, name == "shopMoney")
    return money_fields(amount.minor, amount.amounts, True)[name]


def money_fields(minor: int, amounts: Amounts, of_shop: bool) -> dict[str, Any]:
    """A MoneyV2's two fields."""
    if of_shop:
        return {"amount": amounts.shop_amount(minor), "currencyCode": amounts.shop_currency}
    return {"amount": amounts.presentment_amount(minor), "currencyCode": amounts.currency}
