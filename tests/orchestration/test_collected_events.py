"""What was collected counts in the marts: with the events of a folder as one log, each event once, each person once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common import collected
from orchestration import collectors
from tests.connectors.collector.collecting import message, stored
from tests.orchestration.installation import Installation

pytestmark = pytest.mark.worlds
NOON = (datetime.now(UTC) - timedelta(days=2)).replace(
    hour=16, minute=0, second=0, microsecond=0
)  # 11 or 12 in New York
TENANT = """
[[tenants]]
id = "aurora"
name = "Aurora"
time_zone = "America/New_York"
currency = "USD"
"""
FOLDER = '[[tenants.sources]]\nkind = "files"\naccount = "exports"\npath = "files"\n'
WEB = '[[tenants.sources]]\nkind = "collector"\naccount = "web"\nsecret = "file:web.key"\n'
APP = WEB.replace('"web"', '"app"').replace("web.key", "app.key")


def event(
    number: int, minute: int, name: str = "page_view", visit: str = "s1", person: str = "b1", **fields: Any
) -> dict[str, Any]:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    whose = {"session_id": visit, "anonymous_id": person}
    return {"event_id": f"e{number}", "occurred_at": at, "event_name": name, **whose, **fields}


def send(place: Installation, account: str, *records: tuple[str, dict[str, Any]]) -> None:
    """Records as the web application has written them."""
    folder = collected.folder_of(place.home.collected, "aurora", account)
    folder.mkdir(parents=True)
    lines = (stored(name, record, datetime.now(UTC)) for name, record in records)
    (folder / "20261120T110000000000Z-aaaaaa.jsonl").write_bytes(b"".join(lines))


def installed(folder: Path, *sources: str) -> Installation:
    place = Installation(folder)
    place.prepare()
    (folder / "takings.toml").write_text(TENANT + "\n".join(sources))
    for name in ("web", "app"):
        (folder / f"{name}.key").write_text(f"{name}-write-key-of-aurora")
    return place


def test_page_and_server_are_one_log(tmp_path: Path) -> None:
    """The page sends views and a cart, the shop's server writes the order, and one view again, into a folder."""
    place = installed(tmp_path, FOLDER, WEB, APP)
    (tmp_path / "files" / "events").mkdir(parents=True)
    of_server = [event(1, 0), event(5, 9, "order_submitted", order_id="77")]
    (tmp_path / "files" / "events" / "a.jsonl").write_text("\n".join(map(json.dumps, of_server)) + "\n")
    of_page = [
        event(1, 0),
        event(2, 2),
        event(3, 5, "add_to_cart"),
        event(4, 3, visit="s2", person="b2", utm_source="meta"),
    ]
    chat = message(1, model="gpt-4o", input_tokens=1000, output_tokens=100)
    send(place, "web", *(("events", record) for record in of_page), ("chat_messages", chat))
    send(place, "app", ("events", event(6, 20, visit="s3", person="b2")))
    place.pull()
    place.rebuild()
    day = NOON.date()
    assert place.ask("select event_id, source, source_account from marts.events order by 1") == [
        (f"e{number}", "files", "exports") for number in range(1, 7)
    ]
    assert place.ask(
        "select session_key, page_views, has_cart, has_order, traffic_source from marts.sessions order by 1"
    ) == [("s1", 2, True, True, "direct"), ("s2", 1, False, False, "meta"), ("s3", 1, False, False, "direct")]
    assert place.ask("select date_day, active_users, sessions, events from marts.activity_daily") == [(day, 2, 3, 6)]
    assert place.ask(
        "select sum(counted_sessions), sum(sessions_ordered) from marts.sessions_daily where date_day = ?", [day]
    ) == [(3, 1)]
    assert place.ask("select source, source_account, session_id, model, cost_micros from marts.chat_messages") == [
        ("collector", "web", "c1", "gpt-4o", 3500)  # 1,000 tokens at 2.50 and 100 at 10.00 dollars per million
    ]


@pytest.mark.deep  # the model's unit test shows the same
def test_collectors_without_a_folder_are_one_log(tmp_path: Path) -> None:
    place = installed(tmp_path, WEB, APP)
    send(place, "web", ("events", event(1, 0)), ("events", event(2, 1)))
    send(place, "app", ("events", event(2, 1)), ("events", event(3, 2)))
    place.pull()
    place.rebuild()
    assert place.ask("select event_id, source, source_account from marts.events order by 1") == [
        (f"e{number}", "collector", "app") for number in (1, 2, 3)
    ]
    assert place.ask("select active_users, sessions from marts.activity_daily") == [(1, 1)]


def test_settings_become_collectors(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    options = 'keep_text = true\nrequests_per_minute = 5\norigins = ["https://aurora.example"]\n'
    place = installed(tmp_path, WEB + options, APP)
    (tmp_path / "app.key").write_text("short")
    (web,) = collectors.collectors(place.settings)
    assert (web.name, web.requests_per_minute, web.origins) == ("aurora/web", 5, frozenset(["https://aurora.example"]))
    assert web.folder == collected.folder_of(place.home.collected, "aurora", "web")
    result = web.check("chat_messages", json.dumps(message(1, text="Hello")).encode(), datetime.now(UTC))
    assert isinstance(result, collected.Taken) and b"Hello" in result.record
    assert "fewer than 16 characters" in caplog.text and "web-write-key" not in caplog.text + repr(web)


def test_one_key_for_two_collectors_opens_neither(tmp_path: Path) -> None:
    place = installed(tmp_path, WEB, APP.replace("app.key", "web.key"))
    assert collectors.collectors(place.settings) == ()
