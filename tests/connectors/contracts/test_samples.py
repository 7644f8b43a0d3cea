"""The entry that document 003 shows, and one record of each other contract, as they are loaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.contracts import CHAT_MESSAGES, CHAT_SESSIONS, EVENT_LOG, Contract, RecordReader, Rejected, Row
from connectors.contracts.values import Clock

NOW = datetime(2026, 3, 20, 10, tzinfo=UTC)
SAMPLE = (Path(__file__).parents[2] / "event_log_sample.json").read_bytes().strip()


def read(contract: Contract, line: bytes, zone: str = "America/New_York", *, keep_text: bool = False) -> Row | Rejected:
    return RecordReader(contract, ZoneInfo(zone), NOW, keep_text=keep_text).read_json(line)


def test_the_sample_entry_of_the_event_log_is_loaded_in_the_tenants_zone() -> None:
    assert read(EVENT_LOG, SAMPLE) == Row(
        {
            "vault_id": "vault_3",
            "niche": "AI Tools",
            "product_name": "AI Tools Toolkit",
            "ai_prompt_version": "v2",
            "ai_style": "corporate",
            "ai_generation_success": "true",
            "ai_latency_micros": "1230000",
            "ai_version": "gpt-4",
            "sale_datetime": "2025-06-19T19:04:32Z",
            "sale_datetime_text": "2025-06-19T15:04:32",
            "sale_amount": "49.99",
            "refund": "false",
            "language": "en",
            "country": "US",
            "customer_type": "first_time",
            "delivery_success": "true",
            "funnel_stage": "purchase",
            "visit_id": "visit_123",
        },
        {},
    )


@pytest.mark.parametrize(
    ("zone", "written", "loaded"),
    [
        ("America/New_York", "2025-11-02T01:30:00", "2025-11-02T06:30:00Z"),  # comes twice: the second one
        ("America/New_York", "2025-03-09T02:30:00", "2025-03-09T07:30:00Z"),  # does not exist: an hour later, 03:30
        ("Europe/Lisbon", "2025-10-26 01:30:00", "2025-10-26T01:30:00Z"),
        ("Europe/Lisbon", "2025-10-26T01:30:00+01:00", "2025-10-26T00:30:00Z"),
        ("Europe/Lisbon", "2025-07-01 12:00:00.123456789Z", "2025-07-01T12:00:00.123456Z"),
        ("Europe/Lisbon", "2025-07-01 12:00:00.5+00", "2025-07-01T12:00:00.500000Z"),
    ],
)
def test_a_local_time_becomes_an_instant_by_a_written_rule(zone: str, written: str, loaded: str) -> None:
    row = read(CHAT_SESSIONS, b'{"session_id": "s", "started_at": "%b"}' % written.encode(), zone)
    assert row == Row({"session_id": "s", "started_at": loaded, "started_at_text": written}, {})


def test_the_text_of_a_message_is_kept_only_where_the_settings_say_so() -> None:
    line = '{"message_id": 7, "session_id": "s", "created_at": "2026-01-01T00:00:00Z", "role": "user", "text": "Hé 👋"}'
    without, complete = (read(CHAT_MESSAGES, line.encode(), keep_text=keep) for keep in (False, True))
    assert isinstance(without, Row) and isinstance(complete, Row)
    assert "text" not in without.columns and without.columns["text_length"] == "4"
    assert complete.columns["text"] == "Hé 👋" and complete.columns["text_length"] == "4"


def test_a_key_that_comes_twice_is_a_mistake_and_an_unknown_field_is_reported() -> None:
    twice = read(CHAT_SESSIONS, b'{"session_id": "s", "started_at": "2026-01-01T00:00:00Z", "session_id": "t"}')
    assert twice == Rejected("session_id is there twice: it is not known which one is right")
    more = read(CHAT_SESSIONS, b'{"session_id": "s", "started_at": "2026-01-01T00:00:00Z", "mood": 3}')
    assert isinstance(more, Row) and dict(more.unknown) == {"mood": 3}


def test_every_hour_of_a_year_is_the_instant_that_python_says() -> None:
    """Offsets are remembered by the hour; Lord Howe moves its clock by half an hour."""
    for zone in (ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Europe/Lisbon")):
        clock = Clock(zone, NOW)
        for quarter in range(0, 365 * 24 * 4, 3):
            local = datetime(2025, 1, 1) + timedelta(minutes=15 * quarter)
            expected = max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
            assert clock.utc(local) == expected.replace(tzinfo=None), (zone, local)


def test_a_key_that_comes_twice_is_found_however_it_is_written() -> None:
    for line in (b'{"a":1,"a":2, "b" :3}', b'{"x": "\\":", "a" : 1, "a" : 2}', b'{"more": {"a": 1, "a": 2}}'):
        result = read(CHAT_SESSIONS, line)
        assert isinstance(result, Rejected) and result.reason == "a is there twice: it is not known which one is right"
