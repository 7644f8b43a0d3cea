"""The books of visits: one visit for every web order, many without one, and a stable past."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator import World, demo_world
from simulator.books import DAY, MINUTE
from simulator.history import ShopHistory
from simulator.scenarios.visits import Event, Session, Visits
from simulator.world import seconds

START, END = date(2026, 1, 15), datetime(2026, 4, 2, 10, tzinfo=UTC)  # both shops' clocks change in March
VISIT_EVENTS = {"page_view", "product_viewed", "add_to_cart", "remove_from_cart", "checkout_started", "order_submitted"}


def make_world(end: datetime = END) -> World:
    return demo_world(seed=11, start=START, end=end, orders=4_000)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module", params=["aurora", "nordlicht"])
def visits(world: World, request: pytest.FixtureRequest) -> Visits:
    return world.visits(request.param)


@pytest.fixture(scope="module")
def events(visits: Visits) -> list[Event]:
    return visits.events(seconds(END))


@pytest.fixture(scope="module")
def sessions(visits: Visits) -> list[Session]:
    return visits.sessions(seconds(END))


def zone(visits: Visits) -> ZoneInfo:
    return ZoneInfo(visits.history.shop.time_zone)


def day_of(visits: Visits, at: int) -> date:
    return datetime.fromtimestamp(at, zone(visits)).date()


def test_every_web_order_has_one_visit_with_a_cart_and_other_orders_have_none(
    visits: Visits, sessions: list[Session]
) -> None:
    placed_at = {
        str(order.id): order.created_at
        for order in visits.history.orders
        if order.created_at < seconds(END) - 60
        and order.source == "web"
        and order.scenario not in ("imported", "test_order")
    }
    visits_of_orders = {session.order_id: session for session in sessions if session.order_id}
    assert len([session for session in sessions if session.has_order]) == len(visits_of_orders)
    assert visits_of_orders.keys() == placed_at.keys()
    assert all(session.has_cart and session.has_checkout for session in visits_of_orders.values())
    assert {order: session.ended_at for order, session in visits_of_orders.items()} == placed_at
    assert len(placed_at) > 200


def test_an_orders_visit_belongs_to_its_customer(visits: Visits, sessions: list[Session]) -> None:
    customers = {str(order.id): order.customer for order in visits.history.orders}
    for session in sessions:
        if session.order_id:
            customer = customers[session.order_id]
            assert session.user_id == (str(customer.id) if customer else None)


def test_about_fifteen_visits_per_web_order_with_a_plausible_funnel(sessions: list[Session]) -> None:
    orders = sum(session.has_order for session in sessions)
    others = [session for session in sessions if not session.has_order]
    assert 13 < len(sessions) / orders < 17
    assert 0.06 < sum(session.has_cart for session in others) / len(others) < 0.10
    assert 0.03 < sum(session.has_checkout for session in others) / len(others) < 0.05


def test_events_have_known_names_unique_ids_and_arrive_after_they_occurred(events: list[Event]) -> None:
    names = Counter(event.event_name for event in events)
    assert names.keys() == VISIT_EVENTS | {"api_call", "feature_used"}
    assert all(event.received_at >= event.occurred_at for event in events)
    assert len({event.event_id for event in events}) == len(events)
    assert all((event.status_code is not None) == (event.event_name == "api_call") for event in events)


@pytest.mark.parametrize("days_before", [1, 9, 33])
def test_the_past_does_not_change_when_the_clock_moves_on_or_the_world_ends_later(
    visits: Visits, days_before: int
) -> None:
    at = seconds(END - timedelta(days=days_before, hours=3, minutes=7))
    other = make_world(END + timedelta(days=20)).visits(visits.history.shop.account)
    later = other.events(seconds(END) + 10 * DAY)
    assert [event for event in later if event.received_at <= at]
    before = {event.event_id: event for event in visits.events(at)}
    assert before.keys() == {event.event_id for day in other.deliveries(at) for event in day}
    changed = {event.event_id for event in later if event.event_id in before and event != before[event.event_id]}
    deliveries = Counter(event.event_id for day in other.deliveries(seconds(END) + 10 * DAY) for event in day)
    assert changed <= {event_id for event_id, count in deliveries.items() if count > 1}
    assert visits.expenses(at) == other.expenses(at)
    assert visits.balances(at) == other.balances(at)
    assert visits.days(at) == other.days(at)


def test_daily_totals_equal_counted_sessions_at_any_instant_and_in_any_order(visits: Visits) -> None:
    for at in (seconds(END), seconds(END) - 40 * DAY, seconds(END) - 2 * DAY, seconds(END)):
        by_day: dict[date, list[Session]] = {}
        for session in visits.sessions(at):
            by_day.setdefault(day_of(visits, session.started_at), []).append(session)
        totals = visits.days(at)
        assert by_day.keys() == {day for day, total in totals.items() if total.sessions}
        for day, total in totals.items():
            sessions = by_day.get(day, [])
            assert total.sessions == len(sessions)
            assert total.visitors == len({session.user_id or session.anonymous_id for session in sessions})
            assert total.with_cart == sum(session.add_to_carts > 0 for session in sessions)
            assert total.ordered == total.cart_ordered == sum(session.order_id is not None for session in sessions)
            assert total.add_to_carts == sum(session.add_to_carts for session in sessions)


def test_sessions_equal_those_rebuilt_from_their_events(events: list[Event], sessions: list[Session]) -> None:
    """The definition: the session id, or without one, a pause of the user of more than 30 minutes ends a session."""
    rebuilt: dict[object, list[Event]] = {}
    last: dict[str | None, tuple[int, int]] = {}
    for event in events:
        if event.event_name not in VISIT_EVENTS:
            continue
        key: object = event.session_id
        if key is None:
            user = event.user_id or event.anonymous_id
            number, last_at = last.get(user, (0, event.occurred_at))
            number += event.occurred_at - last_at > 30 * MINUTE
            last[user] = (number, event.occurred_at)
            key = (user, number)
        rebuilt.setdefault(key, []).append(event)
    expected = Counter(
        (visit[0].occurred_at, visit[-1].occurred_at, sum(event.event_name == "add_to_cart" for event in visit))
        for visit in rebuilt.values()
    )
    assert Counter((session.started_at, session.ended_at, session.add_to_carts) for session in sessions) == expected
    assert any(session.session_id is None for session in sessions)


def test_each_special_case_occurs(visits: Visits, events: list[Event], sessions: list[Session]) -> None:
    end = seconds(END)
    lengths = {session.ended_at - session.started_at for session in sessions if session.session_id is None}
    assert lengths == {29 * MINUTE, 0}, "events 29 minutes apart are one visit, 31 minutes apart two"
    assert [event for event in events if event.received_at - event.occurred_at == 2 * DAY]
    deliveries = Counter(event.event_id for day in visits.deliveries(end) for event in day)
    assert max(deliveries.values()) == 2
    removed = {event.session_id for event in events if event.event_name == "remove_from_cart"}
    assert all(session.has_cart for session in sessions if session.session_id in removed) and removed
    assert [s for s in sessions if day_of(visits, s.started_at) != day_of(visits, s.ended_at) and s.has_order]
    offsets = [
        {datetime.fromtimestamp(at, zone(visits)).utcoffset() for at in (session.started_at, session.ended_at)}
        for session in sessions
    ]
    assert [pair for pair in offsets if len(pair) == 2], "no visit across a clock change"
    users = Counter(session.user_key for session in sessions)
    assert sum(count > 1 for count in users.values()) > 50


def test_visits_come_from_campaigns_that_run_on_that_day(world: World, visits: Visits) -> None:
    paid = [session for session in visits.sessions(seconds(END)) if session.utm_source in ("meta", "tiktok")]
    for session in paid[::7]:
        account = world.ad_account(visits.history.shop.account, session.utm_source or "")
        started_at = {ad.path[0].id: ad.created_at for number in range(10) for ad in account.plan.ads(number)[:1]}
        assert session.utm_campaign in started_at
        assert started_at[session.utm_campaign] <= session.started_at + DAY
    assert {session.utm_source for session in visits.sessions(seconds(END))} == {
        None, "google", "meta", "newsletter", "tiktok"}  # fmt: skip


def test_many_api_calls_fail_only_on_the_day_of_the_outage(visits: Visits, events: list[Event]) -> None:
    calls: dict[date, list[bool]] = {}
    for event in events:
        if event.event_name == "api_call":
            calls.setdefault(day_of(visits, event.occurred_at), []).append((event.status_code or 0) >= 500)
    outages = [day for day, failed in sorted(calls.items()) if sum(failed) * 100 > len(failed)]
    assert outages == visits.outages(seconds(END)) == [START + timedelta(days=45)]


def test_the_use_of_features_grows(events: list[Event]) -> None:
    used = [event for event in events if event.event_name == "feature_used"]
    middle = used[0].occurred_at // 2 + used[-1].occurred_at // 2
    early = sum(event.occurred_at <= middle for event in used)
    assert len(used) - early > early
    assert len({event.feature for event in used}) > 1
    assert all(event.user_id and not event.session_id for event in used)


def test_fixed_expenses_are_known_during_a_month_and_variable_ones_after_it(visits: Visits) -> None:
    expenses = visits.expenses(seconds(END))
    months = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
    assert sorted({expense.month for expense in expenses if expense.cost_kind == "fixed"}) == months
    assert sorted({expense.month for expense in expenses if expense.cost_kind == "variable"}) == months[:-1]
    assert len({expense[:3] for expense in expenses}) == len(expenses)
    assert all(expense.amount > 0 for expense in expenses)


def test_expenses_are_of_the_size_of_the_gross_profit(visits: Visits) -> None:
    def gross_profit(cost_percent: int) -> int:
        february = [
            line.quantity * line.unit_price
            for order in visits.history.orders
            if not order.test and day_of(visits, order.created_at).replace(day=1) == date(2026, 2, 1)
            for line in order.lines
        ]
        return sum(february) * (100 - cost_percent) // 100

    expenses = visits.expenses(seconds(END))
    spent = sum(expense.amount for expense in expenses if expense.month == date(2026, 2, 1))
    assert gross_profit(40) // 5 < spent < gross_profit(40) * 3 // 2


def test_bank_balances_are_known_for_the_10th_the_20th_and_the_last_day_of_a_month(visits: Visits) -> None:
    balances = visits.balances(seconds(END))
    days = sorted({balance.day for balance in balances})
    assert days == [date(2026, 1, 20), date(2026, 1, 31), date(2026, 2, 10), date(2026, 2, 20), date(2026, 2, 28),
                    date(2026, 3, 10), date(2026, 3, 20), date(2026, 3, 31)]  # fmt: skip
    assert len(balances) == 2 * len(days)


def test_asking_a_world_without_visits_for_them_names_the_shop(world: World) -> None:
    bare = World([ShopHistory(world.shop("aurora"))], END)
    with pytest.raises(KeyError, match="Shop 'aurora' has no visits"):
        bare.visits("aurora")
