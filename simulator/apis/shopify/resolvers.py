"""Resolvers for graphql-core: the root fields, the mutations, and every field below them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import GraphQLResolveInfo, get_named_type, is_list_type

from simulator.apis.shopify import bulk, errors, paging
from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.bulk_query import parse_bulk_query
from simulator.apis.shopify.connections import CONNECTIONS
from simulator.apis.shopify.fields import FIELDS, connection_items
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.schema import ApiObject, is_connection, nullable, schema
from simulator.faults import Faults

MONEY_TYPES = frozenset({"MoneyBag", "MoneyV2"})


@dataclass
class Context:
    """What the resolvers of one request share. Bulk files are at ``files_url``."""

    root: QueryRoot
    bulk: bulk.BulkOperations
    faults: Faults
    files_url: str

    @property
    def account(self) -> str:
        return self.root.books.shop.account

    @cached_property
    def denied(self) -> dict[str, str]:
        """The fields that the token may not read, as ``Type.field``, with the scope that they need."""
        return self.faults.denied(self.account)


class Money:
    """A MoneyBag or a MoneyV2: minor units of the shop's currency."""

    __slots__ = ("amounts", "minor")

    def __init__(self, minor: int, amounts: Amounts) -> None:
        self.minor, self.amounts = minor, amounts

    def field(self, type_name: str, name: str) -> Any:
        if type_name == "MoneyBag":
            return self.amounts.money(self.minor, of_shop=name == "shopMoney")
        return self.amounts.money(self.minor)[name]


def resolve(source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
    """The field resolver of the whole schema."""
    context, parent, name = info.context, info.parent_type.name, info.field_name
    if parent == "Mutation":
        return _run_bulk_query(context, **args) if name == "bulkOperationRunQuery" else _cancel(context, **args)
    if (denied := f"{parent}.{name}") in context.denied:
        raise errors.access_denied(parent, name, context.denied[denied])
    if parent == "QueryRoot":
        return _root_field(context, name, args)
    if isinstance(source, Money):
        return source.field(parent, name)
    if isinstance(source, paging.Page | ApiObject):
        return source.field(name)
    return source[name] if isinstance(source, dict) else _field_of_view(source, info, args)


def _field_of_view(source: Any, info: GraphQLResolveInfo, args: dict[str, Any]) -> Any:
    parent, name = info.parent_type.name, info.field_name
    if is_connection(info.return_type):
        return paging.page_of_list(connection_items(parent, name, source, args), args)
    value = FIELDS[parent][name](source)
    if value is not None and get_named_type(info.return_type).name in MONEY_TYPES:
        return Money(value, source.amounts)
    if args.get("first") is not None and is_list_type(nullable(info.return_type)):
        return value[: args["first"]]
    return value


def _root_field(context: Context, name: str, args: dict[str, Any]) -> Any:
    root, operations = context.root, context.bulk.operations
    if name in CONNECTIONS:
        return root.connection(name, args)
    if name == "bulkOperation" or (name == "node" and "/BulkOperation/" in args["id"]):
        operation = operations.get(args["id"])
        return None if operation is None else operation.as_object()
    if name == "bulkOperations":
        return paging.page_of_list([operation.as_object() for operation in operations.values()], args)
    if name == "nodes":
        return [root.node(gid) for gid in args["ids"][: paging.MAX_FIRST]]
    if name in ("node", "order", "customer", "product", "refund"):
        return root.node(args["id"])
    others: dict[str, Callable[[], Any]] = {
        "shop": root.shop,
        "currentAppInstallation": root.installation,
        "publicApiVersions": root.versions,
        "shopifyqlQuery": lambda: root.shopifyql(args["query"]),
    }
    return others[name]()


def _run_bulk_query(context: Context, query: str, groupObjects: bool) -> ApiObject:  # noqa: N803 - a GraphQL argument
    payload = "BulkOperationRunQueryPayload"
    try:
        checked = parse_bulk_query(schema(), query)
        outcome = _outcome(context, checked.root, checked.fields)
        operation = context.bulk.start(checked, context.root, groupObjects, context.files_url, outcome)
    except errors.BulkError as error:
        return ApiObject(payload, bulkOperation=None, userErrors=[error.user_error()])
    return ApiObject(payload, bulkOperation=operation, userErrors=[])


def _outcome(context: Context, root: str, fields: set[str]) -> bulk.Outcome:
    """How faults let a bulk operation end. Raises BulkError for one that does not start."""
    faults, account, resources = context.faults, context.account, (root, f"bulk:{root}")
    if faults.take("bulk_limit", account, resources):
        raise bulk.limit_reached(5)
    status, code = faults.bulk_outcome(account, resources) or ("COMPLETED", None)
    if fields & set(context.denied):
        status, code = "FAILED", "ACCESS_DENIED"
    return bulk.Outcome(status, code, faults.take("wrong_count", account, resources) is not None)


def _cancel(context: Context, id: str) -> ApiObject:
    operation = context.bulk.cancel(id)
    user_errors = [] if operation else [{"field": ["id"], "message": "Bulk operation does not exist"}]
    fields = operation.as_object() if operation else None
    return ApiObject("BulkOperationCancelPayload", bulkOperation=fields, userErrors=user_errors)
