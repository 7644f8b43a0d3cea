"""Messages of any report fit the platforms' limits and show texts as they are; late ones are sent until they arrive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from common.presets import Days
from semantic.reports.content import Content, Reconciliation
from semantic.reports.fill import fill
from serving import bodies
from serving.bodies import body_of
from serving.chat import discord, late, slack
from serving.chat.late import Delivery, Late, send
from serving.chat.questions import report_choices
from serving.chat.reports import Answer
from tests.orchestration.installation import SHOPS, published_shops
from tests.serving.asgi import loop
from tests.serving.chatting import Receiver, receiving
from tests.serving.conftest import Served

DAYS: Days = (date(2026, 1, 1), date(2026, 1, 31))


@pytest.fixture(scope="module")
def content() -> Content:
    return fill(published_shops().home.published, "revenue-overview", *DAYS, tenant="aurora", now=SHOPS.end)


@pytest.fixture
def answered(content: Content, served: Served) -> Callable[..., Answer]:
    tenant = served.site.tenants["aurora"]

    def make(**changes: Any) -> Answer:
        return Answer(replace(content, **changes), tenant, "https://takings.example.com/r/token", names_customers=True)

    return make


def letters(embed: dict[str, Any]) -> int:
    """What counts for Discord's limit of 6,000."""
    fields = sum(len(field["name"]) + len(field["value"]) for field in embed["fields"])
    return fields + sum(
        map(len, (embed["title"], embed["description"], embed["footer"]["text"], embed["author"]["name"]))
    )


def test_the_longest_report_fits_both_platforms(answered: Callable[..., Answer], content: Content) -> None:
    many = answered(
        figures=content.figures * 10, title="T" * 300, caveats=("A remark. " * 40,) * 30, tenant_name="N" * 300,
        reconciliation=Reconciliation((), ("Shopify on 3 days",) * 100),
    )  # fmt: skip
    embed = discord.embed(many)
    assert len(embed["fields"]) == 24 and "16 more figures are in the full report" in discord_text(embed)
    assert len(embed["title"]) <= 256 and len(embed["description"]) <= 4096 and len(embed["footer"]["text"]) <= 2048
    assert letters(embed) <= 6000 and "(more in the full report)" in embed["description"]
    blocks = slack.message(many)["blocks"]
    assert len(blocks) <= 50 and len(blocks[0]["text"]["text"]) <= 150
    assert sum(len(block.get("fields", ())) for block in blocks) == 40
    for block in blocks:
        assert len(block.get("fields", ())) <= 10
        assert all(len(field["text"]) <= 2000 for field in block.get("fields", ()))
        assert len(block.get("text", {}).get("text", "")) <= 3000


def discord_text(embed: dict[str, Any]) -> str:
    return str(embed["description"]).replace("\\", "")


def test_what_differs_or_is_old_comes_first(answered: Callable[..., Answer]) -> None:
    answer = answered(
        blocked="These are older numbers.", reconciliation=Reconciliation(("Shopify",), ("Shopify on 3 days",)),
    )  # fmt: skip
    assert answer.remarks()[:2] == (
        "These are older numbers.", "The numbers differ from the source: Shopify on 3 days.",
    )  # fmt: skip
    assert answered().remarks()[0] == "The numbers equal those of the source: Shopify."
    for text in (discord_text(discord.embed(answer)), json.dumps(slack.message(answer))):
        assert text.index("These are older numbers.") < text.index("Shopify on 3 days")


def test_unknown_number_is_named(answered: Callable[..., Answer], content: Content) -> None:
    answer = answered(figures=(replace(content.figures[0], value=None),))
    assert discord.embed(answer)["fields"][0]["value"].startswith("**unknown**\n")
    assert "*unknown*" in json.dumps(slack.message(answer))


def test_names_are_shown_as_they_are(answered: Callable[..., Answer]) -> None:
    answer = answered(title="**Sales** <@1> @everyone [x](https://evil.example) `a` <!channel>")
    title = discord.embed(answer)["title"]
    assert title == (
        r"\*\*Sales\*\* \<\@1\> \@everyone \[x\](https://evil.example) \`a\` \<!channel\>"
    )  # fmt: skip
    text = slack.message(answer)["text"]
    assert "<" not in text and "&lt;!channel&gt;" in text and "**" not in text


def test_reports_beyond_the_limit_of_choices_are_found_by_typing() -> None:
    titles = {f"own-{number:02}": "" for number in range(40)} | {"revenue-overview": ""}
    assert len(report_choices("", titles)) == 25 and report_choices("", titles)[0][0] == "revenue"
    assert report_choices("own-39", titles) == [("own-39", "own-39")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("statuses", "pauses", "arrived"),
    [
        ([(404, {})], [0.5], True),  # Discord has not read the note yet
        ([(429, {"retry-after": "3.5"}), (500, {})], [3.5, 2.0], True),
        ([(429, {"retry-after": "100000"})], [30.0], True),
        ([(503, {})] * 4, [0.5, 2.0, 5.0], False),
        ([(401, {})], [], False),
        ([(302, {"location": "http://127.0.0.1:1/"})], [], False),
    ],
)  # fmt: skip
def test_late_answer_is_sent_again_where_that_may_help(
    receiver: Receiver, statuses: list[Any], pauses: list[float], arrived: bool
) -> None:
    receiver.statuses = list(statuses)
    waited: list[float] = []
    delivery = Delivery("Discord", "PATCH", f"{receiver.url}/webhooks/1/secret", "Takings")
    assert send(delivery, {"content": "x"}, waited.append) is arrived
    assert waited == pauses and len(receiver.requests) == len(pauses) + 1


def test_platform_that_does_not_answer_is_named_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    assert not send(Delivery("Slack", "POST", "http://127.0.0.1:1/commands/secret", "Takings"), {}, lambda _: None)
    (record,) = [record for record in caplog.records if record.name == "takings.serving"]
    assert record.getMessage() == "An answer to a command did not reach Slack: ConnectionError."


def test_more_answers_than_can_wait_are_refused(receiver: Receiver) -> None:
    delivery = Delivery("Discord", "PATCH", receiver.url, "Takings")
    slow = Late(0)

    async def ask(gate: asyncio.Event) -> bytes:
        async def work() -> dict[str, str]:
            await gate.wait()
            return {"content": "x"}

        answer = await slow.respond(work(), delivery, now=lambda message: message, note={"note": 1}, busy={"busy": 1})
        if answer.background:
            running.append(asyncio.create_task(answer.background()))  # type: ignore[arg-type]
        return bytes(answer.body)

    running: list[asyncio.Task[None]] = []

    async def walk() -> list[bytes]:
        gate = asyncio.Event()
        answers = [await ask(gate) for _ in range(late.MOST_WAITING + 1)]
        gate.set()
        await asyncio.gather(*running)
        answers.append(await ask(gate))
        await running.pop()
        return answers

    answers = loop().run_until_complete(walk())
    assert answers == [b'{"note":1}'] * late.MOST_WAITING + [b'{"busy":1}', b'{"note":1}']
    assert len(receiver.requests) == late.MOST_WAITING + 1


def test_body_that_never_arrives_ends_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.001)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    request = Request({"type": "http", "method": "POST", "headers": [(b"content-length", b"9")]}, receive)
    with pytest.raises(HTTPException) as caught:
        loop().run_until_complete(body_of(request))
    assert caught.value.status_code == 408


def test_body_of_somebody_who_left_ends_the_request() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(HTTPException):
        loop().run_until_complete(body_of(request))
