"""The shipped schema against Shopify's own."""

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
        pytest.skip(f"{SPEC} is not here")
    with gzip.open(SPEC) as file:
        found = json.load(file)
    return build_client_schema(found.get("data", found), assume_valid=True)


def test_every_type_field_argument_and_nullability_stands_in_shopifys_schema(real: GraphQLSchema) -> None:
    wrong: list[str] = []
    ours: Any
    for name, ours in schema().type_map.items():
        if name.startswith("__"):
            continue
        theirs: Any = real.type_map.get(name)
        if type(theirs) is not type(ours):
            wrong.append(f"{name}: {type(theirs).__name__}")
        elif isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
            wrong += _fields(name, ours, theirs)
            if not {each.name for each in ours.interfaces} <= {each.name for each in theirs.interfaces}:
                wrong.append(f"{name}: interfaces")
        elif isinstance(ours, GraphQLEnumType):
            wrong += [f"{name}.{value}" for value in ours.values if value not in theirs.values]
    assert wrong == []


def _fields(name: str, ours: Any, theirs: Any) -> list[str]:
    wrong: list[str] = []
    for field, of in ours.fields.items():
        other = theirs.fields.get(field)
        if other is None or str(of.type) != str(other.type):
            wrong.append(f"{name}.{field}: {of.type}")
            continue
        for argument, it in of.args.items():
            same = other.args.get(argument)
            if same is None or str(same.type) != str(it.type) or same.default_value != it.default_value:
                wrong.append(f"{name}.{field}({argument})")
        needed = [each for each, it in other.args.items() if str(it.type).endswith("!") and each not in of.args]
        wrong += [f"{name}.{field}({each}) is missing" for each in needed]
    return wrong


def test_an_interface_has_every_type_that_can_stand_for_it_or_the_books_never_make_it(real: GraphQLSchema) -> None:
    for name in ("SalesAgreement", "Sale", "DiscountApplication"):
        known = {each.name for each in schema().get_possible_types(schema().type_map[name])}  # type: ignore[arg-type]
        every = {each.name for each in real.get_possible_types(real.type_map[name])}  # type: ignore[arg-type]
        assert known <= every
        assert len(known) >= 3


def test_the_shipped_schema_is_sound() -> None:
    assert validate_schema(schema()) == []


def test_every_field_of_the_table_is_in_the_schema_and_every_object_has_its_fields() -> None:
    for name, fields in FIELDS.items():
        of = schema().type_map[name]
        assert isinstance(of, GraphQLObjectType)
        assert set(fields) == set(of.fields), name
