"""The query of a bulk operation: what Shopify allows in it, and the serializer of its objects."""

from __future__ import annotations

from dataclasses import dataclass
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

from simulator.apis.shopify.errors import BulkError
from simulator.apis.shopify.schema import is_connection, nullable, object_type
from simulator.apis.shopify.serializer import ObjectSerializer, SelectionCompiler, selection_sets

MAX_CONNECTIONS = 5
MAX_DEPTH = 2


@dataclass
class BulkQuery:
    """A valid bulk query: its root connection, the search on it, its fields as ``Type.field``."""

    text: str
    root: str
    search: str | None
    serializer: ObjectSerializer
    fields: set[str]


def parse_bulk_query(schema: GraphQLSchema, text: str) -> BulkQuery:
    """Raises BulkError with code INVALID and Shopify's reason."""
    document = _document(schema, text)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        raise _invalid("Bulk queries must contain exactly one query operation.")
    compiler, query_type = SelectionCompiler(schema, fragments), object_type(schema, "QueryRoot")
    roots = compiler.fields(query_type, [operations[0].selection_set])
    node = next(iter(roots.values()))[0]
    definition = query_type.fields.get(node.name.value)
    if len(roots) != 1 or definition is None or not is_connection(definition.type):
        raise _invalid("Bulk queries must contain at least one connection, as their only top level field.")
    check = _Check(compiler)
    check.walk(query_type, node, depth=-1, inside="rows")
    if check.connections > MAX_CONNECTIONS:
        raise _invalid(f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections.")
    node_type, selections = compiler.connection_node(get_named_type(definition.type), selection_sets([node]))
    search = get_argument_values(definition, node, {}).get("query")
    serializer = compiler.object_serializer(node_type, selections)
    return BulkQuery(text, node.name.value, search, serializer, check.fields)


def _document(schema: GraphQLSchema, text: str) -> DocumentNode:
    try:
        document = parse(text)
    except GraphQLError as error:
        raise _invalid(f"Invalid bulk query: {error.message}") from None
    if errors := validate(schema, document):
        raise _invalid("Invalid bulk query: " + "; ".join(error.message for error in errors))
    return document


class _Check:
    """Counts the connections, collects the fields, and refuses a connection that is too deep or inside a list."""

    def __init__(self, compiler: SelectionCompiler) -> None:
        self.compiler, self.fields = compiler, set[str]()
        self._nodes: set[int] = set()

    @property
    def connections(self) -> int:
        return len(self._nodes)

    def walk(self, parent: Any, node: FieldNode, depth: int, inside: str) -> None:
        """``inside`` is what holds the field: the ``rows`` of a connection, a ``list``, or a single ``object``."""
        if node.name.value.startswith("__"):
            return
        self.fields.add(f"{parent.name}.{node.name.value}")
        of = parent.fields[node.name.value].type
        if is_connection(of):
            self._nodes.add(id(node))
            depth += 1
            self._check_connection(node.name.value, depth, inside)
        elif not parent.name.endswith(("Connection", "Edge")):
            inside = "list" if is_list_type(nullable(of)) or inside == "list" else "object"
        if node.selection_set is None:
            return
        for concrete in self._concrete(get_named_type(of)):
            for nodes in self.compiler.fields(concrete, [node.selection_set]).values():
                self.walk(concrete, nodes[0], depth, inside)

    @staticmethod
    def _check_connection(name: str, depth: int, inside: str) -> None:
        if inside == "list":
            raise _invalid("Queries that contain a connection field within a list field are not currently supported.")
        if inside == "object":
            raise _invalid(f"The simulator reaches {name} in bulk only from the rows of a connection.")
        if depth > MAX_DEPTH:
            raise _invalid(f"Bulk queries cannot contain connections with a nesting depth greater than {MAX_DEPTH}.")

    def _concrete(self, named: Any) -> list[GraphQLObjectType]:
        if isinstance(named, GraphQLObjectType):
            return [named]
        return list(self.compiler.schema.get_possible_types(named))


def _invalid(message: str) -> BulkError:
    return BulkError("INVALID", message)
