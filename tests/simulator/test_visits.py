"""Visits: one for every order of the web, many that stopped before, the same however far one looks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator import World, demo_world
from simulator.history import ShopHistory
from simulator.scenarios.visits import Event, Session, Visits
from simulator.world import seconds

START, END = date(2026, 1, 15), datetime(2026, 4, 2, 10, tzinfo=UTC)  # both shops' clocks change in March
DAY = 86_400
VISIT = {"page_view", "product_viewed", "add_to_cart", "remove_from_cart", "checkout_started", "order_submitted"}


def made(end: datetime = END) -> World:
    return demo_world(seed=11, start=START, end=end, orders=4_000)


@pytest.fixture(scope="module")
def world() -> World:
    return made()


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


def test_every_order_of_the_web_ends_one_visit_that_put_it_in_the_cart_and_no_other_order_does(
    visits: Visits, sessions: list[Session]
) -> None:
    placed = {
        str(order.id): order.created_at
        for order in visits.history.orders
        if order.created_at < seconds(END) - 60
        and order.source == "web"
        and order.scenario not in ("imported", "test_order")
    }
    ended = {session.order_id: session for session in sessions if session.order_id}
    assert len([session for session in sessions if session.has_order]) == len(ended)
    assert ended.keys() == placed.keys()
    assert all(session.has_cart and session.has_checkout for session in ended.values())
    assert {key: session.ended_at for key, session in ended.items()} == placed
    assert len(placed) > 200


def test_an_orders_visit_belongs_to_its_customer(visits: Visits, sessions: list[Session]) -> None:
    customers = {str(order.id): order.customer for order in visits.history.orders}
    for session in sessions:
        if session.order_id:
            customer = customers[session.order_id]
            assert session.user_id == (str(customer.id) if customer else None)


def test_about_fifteen_visits_an_order_of_the_web_with_a_plausible_funnel(sessions: list[Session]) -> None:
    orders = sum(session.has_order for session in sessions)
    others = [session for session in sessions if not session.has_order]
    assert 13 < len(sessions) / orders < 17
    assert 0.06 < sum(session.has_cart for session in others) / len(others) < 0.10
    assert 0.03 < sum(session.has_checkout for session in others) / len(others) < 0.05


def test_the_names_and_times_of_events_are_those_of_a_shop(events: list[Event]) -> None:
    names = Counter(event.event_name for event in events)
    assert names.keys() == VISIT | {"api_call", "feature_used"}
    assert all(event.received_at >= event.occurred_at for event in events)
    assert len({event.event_id for event in events}) == len(events)
    assert all((event.status_code is not None) == (event.event_name == "api_call") for event in events)


@pytest.mark.parametrize("days_before", [1, 9, 33])
def test_the_past_never_changes_when_the_clock_moves_on_or_the_world_ends_later(
    visits: Visits, days_before: int
) -> None:
    at = seconds(END - timedelta(days=days_before, hours=3, minutes=7))
    other = made(END + timedelta(days=20)).visits(visits.history.shop.account)
    later = other.events(seconds(END) + 10 * DAY)
    assert [event for event in later if event.received_at <= at]
    once = {event.event_id: event for event in visits.events(at)}
    again = {event.event_id for day in other.deliveries(at) for event in day}
    assert once.keys() == again
    changed = {event.event_id for event in later if event.event_id in once and event != once[event.event_id]}
    twice = Counter(event.event_id for day in other.deliveries(seconds(END) + 10 * DAY) for event in day)
    assert changed <= {key for key, often in twice.items() if often > 1}
    assert visits.expenses(at) == other.expenses(at)
    assert visits.balances(at) == other.balances(at)
    assert visits.days(at) == other.days(at)


def test_the_days_are_the_sessions_counted_by_hand_at_any_instant_and_in_any_order(visits: Visits) -> None:
    for at in (seconds(END), seconds(END) - 40 * DAY, seconds(END) - 2 * DAY, seconds(END)):
        by_day: dict[date, list[Session]] = {}
        for session in visits.sessions(at):
            by_day.setdefault(day_of(visits, session.started_at), []).append(session)
        told = visits.days(at)
        assert by_day.keys() == {day for day, each in told.items() if each.sessions}
        for day, each in told.items():
            found = by_day.get(day, [])
            assert each.sessions == len(found)
            assert each.visitors == len({session.user_id or session.anonymous_id for session in found})
            assert each.with_cart == sum(session.add_to_carts > 0 for session in found)
            assert each.ordered == each.cart_ordered == sum(session.order_id is not None for session in found)
            assert each.add_to_carts == sum(session.add_to_carts for session in found)


def test_sessions_are_what_their_events_say(events: list[Event], sessions: list[Session]) -> None:
    """Rebuilt from the events as the definition says: the id given, else 30 minutes without an event of that user."""
    rebuilt: dict[object, list[Event]] = {}
    last: dict[str | None, tuple[int, int]] = {}
    for event in events:
        if event.event_name not in VISIT:
            continue
        key: object = event.session_id
        if key is None:
            user = event.user_id or event.anonymous_id
            number, seen = last.get(user, (0, event.occurred_at))
            number += event.occurred_at - seen > 30 * 60
            last[user] = (number, event.occurred_at)
            key = (user, number)
        rebuilt.setdefault(key, []).append(event)
    found = Counter(
        (each[0].occurred_at, each[-1].occurred_at, sum(event.event_name == "add_to_cart" for event in each))
        for each in rebuilt.values()
    )
    assert found == Counter((each.started_at, each.ended_at, each.add_to_carts) for each in sessions)
    assert any(session.session_id is None for session in sessions)


def test_each_special_case_was_lived_through(visits: Visits, events: list[Event], sessions: list[Session]) -> None:
    end = seconds(END)
    nameless = [session.ended_at - session.started_at for session in sessions if session.session_id is None]
    assert set(nameless) == {29 * 60, 0}, "29 minutes apart are one visit, 31 are two"
    assert [event for event in events if event.received_at - event.occurred_at == 2 * DAY]
    often = Counter(event.event_id for day in visits.deliveries(end) for event in day)
    assert max(often.values()) == 2
    taken_out = {event.session_id for event in events if event.event_name == "remove_from_cart"}
    assert all(session.has_cart for session in sessions if session.session_id in taken_out) and taken_out
    assert [s for s in sessions if day_of(visits, s.started_at) != day_of(visits, s.ended_at) and s.has_order]
    offsets = [
        {datetime.fromtimestamp(at, zone(visits)).utcoffset() for at in (session.started_at, session.ended_at)}
        for session in sessions
    ]
    assert [each for each in offsets if len(each) == 2], "across the clock change"
    users = Counter(session.user_key for session in sessions)
    assert sum(count > 1 for count in users.values()) > 50


def test_campaigns_are_those_that_the_platform_runs_on_that_day(world: World, visits: Visits) -> None:
    found = [each for each in visits.sessions(seconds(END)) if each.utm_source in ("meta", "tiktok")]
    for session in found[::7]:
        account = world.ad_account(visits.history.shop.account, session.utm_source or "")
        running = {ad.path[0].id: ad.created_at for number in range(10) for ad in account.plan.ads(number)[:1]}
        assert session.utm_campaign in running
        assert running[session.utm_campaign] <= session.started_at + DAY
    assert {session.utm_source for session in visits.sessions(seconds(END))} == {
        None, "google", "meta", "newsletter", "tiktok"}  # fmt: skip


def test_calls_fail_seldom_but_on_the_day_of_the_outage(visits: Visits, events: list[Event]) -> None:
    calls: dict[date, list[bool]] = {}
    for event in events:
        if event.event_name == "api_call":
            calls.setdefault(day_of(visits, event.occurred_at), []).append((event.status_code or 0) >= 500)
    above = [day for day, each in sorted(calls.items()) if sum(each) * 100 > len(each)]
    assert above == visits.outages(seconds(END)) == [START + timedelta(days=45)]


def test_features_are_used_by_more_and_more(events: list[Event]) -> None:
    used = [event for event in events if event.event_name == "feature_used"]
    half = used[0].occurred_at // 2 + used[-1].occurred_at // 2
    early = sum(event.occurred_at <= half for event in used)
    assert len(used) - early > early
    assert len({event.feature for event in used}) > 1
    assert all(event.user_id and not event.session_id for event in used)


def test_a_company_pays_fixed_costs_each_month_and_knows_the_varying_ones_when_it_is_over(visits: Visits) -> None:
    expenses = visits.expenses(seconds(END))
    months = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
    assert sorted({each.month for each in expenses if each.cost_kind == "fixed"}) == months
    assert sorted({each.month for each in expenses if each.cost_kind == "variable"}) == months[:-1]
    assert len({each[:3] for each in expenses}) == len(expenses)
    assert all(each.amount > 0 for each in expenses)


def test_the_expenses_are_of_the_order_of_the_gross_profit(visits: Visits) -> None:
    def kept(share_of_goods: int) -> int:
        february = [
            line.quantity * line.unit_price
            for order in visits.history.orders
            if not order.test and day_of(visits, order.created_at).replace(day=1) == date(2026, 2, 1)
            for line in order.lines
        ]
        return sum(february) * (100 - share_of_goods) // 100

    spent = sum(each.amount for each in visits.expenses(seconds(END)) if each.month == date(2026, 2, 1))
    assert kept(40) // 5 < spent < kept(40) * 3 // 2


def test_the_bank_tells_its_balance_at_each_months_end_and_on_days_between(visits: Visits) -> None:
    balances = visits.balances(seconds(END))
    days = sorted({each.day for each in balances})
    assert days == [date(2026, 1, 20), date(2026, 1, 31), date(2026, 2, 10), date(2026, 2, 20), date(2026, 2, 28),
                    date(2026, 3, 10), date(2026, 3, 20), date(2026, 3, 31)]  # fmt: skip
    assert len(balances) == 2 * len(days)


def test_a_world_without_visits_says_so(world: World) -> None:
    bare = World([ShopHistory(world.shop("aurora"))], END)
    with pytest.raises(KeyError, match="has no visits"):
        bare.visits("aurora")
