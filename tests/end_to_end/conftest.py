"""Demo worlds, synced, built and published once for all tests of this folder and kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.end_to_end.sources import ACCOUNTS, PULLS, Recipe, Shops

YEAR = Recipe(11, 1_000)
"""Thirteen months; the first load comes by bulk, the later ones by pages."""
SPRING = Recipe(12, 600, date(2026, 4, 20), PULLS[-1:], ("aurora",))
"""A young shop: disputes under review, pending refunds, an open invoice, a subscription past due. The other shop
of this world has none of them that this one lacks. It is synced once: YEAR has later syncs."""
SUMMER = Recipe(13, 400, date(2026, 5, 30))
"""A younger one: subscriptions on trial, a reservation campaign that still runs."""
DEEP = (SUMMER, Recipe(11, 4_000), Recipe(12, 1_500, date(2026, 4, 20)), Recipe(13, 1_500, date(2026, 5, 30)))


def name(recipe: Recipe) -> str:
    shop = "" if recipe.accounts == ACCOUNTS else f", {recipe.accounts[0]}"
    return f"seed {recipe.seed}, {recipe.orders} orders{shop}"


def worlds(*recipes: Recipe) -> list[Any]:
    """Parameters: these recipes, and for `make test-deep` the others."""
    deep = [pytest.param(recipe, id=name(recipe), marks=pytest.mark.deep) for recipe in DEEP if recipe not in recipes]
    return [pytest.param(recipe, id=name(recipe)) for recipe in recipes] + deep


OTHER_SPRING = replace(SPRING, accounts=("nordlicht",))
WORLDS = [*worlds(YEAR, SPRING), pytest.param(OTHER_SPRING, id=name(OTHER_SPRING), marks=pytest.mark.deep)]
SHOPS_OF_WORLDS = [
    pytest.param(recipe, account, id=f"{world.id}-{account}", marks=world.marks)
    for world in WORLDS
    for recipe in world.values
    for account in recipe.accounts
]


@pytest.fixture(scope="session")
def shops_of() -> Callable[[Recipe], Shops]:
    """The shops of a recipe with all their sources."""
    known: dict[Recipe, Shops] = {}

    def find(recipe: Recipe) -> Shops:
        if recipe not in known:
            known[recipe] = recipe.shops()
        return known[recipe]

    return find


@pytest.fixture(scope="session")
def shops(shops_of: Callable[[Recipe], Shops]) -> Shops:
    """Two demo shops with thirteen months."""
    return shops_of(YEAR)
