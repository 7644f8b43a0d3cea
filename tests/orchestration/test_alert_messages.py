"""Messages about alerts over a published build: their numbers against the query, their limits, links and recipients."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from common.errors import TakingsError
from orchestration import alert_commands, alert_messages, messages, settings
from orchestration.settings import Settings
from semantic.alerts import rules
from semantic.alerts.details import table_of
from semantic.alerts.rules import Condition, Rule
from semantic.query import ask
from semantic.reports.pictures.look import MAIL
from semantic.warehouse import Currency
from serving.alerts.book import Book, Notice
from serving.alerts.listing import notes
from serving.deliveries.message import Message
from serving.deliveries.outbox import Outbox
from simulator import Mailbox
from tests.orchestration.installation import Installation, published_shops

pytestmark = pytest.mark.worlds
NOW = datetime(2026, 3, 1, 13, tzinfo=UTC)  # an hour after the sources were read
CHANNELS = """
[[tenants.alert_channels]]
name = "mail"
address = "env:OWNER_MAIL"
[[tenants.alert_channels]]
name = "chat"
address = "env:OWNER_CHAT"
rules = ["sales_fell", "numbers_wait"]
notify = ["begin"]
"""


def rule(name: str, report: str | None = "revenue-overview", **condition: object) -> Rule:
    """A rule over the shops' sales."""
    return Rule(
        name=name, title=name.replace("_", " ").capitalize(), why="Sales are beyond the limit.", advice="Look at them.",
        report=report, conditions=(Condition(**condition),),  # type: ignore[arg-type]
    )  # fmt: skip


SALES_FELL = rule("sales_fell", metric="net_sales", period="week", change=True, below=Decimal("0.9"))
SALES = rule("sales_of_a_day", None, metric="net_sales", period="day", above=Decimal("-1000000"))
REFUNDS = rule("refunds", metric="refund_rate", period="month", above=Decimal(2))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """Two published shops; alert channels of the first one, aurora."""
    monkeypatch.setattr(rules, "load", lambda: (SALES_FELL, SALES, REFUNDS))
    folder = tmp_path / "place"
    shutil.copytree(published_shops().root, folder, symlinks=True)
    installation = Installation(folder)
    text = (folder / "takings.toml").read_text()
    first, second, rest = text.partition("[[tenants.sources]]")
    (folder / "takings.toml").write_text(first + CHANNELS + second + rest)
    monkeypatch.setenv("TAKINGS_HOME", str(installation.home.root))
    monkeypatch.setenv("TAKINGS_CONFIG", str(folder / "takings.toml"))
    yield installation


@pytest.fixture
def box(place: Installation) -> Iterator[Outbox]:
    with closing(Outbox(place.home.serving)) as outbox:
        yield outbox


def observed(place: Installation, box: Outbox, now: datetime = NOW) -> Notice | None:
    """The message that an observation plans for aurora; nordlicht has no channel."""
    notices, problems = alert_messages.observe(place.settings, box, now)
    assert problems == []
    assert {notice.tenant for notice in notices} <= {"aurora"}
    return notices[0] if notices else None


def written(place: Installation, box: Outbox, channel: str = "mail") -> Message:
    """The newest message of a channel."""
    entry = next(entry for entry in box.entries("aurora", "alert") if entry.key.name == channel)
    message = alert_messages.render(place.settings, box, entry.key)
    assert isinstance(message, Message)
    return message


def limited(place: Installation, **limits: float) -> Settings:
    """The configuration with limits of aurora's own."""
    path = place.root / "takings.toml"
    lines = "".join(f"{name} = {limit}\n" for name, limit in limits.items())
    text = re.sub(r"\[tenants\.alerts\]\n(?:\w+ = .*\n)*", "", path.read_text())
    first, channel, rest = text.partition("[[tenants.alert_channels]]")
    path.write_text(f"{first}[tenants.alerts]\n{lines}{channel}{rest}")
    return place.settings


def test_numbers_of_a_message_are_those_of_the_query(place: Installation, box: Outbox) -> None:
    notice = observed(place, box)
    assert notice is not None
    assert {change.status.name for change in notice.changes} == {"sales_fell", "sales_of_a_day"}
    message = written(place, box)
    for change in notice.changes:
        for reading in change.status.facts["readings"]:
            days = date.fromisoformat(reading["from"]), date.fromisoformat(reading["to"])
            table = ask(place.home.published, [reading["metric"]], start=days[0], end=days[1], tenant="aurora")
            (value,) = table.column(0).to_pylist()
            shown = f"{'−' if value < 0 else ''}${abs(value):,.2f}"
            assert reading["value"] == shown
            assert shown in message.text
            assert shown in message.html
            assert shown in message.chat
        picture = change.status.facts["picture"]
        span = date.fromisoformat(picture["from"]), date.fromisoformat(picture["to"])
        expected = ask(
            place.home.published, ["net_sales"], [picture["by"]], start=span[0], end=span[1], tenant="aurora"
        )
        assert table_of(picture).to_pylist() == expected.to_pylist()


def test_message_has_limit_days_advice_a_picture_and_a_link_that_is_signed(place: Installation, box: Outbox) -> None:
    notice, message = observed(place, box), written(place, box)
    assert notice is not None
    assert message.title == "Aurora Outdoor: 2 alerts began"
    assert "limit: less than 90.0 % more than before" in message.text
    assert "What to do: Look at them." in message.text
    assert re.search(r"Open Revenue Overview: http://127\.0\.0\.1:8090/r/\w+", message.text)
    assert "/superset/dashboard/home/" in message.text, "a rule without a report leads to the dashboards"
    assert [(file.name, file.inline) for file in message.attachments] == [("alert-1.png", True), ("alert-2.png", True)]
    for file in message.attachments:
        assert f'src="cid:{file.name}"' in message.html
        assert int.from_bytes(file.body[16:20]) == 2 * MAIL.width, "pixels, as the head of a PNG says"
    assert message.dump() == written(place, box).dump(), "the same again"


def test_channel_gets_only_its_rules_and_events(place: Installation, box: Outbox) -> None:
    observed(place, box)
    chat = written(place, box, "chat")
    assert "Sales fell" in chat.chat
    assert "Sales of a day" not in chat.chat
    limited(place, sales_fell=-5, sales_of_a_day=1_000_000)  # both are over: the chat wants no end
    ended = observed(place, box, NOW + timedelta(minutes=1))
    assert ended is not None
    assert {(change.event, change.status.reason) for change in ended.changes} == {
        ("end", "The rule or its limit was changed.")
    }
    names = [entry.key.name for entry in box.entries("aurora", "alert")]
    assert sorted(names) == ["chat", "mail", "mail"]
    assert "Over: Sales fell" in written(place, box).text


def test_same_build_and_a_rebuild_of_the_same_data_say_nothing(place: Installation, box: Outbox) -> None:
    assert observed(place, box) is not None
    assert not alert_messages.is_due(place.settings, box, NOW)
    assert observed(place, box) is None
    shutil.copytree(place.current, place.current.with_name("20260301T140000.000000Z"))
    link = place.home.published / "current"
    link.unlink()
    link.symlink_to("20260301T140000.000000Z")
    assert alert_messages.is_due(place.settings, box, NOW)
    assert observed(place, box) is None
    assert not alert_messages.is_due(place.settings, box, NOW)


def test_old_numbers_are_reported_once_and_once_when_it_is_over(place: Installation, box: Outbox) -> None:
    observed(place, box)
    late = NOW + timedelta(hours=26)
    assert alert_messages.is_due(place.settings, box, late)
    notice = observed(place, box, late)
    assert notice is not None
    assert [(change.status.name, change.event) for change in notice.changes] == [("numbers_wait", "begin")]
    assert "The newest numbers are those of 1 Mar 2026" in written(place, box).text
    assert "The newest numbers" in written(place, box, "chat").chat
    assert not alert_messages.is_due(place.settings, box, late + timedelta(hours=1))
    assert observed(place, box, late + timedelta(hours=1)) is None
    alert_commands.acknowledge(place.settings, box, "aurora", "numbers_wait", "ola", late)
    (wait,) = alert_commands.waits(place.settings, box, "aurora")
    assert notes(wait, late) == "since 2026-03-02 15:00 UTC; acknowledged by ola at 2026-03-02 15:00 UTC"
    over = observed(place, box, NOW + timedelta(hours=1))  # as after a run: the numbers are an hour old
    assert over is not None
    assert [(change.status.name, change.event) for change in over.changes] == [("numbers_wait", "end")]


def test_rule_that_is_removed_while_it_fires_is_over(
    place: Installation, box: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    observed(place, box)
    configured = place.settings
    monkeypatch.setattr(rules, "load", lambda: (SALES, REFUNDS))
    notices, _ = alert_messages.observe(configured, box, NOW, "aurora")
    assert [(change.status.name, change.event, change.status.reason) for change in notices[0].changes] == [
        ("sales_fell", "end", "The rule was removed.")
    ]
    alert_messages.observe(configured, box, NOW, "aurora")
    assert "sales_fell" not in [status.name for status in Book(box).statuses("aurora")]


def test_limit_of_no_rule_is_a_problem_that_is_named_and_not_tried_every_minute(
    place: Installation, box: Outbox
) -> None:
    configured = limited(place, no_such_rule=1)
    notices, problems = alert_messages.observe(configured, box, NOW)
    assert notices == []
    assert len(problems) == 1
    assert "no_such_rule" in problems[0]
    assert not alert_messages.is_due(configured, box, NOW)


def test_mail_and_webhook_arrive_with_picture_and_link(
    place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailbox(tmp_path / "mailbox") as mailbox:
        monkeypatch.setenv(
            "OWNER_MAIL", f"mailto://127.0.0.1:{mailbox.smtp_port}/?from=a@example.com&to=b@example.com&mode=insecure"
        )
        monkeypatch.delenv("OWNER_CHAT", raising=False)
        sent = messages.send_due(place.settings, lambda: NOW)
        again = messages.send_due(place.settings, lambda: NOW)
        (mail,) = mailbox.items()
    states = {(entry.key.name, entry.state) for entry in sent.entries}
    assert states == {("mail", "sent"), ("chat", "rendered")}, "the address of the chat is missing"
    assert any("OWNER_CHAT" in warning for warning in sent.warnings)
    assert again.entries == []
    assert mail.title == "Aurora Outdoor: 2 alerts began"
    assert mail.html.count("data:image/png;base64,") == 2
    assert "/r/" in mail.html
    assert not messages.is_due(place.settings, NOW)


def test_alerts_are_acknowledged_and_snoozed_for_one_tenant(place: Installation, box: Outbox) -> None:
    observed(place, box)
    configured = place.settings
    with pytest.raises(TakingsError, match="No tenant is named"):
        alert_commands.acknowledge(configured, box, None, "sales_fell", "ola", NOW)
    with pytest.raises(TakingsError, match="does not fire"):
        alert_commands.acknowledge(configured, box, "aurora", "refunds", "ola", NOW)
    with pytest.raises(TakingsError, match="Unknown alert rule"):
        alert_commands.snooze(configured, box, "aurora", "nothing", "1d", "ola", NOW)
    for text in ("2026-02-01", "400d", "tomorrow-ish"):
        with pytest.raises(TakingsError):
            alert_commands.snooze(configured, box, "aurora", "refunds", text, "ola", NOW)
    alert_commands.acknowledge(configured, box, "aurora", "sales_fell", "ola", NOW)
    alert_commands.snooze(configured, box, "aurora", "sales_of_a_day", "2026-03-05", "ola", NOW)
    items = {item.alert.rule.name: item for item in alert_commands.current(configured, box, NOW, "aurora")}
    assert items["sales_fell"].notes == ("since 2026-03-01 11:58 UTC; acknowledged by ola at 2026-03-01 13:00 UTC")
    assert items["sales_of_a_day"].notes.endswith("snoozed until 2026-03-05 05:00 UTC by ola"), "midnight in New York"
    facts = items["sales_fell"].as_dict(Currency("USD", 100))
    assert (facts["state"], facts["acknowledged_by"], facts["since"]) == ("firing", "ola", "2026-03-01T11:58:00+00:00")
    others = alert_commands.current(configured, box, NOW, "nordlicht")
    assert not any("ola" in item.notes for item in others)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('rules = ["chrun"]', "there is no alert rule 'chrun'"),
        ('notify = ["begins"]', "notify"),
        ('address = "mailto://me"', "address"),
        ('name = "chat"', "the name 'chat' is configured for two alert channels"),
    ],
)
def test_mistake_in_a_channel_is_named_when_the_configuration_is_loaded(
    place: Installation, text: str, mistake: str
) -> None:
    path = place.root / "takings.toml"
    key = text.partition(" ")[0]
    first, channel, rest = path.read_text().partition("[[tenants.alert_channels]]")
    path.write_text(first + channel + re.sub(rf"^{key} = .*$", text, rest, count=1, flags=re.MULTILINE))
    with pytest.raises(TakingsError, match=re.escape(mistake)):
        settings.load(path)
