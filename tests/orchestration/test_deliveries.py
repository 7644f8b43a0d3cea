"""Reports go out from takings.toml to a mailbox: with the numbers of the published build, when its data are there."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from common.errors import ConfigurationError, TakingsError
from orchestration import alert_commands, cli, cli_deliveries, deliveries, messages, pipeline, settings
from orchestration.home import Home
from orchestration.settings import Settings
from semantic import query
from serving.deliveries.outbox import Entry
from tests.orchestration import installation
from tests.serving.deliveries.receivers import HttpServer, MailServer, http_server, mail_server

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)  # 3:00 in New York; the data are as of 1 March, 11:58 UTC
SUNDAY = MONDAY - timedelta(days=1, hours=-4)  # 1 March, 12:00 UTC, 7:00 in New York
HOUR = timedelta(hours=1)
DELIVERY = """
[[tenants.deliveries]]
name = "daily"
report = "revenue-overview"
format = "csv"
schedule = "0 7 * * *"
period = "7d"
recipients = ["env:OWNER_MAIL", "file:team.chat"]
"""


@dataclass
class Place:
    """A copy of the published shops with one delivery of Aurora, a mailbox and a webhook."""

    root: Path
    mailbox: MailServer
    hook: HttpServer

    @property
    def settings(self) -> Settings:
        return settings.load(self.root / "takings.toml").model_copy(update={"home": self.root / "state"})

    @property
    def home(self) -> Home:
        return Home(self.root / "state")

    def deliver(self, now: datetime) -> deliveries.Due:
        return deliveries.deliver_due(self.settings, lambda: now)

    def build_info(self, sql: str) -> None:
        """Change what the published build says of Aurora."""
        folder = (self.home.published / "current").resolve()
        with duckdb.connect(str(folder / "tenant-aurora.duckdb")) as db:
            db.execute(f"UPDATE marts.build_info SET {sql}")

    def replace(self, old: str, new: str) -> None:
        path = self.root / "takings.toml"
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[MailServer, HttpServer]]:
    with mail_server() as mailbox, http_server() as hook:
        yield mailbox, hook


@pytest.fixture
def place(tmp_path: Path, servers: tuple[MailServer, HttpServer], monkeypatch: pytest.MonkeyPatch) -> Place:
    shops = installation.published_shops()
    shutil.copytree(shops.root, tmp_path / "shop", symlinks=True)
    mailbox, hook = servers
    for state in (mailbox.mails, mailbox.replies, mailbox.refused, mailbox.recipients, hook.received):
        state.clear()
    hook.answer = lambda _: (200, {}, b"ok")
    place = Place(tmp_path / "shop", mailbox, hook)
    config = place.root / "takings.toml"
    first, aurora, rest = config.read_text().split("[[tenants]]")
    config.write_text(f"{first}[[tenants]]{aurora}{DELIVERY}[[tenants]]{rest}")
    (place.root / "team.chat").write_text(hook.address())
    monkeypatch.setenv("OWNER_MAIL", mailbox.address())
    return place


def states(entries: list[Entry]) -> dict[str, str]:
    return {entry.recipient: entry.state for entry in entries}


def test_delivery_is_sent_once_at_its_time_with_the_numbers_of_the_query(place: Place) -> None:
    assert place.deliver(SUNDAY - HOUR).entries == []
    assert states(place.deliver(SUNDAY).entries) == {"env:OWNER_MAIL": "sent", "file:team.chat": "sent"}
    assert place.deliver(SUNDAY + HOUR).entries == []
    (mail,), (hook,) = place.mailbox.mails, place.hook.received
    assert mail["Subject"] == hook["title"] == "Revenue Overview, 22 – 28 Feb 2026 · Aurora Outdoor"
    table = query.ask(
        place.home.published, ["net_sales", "orders_placed"], start=date(2026, 2, 22), end=date(2026, 2, 28),
        tenant="aurora",
    )  # fmt: skip
    ((sales, orders),) = (tuple(row.values()) for row in table.to_pylist())
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text and page
    for shown in (f"Net sales: ${sales:,.2f}", f"Orders placed: {orders}", "Data as of 1 Mar 2026"):
        assert shown in text.get_content() and shown in hook["message"]
    assert f">${sales:,.2f}<" in page.get_content() and f">{orders}<" in page.get_content()
    (file,) = mail.iter_attachments()
    rows = list(csv.DictReader(io.StringIO(file.get_content())))
    column = next(name for name in rows[0] if name.startswith("net_sales"))
    assert sum(float(row[column]) for row in rows) == pytest.approx(float(sales))
    assert next(item["filename"] for item in hook["attachments"]) == file.get_filename()


def test_mail_has_a_link_that_opens_the_report_of_these_days(place: Place) -> None:
    from orchestration import sharing
    from serving import links

    place.deliver(SUNDAY - HOUR)
    place.deliver(SUNDAY)
    text = place.mailbox.mails[0].get_body(("plain",))
    assert text
    token = next(line for line in text.get_content().splitlines() if "/r/" in line).rpartition("/r/")[2].strip()
    link = links.verify(token, sharing.keys(place.settings))
    sharing.ledger(place.settings).check(link, datetime.now(UTC))
    assert (link.tenant, link.report, link.days) == (
        "aurora", "revenue-overview", (date(2026, 2, 22), date(2026, 2, 28))
    )  # fmt: skip


def test_delivery_waits_for_the_end_of_its_days_and_says_so_after_its_limit(place: Place) -> None:
    place.build_info("as_of = '2026-03-01 04:59:00'")  # New York's 28 February ends at 5:00 UTC
    place.deliver(SUNDAY - HOUR)
    first = place.deliver(SUNDAY)
    assert set(states(first.entries).values()) == {"planned"} and first.late == [] == first.warnings()
    assert "the published data are as of 2026-03-01 04:59 UTC" in first.entries[0].detail
    assert place.deliver(SUNDAY + 6 * HOUR).late == []
    assert states(place.deliver(SUNDAY + 6.01 * HOUR).late) == {
        "env:OWNER_MAIL": "planned",
        "file:team.chat": "planned",
    }
    assert "waits: the published data" in place.deliver(SUNDAY + 7 * HOUR).warnings()[0]
    assert place.mailbox.mails == []
    place.build_info("as_of = '2026-03-01 05:00:00'")
    assert set(states(place.deliver(SUNDAY + 8 * HOUR).entries).values()) == {"sent"}
    assert "22 – 28 Feb 2026" in place.mailbox.mails[0]["Subject"], "the days of its time, not of the sending"


def test_alert_that_a_delivery_waits_ends_with_what_came_of_it(place: Place) -> None:
    channel = '[[tenants.alert_channels]]\nname = "owner"\naddress = "env:OWNER_MAIL"\nrules = ["delivery_waits"]\n'
    place.replace(DELIVERY, DELIVERY + channel)
    due = SUNDAY + 24 * HOUR
    place.deliver(due - HOUR)
    messages.send_due(place.settings, lambda: due)
    messages.send_due(place.settings, lambda: due + 7 * HOUR)
    messages.send_due(place.settings, lambda: due + 24 * HOUR)  # the next one waits, too: it is still the same alert
    assert not messages.is_due(place.settings, due + 24 * HOUR)
    place.build_info("as_of = TIMESTAMP '2026-03-03 12:00'")
    messages.send_due(place.settings, lambda: due + 25 * HOUR)
    began, _, ended = [
        str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n") for mail in place.mailbox.mails
    ]
    assert "! daily is not sent\nThe delivery daily was due at 2 Mar 2026, 07:00 (America/New_York)." in began
    assert "\nThe published data are as of 2026-03-01 11:58 UTC; the days 23 Feb – 1 Mar 2026 need those of" in began
    assert "3 Mar 2026, 07:00 (America/New_York). It was sent." in ended


def test_delivery_of_a_tenant_that_was_never_published_is_reported_once(place: Place) -> None:
    tenant = """[[tenants]]
id = "new"
name = "New"
time_zone = "America/New_York"
currency = "USD"
[[tenants.sources]]
kind = "shopify"
account = "new"
secret = "env:NEW_TOKEN"
[[tenants.alert_channels]]
name = "owner"
address = "env:OWNER_MAIL"
"""
    path = place.root / "takings.toml"
    path.write_text(path.read_text().replace(DELIVERY, "") + tenant + DELIVERY)
    messages.send_due(place.settings, lambda: SUNDAY - HOUR)
    messages.send_due(place.settings, lambda: SUNDAY)
    for hours in (7, 8, 9):
        messages.send_due(place.settings, lambda hours=hours: SUNDAY + hours * HOUR)  # type: ignore[misc]
        assert not messages.is_due(place.settings, SUNDAY + hours * HOUR), "or each minute would start a run"
    assert [mail["Subject"] for mail in place.mailbox.mails] == ["New: daily is not sent"]


def test_delivery_waits_while_newer_data_are_blocked(place: Place) -> None:
    place.build_info("blocked_since = '2026-03-01 11:00:00', blocked_reason = 'A check failed.'")
    place.deliver(SUNDAY - HOUR)
    (first, _) = place.deliver(SUNDAY).entries
    assert first.state == "planned" and "not published since 2026-03-01 11:00 UTC. A check failed." in first.detail
    place.build_info("blocked_since = NULL, blocked_reason = NULL")
    assert set(states(place.deliver(SUNDAY + HOUR).entries).values()) == {"sent"}


def test_delivery_waits_while_nothing_can_be_published(place: Place) -> None:
    """Where every tenant is blocked, no published build says so."""
    place.deliver(SUNDAY - HOUR)
    change = "insert into takings.failed_pulls values (?, 'shopify', ?, 'The token was revoked.', now()::timestamp)"
    with duckdb.connect(str(place.home.staging)) as db:
        db.executemany(change, [[name, name] for name in ("aurora", "nordlicht")])
    with pytest.raises(TakingsError, match="Every tenant is blocked"):
        pipeline.rebuild(place.settings)
    (first, _) = place.deliver(SUNDAY).entries
    assert first.state == "planned" and "newer data are not published since" in first.detail
    assert "The pull of shopify / aurora has failed" in first.detail and "nordlicht" not in first.detail
    with duckdb.connect(str(place.home.staging)) as db:
        db.execute("delete from takings.failed_pulls")
    pipeline.rebuild(place.settings)
    assert set(states(place.deliver(SUNDAY + HOUR).entries).values()) == {"sent"}


def test_window_missed_while_the_machine_slept_is_made_up_once_with_its_own_days(place: Place) -> None:
    place.build_info("as_of = '2026-03-01 23:00:00'")
    place.deliver(SUNDAY - timedelta(days=3))
    result = place.deliver(SUNDAY + 10 * HOUR)
    assert set(states(result.entries).values()) == {"sent"} and len(place.mailbox.mails) == 1
    assert "22 – 28 Feb 2026" in place.mailbox.mails[0]["Subject"]
    assert [(gap.name, gap.count) for gap in result.skipped] == [("daily", 2)]


def test_one_bad_recipient_holds_back_nobody(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mailbox.replies["RCPT"] = "550 5.1.1 no such user"
    place.deliver(SUNDAY - HOUR)
    result = place.deliver(SUNDAY)
    assert states(result.entries) == {"env:OWNER_MAIL": "failed", "file:team.chat": "sent"}
    (warning,) = result.warnings()
    assert "to env:OWNER_MAIL" in warning and "550 5.1.1 no such user" in warning and "@" not in warning


def test_mail_server_that_is_down_for_an_hour_gets_each_mail_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.deliver(SUNDAY - HOUR)
    monkeypatch.setenv("OWNER_MAIL", "mailto://127.0.0.1:9/owner@shop.example?from=reports@takings.example")
    for minutes in range(0, 60, 5):
        place.deliver(SUNDAY + timedelta(minutes=minutes))
    (entry,) = (entry for entry in deliveries.listing(place.settings, None)[0] if entry.recipient == "env:OWNER_MAIL")
    assert (entry.state, entry.attempts) == ("rendered", 5), "at 0, 5, 10, 25 and 55 minutes"
    monkeypatch.setenv("OWNER_MAIL", place.mailbox.address())
    for hours in range(1, 5):
        place.deliver(SUNDAY + hours * HOUR)
    assert len(place.mailbox.mails) == 1 and len(place.hook.received) == 1


def test_recipient_that_was_removed_gets_nothing_more(place: Place) -> None:
    place.build_info("as_of = '2026-03-01 04:00:00'")
    place.deliver(SUNDAY - HOUR)
    place.deliver(SUNDAY)
    place.replace('"env:OWNER_MAIL", ', "")
    place.build_info("as_of = '2026-03-01 06:00:00'")
    place.deliver(SUNDAY + HOUR)
    assert len(place.mailbox.mails) == 0 and len(place.hook.received) == 1
    entries = {entry.recipient: entry for entry in deliveries.listing(place.settings, None)[0]}
    assert entries["env:OWNER_MAIL"].detail == deliveries.GONE


def test_without_a_delivery_nothing_is_written(place: Place) -> None:
    place.replace(DELIVERY, "")
    assert place.deliver(SUNDAY) == deliveries.Due([], [], [])
    assert deliveries.listing(place.settings, None) == ([], [])
    with closing(deliveries.outbox(place.settings)) as box:
        assert all(item.status is None for item in alert_commands.current(place.settings, box, SUNDAY))
    assert not (place.home.serving / "deliveries.db").exists()


def test_damaged_outbox_is_a_warning_of_the_run_and_sends_nothing(place: Place) -> None:
    place.deliver(SUNDAY - HOUR)
    for path in place.home.serving.glob("deliveries.db*"):
        path.unlink()
    (place.home.serving / "deliveries.db").write_bytes(b"damaged" * 1000)
    warnings = messages.send_due(place.settings, lambda: SUNDAY).warnings
    assert warnings
    assert all("deliveries.db cannot be used, so nothing is sent" in warning for warning in warnings)
    assert place.mailbox.mails == place.hook.received == []


def test_report_that_cannot_be_written_is_a_warning_and_waits(place: Place) -> None:
    place.deliver(SUNDAY - HOUR)
    shutil.rmtree(place.home.published)
    result = place.deliver(SUNDAY)
    assert set(states(result.entries).values()) == {"planned"}
    assert "Nothing is published" in result.entries[0].detail


def test_own_report_with_mistakes_makes_its_delivery_alone_wait_and_check_names_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.root / "reports").mkdir()
    own = place.root / "reports" / "own.yml"
    own.write_text("title: Own\nrows: [broken\n")
    place.replace(DELIVERY, DELIVERY + DELIVERY.replace('"daily"', '"own"').replace("revenue-overview", "own"))
    place.deliver(SUNDAY - HOUR)
    entries = place.deliver(SUNDAY).entries
    assert {(entry.key.name, entry.state) for entry in entries} == {("daily", "sent"), ("own", "planned")}
    assert all(str(own) in entry.detail for entry in entries if entry.key.name == "own")
    with pytest.raises(ConfigurationError, match=r"(?s)The delivery own of aurora cannot be written: .*own\.yml"):
        cli_deliveries.check_messages(place.settings)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"revenue-overview"', '"revenu-overview"', "the delivery 'daily' of aurora has no report"),
        ('"csv"', '"doc"', "'doc' is not a format of reports: choose one of csv, xlsx"),
        ('"0 7 * * *"', '"0 27 * * *"', "'0 27 * * *' is not a schedule: bad hour"),
        ('"0 7 * * *"', '"@daily"', "'@daily' has 1 field; a schedule has five"),
        ('"0 7 * * *"', '"* 7 * * *"', "more often than once in an hour"),
        ('"7d"', '"7 weeks"', "Unknown period '7 weeks'"),
        ('"env:OWNER_MAIL", ', '"owner@shop.example", ', "Write where the secret is, env:NAME or file:PATH"),
        ('"file:team.chat"', '"env:OWNER_MAIL"', "the recipient env:OWNER_MAIL is named twice"),
        ('["env:OWNER_MAIL", "file:team.chat"]', "[]", "at least 1 item"),
        (DELIVERY, DELIVERY + DELIVERY, "the delivery 'daily' is configured twice"),
        ('schedule = "0 7 * * *"', "", "tenants[0].deliveries[0].schedule: Field required"),
    ],
)  # fmt: skip
def test_mistake_in_a_delivery_is_named_when_the_file_is_read(place: Place, old: str, new: str, why: str) -> None:
    place.replace(old, new)
    with pytest.raises(ConfigurationError) as caught:
        _ = place.settings
    assert why in str(caught.value) and "owner@shop.example" not in str(caught.value)


def test_recipient_without_a_usable_address_is_named_by_its_reference(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deliveries.recipient_problems(place.settings) == []
    monkeypatch.delenv("OWNER_MAIL")
    (place.root / "team.chat").write_text("slakc://secret/words")
    problems = deliveries.recipient_problems(place.settings)
    assert "recipient env:OWNER_MAIL (tenant aurora) cannot be used: the environment variable" in problems[0]
    assert "recipient file:team.chat (tenant aurora) cannot be used: Apprise does not understand it" in problems[1]
    assert "secret" not in "".join(problems)


def test_run_that_fails_still_sends_what_is_due(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration import messages

    place.deliver(SUNDAY - HOUR)
    monkeypatch.setattr(messages.send_due, "__defaults__", (lambda: SUNDAY,))
    environment = {"TAKINGS_HOME": str(place.home.root), "TAKINGS_CONFIG": str(place.root / "takings.toml")}
    place.mailbox.replies["MAIL"] = "451 busy"
    with place.home.writing():
        result = CliRunner().invoke(cli.app, ["run"], env=environment)
    assert "Another run is writing" in str(result.exception)
    assert "warning: the delivery daily of aurora to env:OWNER_MAIL" in result.output and "451 busy" in result.output
    assert len(place.hook.received) == 1


def test_check_names_every_missing_secret_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OWNER_MAIL")
    place.replace("file:aurora.token", "env:NO_SUCH_TOKEN")
    result = CliRunner().invoke(
        cli.app,
        ["check"],
        env={"TAKINGS_HOME": str(place.home.root), "TAKINGS_CONFIG": str(place.root / "takings.toml")},
    )
    message = str(result.exception)
    assert "NO_SUCH_TOKEN is not set" in message and "The recipient env:OWNER_MAIL (tenant aurora)" in message


def command(
    place: Place, monkeypatch: pytest.MonkeyPatch, *arguments: str, now: datetime = SUNDAY, text: str = ""
) -> Any:
    monkeypatch.setenv("TAKINGS_HOME", str(place.home.root))
    monkeypatch.setenv("TAKINGS_CONFIG", str(place.root / "takings.toml"))
    monkeypatch.setattr(deliveries, "utc_now", lambda: now)
    monkeypatch.setattr(deliveries.send_now, "__defaults__", (lambda: now,))
    monkeypatch.setattr(deliveries.preview, "__defaults__", (lambda: now,))
    monkeypatch.setattr(deliveries.retry, "__defaults__", (lambda: now,))
    return CliRunner().invoke(cli.app, ["deliveries", *arguments], input=text)


def test_command_lists_what_was_sent_what_waits_and_what_is_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver(SUNDAY - HOUR)
    place.hook.answer = lambda _: None
    place.deliver(SUNDAY)
    result = command(place, monkeypatch)
    lines = result.output.splitlines()
    assert lines[0] == (
        "aurora / daily: revenue-overview as csv, at 07:00 every day (America/New_York); next 2026-03-02 07:00"
    )
    assert any("sent " in line and "env:OWNER_MAIL" in line and "250 2.0.0 queued as 4711" in line for line in lines)
    assert any("unknown " in line and "file:team.chat" in line and "without an answer" in line for line in lines)
    assert "127.0.0.1" not in result.output and "shop.example" not in result.output


def test_unknown_message_is_sent_again_after_a_question(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver(SUNDAY - HOUR)
    place.hook.answer = lambda _: None
    place.deliver(SUNDAY)
    number = next(entry.id for entry in deliveries.listing(place.settings, None)[0] if entry.state == "unknown")
    place.hook.answer = lambda _: (200, {}, b"ok")
    refused = command(place, monkeypatch, "--retry", str(number), text="n\n")
    assert "may arrive twice" in refused.output and "Nothing was sent." in refused.output
    assert refused.exit_code == 1 and len(place.hook.received) == 1
    again = command(place, monkeypatch, "--retry", str(number), text="y\n")
    assert again.exit_code == 0 and "was sent" in again.output
    first, second = place.hook.received
    assert first == second, "the same message, from the same build"
    with pytest.raises(TakingsError, match="its state is sent"):
        deliveries.retry(place.settings, number)


def test_dry_run_writes_the_message_and_sends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = command(place, monkeypatch, "--send", "daily", "--dry-run", "--folder", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert "Subject: Revenue Overview, 22 – 28 Feb 2026" in result.output and "To: env:OWNER_MAIL" in result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"message.html", "message.txt", "chat.txt", "revenue-overview-2026-02-22-2026-02-28.csv"} <= names
    assert "cid:" not in (tmp_path / "out" / "message.html").read_text()
    assert place.mailbox.mails == place.hook.received == []
    assert not (place.home.serving / "links.db").exists(), "no link was made"


def test_delivery_is_sent_by_hand_or_says_why_not(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    result = command(place, monkeypatch, "--send", "daily")
    assert result.exit_code == 0 and result.output.count("was sent") == 2 and len(place.mailbox.mails) == 1
    late = command(place, monkeypatch, "--send", "daily", now=SUNDAY + timedelta(days=3))
    assert late.exit_code == 1 and "was not sent: the published data are as of" in str(late.exception)
    unknown = command(place, monkeypatch, "--send", "weekly")
    assert "There is no delivery 'weekly'. " in str(unknown.exception) and "daily (aurora)" in str(unknown.exception)
    assert len(place.mailbox.mails) == 1


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.deep)])
def test_many_deliveries_due_at_the_same_minute_share_one_report(
    place: Place, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    from serving.deliveries import report
    from serving.deliveries.deliver import THREADS
    from serving.deliveries.outbox import Outbox

    place.replace(DELIVERY, "".join(DELIVERY.replace('"daily"', f'"daily-{number}"') for number in range(count)))
    place.replace(', "file:team.chat"', "")
    written, loaded, most = [], 0, 0
    write, load, claim = report.parts, Outbox.message, Outbox.end

    def parts(*arguments: Any) -> report.Parts:
        written.append(arguments)
        return write(*arguments)

    def message(box: Outbox, entry: Entry) -> Any:
        nonlocal loaded, most
        loaded, most = loaded + 1, max(most, loaded + 1)
        return load(box, entry)

    def end(*arguments: Any) -> Entry:
        nonlocal loaded
        loaded -= 1
        return claim(*arguments)

    monkeypatch.setattr(report, "parts", parts)
    monkeypatch.setattr(Outbox, "message", message)
    monkeypatch.setattr(Outbox, "end", end)
    place.deliver(SUNDAY - HOUR)
    entries = place.deliver(SUNDAY).entries
    assert [entry.state for entry in entries] == ["sent"] * count
    assert len(place.mailbox.mails) == count and len({str(mail["Message-ID"]) for mail in place.mailbox.mails}) == count
    assert len(written) == 1, "the file and its pictures are made once"
    assert most <= THREADS, "no more messages are in memory than are being sent"
    with closing(sqlite3.connect(place.home.serving / "deliveries.db")) as db:
        assert db.execute("SELECT count(*) FROM files").fetchone()[0] == 2, "and stored once"
