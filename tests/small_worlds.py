"""A creator alone, and a shop with a chat assistant: small worlds for the oracles, in three seeds.

    @pytest.mark.parametrize("seed", SEEDS)
    def test_…(seed):
        books, place = creator_world(seed).creator("lumen"), published_creator(seed)
        place.ask("select … from marts.…")

Synced, built and published once for all tests (tests/shared_cache.py): only to be read. docs/develop/tests.md says what
they cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from simulator import World, demo_world, serve, write_costs, write_event_log, write_files
from simulator.apis.assistant.files import write_chat_files
from simulator.scenarios.assistant import assistant
from simulator.scenarios.creator import creator
from simulator.scenarios.demo.shops import AURORA
from tests import shared_cache
from tests.orchestration.installation import Installation
from tests.sampling import sample

SEEDS = sample((11, 12, 13), 11)
"""Parameters: one seed for `make test`, the others are deep."""
CREATOR, SHOP = "lumen", "aurora"
CREATOR_START, CREATOR_END = date(2025, 6, 1), datetime(2026, 8, 20, 12, tzinfo=UTC)
"""The day of the document's sample entry, both clock changes, refunds that are more than a year late."""
VISITS_PER_DAY = 2.0
SHOP_START, SHOP_END = date(2026, 2, 10), datetime(2026, 4, 20, 12, tzinfo=UTC)
"""New York's clocks change on 8 March; the prices of the shop's own model on 27 March."""
ORDERS, FIRST_CHATS, CHATS_PER_DAY, ORDER_SHARE = 600, 5, 3.0, 60
OUTLIER_TOKENS = 900_000_000
FORMS = {11: "jsonl", 12: "csv", 13: "parquet"}
"""The form of the chat's files, by seed."""


@cache
def creator_world(seed: int) -> World:
    """`creator("lumen")` of it has the books."""
    return World([], CREATOR_END, creators=[creator(seed, CREATOR_START, VISITS_PER_DAY)])


@cache
def assistant_world(seed: int) -> World:
    """One shop; `assistant("aurora")` of it has the books of its chat."""
    world = demo_world(seed, SHOP_START, SHOP_END, ORDERS, [AURORA], visits_per_day=0)
    world.assistants = [
        assistant(world.visits(SHOP), seed, FIRST_CHATS, CHATS_PER_DAY, ORDER_SHARE, OUTLIER_TOKENS)
    ]  # fmt: skip
    return world


def published_creator(seed: int) -> Installation:
    """The creator alone, from an event log by months and a file of costs: no shop, no server."""

    def make(folder: Path) -> None:
        place, books = Installation(folder), creator_world(seed).creator(CREATOR)
        place.prepare()
        write_event_log(books, folder / "files", CREATOR_END)
        write_costs(books, folder / "files", CREATOR_END)
        source = {"kind": "files", "account": CREATOR, "path": "files"}
        tenant = {"id": CREATOR, "name": books.name, "time_zone": books.time_zone, "currency": books.currency}
        (folder / "takings.toml").write_text(_tenant(tenant, source))
        place.run(at=CREATOR_END)

    recipe = f"{seed} {CREATOR_START} {CREATOR_END} {VISITS_PER_DAY}"
    return Installation(shared_cache.entry(f"creator-{seed}", recipe, make))


def published_assistant(seed: int) -> Installation:
    """The shop from Shopify's API, and its events, chats and model prices from files."""

    def make(folder: Path) -> None:
        place, world = Installation(folder), assistant_world(seed)
        place.prepare()
        with serve(world) as server:
            shop, files = world.shop(SHOP), folder / "files"
            write_files(world, SHOP, files, SHOP_END)
            write_chat_files(world.assistant(SHOP), files, SHOP_END, FORMS[seed])
            (folder / f"{SHOP}.token").write_text(shop.token)
            shopify = {
                "kind": "shopify",
                "account": SHOP,
                "secret": f"file:{SHOP}.token",
                "base_url": server.base_url(SHOP),
            }
            tenant = {"id": SHOP, "name": shop.name, "time_zone": shop.time_zone, "currency": shop.currency}
            text = _tenant(tenant, shopify, {"kind": "files", "account": SHOP, "path": "files"})
            (folder / "takings.toml").write_text(text)
            place.run(at=SHOP_END)

    recipe = f"{seed} {SHOP_START} {SHOP_END} {ORDERS} {FIRST_CHATS} {CHATS_PER_DAY} {ORDER_SHARE} {OUTLIER_TOKENS}"
    return Installation(shared_cache.entry(f"assistant-{seed}", recipe, make))


def _tenant(tenant: Mapping[str, str], *sources: Mapping[str, str]) -> str:
    lines = ["[[tenants]]", *(f"{name} = {json.dumps(value)}" for name, value in tenant.items())]
    for source in sources:
        lines += ["[[tenants.sources]]", *(f"{name} = {json.dumps(value)}" for name, value in source.items())]
    return "\n".join(lines) + "\n"
