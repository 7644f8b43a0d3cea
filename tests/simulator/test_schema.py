"""The simulator's schema compared with Shopify's own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    validate_schema,
)

from simulator.apis.shopify.fields import FIELDS
from simulator.apis.shopify.schema import schema

SPEC = Path("../shared/data/specs/shopify_admin_graphql/admin_2026-10.json.gz")


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    if not SPEC.exists():
        pytest.skip(f"Shopify's schema is not at {SPEC}.")
    with gzip.open(SPEC) as file:
        introspection = json.load(file)
    return build_client_schema(introspection.get("data", introspection), assume_valid=True)


def test_every_type_field_argument_and_nullability_is_as_in_shopifys_schema(real: GraphQLSchema) -> None:
    wrong: list[str] = []
    actual: Any
    for name, actual in schema().type_map.items():
        if name.startswith("__"):
            continue
        expected: Any = real.type_map.get(name)
        if type(expected) is not type(actual):
            wrong.append(f"{name}: {type(expected).__name__}")
        elif isinstance(actual, GraphQLObjectType | GraphQLInterfaceType):
            wrong += _fields(name, actual, expected)
            if not {of.name for of in actual.interfaces} <= {of.name for of in expected.interfaces}:
                wrong.append(f"{name}: interfaces")
        elif isinstance(actual, GraphQLEnumType):
            wrong += [f"{name}.{value}" for value in actual.values if value not in expected.values]
    assert wrong == []


def _fields(name: str, actual: Any, expected: Any) -> list[str]:
    wrong: list[str] = []
    for field, of in actual.fields.items():
        other = expected.fields.get(field)
        if other is None or str(of.type) != str(other.type):
            wrong.append(f"{name}.{field}: {of.type}")
            continue
        for argument, arg in of.args.items():
            same = other.args.get(argument)
            if same is None or str(same.type) != str(arg.type) or same.default_value != arg.default_value:
                wrong.append(f"{name}.{field}({argument})")
        required = [argument for argument, arg in other.args.items() if str(arg.type).endswith("!")]
        wrong += [f"{name}.{field}({argument}) is missing" for argument in required if argument not in of.args]
    return wrong


def test_types_of_an_interface_are_types_of_shopifys_interface(real: GraphQLSchema) -> None:
    for name in ("SalesAgreement", "Sale", "DiscountApplication"):
        known = {concrete.name for concrete in schema().get_possible_types(schema().type_map[name])}  # type: ignore[arg-type]
        every = {concrete.name for concrete in real.get_possible_types(real.type_map[name])}  # type: ignore[arg-type]
        assert known <= every
        assert len(known) >= 3


def test_schema_is_valid() -> None:
    assert validate_schema(schema()) == []


def test_getters_and_schema_have_the_same_fields() -> None:
    for name, fields in FIELDS.items():
        of = schema().type_map[name]
        assert isinstance(of, GraphQLObjectType)
        assert set(fields) == set(of.fields), name
