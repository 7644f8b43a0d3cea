"""Reports by a command in Discord: who gets an answer, what it says, and what is refused."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests

from common.presets import months_before
from semantic import periods, query
from semantic.reports.library import built_in
from serving import links
from serving.chat.questions import ALIASES, check_period, report_of
from tests.serving.asgi import Answer, Client
from tests.serving.chatting import (
    ADDRESS,
    FOREIGN_GUILD,
    GUILD,
    KEY,
    ROLE,
    STRANGER,
    TOKEN,
    USER,
    Receiver,
    Talk,
    chat,
    client_of,
    command,
    member,
    receiving,
    talk_of,
)
from tests.serving.conftest import ZONE, Served, Sessions, site_of
from tests.serving.server import running

NUMBER = re.compile(r"(−?)\D*?([\d,]+(?:\.(\d+))?)")


@pytest.fixture(scope="module")
def talk(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """One application for most tests: it takes longer to make than an answer."""
    return talk_of(published, tmp_path_factory.mktemp("chat"))


@pytest.fixture
def fresh(served: Served) -> Talk:
    """An application whose ledger of links is empty."""
    return Talk(served, client_of(served, chat()))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def unescaped(text: str) -> str:
    return re.sub(r"\\(\W)", r"\1", text)


def figures(data: dict[str, Any]) -> dict[str, str]:
    """The value of each figure of an answer by its label, without Discord's markup."""
    (embed,) = data["embeds"]
    return {unescaped(f["name"]): unescaped(f["value"]).splitlines()[0].strip("*") for f in embed["fields"]}


def test_ping_is_answered(talk: Talk) -> None:
    """As Discord does when the endpoint's address is saved, together with a wrong signature."""
    answer = talk.discord({"id": "1", "application_id": "845027738276462632", "type": 1, "version": 1, "token": "x"})
    assert (answer.status, json.loads(answer.body)) == (200, {"type": 1})
    assert answer.headers["content-type"] == "application/json"
    wrong = talk.discord({"type": 1}, x_signature_ed25519="0" * 128)
    assert wrong.status == 401


def expected(talk: Talk, metric: str, label: str, period: str) -> Decimal | None:
    """The value of `takings query` over the days of the period that are over, or over the month that a label names."""
    site = talk.served.site
    first, last = periods.whole(period, ZONE, site.now())
    as_of = query.ask(site.published, ["net_sales"], tenant="aurora").schema.metadata[b"as_of"].decode()
    read = datetime.fromisoformat(as_of).astimezone(ZoneInfo(ZONE)).date()
    days = first, min(last, read - timedelta(days=1))
    if month := re.search(r", ([A-Z][a-z]{2} \d{4})$", label):
        first = datetime.strptime(month[1], "%b %Y").date()
        days = first, months_before(first, -1) - timedelta(days=1)
    table = query.ask(site.published, [metric], start=days[0], end=days[1], tenant="aurora")
    value = table.column(metric)[0].as_py()
    return None if value is None else Decimal(str(value))


@pytest.mark.parametrize("report", built_in())
def test_every_figure_equals_the_query(talk: Talk, report: str) -> None:
    answered = figures(talk.report(report, "30d"))
    declared = built_in()[report].report.figures
    assert len(answered) == len(declared) > 0
    for (label, text), metric in zip(answered.items(), declared, strict=True):
        value = expected(talk, metric, label, "30d")
        if value is None:
            assert text in {"unknown", "0", "$0.00"}
            continue
        match = NUMBER.match(text)
        assert match, text
        shown = Decimal(match[2].replace(",", "")) * (-1 if match[1] else 1)
        exact = value * 100 if text.endswith("%") else value
        assert abs(shown - exact) <= Decimal(5).scaleb(-len(match[3] or "") - 1), (label, text, value)


def test_first_word_means_a_report(talk: Talk) -> None:
    """Ten reports have a word of their own."""
    assert {word: report_of(word, built_in()) for word in ALIASES} == dict(ALIASES) and len(set(ALIASES.values())) == 10
    assert report_of("Top Products", built_in()) == "top-products"
    (embed,) = talk.report("sales", "7d")["embeds"]
    assert embed["title"] == "Sales Velocity"


def test_embed_says_what_its_page_says(talk: Talk) -> None:
    data = talk.report("revenue", "30d")
    (embed,), ((button,),) = data["embeds"], [row["components"] for row in data["components"]]
    assert (button["type"], button["style"], button["label"]) == (2, 5, "Open full report")
    page = talk.client.get(urlsplit(button["url"]).path).text
    assert button["url"].startswith(f"{ADDRESS}/r/") and len(button["url"]) <= 512
    assert all(value in page for value in figures(data).values())
    description = unescaped(embed["description"])
    first, last = periods.whole("30d", ZONE, talk.served.site.now())
    assert f"{last.day} {last:%b %Y} (30 days)" in description and "compared with" in description.lower()
    assert all(line in page.replace("&#39;", "'") for line in description.splitlines() if line)
    assert "The numbers are not compared with a source. Not compared: Shopify." in description
    assert embed["footer"]["text"].startswith("Data as of ") and "amounts in USD" in embed["footer"]["text"]
    assert (last - first).days == 29


def test_report_without_a_period_has_its_usual_days(talk: Talk) -> None:
    (embed,) = talk.report("finance")["embeds"]
    assert "(365 days)" in unescaped(embed["description"])


def test_report_that_names_customers_says_so(talk: Talk) -> None:
    warning = "whoever gets the link sees them"
    assert warning in unescaped(talk.report("customers", "7d")["embeds"][0]["description"])
    assert warning not in unescaped(talk.report("revenue", "7d")["embeds"][0]["description"])


def test_link_is_in_the_ledger_with_who_asked_and_is_used_again(fresh: Talk) -> None:
    first, second, other = (
        fresh.report("revenue", "30d", member=member(user, [ROLE]))["components"][0]["components"][0]["url"]
        for user in (USER, USER, STRANGER)
    )
    assert first == second != other
    entries = fresh.served.site.ledger.entries()
    assert [entry.made_by for entry in entries] == [f"discord maria ({STRANGER})", f"discord maria ({USER})"]
    link = links.verify(first.rpartition("/")[2], fresh.served.site.keys)
    assert (link.tenant, link.report, link.rolling) == ("aurora", "revenue-overview", None)
    assert link.days == periods.whole("30d", ZONE, fresh.served.site.now())


def test_link_that_ends_soon_or_was_revoked_is_not_used_again(served: Served) -> None:
    clock = [datetime.now(UTC)]
    site = replace(served.site, now=lambda: clock[0])
    talk = Talk(replace(served, site=site), client_of(served, chat(), now=site.now))

    def url() -> str:
        address: str = talk.report("revenue", "last-month")["components"][0]["components"][0]["url"]
        return address

    first = url()
    clock[0] += timedelta(minutes=1)
    site.ledger.revoke(links.verify(first.rpartition("/")[2], site.keys).id, "aurora", clock[0])
    second = url()
    assert second != first
    ends = links.verify(second.rpartition("/")[2], site.keys).expiry
    assert timedelta(days=6, hours=23) < ends - clock[0] <= timedelta(days=7)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [(member(USER), True), (member(STRANGER, [ROLE]), True), (member(STRANGER), False),
     (member(STRANGER, [GUILD, "1"]), False)],
)  # fmt: skip
def test_only_the_users_and_roles_of_the_configuration_get_numbers(
    talk: Talk, who: dict[str, Any], allowed: bool
) -> None:
    before = talk.served.site.ledger.entries()
    data = talk.report("revenue", "7d", member=who)
    assert ("embeds" in data) is allowed
    if not allowed:
        assert "not on the list" in data["content"]
        assert talk.served.site.ledger.entries() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"guild_id": FOREIGN_GUILD}, "belongs to no shop"),
     ({"guild_id": None, "member": None, "user": {"id": USER}}, "on your server"),
     ({"application_id": "1"}, "Another application")],
)  # fmt: skip
def test_other_places_get_a_sentence_and_no_number(talk: Talk, changes: dict[str, Any], words: str) -> None:
    data = talk.report("revenue", "30d", **changes)
    assert words in data["content"] and "embeds" not in data
    assert "aurora" not in json.dumps(data).lower()


def test_tenant_that_is_no_longer_configured_is_not_shown(served: Served) -> None:
    talk = Talk(served, client_of(served, chat(), tenants={"nordlicht": served.site.tenants["nordlicht"]}))
    assert "belongs to no shop" in talk.report("revenue", "30d")["content"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("revenu", "30d"), ("There is no report “revenu”", "revenue", "products")),
        (("nothing at all", "30d"), ("There is no report", "finance", "cohorts", "top-products")),
        (("revenue", "soon"), ("There is no period “soon”", "last-month", "45d")),
        (("revenue", "0d"), ("There is no period", "3650d")),
        (("@everyone", "30d"), (r"“\@everyone”",)),
    ],
)  # fmt: skip
def test_unknown_report_or_period_is_answered_with_what_exists(
    talk: Talk, words: tuple[str, str], expected: tuple[str, ...]
) -> None:
    content = talk.report(*words)["content"]
    assert all(word in content or word in unescaped(content) for word in expected)
    assert len(content) <= 2000


@pytest.mark.parametrize("period", ["today", "yesterday", "45d", "last month", "This-Quarter", "ytd", "3650d"])
def test_every_period_of_the_commands_is_understood(period: str) -> None:
    assert check_period(period) == period


def choices(answer: Answer) -> list[str]:
    content = json.loads(answer.body)
    assert content["type"] == 8 and len(content["data"]["choices"]) <= 25
    return [choice["value"] for choice in content["data"]["choices"]]


def test_words_are_completed_for_who_may_ask_alone(talk: Talk) -> None:
    offered = choices(talk.discord(command("", type=4, focused="report")))
    assert offered[:3] == ["revenue", "sales", "products"] and len(offered) == len(built_in())
    assert choices(talk.discord(command("ref", type=4, focused="report"))) == ["refunds", "refund-rate"]
    assert choices(talk.discord(command("revenue", "", type=4, focused="period")))[:2] == ["today", "yesterday"]
    assert choices(talk.discord(command("revenue", "45d", type=4, focused="period"))) == ["45d"]
    assert choices(talk.discord(command("", type=4, focused="report", member=member(STRANGER)))) == []
    assert choices(talk.discord(command("", type=4, focused="report", guild_id=FOREIGN_GUILD))) == []


def same(answers: list[Answer]) -> bool:
    return len({(answer.status, answer.body, tuple(sorted(answer.headers.items()))) for answer in answers}) == 1


def test_request_that_discord_did_not_send_now_is_refused_with_the_same_bytes(talk: Talk) -> None:
    payload, now = command("revenue", "30d"), int(talk.now())
    body = json.dumps(payload).encode()
    other = KEY.__class__(bytes(32)).sign(talk.now().encode() + body).signature.hex()
    genuine = talk.discord(payload, timestamp=str(now))
    answers = [
        talk.discord(payload, timestamp=str(now)),  # sent twice
        talk.discord(command("revenue"), x_signature_ed25519=None),
        talk.discord(command("revenue"), x_signature_timestamp=None),
        talk.discord(command("revenue"), timestamp=str(now), x_signature_timestamp=str(now + 1)),
        talk.discord(command("revenue"), x_signature_ed25519=KEY.sign(b"x").signature.hex()),
        talk.discord(command("revenue"), timestamp=str(now - 400)),
        talk.discord(command("revenue"), timestamp=str(now + 400)),
        talk.discord(command("revenue"), timestamp="soon"),
        talk.discord(payload, x_signature_ed25519=other),
        talk.discord({"type": 1}, x_signature_ed25519="", content_type="text/plain"),
    ]
    assert genuine.status == 200 and answers[0].status == 401
    assert json.loads(answers[0].body) == {"error": "invalid request signature"}
    assert same(answers)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{ }", {"content_type": None}, 415),
        (b"{  }", {}, 400),
        (b"[", {}, 400),
        (b"\xff", {}, 400),
        (b'{"type":3}', {}, 400),
        (b'{"type":2,"token":"../../x"}', {}, 400),
        (b'{"type":"' + b"x" * 30_000 + b'"}', {}, 413),
    ],
)
def test_body_that_is_no_interaction_is_refused(
    talk: Talk, body: bytes, headers: dict[str, str | None], status: int
) -> None:
    assert talk.discord(body, **headers).status == status


def test_without_a_configuration_there_is_no_such_page(served: Served) -> None:
    for path in ("/chat/discord", "/chat/slack"):
        assert served.client.send("POST", path).status == 404


def test_other_host_and_other_methods_are_refused(talk: Talk) -> None:
    elsewhere = Talk(talk.served, Client(talk.client.app, "evil.example"))
    assert elsewhere.discord({"type": 1}).status == 400
    assert talk.client.get("/chat/discord").status == 405


def test_answer_that_takes_longer_comes_later_to_the_same_person(served: Served, receiver: Receiver) -> None:
    talk = Talk(served, client_of(served, chat(0, receiver)))
    answer = talk.discord(command("revenue", "30d"))
    assert json.loads(answer.body) == {"type": 5, "data": {"flags": 64}}
    ((method, path, headers, message),) = receiver.requests
    assert (method, path) == ("PATCH", f"/webhooks/845027738276462632/{TOKEN}/messages/@original")
    assert headers["User-Agent"].startswith("DiscordBot (https://takings.example.com")
    assert figures(message) == figures(Talk(served, client_of(served, chat())).report("revenue", "30d"))


def test_note_that_it_takes_longer_does_not_wait_for_the_answer(served: Served, receiver: Receiver) -> None:
    """Behind a real server: Discord has the note before it takes the answer."""
    receiver.gate.clear()
    body, timestamp = json.dumps(command("revenue", "30d")).encode(), str(int(served.site.now().timestamp()))
    headers = {"host": "takings.example.com", "content-type": "application/json", "x-signature-timestamp": timestamp,
               "x-signature-ed25519": KEY.sign(timestamp.encode() + body).signature.hex()}  # fmt: skip
    with running(client_of(served, chat(0, receiver)).app) as port:
        answer = requests.post(f"http://127.0.0.1:{port}/chat/discord", data=body, headers=headers, timeout=20)
        assert answer.json()["type"] == 5 and receiver.requests == []
        receiver.gate.set()
    assert [request[0] for request in receiver.requests] == ["PATCH"]


def test_mistake_in_a_command_that_takes_longer_comes_later_too(served: Served, receiver: Receiver) -> None:
    talk = Talk(served, client_of(served, chat(0, receiver)))
    talk.discord(command("nothing", "30d"))
    assert "There is no report" in receiver.requests[0][3]["content"]


def test_failure_is_a_sentence_that_tells_nothing(fresh: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(fresh.served.site.ledger, "add", fail)
    data = fresh.report("revenue", "30d")
    assert "Something went wrong" in data["content"] and "secret" not in json.dumps(data)


def test_before_the_first_publish_the_answer_says_so(tmp_path: Path) -> None:
    site = site_of(tmp_path / "published", tmp_path / "state", Sessions())
    served = Served(site, Sessions(), Client(lambda *_: None))  # type: ignore[arg-type]
    assert "Nothing has been published yet" in Talk(served, client_of(served, chat())).report("revenue")["content"]


def test_log_holds_no_token_no_signature_and_no_name(
    served: Served, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses.append((403, {}))
    with caplog.at_level(logging.DEBUG):
        Talk(served, client_of(served, chat(0, receiver))).discord(command("revenue", "30d"))
        Talk(served, client_of(served, chat())).discord(command("revenue", "30d"))
    own = [record.getMessage() for record in caplog.records if record.name == "takings.serving"]
    assert "An answer to a command did not reach Discord: it answered 403." in own
    assert sum(line.startswith("POST /chat/discord 200") for line in own) == 2
    assert not any(TOKEN in line or "/r/" in line or "mason" in line for line in own)


def test_numbers_change_with_the_days(talk: Talk) -> None:
    """So the test of figures compares something."""
    assert figures(talk.report("revenue", "7d")) != figures(talk.report("revenue", "30d"))
