"""`takings mcp`: the SDK's client starts the command as an assistant does, and gets the numbers of `takings query`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from typer.testing import CliRunner

from common.errors import ConfigurationError
from orchestration import cli, demo, settings
from tests.orchestration.installation import Installation, published_shops
from tests.test_architecture import ROOT

QUESTION = {"metrics": ["net_sales", "orders_placed"], "by": ["month"], "from": "2026-01-01", "to": "2026-02-28"}
QUERY = ("query", "--metrics", "net_sales,orders_placed", "--by", "month", "--from", "2026-01-01", "--to", "2026-02-28",
         "--tenant", "aurora", "--format", "json")  # fmt: skip


def environment(place: Installation) -> dict[str, str]:
    return {"TAKINGS_HOME": str(place.home.root), "TAKINGS_CONFIG": str(place.root / "takings.toml"),
            "PYTHONPATH": str(ROOT)}  # fmt: skip


def test_assistant_on_this_machine_gets_the_numbers_of_the_query(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = published_shops()
    takings = StdioServerParameters(
        command=sys.executable, args=["-m", "orchestration.cli", "mcp", "--tenant", "aurora"], env=environment(place)
    )

    async def ask() -> tuple[Any, ...]:
        with (tmp_path / "errors").open("w") as errors:
            async with Client(stdio_client(takings, errors)) as assistant:
                tools = await assistant.list_tools()
                answer = await assistant.call_tool("query_metrics", QUESTION)
                change = {"metric": "net_sales", "by": "channel", "from": "2026-02-01", "to": "2026-02-28"}
                explained = await assistant.call_tool("explain_change", change)
                alerts = await assistant.call_tool("list_alerts", {})
                wrong = await assistant.call_tool("query_metrics", {"metrics": ["net_sale"]})
        return tools, answer, explained, alerts, wrong

    tools, answer, explained, alerts, wrong = asyncio.run(ask())
    for name, value in environment(place).items():
        monkeypatch.setenv(name, value)
    printed = CliRunner().invoke(cli.app, QUERY).stdout
    assert len(tools.tools) == 6
    assert answer.structured_content["rows"] == json.loads(printed) != []
    assert answer.structured_content["reconciliation"]["state"] == "agrees"
    assert "Reconciliation: agrees." in answer.content[0].text
    assert explained.structured_content["difference"] != "0.00"
    assert len(alerts.structured_content["alerts"]) > 3
    assert wrong.is_error and "Did you mean net_sales" in wrong.content[0].text
    assert (tmp_path / "errors").read_text() == ""


def test_tenant_has_to_be_named_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(published_shops()).items():
        monkeypatch.setenv(name, value)
    for arguments, words in (([], "there are several: aurora, nordlicht"), (["--tenant", "x"], "no tenant 'x'")):
        error = CliRunner().invoke(cli.app, ["mcp", *arguments]).exception
        assert isinstance(error, ConfigurationError) and words in str(error)


def test_demo_prints_the_command() -> None:
    place = published_shops()
    (line,) = demo.assistant_lines(settings.load(place.root / "takings.toml"))
    assert line.strip().partition("  ")[2].strip() == ".venv/bin/takings mcp --tenant aurora"
