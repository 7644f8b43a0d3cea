"""`takings audit export`: one row shape over every store, in the order of time; what is absent or damaged is named."""

from __future__ import annotations

import csv
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration import audit, settings, sharing, tokens
from orchestration.cli import app
from serving.audit.event import COLUMNS, Event
from serving.audit.records import Records
from serving.deliveries.outbox import Key, Outbox
from serving.tenant_api.history import Author, History
from serving.tenant_api.profile import Profile
from tests.serving.test_token_command import SOURCE, TENANT

NOW = datetime.now(UTC)
TODAY = NOW.date()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    text = "".join(TENANT.format(name) + SOURCE.format(name) for name in ("aurora", "nordlicht"))
    (tmp_path / "takings.toml").write_text(text)
    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    return tmp_path / "state"


@pytest.fixture
def filled(home: Path) -> Path:
    """A home in which everybody did something."""
    configuration, serving = settings.load(), home / "serving"
    sharing.share(configuration, "revenue-overview", "aurora", None, "30d", by="aurora")
    _, entry = tokens.create(configuration, "nordlicht", by="=cmd()")
    tokens.revoke(configuration, entry.id)
    records = Records(serving)
    for days, tenant in ((40, "aurora"), (0, "aurora"), (0, "nordlicht")):
        records.add(Event(NOW - timedelta(days=days), tenant, "login", tenant, "read", "/"))
    before, after = Profile(brand_voice="-kind"), Profile(brand_voice="+brief")
    history = History(serving)
    history.save("aurora", before, Author("login", "aurora"), NOW, expected=0)
    history.save("aurora", after, Author("token", "3f9a1c2b7d10"), NOW, expected=1)
    outbox = Outbox(serving)
    outbox.plan(Key("report", "aurora", "monday", "w1"), ["env:MAIL"], NOW)
    with outbox.transaction() as db:
        db.execute("UPDATE outbox SET state = 'failed', ended = ?", (int(NOW.timestamp()),))
    outbox.close()
    for number, version in ((1, "aaa"), (2, "aaa"), (3, "bbb")):
        folder = home / "published" / f"run-{number}"
        folder.mkdir(parents=True)
        at = (NOW - timedelta(days=10 - number)).isoformat()
        about = {"published_at": at, "definitions": version, "tenants": ["aurora"], "blocked": {}}
        (folder / "build.json").write_text(json.dumps(about))
    assert audit.note_publish(configuration, home / "published" / "run-3") == []
    superset(home)
    return home


def superset(home: Path) -> None:
    """Superset's tables as far as they are read."""
    (home / "superset").mkdir()
    with sqlite3.connect(home / "superset" / "metadata.db") as db:
        db.executescript(
            """
            CREATE TABLE logs (id INTEGER, action TEXT, user_id INTEGER, json TEXT, dttm TEXT, dashboard_id INTEGER,
                slice_id INTEGER);
            CREATE TABLE ab_user (id INTEGER, username TEXT); CREATE TABLE ab_role (id INTEGER, name TEXT);
            CREATE TABLE ab_user_role (user_id INTEGER, role_id INTEGER);
            CREATE TABLE dashboards (id INTEGER, dashboard_title TEXT);
            CREATE TABLE slices (id INTEGER, slice_name TEXT);
            INSERT INTO ab_user VALUES (1, 'admin'), (2, 'maria'); INSERT INTO dashboards VALUES (5, 'Home');
            INSERT INTO ab_role VALUES (1, 'Admin'), (2, 'tenant:aurora'), (3, 'takings:analyst');
            INSERT INTO ab_user_role VALUES (1, 1), (2, 2), (2, 3);
            """
        )
        day = f"{TODAY} 00:00:01"
        db.executemany("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?)", [
            (1, "takings.login", 2, "{}", day, None, None),
            (2, "log", 2, '{"event_name": "mount_dashboard"}', day, 5, None),
            (3, "log", 2, '{"event_name": "load_chart"}', day, 5, 7),
            (4, "takings.export", 2, '{"format": "csv", "name": "net-sales.csv", "password": "x"}', day, None, None),
            (5, "DashboardRestApi.put", 1, "not json", day, 5, None),
            (6, "ChartRestApi.delete", None, '["x"]', day, None, 7),
        ])  # fmt: skip


def run(*arguments: str, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["audit", "export", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_store_has_its_rows_in_one_shape_and_in_order(filled: Path, tmp_path: Path) -> None:
    run(str(tmp_path / "audit.jsonl"))
    first, *rows = lines(tmp_path / "audit.jsonl")
    assert all(tuple(row) == COLUMNS for row in (first, *rows))
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    counts = {"requests": 3, "links": 1, "tokens": 2, "settings": 2, "messages": 1, "runs": 3, "superset": 5}
    assert first["action"] == "export" and first["detail"]["stores"] == counts
    assert {row["store"] for row in rows} == set(counts)
    by_store = {name: [row for row in rows if row["store"] == name] for name in counts}
    assert [row["action"] for row in by_store["superset"]] == ["login", "read", "export", "change", "change"]
    assert [row["tenant"] for row in by_store["superset"]] == ["aurora"] * 3 + ["", ""]
    assert by_store["superset"][2]["object"] == "net-sales.csv" and "password" not in by_store["superset"][2]["detail"]
    changes = [row["detail"]["changes"]["brand_voice"] for row in by_store["settings"]]
    assert changes == [{"before": None, "after": "-kind"}, {"before": "-kind", "after": "+brief"}]
    versions = [(row["detail"]["definitions"], row["detail"]["definitions_changed"]) for row in by_store["runs"]]
    assert versions == [("aaa", False), ("aaa", False), ("bbb", True)]
    assert (
        by_store["messages"][0]["outcome"] == "failed" and by_store["messages"][0]["detail"]["recipient"] == "env:MAIL"
    )
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_csv_is_safe_in_a_spreadsheet_and_has_the_same_rows(filled: Path, tmp_path: Path) -> None:
    run(str(tmp_path / "audit.csv"))
    run(str(tmp_path / "audit.txt"), "--format", "jsonl")
    header, *rows = csv.reader((tmp_path / "audit.csv").read_text("utf-8-sig").splitlines())
    assert tuple(header) == COLUMNS and len(rows) == len(lines(tmp_path / "audit.txt"))
    assert any(row[3] == "'=cmd()" for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_days_and_a_tenant_choose_rows(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    run(str(path), "--tenant", "nordlicht")
    assert {row["tenant"] for row in lines(path)[1:]} == {"nordlicht"}
    run(str(path), "--tenant", "aurora")
    assert {row["tenant"] for row in lines(path)[1:] if row["store"] != "runs"} == {"aurora"}
    assert sum(row["store"] == "runs" for row in lines(path)) == 3, "a publish names its tenants"
    run(str(path), "--to", str(TODAY - timedelta(days=30)))
    assert [row["store"] for row in lines(path)[1:]] == ["requests"]
    run(str(path), "--from", str(TODAY - timedelta(days=1)), "--to", "today")
    assert len(lines(path)) == 1 + 2 + 1 + 2 + 2 + 1 + 0 + 5


def test_look_writes_nothing_and_absent_stores_are_named(home: Path) -> None:
    text, _ = run()
    assert text.count("absent:") == 7 and "Nothing was written" in text
    assert not home.exists() or not any(path.is_file() for path in home.rglob("*"))
    for name in ("requests", "links", "tokens", "settings", "messages", "runs", "superset"):
        assert f"\n{name} " in f"\n{text}"


def test_look_counts_what_there_is(filled: Path) -> None:
    text, _ = run()
    assert ": 5 rows (2 change, 1 login, 1 read, 1 export)" in text and "absent" not in text


def test_store_that_is_damaged_is_named_and_the_rest_is_written(filled: Path, tmp_path: Path) -> None:
    (filled / "superset" / "metadata.db").write_bytes(b"no database at all" * 100)
    with (filled / "serving" / "audit" / f"{TODAY}.jsonl").open("a") as file:
        file.write('{"half\n')
    _, text = run(str(tmp_path / "audit.jsonl"), code=1)
    assert "not read to the end" in text and "1 damaged line, the first in" in text
    stores = lines(tmp_path / "audit.jsonl")[0]["detail"]["stores"]
    assert "not read" in stores["superset"] and "damaged" in stores["requests"] and stores["links"] == 1
    assert sum(row["store"] == "requests" for row in lines(tmp_path / "audit.jsonl")) == 3


@pytest.mark.parametrize("options", [["--from", "11/12/2026"], ["--from", "2026-02-02", "--to", "2026-01-01"],
                                     ["--tenant", "other"]])  # fmt: skip
def test_mistake_of_the_command_is_said_before_anything_is_written(
    filled: Path, tmp_path: Path, options: list[str]
) -> None:
    result = CliRunner().invoke(app, ["audit", "export", str(tmp_path / "x.csv"), *options])
    assert result.exit_code != 0 and not (tmp_path / "x.csv").exists()
