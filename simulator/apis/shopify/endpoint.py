"""One shop's Admin GraphQL endpoint: parse, check, pay, run, answer.

``ShopEndpoint.answer`` takes the decoded body of a request and gives what goes back as JSON.  HTTP, tokens and faults
that break the transport are the server's.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from simulator.apis.shopify import bulk, paging
from simulator.apis.shopify.cost import MAX_COST, Bucket, Requested
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.schema import Row, refuse_denied, resolve, schema, type_name
from simulator.books import Instant
from simulator.faults import Faults
from simulator.history import ShopHistory
from simulator.scenarios.visits.books import Visits

LIMITS = "https://shopify.dev/api/usage/rate-limits"
_BULK_ROOT = re.compile(r"[^{]*{\s*(orders|customers|products|productVariants|events)\b")
_UNDEFINED = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


@dataclass
class Context:
    """What the resolvers of one request need."""

    roots: QueryRoot
    api: ShopEndpoint
    denied: Mapping[str, str]
    file_url: Callable[[str], str]


@dataclass
class Request:
    """A parsed request: ``fields`` are the root fields, for a bulk run also ``bulk:<root of its query>``."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    name: str | None
    fields: tuple[str, ...]


@dataclass
class ShopEndpoint:
    """The API of one shop: its books, its bucket, its bulk operations."""

    history: ShopHistory
    faults: Faults
    folder: Path
    bucket: Bucket = field(default_factory=Bucket)
    bulk_limit: int = 5
    bulk_seconds: float = 0.0
    visits: Visits | None = None
    _cursors: dict[str, str | None] = field(default_factory=dict)
    _roots: QueryRoot | None = None
    _parsed: dict[str, tuple[DocumentNode, list[GraphQLError]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.bulk = bulk.BulkOperations(self.folder, self.bulk_limit, self.bulk_seconds)

    def roots(self, now: Instant) -> QueryRoot:
        """The root fields at an instant; kept while the books stay the same, so that ids are indexed once."""
        books = self.history.books(now)
        with self._lock:
            if self._roots is None or self._roots.books is not books or self._roots.now != now:
                self._roots = QueryRoot(books, now, self.visits)
            return self._roots

    def parse(self, body: Any) -> Request | dict[str, Any]:
        """The request, or the answer that refuses it."""
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return {"errors": {"query": "Required parameter missing or invalid"}}
        text, name = body["query"], body.get("operationName")
        if text not in self._parsed:
            try:
                document = parse(text)
                self._parsed[text] = (document, validate(schema(), document))
            except GraphQLError as error:
                return {"errors": [_plain(error)]}
        document, errors = self._parsed[text]
        if errors:
            return {"errors": [_undefined(error) for error in errors]}
        operation = get_operation_ast(document, name)
        if operation is None:
            return {"errors": [{"message": f"No operation named {name!r}."}]}
        variables = body.get("variables") or {}
        return Request(document, operation, variables, name, _root_fields(operation, variables))

    def answer(self, request: Request, now: Instant, account: str, file_url: Callable[[str], str]) -> dict[str, Any]:
        """What goes back: data, errors and extensions with the cost."""
        defined = request.document.definitions
        fragments = {each.name.value: each for each in defined if isinstance(each, FragmentDefinitionNode)}
        meter = Requested(schema(), fragments, request.variables)
        requested = meter.of(request.operation)
        if requested > MAX_COST:
            message = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_COST})."
            code = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": MAX_COST, "documentation": LIMITS}
            return {"errors": [{"message": message, "extensions": code}]}
        if self.faults.take("throttled", account, request.fields) or not self.bucket.take(requested):
            code = {"code": "THROTTLED", "documentation": LIMITS}
            return {"errors": [{"message": "Throttled", "extensions": code}], "extensions": self._cost(requested, None)}
        roots = self.roots(now)
        roots.warnings.clear()
        denied = self.faults.denied(account)
        found = execute_sync(
            schema(),
            request.document,
            variable_values=request.variables,
            operation_name=request.name,
            context_value=Context(roots, self, denied, file_url),
            field_resolver=_resolve,
            type_resolver=type_name,
        )
        came = _root_rows(found.data)
        actual = max(1, requested - max(0, meter.root_rows - came))
        self.bucket.give_back(requested - actual)
        answer: dict[str, Any] = {"data": found.data}
        if found.errors:
            answer["errors"] = [_plain(error) for error in found.errors]
        answer["extensions"] = self._cost(requested, actual)
        if roots.warnings:
            answer["extensions"]["search"] = list(roots.warnings)
        self._break(answer, account, request.fields)
        return answer

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        status = self.bucket.status()
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}

    def _break(self, answer: dict[str, Any], account: str, fields: tuple[str, ...]) -> None:
        if self.faults.take("null_data", account, fields):
            answer["data"] = None
        for name in fields:
            page = ((answer["data"] or {}).get(name) or {}) if isinstance(answer["data"], dict) else {}
            info = page.get("pageInfo") if isinstance(page, dict) else None
            if info and name in self._cursors and self.faults.take("same_cursor", account, (name,)):
                info.update(endCursor=self._cursors[name], hasNextPage=True)
            if info:
                self._cursors[name] = info.get("endCursor")

    def run_bulk(self, context: Context, text: str, group: bool) -> Row:
        """``bulkOperationRunQuery``."""
        try:
            query = bulk.check(schema(), text)
        except bulk.BulkInvalidError as error:
            return _payload(None, "INVALID", str(error))
        account, fields = self.history.shop.account, (query.root, f"bulk:{query.root}")
        if self.faults.take("bulk_limit", account, fields):
            return _payload(None, "LIMIT_REACHED", "You have reached the limit of 5 concurrent bulk query operations.")
        fate = self.faults.bulk_fate(account, fields)
        if query.fields & set(context.denied):
            fate = ("FAILED", "ACCESS_DENIED")
        miscount = self.faults.take("wrong_count", account, fields) is not None
        started = self.bulk.start(query, text, context.roots, group, context.file_url, fate, miscount)
        if isinstance(started, dict):
            return _payload(None, started["code"], started["message"])
        first = {
            **started.answer(),
            "status": "CREATED",
            "objectCount": 0,
            "rootObjectCount": 0,
            "url": None,
            "completedAt": None,
            "errorCode": None,
            "partialDataUrl": None,
            "fileSize": None,
        }
        return Row("BulkOperationRunQueryPayload", bulkOperation=first, userErrors=[])


def _payload(operation: Any, code: str, message: str) -> Row:
    error = {"code": code, "field": ["query"] if code == "INVALID" else None, "message": message}
    return Row("BulkOperationRunQueryPayload", bulkOperation=operation, userErrors=[error])


def _root_fields(operation: OperationDefinitionNode, variables: dict[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for node in operation.selection_set.selections:
        if isinstance(node, FieldNode):
            names.append(node.name.value)
            if node.name.value == "bulkOperationRunQuery":
                texts = [*variables.values(), *(getattr(arg.value, "value", "") for arg in node.arguments)]
                found = [_BULK_ROOT.match(str(text)) for text in texts]
                names += [f"bulk:{match[1]}" for match in found if match]
    return tuple(names)


def _root_rows(data: Any) -> int:
    """Rows that came in root connections."""
    found = [page for page in (data or {}).values() if isinstance(page, dict)]
    return sum(len(page.get("nodes") or page.get("edges") or ()) for page in found)


def _plain(error: GraphQLError) -> dict[str, Any]:
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        raise error.original_error
    return dict(error.formatted)


def _undefined(error: GraphQLError) -> dict[str, Any]:
    """A validation error in Shopify's words."""
    formatted = dict(error.formatted)
    match = _UNDEFINED.match(error.message)
    if match:
        name, of = match.groups()
        formatted["message"] = f"Field '{name}' doesn't exist on type '{of}'"
        formatted["extensions"] = {"code": "undefinedField", "typeName": of, "fieldName": name}
    return formatted


def _resolve(source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
    context: Context = info.context
    if info.parent_type.name == "QueryRoot":
        refuse_denied(context, "QueryRoot", info.field_name)
        return _query(context, info.field_name, args)
    if info.parent_type.name == "Mutation":
        if info.field_name == "bulkOperationRunQuery":
            return context.api.run_bulk(context, args["query"], args["groupObjects"])
        found = context.api.bulk.cancel(args["id"])
        errors = [] if found else [{"field": ["id"], "message": "Bulk operation does not exist"}]
        return Row("BulkOperationCancelPayload", bulkOperation=found.answer() if found else None, userErrors=errors)
    return resolve(source, info, **args)


def _query(context: Context, name: str, args: dict[str, Any]) -> Any:
    roots, operations = context.roots, context.api.bulk.operations
    if name in ("orders", "customers", "products", "productVariants", "events"):
        return roots.connection(name, args)
    if name == "bulkOperation" or (name == "node" and "/BulkOperation/" in args["id"]):
        found = operations.get(args["id"])
        return None if found is None else BulkRow("BulkOperation", **found.answer())
    if name == "bulkOperations":
        rows = [BulkRow("BulkOperation", **each.answer()) for each in operations.values()]
        return paging.page_of_list(rows, args)
    if name == "nodes":
        return [roots.node(each) for each in args["ids"][:250]]
    if name in ("node", "order", "customer", "product", "refund"):
        return roots.node(args["id"])
    single: dict[str, Callable[[], Any]] = {
        "shop": roots.shop,
        "currentAppInstallation": roots.installation,
        "publicApiVersions": roots.versions,
        "shopifyqlQuery": lambda: roots.shopifyql(args["query"]),
    }
    return single[name]()


class BulkRow(Row):
    """A bulk operation while graphql-core walks through it."""

    def __init__(self, kind: str, **fields: Any) -> None:
        fields.pop("typename", None)
        super().__init__(kind, **fields)
