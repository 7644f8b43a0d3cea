"""What is stored of a posted record: no text, no unknown field, nothing that could not be loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from common import collected
from common.collected import Refused, Taken
from tests.connectors.collector.collecting import Place, event, message, taken
from tests.sampling import sample

SESSION = {"session_id": "c1", "started_at": "2026-11-20T05:59:00Z"}
CLICK = {"event_id": "p1", "occurred_at": "2026-11-20T11:01:00Z", "event_type": "clicked", "product_id": "SKU-1"}


def mistakes(name: str, record: dict[str, Any]) -> tuple[str, ...]:
    result = taken(name, record)
    assert isinstance(result, Refused), result
    return result.mistakes


def test_text_is_stored_only_where_the_settings_keep_it() -> None:
    private = message(1, role="user", text="Where is my order?", content="Where is my order?")
    without, with_text = taken("chat_messages", private), taken("chat_messages", private, keep_text=True)
    assert isinstance(without, Taken) and isinstance(with_text, Taken)
    assert b"order" not in without.record and b'"text_length":"18"' in without.record
    assert b'"text":"Where is my order?"' in with_text.record
    assert without.ignored == with_text.ignored == ("chat_messages.content",), (
        "what nothing reads could be the text again"
    )


def test_every_mistake_of_a_record_is_named() -> None:
    wrong = {"message_id": "1", "created_at": "yesterday", "role": "boss", "input_tokens": -1}
    assert mistakes("chat_messages", wrong) == (
        "created_at is not a time such as 2026-11-20T16:50:00Z: yesterday",
        "role is neither user nor assistant nor system nor tool: boss",
        "input_tokens is not between 0 and 1000000000: -1",
        "session_id is missing",
    )
    reasons = mistakes("events", {"event_id": None, "occurred_at": "2026-11-20T11:00:00", "status_code": "x"})
    fields = ("event_id", "occurred_at", "event_name", "status_code")
    assert [any(field in reason for reason in reasons) for field in fields] == [True] * 4
    assert mistakes("chat_messages", message(1, cached_tokens=200)) == (
        "cached_tokens is more than input_tokens, which includes it: 200, 120",
    )
    assert mistakes("product_events", CLICK | {"event_type": "seen", "position": 1.5}) == (
        "event_type is neither recommended nor inquired nor clicked: seen", "position is not a whole number: 1.5",
    )  # fmt: skip


def test_entry_of_an_event_log_needs_an_id_by_which_it_counts_once() -> None:
    entry = {name: value for name, value in ENTRY.items() if name != "id"}
    (reason,) = mistakes("event_log", entry)
    assert "id is missing" in reason
    one, other = taken("event_log", {**entry, "id": 7}), taken("event_log", {**entry, "id": "7"})
    assert isinstance(one, Taken) and isinstance(other, Taken) and one.key == other.key == "7"
    assert one.ignored == ()


def test_time_of_receipt_is_the_servers() -> None:
    result = taken("events", event(1, received_at="2001-01-01T00:00:00Z"))
    assert isinstance(result, Taken)
    assert result.record.count(b"2026-11-20T12:00:00.000000Z") == 2 and b"2001" not in result.record


HOSTILE: list[Any] = [
    None, True, 0, -1, 1.5, 6000042.0, 10**30, "", " ", "x", "\0", "a\0b", "\u2028", "\U0001f600", "'; drop table x --",
    '{"a"', "null", "NaN", "1_000", "9" * 400, "x" * 5000, [], [1], {}, {"a": {"b": [None]}}, {"a": "\0"},
    "2026-11-20T11:00:00Z", "2026-02-30T11:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "12:00",
]  # fmt: skip
"""Values that somebody may send in any field."""
ENTRY = {
    "id": "l1",
    "vault_id": "v1",
    "sale_datetime": "2026-11-20T05:00:00",
    "funnel_stage": "purchase",
    "sale_amount": 9.5,
}
WHOLE = {"events": event(1), "chat_messages": message(1), "chat_sessions": SESSION, "product_events": CLICK,
         "event_log": ENTRY}  # fmt: skip


@pytest.mark.parametrize("name", sample(WHOLE, "events", "chat_messages"))
def test_whatever_is_accepted_can_be_loaded(name: str, tmp_path: Path) -> None:
    """A record that was confirmed and stops every later pull would be worse than one that is refused."""
    whole, lines, keys = WHOLE[name], [], set()
    fields = {*whole, "updated_at", "ended_at", "satisfaction", "reported_cost", "text", "text_length", "properties",
              "status_code", "utm_source", "user_id", "position", "product_name", "visitor_id"}  # fmt: skip
    key, column = next(iter(whole)), "row_hash" if name == "event_log" else next(iter(whole))
    for number, field in enumerate(sorted(fields)):
        for value in HOSTILE:
            record = {**whole, key: f"{number}-{len(lines)}", field: value}
            result = taken(name, record, keep_text=True)
            if isinstance(result, Taken):
                lines.append(collected.encoded(result.record))
                keys.add(result.key)
    place = Place(tmp_path)
    place.write(1, *lines)
    result_of_pull = place.pull()
    assert len(lines) > 100 and result_of_pull.rejected == 0
    assert sorted(text for (text,) in place.rows(f"select {column} from collector.{name}")) == sorted(keys)
