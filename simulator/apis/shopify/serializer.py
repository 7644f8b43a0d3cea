"""The JSON of a bulk file, straight from the books: a query's selections are compiled once into serializers.

graphql-core resolves field by field, which is far too slow for a file of a million objects. The serializer of a type
gives the same text from a template with one ``%s`` per field that is not constant, and one function per field. Nested
connections of a bulk query are not part of their parent's text: they are the type's ``connections``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    print_ast,
)
from graphql.execution.values import get_argument_values

from simulator.apis.shopify.amounts import Amounts
from simulator.apis.shopify.fields import FIELDS, Getter, connection_items
from simulator.apis.shopify.schema import is_connection, iso, nullable, object_type, type_name

ToText = Callable[[Any], str]


def selection_sets(nodes: list[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]


@dataclass
class Connection:
    """A connection below an object: the function that lists its objects, and their serializer."""

    items: Callable[[Any], list[Any]]
    serializer: ObjectSerializer


@dataclass
class TypeSerializer:
    """Serializes the objects of one concrete type. ``text`` is without the closing brace; ``identify`` gives the id."""

    template: str
    values: list[ToText]
    connections: list[Connection]
    identify: ToText

    def text(self, source: Any) -> str:
        return self.template % tuple([value(source) for value in self.values])


@dataclass
class ObjectSerializer:
    """Serializes objects of a type, or of any type of an interface."""

    compiler: SelectionCompiler
    declared: Any
    selections: list[SelectionSetNode]
    _by_type: dict[str, TypeSerializer] = field(default_factory=dict)
    _only: TypeSerializer | None = None

    def of_type(self, source: Any) -> TypeSerializer:
        if self._only is not None:
            return self._only
        if isinstance(self.declared, GraphQLObjectType):
            self._only = self.compiler.type_serializer(self.declared.name, self.selections)
            return self._only
        name = type_name(source)
        known = self._by_type.get(name)
        if known is None:
            known = self._by_type[name] = self.compiler.type_serializer(name, self.selections)
        return known

    def __call__(self, source: Any) -> str:
        return self.of_type(source).text(source) + "}"


class SelectionCompiler:
    """Compiles the selections of one query."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any] | None = None,
    ) -> None:
        self.schema, self.fragments, self.variables = schema, fragments, variables or {}

    def object_serializer(self, declared: Any, selections: list[SelectionSetNode]) -> ObjectSerializer:
        return ObjectSerializer(self, declared, selections)

    def fields(self, concrete: GraphQLObjectType, selections: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The field nodes by response key that apply to a concrete type, with fragments resolved."""
        by_key: dict[str, list[FieldNode]] = {}
        for selection in selections:
            for node in selection.selections:
                if isinstance(node, FieldNode):
                    by_key.setdefault((node.alias or node.name).value, []).append(node)
                    continue
                inner: Any = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                condition = inner.type_condition.name.value if inner.type_condition else concrete.name
                if condition == concrete.name or condition in {interface.name for interface in concrete.interfaces}:
                    for key, nodes in self.fields(concrete, [inner.selection_set]).items():
                        by_key.setdefault(key, []).extend(nodes)
        return by_key

    def type_serializer(self, name: str, selections: list[SelectionSetNode]) -> TypeSerializer:
        concrete = object_type(self.schema, name)
        texts: list[str] = []
        values: list[ToText] = []
        connections: list[Connection] = []
        for key, nodes in self.fields(concrete, selections).items():
            node = nodes[0]
            if node.name.value == "__typename":
                texts.append(f'"{key}":"{name}"')
                continue
            definition = concrete.fields[node.name.value]
            if is_connection(definition.type):
                connections.append(self._connection(name, definition, nodes))
                continue
            getter, of = FIELDS[name][node.name.value], definition.type
            required = of.of_type if is_non_null_type(of) else None
            quoted = required is not None and _needs_no_escaping(required)
            texts.append(f'"{key}":"%s"' if quoted else f'"{key}":%s')
            plain = quoted or getattr(required, "name", "") == "Int"
            values.append(getter if plain else self._value(getter, of, selection_sets(nodes)))
        identify = FIELDS[name].get("id", lambda _: "")
        return TypeSerializer("{" + ",".join(texts), values, connections, identify)

    def connection_node(
        self, connection: Any, selections: list[SelectionSetNode]
    ) -> tuple[Any, list[SelectionSetNode]]:
        """The type of a connection's nodes and the selections on them, by ``nodes`` or ``edges { node }``."""
        chosen: list[SelectionSetNode] = []
        for nodes in self.fields(connection, selections).values():
            below = selection_sets(nodes)
            if nodes[0].name.value == "nodes":
                chosen += below
            elif nodes[0].name.value == "edges":
                edge: Any = get_named_type(connection.fields["edges"].type)
                for inner in self.fields(edge, below).values():
                    chosen += selection_sets([node for node in inner if node.name.value == "node"])
        return get_named_type(connection.fields["nodes"].type), chosen

    def _connection(self, parent: str, definition: GraphQLField, nodes: list[FieldNode]) -> Connection:
        args, name = get_argument_values(definition, nodes[0], self.variables), nodes[0].name.value
        node_type, below = self.connection_node(get_named_type(definition.type), selection_sets(nodes))
        serializer = self.object_serializer(node_type, below)
        return Connection(lambda source: connection_items(parent, name, source, args), serializer)

    def _value(self, getter: Getter, of: Any, selections: list[SelectionSetNode]) -> ToText:
        of, named = nullable(of), get_named_type(of)
        if named.name in ("MoneyBag", "MoneyV2"):
            return self._money(getter, named, selections)
        to_text: ToText = self.object_serializer(named, selections) if is_composite_type(named) else _scalar(named.name)
        if is_list_type(of):
            return lambda source: f"[{','.join([to_text(item) for item in getter(source) or ()])}]"
        return lambda source: "null" if (value := getter(source)) is None else to_text(value)

    def _money(self, getter: Getter, named: Any, selections: list[SelectionSetNode]) -> ToText:
        """Serializes each amount once per order currency and selection: ``Amounts.texts`` caches the text."""
        cache_key = (named.name, " ".join(print_ast(selection) for selection in selections))
        money = object_type(self.schema, "MoneyV2")
        keys = {key: nodes[0].name.value for key, nodes in self.fields(named, selections).items()}
        inner = {
            key: {name: below[0].name.value for name, below in self.fields(money, selection_sets(nodes)).items()}
            for key, nodes in self.fields(named, selections).items()
        }

        def money_v2(minor: int, amounts: Amounts, of_shop: bool, keys: dict[str, str]) -> dict[str, Any]:
            values = {"__typename": "MoneyV2", **amounts.money(minor, of_shop=of_shop)}
            return {key: values[name] for key, name in keys.items()}

        def bag(minor: int, amounts: Amounts) -> dict[str, Any]:
            return {
                key: "MoneyBag" if name == "__typename" else money_v2(minor, amounts, name == "shopMoney", inner[key])
                for key, name in keys.items()
            }

        def to_text(source: Any) -> str:
            minor = getter(source)
            if minor is None:
                return "null"
            amounts = source.amounts
            texts: dict[int, str] | None = amounts.texts.get(cache_key)
            if texts is None:
                texts = amounts.texts[cache_key] = {}
            text = texts.get(minor)
            if text is None:
                value = money_v2(minor, amounts, True, keys) if named is money else bag(minor, amounts)
                text = texts[minor] = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
            return text

        return to_text


def _scalar(name: str) -> ToText:
    if name == "String":
        return encode_basestring
    if name == "Int":
        return str
    if name == "Boolean":
        return lambda value: "true" if value else "false"
    if name in ("Float", "JSON"):
        return json.dumps
    if name == "DateTime":
        return lambda value: f'"{iso(value)}"'
    return lambda value: f'"{value}"'


def _needs_no_escaping(of: Any) -> bool:
    """Whether a value is an id, an enum value or a number's text."""
    return is_enum_type(of) or getattr(of, "name", "") in ("ID", "UnsignedInt64", "Money", "Decimal")
