"""The oracle of web analytics: sessions, users and features that are counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from tests.oracle import web
from tests.oracle.web import Event

ZONE = ZoneInfo("America/New_York")
TENTH, ELEVENTH = date(2026, 1, 10), date(2026, 1, 11)


def at(clock: str, day: int = 10) -> int:
    """An instant of a day in January, in New York."""
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    return int(datetime(2026, 1, day, hour, minute, second, tzinfo=ZONE).astimezone(UTC).timestamp())


def test_a_gap_of_thirty_minutes_ends_a_session_and_a_second_less_does_not() -> None:
    events = [
        Event("a", at("10:00"), "page_view", anonymous="x"),
        Event("b", at("10:29:59"), "page_view", anonymous="x"),
        Event("c", at("10:59:59"), "page_view", anonymous="x"),
        Event("d", at("10:15"), "page_view", anonymous="y"),
    ]
    assert [[event.id for event in session.events] for session in web.sessions(events)] == [["a", "b"], ["d"], ["c"]]


def test_a_session_id_joins_events_across_any_gap_and_counts_on_the_day_of_its_begin() -> None:
    events = [
        Event("a", at("23:50"), "page_view", anonymous="x", session="s", source="meta"),
        Event("b", at("01:20", 11), "add_to_cart", anonymous="x", session="s"),
        Event("c", at("01:21", 11), "add_to_cart", anonymous="x", session="s"),
        Event("d", at("01:25", 11), "checkout_started", user="u", session="s"),
        Event("e", at("01:26", 11), "order_submitted", user="u", session="s", order="7"),
    ]
    (session,) = web.sessions(events)
    assert (session.order, session.person) == ("7", "x")
    assert web.sessions_daily(events, ZONE) == {
        (TENTH, "meta"): {"sessions": 1, "visitors": 1, "sessions_with_cart": 1, "sessions_reached_checkout": 1,
                          "sessions_ordered": 1, "cart_sessions_ordered": 1, "add_to_carts": 2}
    }  # fmt: skip


def test_api_calls_and_features_without_a_session_id_belong_to_no_session() -> None:
    events = [
        Event("a", at("10:00"), "page_view", user="u"),
        Event("b", at("10:20"), "api_call", user="u", status=200),
        Event("c", at("10:25"), "api_call", user="u", status=503),
        Event("d", at("10:26"), "api_call", user="u", status=404),
        Event("e", at("10:40"), "feature_used", user="u", feature="export"),
    ]
    assert [len(session.events) for session in web.sessions(events)] == [1]
    assert web.app_daily(events, ZONE) == {TENTH: {"api_calls": 3, "api_errors": 1, "feature_uses": 1}}


def test_a_person_is_a_user_else_a_browser_and_a_trailing_month_has_thirty_days() -> None:
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
    days = web.activity_daily(events, ZONE)
    assert len(days) == 31
    assert days[TENTH] == {"daily_users": 1, "active_users": 3, "mau": 3}
    assert days[ELEVENTH] == {"daily_users": 0, "active_users": 0, "mau": 3}
    assert days[date(2026, 1, 12)] == {"daily_users": 2, "active_users": 2, "mau": 4}
    user_days = {day: row.get("user_days", 0) for day, row in web.web_daily(events, ZONE).items()}
    assert user_days == {TENTH: 1, date(2026, 1, 12): 2, date(2026, 2, 9): 1}
    assert days[date(2026, 2, 8)]["mau"] == 4
    assert days[date(2026, 2, 9)]["mau"] == 3  # January 10 is 30 days ago: u and v count, x and y do not
    assert web.feature_daily(events, ZONE) == {
        ("export", date(2026, 1, 12)): {"feature_uses": 2, "feature_users": 1, "active_users": 2}
    }
