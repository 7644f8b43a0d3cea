"""Reports by a slash command in Slack: the same answers as in Discord, in Slack's blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from semantic import periods
from semantic.reports import texts
from serving import links
from serving.audit.event import Event
from serving.chat.slack import is_hook
from tests.serving.asgi import Answer
from tests.serving.chatting import ADDRESS, MEMBER, Receiver, Talk, chat, client_of, receiving, talk_of
from tests.serving.conftest import ZONE, Served
from tests.serving.test_chat_discord import figures, same


@pytest.fixture(scope="module")
def talk(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """One application for most tests: it takes longer to make than an answer."""
    return talk_of(published, tmp_path_factory.mktemp("chat"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def message(answer: Answer) -> dict[str, Any]:
    """What only the person who asked sees."""
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    content: dict[str, Any] = json.loads(answer.body)
    assert content["response_type"] == "ephemeral"
    return content


def values(content: dict[str, Any]) -> dict[str, str]:
    """The value of each figure by its label."""
    fields = [field["text"].splitlines() for block in content["blocks"] for field in block.get("fields", ())]
    return {lines[0]: lines[1].strip("*") for lines in fields}


@pytest.mark.parametrize("report", ["revenue", "finance", "refunds"])
def test_figures_are_those_of_discord_which_equal_the_query(talk: Talk, report: str) -> None:
    assert values(message(talk.slack(f"{report} 30d"))) == figures(talk.report(report, "30d"))


def test_message_has_days_agreement_source_and_a_button_to_the_page(talk: Talk) -> None:
    blocks = message(talk.slack("products last month"))["blocks"]
    assert [block["type"] for block in blocks] == ["header", "section", "section", "section", "actions", "context"]
    assert blocks[0]["text"]["text"] == "Aurora Outdoor: Product Performance"
    assert "Not compared: Shopify" in blocks[3]["text"]["text"]
    assert blocks[5]["elements"][0]["text"].startswith("Data as of ")
    (button,) = blocks[4]["elements"]
    assert button["url"].startswith(f"{ADDRESS}/r/")
    link = links.verify(urlsplit(button["url"]).path.removeprefix("/r/"), talk.served.site.keys)
    assert link.days == periods.whole("last-month", ZONE, talk.served.site.now())
    assert texts.days(link.days) in blocks[1]["text"]["text"]
    entry = talk.served.site.ledger.find(link.id)
    assert entry and entry.made_by == f"slack maria ({MEMBER})"
    event = list(talk.served.site.records.requests())[-1]
    assert isinstance(event, Event) and (event.actor_kind, event.actor) == ("chat", entry.made_by)
    assert (event.tenant, event.action, event.object) == ("aurora", "read", "report product-performance")


@pytest.mark.parametrize("text", [None, "help", " Help ", "?"])
def test_help_names_what_exists(talk: Talk, text: str | None) -> None:
    content = message(talk.slack(**{"text": text}))["text"]  # type: ignore[arg-type]
    assert all(word in content for word in ("revenue 30d", "cohorts", "last-month", "top-products"))


@pytest.mark.parametrize(
    ("form", "words"),
    [({"team_id": "T0002OTHER"}, "belongs to no shop"), ({"user_id": "U9999"}, "not on the list"),
     ({"user_id": None}, "not on the list"), ({"text": "nothing 30d"}, "There is no report"),
     ({"text": "revenue <!channel>"}, "There is no period “&lt;!channel&gt;”")],
)  # fmt: skip
def test_who_may_not_ask_or_asks_for_nothing_gets_a_sentence(
    talk: Talk, form: dict[str, str | None], words: str
) -> None:
    before = talk.served.site.ledger.entries()
    content = message(talk.slack(**form))  # type: ignore[arg-type]
    assert words in content["text"] and "blocks" not in content
    assert talk.served.site.ledger.entries() == before


def test_request_that_slack_did_not_send_now_is_refused_with_the_same_bytes(talk: Talk) -> None:
    now, form = int(talk.now()), {"team_id": "T1", "trigger_id": "1"}
    genuine = talk.slack_form(form, timestamp=str(now))
    answers = [
        talk.slack_form(form, timestamp=str(now)),  # sent twice
        talk.slack_form(form | {"a": "1"}, x_slack_signature=None),
        talk.slack_form(form | {"a": "2"}, x_slack_request_timestamp=None),
        talk.slack_form(form | {"a": "3"}, x_slack_signature="v0=" + "0" * 64),
        talk.slack_form(form | {"a": "4"}, x_slack_signature=""),
        talk.slack_form(form | {"a": "5"}, timestamp=str(now), x_slack_request_timestamp=str(now + 1)),
        talk.slack_form(form | {"a": "6"}, timestamp=str(now - 400)),
        talk.slack_form(form | {"a": "7"}, timestamp=str(now + 400)),
        talk.discord({"type": 1}, x_signature_ed25519="00"),
    ]
    assert genuine.status == 200 and answers[0].status == 401 and same(answers)


def test_other_media_type_is_refused_and_a_click_is_acknowledged(talk: Talk) -> None:
    assert talk.slack_form({"a": "1"}, content_type="application/json").status == 415
    click = talk.slack_form({"payload": json.dumps({"type": "block_actions", "team": {"id": "T1"}})})
    assert (click.status, click.body) == (200, b"")
    assert talk.slack_form({"ssl_check": "1", "token": "x"}).status == 200
    assert talk.slack_form({"a": "x" * 30_000}).status == 413


def test_answer_that_takes_longer_comes_to_slacks_address(served: Served, receiver: Receiver) -> None:
    talk = Talk(served, client_of(served, chat(0, receiver)))
    note = message(talk.slack(response_url=f"{receiver.url}/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN"))
    assert "comes in a moment" in note["text"] and "blocks" not in note
    ((method, path, _, content),) = receiver.requests
    assert (method, path) == ("POST", "/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN")
    assert content["response_type"] == "ephemeral" and re.match(r"\$[\d,]+\.\d\d$", values(content)["Net sales"])


def test_nothing_is_sent_to_another_address(served: Served, receiver: Receiver) -> None:
    """Even where it takes longer: the answer is waited for then."""
    rooms = chat(0, receiver)
    assert rooms.slack
    elsewhere = replace(rooms, slack=replace(rooms.slack, hooks="https://hooks.slack.com"))
    talk = Talk(served, client_of(served, elsewhere))
    assert "blocks" in message(talk.slack(response_url=f"{receiver.url}/commands/x"))
    assert receiver.requests == []


@pytest.mark.parametrize("url", [
    "", "https://hooks.slack.com", "https://hooks.slack.com/", "http://hooks.slack.com/commands/x",
    "https://hooks.slack.com.evil.example/commands/x", "https://hooks.slack.com:444/commands/x",
    "https://hooks.slack.com@evil.example/commands/x", "https://evil.example/?https://hooks.slack.com/commands/x",
    "https://hooks.slack.com/commands/../../x", "https://hooks.slack.com/commands/x?a=b", "https://HOOKS.slack.com/c/x",
    "https://hooks.slack.com\\@evil.example/commands/x", "https://hooks.slack.com/commands/x\n", "https://[/commands/x",
    "https://hooks.slack.com/commands/x#", "file:///etc/passwd", "https://169.254.169.254/commands/x",
])  # fmt: skip
def test_address_that_is_not_slacks_is_none(url: str) -> None:
    assert not is_hook(url, "https://hooks.slack.com")
    assert is_hook("https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rGlfm", "https://hooks.slack.com")
