"""The small worlds bring their books to the staging tables, whole."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from simulator.world import seconds
from tests.small_worlds import (
    CREATOR,
    CREATOR_END,
    SEEDS,
    SHOP,
    SHOP_END,
    Installation,
    assistant_world,
    creator_world,
    published_assistant,
    published_creator,
)


def staged(place: Installation, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_of_the_log_is_staged(seed: int) -> None:
    entries, place = creator_world(seed).creator(CREATOR).entries(seconds(CREATOR_END)), published_creator(seed)
    by_stage: dict[str, list[int]] = {}
    for entry in entries:
        by_stage.setdefault(entry.row.funnel_stage, []).append(entry.row.sale_amount)
    assert staged(place, "select count(*) from takings.rejects") == [(0,)]
    totals = (
        "select funnel_stage, count(*), sum(sale_amount * 100)::bigint from files.event_log group by all order by all"
    )
    assert staged(place, totals) == [(name, len(rows), sum(rows)) for name, rows in sorted(by_stage.items())]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_of_the_chats_is_staged(seed: int) -> None:
    stored, place = assistant_world(seed).assistant(SHOP).stored(seconds(SHOP_END)), published_assistant(seed)
    assert staged(place, "select count(*) from takings.rejects") == [(0,)]
    assert staged(place, "select count(*), count(satisfaction) from files.chat_sessions") == [
        (len(stored.sessions), sum(session.satisfaction is not None for session in stored.sessions))
    ]
    assert staged(place, "select count(*), sum(input_tokens), sum(reported_cost_micros) from files.chat_messages") == [
        (
            len(stored.messages),
            sum(message.input_tokens or 0 for message in stored.messages),
            sum(message.reported_cost or 0 for message in stored.messages),
        )
    ]
    assert staged(place, "select count(*) from files.product_events") == [(len(stored.events),)]
    assert staged(place, "select count(*) from files.model_prices") == [(6,)]
