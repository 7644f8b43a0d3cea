"""Visits counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from tests.oracle import web
from tests.oracle.web import Event

ZONE = ZoneInfo("America/New_York")
TENTH, ELEVENTH = date(2026, 1, 10), date(2026, 1, 11)


def at(clock: str, day: int = 10) -> int:
    """Of a day in January, in New York."""
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    return int(datetime(2026, 1, day, hour, minute, second, tzinfo=ZONE).astimezone(UTC).timestamp())


def test_half_an_hour_without_an_event_ends_a_visit_and_a_second_less_does_not() -> None:
    events = [
        Event("a", at("10:00"), "page_view", anonymous="x"),
        Event("b", at("10:29:59"), "page_view", anonymous="x"),
        Event("c", at("10:59:59"), "page_view", anonymous="x"),
        Event("d", at("10:15"), "page_view", anonymous="y"),
    ]
    assert [[each.id for each in visit.events] for visit in web.sessions(events)] == [["a", "b"], ["d"], ["c"]]


def test_a_given_session_lasts_however_long_its_breaks_are_and_belongs_to_the_day_it_began() -> None:
    events = [
        Event("a", at("23:50"), "page_view", anonymous="x", session="s", source="meta"),
        Event("b", at("01:20", 11), "add_to_cart", anonymous="x", session="s"),
        Event("c", at("01:21", 11), "add_to_cart", anonymous="x", session="s"),
        Event("d", at("01:25", 11), "checkout_started", user="u", session="s"),
        Event("e", at("01:26", 11), "order_submitted", user="u", session="s", order="7"),
    ]
    (visit,) = web.sessions(events)
    assert (visit.order, visit.person) == ("7", "x")
    assert web.sessions_daily(events, ZONE) == {
        (TENTH, "meta"): {"sessions": 1, "visitors": 1, "sessions_with_cart": 1, "sessions_reached_checkout": 1,
                          "sessions_ordered": 1, "cart_sessions_ordered": 1, "add_to_carts": 2}
    }  # fmt: skip


def test_calls_and_features_without_a_session_are_in_none() -> None:
    events = [
        Event("a", at("10:00"), "page_view", user="u"),
        Event("b", at("10:20"), "api_call", user="u", status=200),
        Event("c", at("10:25"), "api_call", user="u", status=503),
        Event("d", at("10:26"), "api_call", user="u", status=404),
        Event("e", at("10:40"), "feature_used", user="u", feature="export"),
    ]
    assert [len(visit.events) for visit in web.sessions(events)] == [1]
    assert web.app_daily(events, ZONE) == {TENTH: {"api_calls": 3, "api_errors": 1, "feature_uses": 1}}


def test_people_are_known_by_user_else_by_browser_and_the_trailing_month_is_thirty_days() -> None:
    events = [
        Event("a", at("10:00"), "page_view", user="u", anonymous="x"),
        Event("b", at("11:00"), "page_view", anonymous="x"),
        Event("c", at("12:00"), "page_view", anonymous="y"),
        Event("d", at("12:00", 12), "feature_used", user="u", feature="export"),
        Event("e", at("12:00", 12), "feature_used", user="u", feature="export"),
        Event("f", at("12:00", 12), "page_view", user="v"),
    ]
    february = int(datetime(2026, 2, 9, 12, tzinfo=ZONE).timestamp())
    events.append(Event("g", february, "page_view", user="w"))
    found = web.activity_daily(events, ZONE)
    assert len(found) == 31
    assert found[TENTH] == {"daily_users": 1, "active_users": 3, "mau": 3}
    assert found[ELEVENTH] == {"daily_users": 0, "active_users": 0, "mau": 3}
    assert found[date(2026, 1, 12)] == {"daily_users": 2, "active_users": 2, "mau": 4}
    assert found[date(2026, 2, 8)]["mau"] == 4
    assert found[date(2026, 2, 9)]["mau"] == 3  # the tenth of January is 30 days ago: u and v are in, x and y not
    assert web.feature_daily(events, ZONE) == {
        ("export", date(2026, 1, 12)): {"feature_uses": 2, "feature_users": 1, "active_users": 2}
    }
