"""One shop's GraphQL endpoint: parse and validate a request, charge its cost, execute it."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from simulator.apis.shopify import errors
from simulator.apis.shopify.bulk import BulkOperations
from simulator.apis.shopify.cost import MAX_COST, Bucket, QueryCost
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.resolvers import Context, resolve
from simulator.apis.shopify.schema import schema, type_name
from simulator.books import Instant
from simulator.faults import Faults
from simulator.history import ShopHistory
from simulator.scenarios.visits.books import Visits

_BULK_ROOT = re.compile(r"[^{]*{\s*(orders|customers|products|productVariants|events)\b")


@dataclass(frozen=True)
class ShopifyLimits:
    """A shop's limits: cost points, points restored per second, bulk operations at a time, their least duration."""

    bucket_size: float = 20_000
    restore_rate: float = 1_000
    bulk_operations: int = 5
    bulk_seconds: float = 0.0


@dataclass
class GraphQLRequest:
    """A valid request. ``resources`` are its root fields, and ``bulk:<root>`` for the query of a bulk operation."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    operation_name: str | None
    resources: tuple[str, ...]


@dataclass
class InvalidRequest:
    """A request that is not executed, with the body of its response."""

    body: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()


@dataclass
class ShopEndpoint:
    """A shop with its rate limit and its bulk operations. ``folder`` is for the files of bulk operations."""

    history: ShopHistory
    faults: Faults
    folder: Path
    limits: ShopifyLimits = field(default_factory=ShopifyLimits)
    visits: Visits | None = None
    _end_cursors: dict[str, str | None] = field(default_factory=dict)  # by root field, of its last page
    _root: QueryRoot | None = None
    _parsed: dict[str, tuple[DocumentNode, list[GraphQLError]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.bucket = Bucket(self.limits.bucket_size, self.limits.restore_rate)
        self.bulk = BulkOperations(self.folder, self.limits.bulk_operations, self.limits.bulk_seconds)

    @property
    def account(self) -> str:
        return self.history.shop.account

    def root(self, now: Instant) -> QueryRoot:
        """The root fields at an instant, cached while books and instant stay the same: ids are indexed once."""
        books = self.history.books(now)
        with self._lock:
            if self._root is None or self._root.books is not books or self._root.now != now:
                self._root = QueryRoot(books, now, self.visits)
            return self._root

    def parse(self, body: Any) -> GraphQLRequest | InvalidRequest:
        """The request in a decoded JSON body."""
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return InvalidRequest({"errors": errors.MISSING_QUERY})
        text, name = body["query"], body.get("operationName")
        if text not in self._parsed:
            try:
                document = parse(text)
            except GraphQLError as error:
                return InvalidRequest({"errors": [errors.formatted(error)]})
            self._parsed[text] = (document, validate(schema(), document))
        document, invalid = self._parsed[text]
        if invalid:
            return InvalidRequest({"errors": [errors.validation_error(error) for error in invalid]})
        operation = get_operation_ast(document, name)
        if operation is None:
            return InvalidRequest({"errors": [{"message": f"No operation named {name!r}."}]})
        variables = body.get("variables") or {}
        return GraphQLRequest(document, operation, variables, name, _resources(operation, variables))

    def execute(self, request: GraphQLRequest, now: Instant, files_url: str) -> dict[str, Any]:
        """The response body: data, errors, and extensions with the cost. Bulk files are at ``files_url``."""
        definitions = request.document.definitions
        fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        query_cost = QueryCost(schema(), fragments, request.variables)
        requested = query_cost.of(request.operation)
        if requested > MAX_COST:
            return {"errors": [errors.max_cost_exceeded(requested, MAX_COST)]}
        if self.faults.take("throttled", self.account, request.resources) or not self.bucket.take(requested):
            return {"errors": [errors.THROTTLED], "extensions": self._cost(requested, None)}
        root = self.root(now)
        root.warnings.clear()
        result = execute_sync(
            schema(),
            request.document,
            variable_values=request.variables,
            operation_name=request.operation_name,
            context_value=Context(root, self.bulk, self.faults, files_url),
            field_resolver=resolve,
            type_resolver=type_name,
        )
        actual = max(1, requested - max(0, query_cost.root_rows - _root_rows(result.data)))
        self.bucket.refund(requested - actual)
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [errors.formatted(error) for error in result.errors]
        body["extensions"] = self._cost(requested, actual)
        if root.warnings:
            body["extensions"]["search"] = list(root.warnings)
        self._break_data(body, request.resources)
        return body

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        status = self.bucket.status()
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}

    def _break_data(self, body: dict[str, Any], resources: tuple[str, ...]) -> None:
        """Applies the faults ``null_data`` and ``same_cursor``."""
        if self.faults.take("null_data", self.account, resources):
            body["data"] = None
        for name in resources:
            page = (body["data"] or {}).get(name)
            info = page.get("pageInfo") if isinstance(page, dict) else None
            if not info:
                continue
            if name in self._end_cursors and self.faults.take("same_cursor", self.account, (name,)):
                info.update(endCursor=self._end_cursors[name], hasNextPage=True)
            self._end_cursors[name] = info.get("endCursor")


def _resources(operation: OperationDefinitionNode, variables: dict[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for node in operation.selection_set.selections:
        if isinstance(node, FieldNode):
            names.append(node.name.value)
            if node.name.value == "bulkOperationRunQuery":
                texts = [*variables.values(), *(getattr(arg.value, "value", "") for arg in node.arguments)]
                matches = [_BULK_ROOT.match(str(text)) for text in texts]
                names += [f"bulk:{match[1]}" for match in matches if match]
    return tuple(names)


def _root_rows(data: Any) -> int:
    """The number of rows in root connections."""
    pages = [page for page in (data or {}).values() if isinstance(page, dict)]
    return sum(len(page.get("nodes") or page.get("edges") or ()) for page in pages)
