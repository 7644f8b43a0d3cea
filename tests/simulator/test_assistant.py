"""The books of a shop's assistant: a stable past, orders that follow from chats, every special case."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulator import World, demo_world
from simulator.books import DAY, HOUR, Order
from simulator.scenarios.assistant import Assistant, ChatSession, assistant
from simulator.scenarios.assistant.links import LINKS
from simulator.scenarios.assistant.models import OWN_MODEL, UNKNOWN_MODEL
from simulator.world import seconds
from tests.simulator.test_world import everything_shown

START, END = date(2026, 2, 10), datetime(2026, 4, 20, 12, tzinfo=UTC)  # New York's clocks change on 8 March
ZONE = ZoneInfo("America/New_York")
OUTLIER = 900_000_000


def make(end: datetime = END) -> tuple[World, Assistant]:
    world = demo_world(seed=11, start=START, end=end, orders=1_200)
    return world, assistant(world.visits("aurora"), 11, 5, 3, 40, OUTLIER)


@pytest.fixture(scope="module")
def world_and_books() -> tuple[World, Assistant]:
    return make()


@pytest.fixture(scope="module")
def world(world_and_books: tuple[World, Assistant]) -> World:
    return world_and_books[0]


@pytest.fixture(scope="module")
def books(world_and_books: tuple[World, Assistant]) -> Assistant:
    return world_and_books[1]


@pytest.fixture(scope="module")
def sessions(books: Assistant) -> list[ChatSession]:
    return books.sessions(seconds(END))


def test_a_later_question_only_adds_to_the_past(books: Assistant) -> None:
    _, asked_often = make()
    for hours in (0, 1, 30, 400, 900):
        at = seconds(datetime(2026, 3, 1, 4, 59, tzinfo=UTC) + timedelta(hours=hours))
        assert asked_often.stored(at) == books.stored(at)


def test_an_assistant_changes_nothing_in_its_shop(world: World, books: Assistant) -> None:
    books.sessions(seconds(END))
    alone = demo_world(seed=11, start=START, end=END, orders=1_200)
    at = seconds(END)
    assert world.visits("aurora").events(at) == alone.visits("aurora").events(at)
    assert everything_shown(world, "aurora", END) == everything_shown(alone, "aurora", END)
    assert world.visits("aurora").expenses(at) == alone.visits("aurora").expenses(at)
    assert world.visits("aurora").days(at) == alone.visits("aurora").days(at)


def test_chats_lead_to_orders_by_each_rule(world: World, sessions: list[ChatSession]) -> None:
    orders = {str(order.id): order for order in world.books("aurora").orders}
    visits = {visit.order_id: visit for visit in world.visits("aurora").sessions(seconds(END)) if visit.order_id}
    linked = [session for session in sessions if session.order_id in orders]
    assert {session.link for session in linked} == LINKS.keys()
    for session in linked:
        assert session.order_id is not None
        order, visit = orders[session.order_id], visits[session.order_id]
        before = order.created_at - session.started_at
        if session.link in ("visit", "two_sessions_in_one_visit"):
            assert (session.visit_id, session.visitor_id) == (visit.session_id, visit.anonymous_id)
            assert visit.started_at <= session.started_at < order.created_at
        elif session.link == "customer":
            assert session.visit_id is None and order.customer and session.customer_id == str(order.customer.id)
            assert 0 < before < DAY
        elif session.link == "customer_too_early":
            assert DAY < before < DAY + HOUR
        elif session.link == "click":
            assert (session.customer_id, session.visitor_id) == (None, visit.anonymous_id)
            assert 0 < before < 7 * DAY and _clicked(session) & _ids(order)
        elif session.link == "click_too_early":
            assert before > 7 * DAY and _clicked(session) & _ids(order)


def _clicked(session: ChatSession) -> set[str]:
    return {event.product_id for event in session.events if event.event_type == "clicked"}


def _ids(order: Order) -> set[str]:
    """The ids of an order's products and the SKUs of all their variants: a click may be on another variant."""
    products = [line.variant.product for line in order.lines if line.variant]
    skus = {variant.sku for product in products for variant in product.variants if variant.sku}
    return {str(product.id) for product in products} | skus


def test_products_are_the_shops(world: World, sessions: list[ChatSession]) -> None:
    products = world.history("aurora").products
    known = {str(product.id) for product in products}
    skus = {variant.sku for product in products for variant in product.variants}
    named = {event.product_id for session in sessions for event in session.events}
    assert named <= known | skus
    assert named & known and named & skus
    assert {event.event_type for session in sessions for event in session.events} == {
        "recommended",
        "inquired",
        "clicked",
    }


def test_variant_b_leads_to_more_orders_from_as_many_sessions(sessions: list[ChatSession]) -> None:
    days = make_large().sessions(seconds(END))
    count = Counter(session.variant for session in days)
    with_order = Counter(session.variant for session in days if session.order_id)
    assert abs(count["A"] - count["B"]) < 3 * len(days) ** 0.5
    assert with_order["B"] > 1.2 * with_order["A"]


def make_large() -> Assistant:
    return assistant(demo_world(seed=12, start=START, end=END, orders=6_000).visits("aurora"), 12, 5, 30, 40)


def test_special_cases_occur(books: Assistant, sessions: list[ChatSession]) -> None:
    messages = [message for session in sessions for message in session.messages]
    assert {message.role for message in messages} == {"user", "assistant", "system", "tool"}
    assert any(message.stored_at - message.created_at == 26 * HOUR for message in messages)
    assert any(message.model == UNKNOWN_MODEL for message in messages)
    assert any(message.role == "assistant" and message.input_tokens is None for message in messages)
    assert [message.input_tokens for message in messages if (message.input_tokens or 0) >= OUTLIER] == [OUTLIER]
    assert any(message.cached_tokens for message in messages) and any(message.reasoning_tokens for message in messages)
    assert {message.embedding_model for message in messages if message.role == "user"} == {
        "text-embedding-3-small", "text-embedding-ada-002",
    }  # fmt: skip
    last = books.prices[0].valid_to
    days = {
        datetime.fromtimestamp(message.created_at, UTC).date() for message in messages if message.model == OWN_MODEL
    }
    assert last and min(days) <= last < max(days)
    assert any(not session.messages for session in sessions)
    assert any(session.rated_at - session.started_at == 3 * DAY for session in sessions)
    assert {session.satisfaction for session in sessions} >= {None, 4, 5}
    local = [datetime.fromtimestamp(session.started_at, ZONE).time().isoformat() for session in sessions]
    assert {"00:00:00", "23:59:59"} <= set(local)
    assert {second % DAY for second in (message.created_at for message in messages)} >= {0, DAY - 1}
    by_id = {session.session_id: session for session in sessions}
    assert any(_day(message.created_at) > _day(by_id[message.session_id].started_at) for message in messages)
    change = seconds(datetime(2026, 3, 8, 7, tzinfo=UTC))
    assert {change - 1_800, change + 1_800} <= {session.started_at for session in sessions}


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, ZONE).date()


def test_deleted_session_is_gone_with_all_that_belongs_to_it(books: Assistant, sessions: list[ChatSession]) -> None:
    deleted = next(session for session in sessions if session.deleted_at < seconds(END))
    for at, is_stored in ((deleted.deleted_at - 1, True), (deleted.deleted_at, False)):
        stored = books.stored(at)
        for records in (stored.sessions, stored.messages):
            assert any(record.session_id == deleted.session_id for record in records) == is_stored


def test_ids_are_unique_and_a_stored_session_changes_with_what_is_stored(books: Assistant) -> None:
    stored = books.stored(seconds(END))
    for ids in (
        [session.session_id for session in stored.sessions],
        [message.message_id for message in stored.messages] + [event.event_id for event in stored.events],
    ):
        assert len(ids) == len(set(ids))
    assert all(first <= second for first, second in pairwise(session.started_at for session in stored.sessions))
    newest = {message.session_id: message.stored_at for message in sorted(stored.messages, key=lambda m: m.stored_at)}
    assert all(session.updated_at >= newest.get(session.session_id, 0) for session in stored.sessions)
