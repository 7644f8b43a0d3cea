"""Bulk operations: a query run in the background over a whole root connection, its result a JSONL file.

With ``groupObjects: false`` an object's children come before it and in no order to rely on: only ``__parentId`` tells
whose they are.  Files are kept gzipped until the server closes.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_list_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values

from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.schema import is_connection, nullable, object_type
from simulator.apis.shopify.serializer import Compiler, ObjectWriter, selection_sets

SEVEN_DAYS = 7 * 86_400
CHUNK = 64  # roots whose lines are mixed with each other
RUNNING = ("CREATED", "RUNNING", "CANCELING")


class BulkInvalidError(ValueError):
    """A query that cannot run in bulk."""


@dataclass
class Operation:
    """A bulk operation; ``typename`` and the fields of the API."""

    id: str
    query: str
    created_at: int
    group: bool
    path: Path
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: int | None = None
    object_count: int = 0
    root_object_count: int = 0
    url: str | None = None
    partial_url: str | None = None
    done: threading.Event = field(default_factory=threading.Event)
    typename: str = "BulkOperation"

    def answer(self) -> dict[str, Any]:
        return {
            "typename": self.typename,
            "id": self.id,
            "type": "QUERY",
            "status": self.status,
            "query": self.query,
            "errorCode": self.error_code,
            "createdAt": self.created_at,
            "completedAt": self.completed_at,
            "objectCount": self.object_count,
            "rootObjectCount": self.root_object_count,
            "url": self.url,
            "partialDataUrl": self.partial_url,
            "fileSize": self.path.stat().st_size if self.url and self.path.exists() else None,
        }


@dataclass
class BulkQuery:
    """A checked bulk query: its root connection, the search on it, and the writer of its objects."""

    root: str
    search: str | None
    writer: ObjectWriter
    fields: set[str]


def check(schema: GraphQLSchema, text: str) -> BulkQuery:
    """Parses and checks a bulk query; raises BulkInvalidError with Shopify's reason."""
    try:
        document: DocumentNode = parse(text)
    except GraphQLError as error:
        raise BulkInvalidError(f"Invalid bulk query: {error.message}") from None
    if errors := validate(schema, document):
        raise BulkInvalidError("Invalid bulk query: " + "; ".join(error.message for error in errors))
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        raise BulkInvalidError("Bulk queries must contain exactly one query operation.")
    compiler, query_type = Compiler(schema, fragments), object_type(schema, "QueryRoot")
    roots = compiler.fields(query_type, [operations[0].selection_set])
    node = next(iter(roots.values()))[0]
    definition = query_type.fields.get(node.name.value)
    if len(roots) != 1 or definition is None or not is_connection(definition.type):
        raise BulkInvalidError("Bulk queries must contain at least one connection, as their only top level field.")
    seen = _Seen(compiler)
    seen.walk(query_type, node, depth=-1, inside="rows")
    if seen.connections > 5:
        raise BulkInvalidError("Bulk queries cannot contain more than 5 connections.")
    named, below = compiler.connection_node(get_named_type(definition.type), selection_sets([node]))
    search = get_argument_values(definition, node, {}).get("query")
    return BulkQuery(node.name.value, search, compiler.object_writer(named, below), seen.fields)


class _Seen:
    """Counts connections, refuses those too deep or inside a list, and notes each field as ``Type.field``."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler, self.fields = compiler, set[str]()
        self._nodes: set[int] = set()

    @property
    def connections(self) -> int:
        return len(self._nodes)

    def walk(self, parent: Any, node: FieldNode, depth: int, inside: str) -> None:
        """``inside`` says what holds the field: rows of a connection, a list, or a single object."""
        if node.name.value.startswith("__"):
            return
        self.fields.add(f"{parent.name}.{node.name.value}")
        of = parent.fields[node.name.value].type
        named = get_named_type(of)
        if is_connection(of):
            self._nodes.add(id(node))
            depth += 1
            if inside == "list":
                raise BulkInvalidError(
                    "Queries that contain a connection field within a list field are not currently supported."
                )
            if inside == "object":
                raise BulkInvalidError(
                    f"The simulator reaches {node.name.value} in bulk only from the rows of a connection."
                )
            if depth > 2:
                raise BulkInvalidError("Bulk queries cannot contain connections with a nesting depth greater than 2.")
        elif not parent.name.endswith(("Connection", "Edge")):
            listed = is_list_type(nullable(of))
            inside = "list" if listed or inside == "list" else "object"
        if node.selection_set is None:
            return
        for concrete in self._concrete(named):
            for nodes in self.compiler.fields(concrete, [node.selection_set]).values():
                self.walk(concrete, nodes[0], depth, inside)

    def _concrete(self, named: Any) -> list[GraphQLObjectType]:
        if isinstance(named, GraphQLObjectType):
            return [named]
        return list(self.compiler.schema.get_possible_types(named))


def collect(writer: ObjectWriter, it: Any, parent: str, lines: list[str]) -> None:
    """Adds the JSONL lines of an object and of all below it, the object first; ``parent`` ends each line."""
    shape = writer.shape(it)
    lines.append(shape.text(it) + parent)
    if shape.children:
        own = f',"__parentId":"{shape.identify(it)}"}}'
        for child in shape.children:
            for below in child.items(it):
                collect(child.writer, below, own, lines)


def write_file(
    query: BulkQuery, roots: QueryRoot, path: Path, group: bool, go_on: Callable[[], bool]
) -> tuple[int, int]:
    """Writes the gzipped JSONL; returns how many objects and how many roots."""
    objects, rooted, writer = 0, 0, query.writer
    found = roots.selected(query.root, query.search)
    with gzip.open(path, "wb", compresslevel=1) as file:
        for start in range(0, len(found), CHUNK):
            if not go_on():
                break
            chunk: list[str] = []
            for it in found[start : start + CHUNK]:
                collect(writer, it, "}", chunk)
            if not group:
                chunk.reverse()
            objects, rooted = objects + len(chunk), rooted + len(found[start : start + CHUNK])
            file.write(("\n".join(chunk) + "\n").encode())
    return objects, rooted


class BulkOperations:
    """One shop's bulk operations; at most ``limit`` run at a time, each at least ``seconds`` long."""

    def __init__(self, folder: Path, limit: int = 5, seconds: float = 0.0) -> None:
        self.folder, self.limit, self.seconds = folder, limit, seconds
        self.operations: dict[str, Operation] = {}
        self._lock = threading.Lock()

    def start(
        self,
        query: BulkQuery,
        text: str,
        roots: QueryRoot,
        group: bool,
        url: Callable[[str], str],
        fate: tuple[str, str | None] | None = None,
        miscount: bool = False,
    ) -> Operation | dict[str, str]:
        """Starts an operation, or says as a user error why not.  ``fate`` is (status, errorCode) for one to fail."""
        with self._lock:
            running = [each for each in self.operations.values() if each.status in RUNNING]
            if len(running) >= self.limit:
                if self.limit == 1:
                    message = f"A bulk query operation for this app and shop is already in progress: {running[0].id}."
                    return {"code": "OPERATION_IN_PROGRESS", "message": message}
                message = f"You have reached the limit of {self.limit} concurrent bulk query operations."
                return {"code": "LIMIT_REACHED", "message": message}
            number = 7_000_000 + len(self.operations) + 1
            path = self.folder / f"{number}.jsonl.gz"
            operation = Operation(f"gid://shopify/BulkOperation/{number}", text, roots.now, group, path)
            self.operations[operation.id] = operation
        work = (operation, query, roots, url(str(number)), fate, miscount)
        threading.Thread(target=self._run, args=work, daemon=True).start()
        return operation

    def _run(
        self,
        operation: Operation,
        query: BulkQuery,
        roots: QueryRoot,
        url: str,
        fate: tuple[str, str | None] | None,
        miscount: bool,
    ) -> None:
        began = time.monotonic()
        operation.status = "RUNNING"
        try:
            objects, rooted = write_file(
                query, roots, operation.path, operation.group, lambda: operation.status == "RUNNING"
            )
        except Exception:
            self._end(operation, "FAILED", "INTERNAL_SERVER_ERROR")
            raise
        while operation.status == "RUNNING" and time.monotonic() - began < self.seconds:
            time.sleep(0.01)
        operation.object_count, operation.root_object_count = objects + (1 if miscount else 0), rooted
        if operation.status == "CANCELING":
            self._end(operation, "CANCELED", None)
        elif fate is not None:
            operation.partial_url = url if fate[0] == "FAILED" and objects else None
            self._end(operation, *fate)
        else:
            operation.url = url if objects else None
            self._end(operation, "COMPLETED", None)

    @staticmethod
    def _end(operation: Operation, status: str, code: str | None) -> None:
        operation.error_code, operation.completed_at = code, operation.created_at
        operation.status = status
        operation.done.set()

    def cancel(self, id: str) -> Operation | None:
        operation = self.operations.get(id)
        if operation is not None and operation.status in ("CREATED", "RUNNING"):
            operation.status = "CANCELING"
        return operation
