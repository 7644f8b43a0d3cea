"""`takings chat register` against a server that takes and returns commands as Discord documents it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from common.errors import ConfigurationError, RetryError, StopError, TakingsError
from orchestration import cli
from tests.serving.chatting import APPLICATION, GUILD, KEY, ROLE, USER

BOT = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
NAME = re.compile(r"[-_'a-z0-9]{1,32}")
PLACE = re.compile(r"/applications/(\d+)/guilds/(\d+)/commands")
Command = Callable[..., str]


@dataclass
class Discord:
    """The commands of each server, and every request. `status`: answered instead, where it is set."""

    guilds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0
    body: bytes = b'{"message": "Missing Access", "code": 50001}'

    def answer(self, method: str, path: str, token: str | None, body: Any) -> tuple[int, Any]:
        self.requests.append((method, path))
        place = PLACE.fullmatch(path)
        if self.status:
            return self.status, self.body
        if token != f"Bot {BOT}":
            return 401, {"message": "401: Unauthorized", "code": 0}
        if place is None or place[1] != APPLICATION:
            return 404, {"message": "Unknown Application", "code": 10002}
        if place[2] not in self.guilds:
            return 403, {"message": "Missing Access", "code": 50001}
        if method == "PUT":
            if problems := [problem for command in body for problem in mistakes(command)]:
                return 400, {"message": "Invalid Form Body", "code": 50035, "errors": problems}
            self.guilds[place[2]] = [stored(command, place[2]) for command in body]
        return 200, self.guilds[place[2]]


def mistakes(command: dict[str, Any]) -> Iterator[str]:
    """What Discord's reference does not allow."""
    options = command.get("options", [])
    for item in (command, *options):
        if not NAME.fullmatch(item["name"]) or not 1 <= len(item["description"]) <= 100:
            yield item["name"]
    if len(options) > 25 or any(option.get("autocomplete") and option.get("choices") for option in options):
        yield "options"
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        yield "required options come first"


def stored(command: dict[str, Any], guild: str) -> dict[str, Any]:
    """As Discord returns it: with ids, and with what was not sent; false and empty values of options are left out."""
    options = [{key: value for key, value in option.items() if value} for option in command.get("options", [])]
    return {
        "id": "1011", "application_id": APPLICATION, "guild_id": guild, "version": "1012", "nsfw": False,
        "default_member_permissions": None, "name_localizations": None, "description_localizations": None, "type": 1,
    } | command | {"options": options}  # fmt: skip


@pytest.fixture
def discord() -> Iterator[tuple[Discord, str]]:
    state = Discord({GUILD: []})

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"null")
            assert self.headers["User-Agent"].startswith("DiscordBot (")
            status, content = state.answer(self.command, self.path, self.headers["Authorization"], body)
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.send_header("retry-after", "64.57")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT  # noqa: N815 - http.server's name

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield state, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)


CONFIGURATION = f"""
[[tenants]]
id = "aurora"
name = "Aurora"
time_zone = "UTC"
currency = "USD"
[[tenants.sources]]
kind = "files"
account = "aurora"
path = "aurora"
[tenants.chat.discord]
guild = {GUILD}
roles = ["{ROLE}"]
users = ["{USER}"]
[serving]
address = "https://takings.example.com"
[chat.discord]
application_id = "{APPLICATION}"
public_key = "{bytes(KEY.verify_key).hex()}"
bot_token = "env:DISCORD_BOT"
"""


@pytest.fixture
def takings(tmp_path: Path, discord: tuple[Discord, str], monkeypatch: pytest.MonkeyPatch) -> Command:
    (tmp_path / "takings.toml").write_text(CONFIGURATION + f'base_url = "{discord[1]}"\n')
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISCORD_BOT", BOT)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli.app, ["chat", "register", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout.strip()

    return run


def test_dry_run_writes_nothing_and_a_second_registration_changes_nothing(
    takings: Command, discord: tuple[Discord, str]
) -> None:
    state, _ = discord
    assert takings("--dry-run") == f"{GUILD}: add /report (nothing was written)"
    assert state.guilds[GUILD] == []
    assert takings() == f"{GUILD}: add /report"
    assert [option["name"] for option in state.guilds[GUILD][0]["options"]] == ["report", "period"]
    assert takings() == f"{GUILD}: up to date."
    assert [method for method, _ in state.requests] == ["GET", "GET", "PUT", "GET"]


def test_command_that_was_changed_is_put_right(takings: Command, discord: tuple[Discord, str]) -> None:
    takings()
    discord[0].guilds[GUILD][0]["options"].pop()
    assert takings("--dry-run") == f"{GUILD}: change /report (nothing was written)"
    assert takings() == f"{GUILD}: change /report"
    assert takings() == f"{GUILD}: up to date."


def test_other_commands_of_the_application_stay_without_prune(takings: Command, discord: tuple[Discord, str]) -> None:
    other = {"id": "1", "name": "weather", "description": "Rain", "type": 1}
    discord[0].guilds[GUILD] = [other]
    assert takings("--dry-run") == f"{GUILD}: add /report, remove /weather (nothing was written)"
    with pytest.raises(ConfigurationError, match="other commands there: weather"):
        takings()
    assert discord[0].guilds[GUILD] == [other]
    assert takings("--prune") == f"{GUILD}: add /report, remove /weather"
    assert [command["name"] for command in discord[0].guilds[GUILD]] == ["report"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, ConfigurationError, "does not know the bot token"),
        (403, ConfigurationError, "applications.commands"),
        (404, ConfigurationError, "Compare `application_id` and `guild`"),
        (429, RetryError, "in 64.57 seconds"),
        (502, RetryError, "502"),
        (400, StopError, "status 400"),
        (302, StopError, "status 302"),
        (200, StopError, "not a list of commands"),
    ],
)
def test_refusal_says_what_to_do_and_holds_no_token(
    takings: Command, discord: tuple[Discord, str], status: int, kind: type[TakingsError], words: str
) -> None:
    discord[0].status = status
    with pytest.raises(kind) as caught:
        takings()
    assert words in str(caught.value) and BOT not in str(caught.value)


def test_missing_token_and_a_server_that_is_down_are_named(
    takings: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISCORD_BOT")
    for arguments in (["chat", "register"], ["check"]):
        error = CliRunner().invoke(cli.app, arguments).exception
        assert isinstance(error, ConfigurationError) and "DISCORD_BOT is not set" in str(error)
    monkeypatch.setenv("DISCORD_BOT", BOT)
    (tmp_path / "takings.toml").write_text(CONFIGURATION + 'base_url = "http://127.0.0.1:1"\n')
    with pytest.raises(RetryError, match="Discord does not answer"):
        takings()


def test_without_a_server_there_is_nothing_to_register(takings: Command, tmp_path: Path) -> None:
    text = (tmp_path / "takings.toml").read_text()
    (tmp_path / "takings.toml").write_text(re.sub(r"\[chat.discord\].*", "", text, flags=re.DOTALL).replace(
        f'[tenants.chat.discord]\nguild = {GUILD}\nroles = ["{ROLE}"]\nusers = ["{USER}"]\n', ""))  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"no \[chat.discord\]"):
        takings()
