"""The application with commands of Discord and Slack, asked as these platforms ask, and a receiver of late answers."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nacl.signing import SigningKey

from serving.app import application
from serving.chat.rooms import Access, Chat, Discord, Slack
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import Served, Sessions, site_of

KEY = SigningKey(bytes(range(32)))
SECRET = "a-signing-secret-of-these-tests"
APPLICATION, GUILD, FOREIGN_GUILD = "845027738276462632", "290926798626357999", "290926798626358000"
ROLE, USER, STRANGER = "290926798626357250", "53908232506183680", "53908232506183681"
TEAM, MEMBER = "T0001AURORA", "U2147483697"
TOKEN = "aW50ZXJhY3Rpb246ODQ2NDYyNjM5MTM0NjA1MzEy.token-that-opens-the-answer"
ADDRESS = "https://takings.example.com:8443"
_numbers = iter(range(10**6))


@dataclass
class Receiver:
    """A server that notes each request once `gate` is open, and answers with the next of `statuses`, then with 200."""

    port: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    statuses: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.gate.wait(30)
            receiver.requests.append((self.command, self.path, dict(self.headers), json.loads(body)))
            status, headers = receiver.statuses.pop(0) if receiver.statuses else (200, {})
            self.send_response(status)
            for name, value in {"content-length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_PATCH  # noqa: N815 - http.server's name

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.gate.set()
            server.shutdown()
            thread.join(10)


def chat(patience: float = 60, receiver: Receiver | None = None) -> Chat:
    where = receiver.url if receiver else "http://127.0.0.1:1"
    access = Access("aurora", frozenset((USER,)), frozenset((ROLE,)))
    discord = Discord(APPLICATION, bytes(KEY.verify_key), {GUILD: access}, where)
    return Chat(discord, Slack(SECRET, {TEAM: Access("aurora", frozenset((MEMBER,)))}, where), patience)


def client_of(served: Served, chat: Chat, **changes: Any) -> Client:
    """The application with these commands; it is reached from outside."""
    return Client(application(replace(served.site, chat=chat, address=ADDRESS, **changes)), "takings.example.com:8443")


@dataclass
class Talk:
    """Asks the application as both platforms do."""

    served: Served
    client: Client

    def now(self) -> str:
        return str(int(self.served.site.now().timestamp()))

    def discord(self, payload: Mapping[str, Any] | bytes, **headers: str | None) -> Answer:
        """An interaction with a right signature; `headers` replace or (None) remove some."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        timestamp = headers.pop("timestamp", None) or self.now()
        signed = KEY.sign(timestamp.encode() + body).signature.hex()
        usual = {"content-type": "application/json", "x-signature-timestamp": timestamp, "x-signature-ed25519": signed}
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in (usual | changed).items() if value is not None}
        return self.client.send("POST", "/chat/discord", headers=sent, body=body)

    def report(self, *words: str, **changes: Any) -> dict[str, Any]:
        """The data of the answer to /report."""
        answer = self.discord(command(*words, **changes))
        assert answer.status == 200, answer.text
        content: dict[str, Any] = json.loads(answer.body)
        assert content["type"] == 4
        data: dict[str, Any] = content["data"]
        assert data["flags"] == 64 and data["allowed_mentions"] == {"parse": []}
        return data

    def slack(self, text: str = "revenue 30d", **changes: str | None) -> Answer:
        """The slash command with a right signature."""
        form = {
            "team_id": TEAM, "user_id": MEMBER, "user_name": "maria", "command": "/report", "text": text,
            "response_url": "https://evil.example/commands/x", "trigger_id": f"{next(_numbers)}.1",
        } | changes  # fmt: skip
        return self.slack_form({name: value for name, value in form.items() if value is not None})

    def slack_form(self, form: Mapping[str, str], **headers: str | None) -> Answer:
        body, timestamp = urlencode(form).encode(), headers.pop("timestamp", None) or self.now()
        text = f"v0:{timestamp}:".encode() + body
        signed = "v0=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        usual = {
            "content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signed,
        }  # fmt: skip
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in (usual | changed).items() if value is not None}
        return self.client.send("POST", "/chat/slack", headers=sent, body=body)


def talk_of(published: Path, state: Path) -> Talk:
    """An application over a published build, with commands, that answers at once."""
    site = site_of(published, state, Sessions())
    served = Served(site, Sessions(), Client(no_application))
    return Talk(served, client_of(served, chat()))


async def no_application(*_: Any) -> None:
    """In place of the application without commands, which nobody asks."""


def command(*words: str, type: int = 2, focused: str = "", **changes: Any) -> dict[str, Any]:
    """An interaction as Discord documents it: /report with a report and a period."""
    options = [
        {"type": 3, "name": name, "value": word} | ({"focused": True} if name == focused else {})
        for name, word in zip(("report", "period"), words, strict=False)
    ]
    user = {"id": STRANGER, "username": "mason", "discriminator": "0", "avatar": None}
    return {
        "id": str(846462639134605312 + next(_numbers)), "application_id": APPLICATION, "type": type, "version": 1,
        "token": TOKEN, "guild_id": GUILD, "channel_id": "645027906669510667", "app_permissions": "442368",
        "guild": {"id": GUILD, "locale": "en-US", "features": []}, "locale": "en-US", "guild_locale": "en-US",
        "member": {"user": user, "roles": [ROLE], "permissions": "2147483647", "nick": None},
        "data": {"id": "771825006014889984", "name": "report", "type": 1, "options": options},
        "entitlements": [], "authorizing_integration_owners": {"0": GUILD}, "context": 0,
    } | changes  # fmt: skip


def member(user: str, roles: Sequence[str] = ()) -> dict[str, Any]:
    return {"user": {"id": user, "username": "maria"}, "roles": list(roles)}
