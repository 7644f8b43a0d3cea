"""Every number of the dashboards Assistant and Creator, read from Superset over REST, equals the oracle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from simulator.world import seconds
from superset_assets.client import call
from tests.end_to_end import shown
from tests.oracle import assistant_answers, creator, creator_answers
from tests.oracle.answers import Rows
from tests.oracle.assistant import Chat
from tests.oracle.records import Days, Records, before
from tests.orchestration.installation import Installation
from tests.small_worlds import (
    CREATOR,
    CREATOR_END,
    SEEDS,
    SHOP,
    assistant_world,
    creator_world,
    published_assistant,
    published_creator,
)
from tests.superset_assets.conftest import Running, point_to

pytestmark = pytest.mark.superset
DAYS = {"assistant": (date(2026, 3, 21), date(2026, 4, 19)), "creator": (date(2026, 7, 21), date(2026, 8, 19))}
"""The last thirty whole days of each world."""
WITHOUT_NUMBERS = {"State of the data"}


@cache
def chat(seed: int) -> Chat:
    return Chat(assistant_world(seed), SHOP)


def log(seed: int) -> Records:
    books = creator_world(seed).creator(CREATOR)
    rows = creator.logged([entry.row for entry in books.entries(seconds(CREATOR_END))], books.zone)
    return creator_answers.records(rows, books.costs(seconds(CREATOR_END)), lambda day: Decimal(1))


class Board:
    """A dashboard over the build of a world: the stored queries of its charts by title, and their rows."""

    def __init__(self, superset: Running, slug: str, tenant: str, place: Installation) -> None:
        self.superset, self.slug, self.tenant, self.place = superset, slug, tenant, place

    @property
    def admin(self) -> SupersetClient:
        return self.superset.admin

    def queries(self) -> Mapping[str, dict[str, Any]]:
        charts = call(self.admin, "get", f"dashboard/{self.slug}/charts")["result"]
        stored = {row["slice_name"]: call(self.admin, "get", f"chart/{row['id']}")["result"] for row in charts}
        return {title: json.loads(chart["query_context"]) for title, chart in stored.items()}

    def compare(self, title: str, context: dict[str, Any], days: Days, expected: Rows, earlier: Rows) -> None:
        expected = shown.compared(context, expected, earlier, days[0] - before(days)[0])
        span = f"{days[0]} : {days[1] + timedelta(days=1)}"
        rows = shown.ask(self.admin, context, span, self.tenant)
        shown.check([shown.with_days(row) for row in rows], expected, title)


@pytest.fixture(params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["assistant", "creator"])
def board(request: pytest.FixtureRequest, seed: int, superset: Running) -> Iterator[Board]:
    slug = str(request.param)
    place = published_assistant(seed) if slug == "assistant" else published_creator(seed)
    earlier = (superset.published / "current").resolve()
    point_to(superset, (place.home.published / "current").resolve())
    yield Board(superset, slug, SHOP if slug == "assistant" else CREATOR, place)
    point_to(superset, earlier.name)


def test_every_chart_equals_the_oracle(board: Board, seed: int) -> None:
    days = DAYS[board.slug]
    if board.slug == "assistant":
        records, charts = assistant_answers.records(chat(seed)), assistant_answers.CHARTS
        (end,) = board.place.ask("select window_end from marts.assistant_now")[0]
        fixed = assistant_answers.now(chat(seed), end.replace(tzinfo=UTC))
    else:
        records, charts, fixed = log(seed), creator_answers.CHARTS, {}
    queries = board.queries()
    assert queries.keys() - WITHOUT_NUMBERS == charts.keys() | fixed.keys()
    for title, answer in charts.items():
        expected = answer(records, days)
        assert expected, title
        board.compare(title, queries[title], days, expected, answer(records, before(days)))
    for title, expected in fixed.items():
        assert expected, title
        board.compare(title, queries[title], days, expected, [])
