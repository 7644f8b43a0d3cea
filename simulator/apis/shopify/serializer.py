"""A selection of fields, compiled once into functions that write JSON text straight from the books.

graphql-core walks field by field, which is far too slow for a bulk file of a million objects.  ``object_writer`` gives
the same text: a template with one ``%s`` per field that is not constant, and one small function per field.  Nested
connections of a bulk query are left out of the parent's text and returned as ``Child``ren.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quote
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
from simulator.apis.shopify.fields import FIELDS
from simulator.apis.shopify.schema import (
    connection_items,
    is_connection,
    iso,
    money_fields,
    nullable,
    object_type,
    type_name,
)

Write = Callable[[Any], str]
Kids = Callable[[Any], list[Any]]


def selection_sets(nodes: list[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]


@dataclass
class Child:
    """A connection below an object: how to list its objects, and how each is written."""

    items: Kids
    writer: ObjectWriter


@dataclass
class ObjectWriter:
    """Writes an object of a type, or of any type of an interface."""

    compiler: Compiler
    named: Any
    selections: list[SelectionSetNode]
    shapes: dict[str, Shape] = field(default_factory=dict)
    only: Shape | None = None

    def shape(self, it: Any) -> Shape:
        """How an object is written: by its type's only shape, or by that of its own type."""
        if self.only is not None:
            return self.only
        if isinstance(self.named, GraphQLObjectType):
            self.only = self.compiler.shape(self.named.name, self.selections)
            return self.only
        name = type_name(it)
        found = self.shapes.get(name)
        if found is None:
            found = self.shapes[name] = self.compiler.shape(name, self.selections)
        return found

    def __call__(self, it: Any) -> str:
        return self.shape(it).text(it) + "}"


@dataclass
class Shape:
    """One concrete type's template, its field functions, and its connections; ``text`` leaves the brace open."""

    template: str
    parts: list[Write]
    children: list[Child]
    identify: Callable[[Any], str]

    def text(self, it: Any) -> str:
        return self.template % tuple([part(it) for part in self.parts])


class Compiler:
    """Compiles the selections of one query."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any] | None = None,
    ) -> None:
        self.schema, self.fragments, self.variables = schema, fragments, variables or {}

    def object_writer(self, named: Any, selections: list[SelectionSetNode]) -> ObjectWriter:
        return ObjectWriter(self, named, selections)

    def fields(self, concrete: GraphQLObjectType, selections: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """Response name to the field nodes that ask for it, fragments resolved for a concrete type."""
        found: dict[str, list[FieldNode]] = {}
        for selection in selections:
            for node in selection.selections:
                if isinstance(node, FieldNode):
                    found.setdefault((node.alias or node.name).value, []).append(node)
                    continue
                inner: Any = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                condition = inner.type_condition.name.value if inner.type_condition else concrete.name
                if condition == concrete.name or condition in {each.name for each in concrete.interfaces}:
                    for name, nodes in self.fields(concrete, [inner.selection_set]).items():
                        found.setdefault(name, []).extend(nodes)
        return found

    def shape(self, name: str, selections: list[SelectionSetNode]) -> Shape:
        concrete = object_type(self.schema, name)
        texts: list[str] = []
        parts: list[Write] = []
        children: list[Child] = []
        for answer, nodes in self.fields(concrete, selections).items():
            node = nodes[0]
            if node.name.value == "__typename":
                texts.append(f'"{answer}":"{name}"')
                continue
            definition = concrete.fields[node.name.value]
            if is_connection(definition.type):
                children.append(self._child(name, definition, nodes))
                continue
            getter, of = FIELDS[name][node.name.value], definition.type
            if is_non_null_type(of) and _unquoted(of.of_type):
                texts.append(f'"{answer}":"%s"')
                parts.append(getter)
            elif is_non_null_type(of) and getattr(of.of_type, "name", "") == "Int":
                texts.append(f'"{answer}":%s')
                parts.append(getter)
            else:
                texts.append(f'"{answer}":%s')
                parts.append(self._part(getter, of, selection_sets(nodes)))
        identify = FIELDS[name].get("id", lambda _: "")
        return Shape("{" + ",".join(texts), parts, children, identify)

    def _child(self, parent: str, definition: GraphQLField, nodes: list[FieldNode]) -> Child:
        args, name = get_argument_values(definition, nodes[0], self.variables), nodes[0].name.value
        connection = get_named_type(definition.type)
        named, below = self.connection_node(connection, selection_sets(nodes))
        return Child(lambda it: connection_items(parent, name, it, args), self.object_writer(named, below))

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
                    chosen += selection_sets([each for each in inner if each.name.value == "node"])
        return get_named_type(connection.fields["nodes"].type), chosen

    def _part(self, getter: Callable[[Any], Any], of: Any, selections: list[SelectionSetNode]) -> Write:
        of = nullable(of)
        if is_list_type(of):
            item = get_named_type(of)
            each: Write = self._leaf(item.name) if not is_composite_type(item) else self.object_writer(item, selections)
            return lambda it: f"[{','.join([each(x) for x in found])}]" if (found := getter(it)) else "[]"
        named = get_named_type(of)
        if named.name in ("MoneyBag", "MoneyV2"):
            return self._money(getter, named, selections)
        if is_composite_type(named):
            write: Write = self.object_writer(named, selections)
        else:
            write = self._leaf(named.name)
        return lambda it: "null" if (value := getter(it)) is None else write(value)

    @staticmethod
    def _leaf(name: str) -> Write:
        if name == "String":
            return quote
        if name == "Int":
            return str
        if name == "Boolean":
            return lambda value: "true" if value else "false"
        if name in ("Float", "JSON"):
            return json.dumps
        if name == "DateTime":
            return lambda value: f'"{iso(value)}"'
        return lambda value: f'"{value}"'

    def _money(self, getter: Callable[[Any], Any], named: Any, selections: list[SelectionSetNode]) -> Write:
        """Amounts are written once for each value and currency, then remembered by the amounts."""
        key = (named.name, " ".join(print_ast(each) for each in selections))
        money = object_type(self.schema, "MoneyV2")

        asked = self.fields(named, selections)
        bag = {answer: nodes[0].name.value for answer, nodes in asked.items()}
        inner = (
            {"": bag}
            if named is money
            else {
                answer: {
                    below: found[0].name.value for below, found in self.fields(money, selection_sets(nodes)).items()
                }
                for answer, nodes in asked.items()
            }
        )

        def amount(minor: int, amounts: Amounts, of_shop: bool, chosen: dict[str, str]) -> dict[str, Any]:
            values = {"__typename": "MoneyV2", **money_fields(minor, amounts, of_shop)}
            return {answer: values[name] for answer, name in chosen.items()}

        def render(minor: int, amounts: Amounts) -> str:
            if named is money:
                return _dumps(amount(minor, amounts, True, inner[""]))
            return _dumps(
                {
                    answer: "MoneyBag"
                    if name == "__typename"
                    else amount(minor, amounts, name == "shopMoney", inner[answer])
                    for answer, name in bag.items()
                }
            )

        def write(it: Any) -> str:
            minor = getter(it)
            if minor is None:
                return "null"
            amounts = it.amounts
            texts: dict[int, str] | None = amounts.texts.get(key)
            if texts is None:
                texts = amounts.texts[key] = {}
            text = texts.get(minor)
            if text is None:
                text = texts[minor] = render(minor, amounts)
            return text

        return write


def _unquoted(of: Any) -> bool:
    """Whether a value is a string that needs no escaping: an id, an enum, a number's text."""
    return is_enum_type(of) or getattr(of, "name", "") in ("ID", "UnsignedInt64", "Money", "Decimal")


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
