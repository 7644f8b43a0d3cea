"""The numbers of the tenant API: each value is that of `takings query`, each answer has the form of the description."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from serving.tenant_api.figures import FIGURES
from serving.tokens import READING
from tests.sampling import sample_of_sets
from tests.serving.asgi import Answer
from tests.serving.conftest import ZONE, Served
from tests.serving.test_api import problem, schema_of

TENANTS = ("aurora", "nordlicht")
RECENT = {
    "duration_seconds": "session_seconds", "messages": "session_messages", "user_messages": "session_user_messages",
    "assistant_messages": "session_assistant_messages", "cost": "session_cost",
    "messages_without_cost": "session_messages_without_cost", "orders": "session_orders", "session_id": "session_id",
    "started_local": "started_local", "variant": "variant", "language": "language",
}  # fmt: skip
TOKENS = {f"{kind}_tokens": f"{kind}_tokens" for kind in ("input", "cached", "output", "reasoning", "embedding")}
QUESTIONS: dict[str, tuple[str, str, dict[str, str], list[str]]] = {
    "overview": ("overview", "AssistantOverview", {
        "total_sessions": "chat_sessions_in_all", "messages_today": "chat_messages_today",
        "cost_today": "assistant_cost_today", "messages_without_cost_today": "messages_without_cost_today",
        "active_sessions": "active_chat_sessions", "today": "day",
        "active_from": "window_start", "active_until": "window_end"}, []),
    "sessions?days=3": ("sessions", "AssistantSessions", {"date": "day", "sessions": "chat_sessions"},
                        ["--period=3d"]),
    "messages": ("messages", "AssistantMessages", {
        "date": "day", "user": "user_messages", "assistant": "assistant_messages", "messages": "chat_messages"},
        ["--period=7d"]),
    "costs?days=30": ("costs", "AssistantCosts", {
        "model": "model", "cost": "model_cost", "messages": "model_messages",
        "messages_without_cost": "model_messages_without_cost", **TOKENS},
        ["--period=30d", "--order=-model_cost,model"]),
    "products/top?event_type=clicked&limit=2": ("products", "AssistantProducts", {
        "product_id": "product_key", "product_name": "product_title", "count": "product_event_count"},
        ["--period=7d", "--where=event_type=clicked", "--limit=2",
         "--order=-product_event_count,product_title,product_key"]),
    "products/top": ("products", "AssistantProducts", {
        "product_id": "product_key", "product_name": "product_title", "count": "product_event_count"},
        ["--period=7d", "--where=event_type=recommended", "--limit=10",
         "--order=-product_event_count,product_title,product_key"]),
    "activity/hourly?days=365": ("hours", "AssistantActivity", {"hour": "hour_of_day", "messages": "hourly_messages"},
                                 ["--period=365d"]),
    "sessions/recent?limit=5": ("sessions", "AssistantRecent", RECENT,
                                ["--limit=5", "--order=-started_at,session_id", "--by=started_at"]),
}  # fmt: skip
"""For each address: where its rows are, its schema, each value's column of `takings query`, and its options there."""
DIMENSIONS = {"day", "window_start", "window_end", "model", "product_key", "product_title", "hour_of_day", "session_id",
              "started_local", "variant", "language"}  # fmt: skip

INSTANTS = {"window_start", "window_end"}
"""Columns of UTC: the API says so."""


@pytest.fixture(autouse=True)
def _home(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = f'[[tenants]]\nid = "{{0}}"\nname = "{{0}}"\ntime_zone = "{ZONE}"\ncurrency = "USD"\n'
    source = '[[tenants.sources]]\nkind = "files"\naccount = "{0}"\npath = "{0}"\n'
    (tmp_path / "takings.toml").write_text("".join((tenant + source).format(name) for name in TENANTS))
    monkeypatch.setenv("TAKINGS_HOME", str(published.parent))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))


def query(tenant: str, columns: list[str], options: list[str], format: str = "json") -> Any:
    """What the command prints."""
    by = [name for name in columns if name in DIMENSIONS]
    by += [option.removeprefix("--by=") for option in options if option.startswith("--by=")]
    metrics = [name for name in columns if name not in DIMENSIONS]
    listed = [f"--metrics={','.join(metrics)}", f"--by={','.join(by)}", f"--tenant={tenant}", f"--format={format}"]
    rest = [option for option in options if not option.startswith("--by=")]
    result = CliRunner().invoke(app, ["query", *listed, *rest], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if format == "json" else result.stdout


def ask(served: Served, path: str, tenant: str = "aurora") -> Answer:
    return served.client.get(f"/api/dashboard/{tenant}/{path}", served.bearer(tenant, ["metrics"]))


CASES = [(tenant, path) for tenant in TENANTS for path in QUESTIONS]


@pytest.mark.parametrize(("tenant", "path"), sample_of_sets(CASES, *[case for case in CASES if case[0] == "aurora"]))
def test_every_value_is_that_of_takings_query(served: Served, tenant: str, path: str) -> None:
    place, schema, columns, options = QUESTIONS[path]
    answer = ask(served, path, tenant)
    assert answer.status == 200, answer.text
    content = json.loads(answer.body)
    schema_of(schema).validate(content)
    rows = [content[place]] if isinstance(content[place], dict) else content[place]
    expected = query(tenant, list(columns.values()), options)
    expected = expected["rows"] if isinstance(expected, dict) else expected
    assert rows, "the test's build has rows for each address"
    assert [{name: row[name] for name in columns} for row in rows] == [
        {name: f"{row[column]}Z" if column in INSTANTS else row[column] for name, column in columns.items()}
        for row in expected
    ]
    assert content["tenant"]["id"] == tenant and content["run_id"] == "run-01" and content["as_of"].endswith("Z")


def test_total_cost_is_that_of_takings_query(served: Served) -> None:
    total = json.loads(ask(served, "costs?days=90").body)["total"]
    columns = {"cost": "assistant_cost", "known_cost": "assistant_cost_known"}
    columns["messages_without_cost"] = "messages_without_cost"
    (row,) = query("aurora", list(columns.values()), ["--period=90d"])
    assert total == {name: row[column] for name, column in columns.items()}


def test_recent_sessions_say_when_they_began_in_utc(served: Served) -> None:
    rows = json.loads(ask(served, "sessions/recent").body)["sessions"]
    assert len(rows) == 20 and all(row["started_at"].endswith("Z") for row in rows)
    assert [row["started_at"] for row in rows] == sorted((row["started_at"] for row in rows), reverse=True)


def test_export_has_the_bytes_of_takings_query_and_is_a_file(served: Served) -> None:
    answer = ask(served, "export/csv?days=10")
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header[0] == "day" and len(rows) == 10
    columns = ["day", *header[1:]]
    printed = query("aurora", columns, ["--period=10d"], "csv").removeprefix("\ufeff")
    assert answer.text.splitlines() == printed.splitlines() and "\r\n" in answer.text
    first, last = rows[0][0], rows[-1][0]
    name = f'attachment; filename="assistant-analytics-{first}-{last}.csv"'
    assert answer.headers["content-disposition"] == name
    assert answer.headers["takings-run-id"] == "run-01" and answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(ask(served, "export/csv").text.splitlines()) == 31


def test_answer_that_a_program_has_is_not_sent_again(served: Served) -> None:
    bearer = served.bearer(scopes=["metrics"])
    for path in (*FIGURES, "export/csv"):
        first = served.client.get(f"/api/dashboard/aurora/{path}", bearer)
        again = served.client.get(
            f"/api/dashboard/aurora/{path}", {**bearer, "if-none-match": first.headers["etag"]}
        )  # fmt: skip
        assert (first.status, again.status, again.body) == (200, 304, b"")
        other = served.client.get(
            "/api/dashboard/aurora/sessions?days=8", {**bearer, "if-none-match": first.headers["etag"]}
        )
        assert other.status == 200


@pytest.mark.parametrize("text", ["0", "366", "-1", "7.0", "x", "", "1e1", "٧", "9" * 500, " 7"])
def test_days_that_are_not_answered_are_refused_by_every_address(served: Served, text: str) -> None:
    for path in ("sessions", "export/csv"):
        content = problem(ask(served, f"{path}?days={text}"), 400)
        assert content["errors"][0]["parameter"] == "days" and "1 to 365" in content["title"]


def test_every_mistake_of_an_address_is_named_at_once(served: Served) -> None:
    content = problem(ask(served, "products/top?event_type=recomended&days=0&limit=1000&period=7d&days=7"), 400)
    assert {item["parameter"] for item in content["errors"]} == {"event_type", "days", "limit", "period"}
    assert next(item for item in content["errors"] if item["parameter"] == "event_type")["near"] == ["recommended"]
    assert problem(ask(served, "overview?days=7"), 400)["errors"][0]["parameter"] == "days"
    assert problem(ask(served, "info?x=1"), 400)["errors"][0]["parameter"] == "x"


def test_scopes_of_the_numbers_and_a_login_of_the_tenant(served: Served) -> None:
    for scope in (*READING, "settings"):
        status = served.client.get("/api/dashboard/aurora/overview", served.bearer(scopes=[scope])).status
        assert status == (200 if scope == "metrics" else 403)
    for login, status in (("aurora", 200), ("maria", 200), ("ola", 200), ("nordlicht", 404), ("both", 404)):
        assert served.as_login(login).get("/api/dashboard/aurora/overview").status == status


def test_requests_of_a_login_are_limited(served: Served) -> None:
    client = served.as_login("maria")
    statuses = [client.get("/api/dashboard/aurora/info").status for _ in range(601)]
    assert statuses[:600] == [200] * 600 and statuses[600] == 429
    assert served.as_login("aurora").get("/api/dashboard/aurora/info").status == 200
