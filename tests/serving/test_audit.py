"""Who read and exported what is recorded: each answer once, no secret, nothing for nobody, and at little cost."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from serving.audit.event import COLUMNS, Event
from serving.audit.records import Damage, Records
from serving.audit.stores import actor_kind
from tests.serving.conftest import Served

NOW = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
SAID = ("tenant", "actor_kind", "actor", "action", "object", "outcome")


def rows(served: Served) -> list[dict[str, Any]]:
    written = list(served.site.records.requests())
    assert all(isinstance(row, Event) for row in written), written
    return [row.as_dict() for row in written if isinstance(row, Event)]


def last(served: Served) -> tuple[str, ...]:
    return tuple(rows(served)[-1][name] for name in SAID)


def event(number: int = 0, at: datetime = NOW) -> Event:
    return Event(at, "aurora", "login", f"p{number}", "read", "/", detail={"report": "x" * 50})


def test_each_kind_of_reader_is_recorded_with_what_was_read(served: Served) -> None:
    owner, link = served.as_login("aurora"), served.link()
    owner.get("/share?period=7d&tenant=nordlicht&password=hunter2")
    assert last(served) == ("aurora", "login", "aurora", "read", "/share", "ok")
    assert rows(served)[-1]["detail"] == {"period": "7d"}
    owner.get("/reports/revenue-by-day/csv")
    assert last(served) == ("aurora", "login", "aurora", "export", "/reports/revenue-by-day/csv", "ok")
    token = served.token(rolling="7d")
    served.client.get(f"/r/{token}/csv")
    entry = served.site.ledger.entries()[0]
    assert last(served) == ("aurora", "link", entry.link.id, "export", "report revenue-overview", "ok")
    bearer = served.bearer("nordlicht")
    number = bearer["authorization"].split("_")[1]
    body = b'{"metrics": ["product_revenue"], "by": ["product_title"], "filters": {"product_title": ["Secret name"]}}'
    served.client.send("POST", "/api/v1/query", headers={**bearer, "content-type": "application/json"}, body=body)
    assert last(served) == ("nordlicht", "token", number, "read", "/api/v1/query", "ok")
    assert rows(served)[-1]["detail"]["filters"] == ["product_title"]
    served.client.get("/api/v1/reports/top-customers?format=csv", bearer)
    assert last(served)[3:5] == ("export", "/api/v1/reports/top-customers")
    file = served.site.records.folder / f"{datetime.now(UTC).date()}.jsonl"
    text = file.read_text()
    for secret in (token, bearer["authorization"].split("_")[2], "hunter2", "Secret name", link.id + ".", "session"):
        assert secret not in text
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_refused_is_recorded_and_what_nobody_asks_is_not(served: Served) -> None:
    served.client.get("/")
    served.client.get("/r/x")
    served.client.get("/health")
    served.client.get("/api/v1/metrics", {"authorization": "Bearer takings_x"})
    assert list(served.site.records.requests()) == [] and not served.site.records.folder.exists()
    served.client.get("/api/v1/alerts", served.bearer(scopes=["metrics"]))
    assert last(served)[3:] == ("read", "/api/v1/alerts", "refused 403")
    served.client.get("/api/dashboard/nordlicht/info", served.bearer())
    assert last(served)[0] == "aurora" and last(served)[3:] == ("read", "/api/dashboard/nordlicht/info", "refused 404")
    served.as_login("maria").post("/settings", {"version": "0"})
    assert last(served) == ("aurora", "login", "maria", "change", "/settings", "refused 403")


def test_tool_of_an_assistant_is_recorded(served: Served) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_metrics", "arguments": {}}}
    headers = {**served.bearer(), "content-type": "application/json", "accept": "application/json, text/event-stream"}
    served.client.send("POST", "/mcp", headers=headers, body=json.dumps(body).encode())
    assert last(served)[2:] == (headers["authorization"].split("_")[1], "read", "tool list_metrics", "ok")


@pytest.mark.parametrize(("name", "kind"), [
    ("aurora", "login"), ("root (command line)", "command"), ("slack maria (U1)", "chat"),
    ("discord a b (12)", "chat"), ("delivery monday", "system"), ("alerts", "system"),
])  # fmt: skip
def test_names_of_ledgers_say_who_they_are(name: str, kind: str) -> None:
    assert actor_kind(name) == kind


def test_changes_are_recorded_in_their_own_ledgers_only(served: Served) -> None:
    headers = {**served.bearer(scopes=["settings"]), "content-type": "application/json"}
    served.client.send("PUT", "/api/dashboard/aurora/settings", headers=headers, body=b'{"max_products": 3}')
    assert list(served.site.records.requests()) == []


def test_many_writers_lose_and_mix_no_line(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for writer in (Records(tmp_path), Records(tmp_path)):
            for number in range(300):
                pool.submit(writer.add, event(number))
    written = list(Records(tmp_path).requests())
    assert len(written) == 600 and not any(isinstance(row, Damage) for row in written)
    assert Counter(row.actor for row in written if isinstance(row, Event)) == {f"p{n}": 2 for n in range(300)}


def test_days_are_files_and_old_ones_are_removed(tmp_path: Path) -> None:
    records = Records(tmp_path, retained_days=2)
    for days in range(5):
        records.add(event(days, NOW + timedelta(days=days)))
    names = sorted(path.name for path in records.folder.iterdir())
    assert names == ["2026-12-02.jsonl", "2026-12-03.jsonl", "2026-12-04.jsonl"]
    first = (NOW + timedelta(days=3)).date()
    assert [row.actor for row in records.requests(first) if isinstance(row, Event)] == ["p3", "p4"]
    assert [row.actor for row in records.requests(None, first) if isinstance(row, Event)] == ["p2", "p3"]


def test_request_that_cannot_be_recorded_is_answered_and_the_gap_is_recorded(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner = served.as_login("aurora")
    owner.get("/")
    honest, full = os.write, OSError(28, "No space left on device")

    def failing(file: int, content: bytes) -> int:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr("serving.audit.records.os.write", failing)
        assert [owner.get("/").status for _ in range(3)] == [200, 200, 200]
    assert os.write is honest and caplog.text.count("was not recorded") == 1
    owner.get("/share")
    gap, read = rows(served)[-2:]
    assert gap["action"] == "gap" and gap["detail"] == {"count": 3} and read["object"] == "/share"


def test_half_a_line_of_a_full_disk_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records, honest = Records(tmp_path), os.write
    records.add(event(1))
    calls: list[bytes] = []

    def half(file: int, content: bytes) -> int:
        calls.append(content)
        return honest(file, content[:20] if len(calls) == 1 else content)

    with monkeypatch.context() as patched:
        patched.setattr("serving.audit.records.os.write", half)
        records.add(event(2))
        records.add(event(3))
    written = list(records.requests())
    assert [type(row).__name__ for row in written] == ["Event", "Damage", "Event", "Event"]
    assert [row.action for row in written if isinstance(row, Event)] == ["read", "gap", "read"]


def test_record_has_the_documented_columns() -> None:
    content = json.loads(event().line())
    assert tuple(content) == COLUMNS and content["at"] == "2026-11-30T23:59:59.000Z"
    assert json.loads(Event(NOW, "", "chat", "a\ud800b", "read", "x").line())["actor"] == "a�b"


def test_timer_of_the_disk_ends_by_itself(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.add(event())
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert timers and all(timer.daemon for timer in timers)
    for timer in timers:
        timer.join(5)
    assert not any(timer.is_alive() for timer in timers)
