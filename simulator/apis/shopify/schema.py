"""The schema in ``schema.graphql``, with its scalars serialized as Shopify does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_non_null_type,
)

from simulator.history import Deletion

SDL = Path(__file__).with_name("schema.graphql")


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def iso(instant: int) -> str:
    """An instant as ``2026-03-08T06:59:00Z``."""
    day, second = divmod(instant, 86_400)
    minute, second = divmod(second, 60)
    return f"{_date(day)}T{minute // 60:02}:{minute % 60:02}:{second:02}Z"


_SCALARS: dict[str, Callable[[Any], str]] = {
    "DateTime": iso,
    "UnsignedInt64": str,
    "Decimal": str,
    "Money": str,
    "URL": str,
}


@cache
def schema() -> GraphQLSchema:
    built = build_schema(SDL.read_text(encoding="utf-8"))
    for name, serialize in _SCALARS.items():
        scalar: Any = built.type_map[name]
        scalar.serialize = serialize
    return built


def object_type(of: GraphQLSchema, name: str) -> GraphQLObjectType:
    """An object type by its name. Raises TypeError when the schema has none of that name."""
    named = of.type_map[name]
    if not isinstance(named, GraphQLObjectType):
        raise TypeError(f"{name} is not an object type of the schema.")
    return named


def nullable(of: Any) -> Any:
    """A type without its ``!``."""
    return of.of_type if is_non_null_type(of) else of


def is_connection(of: GraphQLOutputType) -> bool:
    return get_named_type(of).name.endswith("Connection")


class ApiObject:
    """An object of the API that does not come from the books: its fields by name."""

    def __init__(self, typename: str, **fields: Any) -> None:
        self.typename, self.fields = typename, fields

    def field(self, name: str) -> Any:
        return self.fields[name]


def type_name(value: Any, *_: Any) -> str:
    """The name of an object's type: graphql-core's type resolver."""
    name: str = "BasicEvent" if isinstance(value, Deletion) else value.typename
    return name
