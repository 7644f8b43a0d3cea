"""What is certain about a message after each failure of a mail server and of a web server."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter

from serving.deliveries import channels, deadline, mail, web
from serving.deliveries.message import Attachment, Message, Outcome
from tests.serving.deliveries.receivers import (
    TAKEN,
    HttpServer,
    MailServer,
    dripping_server,
    free_port,
    http_server,
    mail_server,
)

DATE = datetime(2026, 11, 30, 8, tzinfo=UTC)
IDENTIFIER = "0123456789abcdef0123456789abcdef"
LOGO = b"\x89PNG\r\n\x1a\nlogo"
MESSAGE = Message(
    "Weekly: Umsätze\n– Aurora", "Net sales 1,00 €\n.\n.hidden\n", '<img src="cid:logo.png"><p>Net sales ä</p>',
    (Attachment("logo.png", "image/png", LOGO, inline=True), Attachment("a.csv", "text/csv", b"a,b\r\n")),
    "Net sales\nhttps://example.com/r/1", "Nordlicht Küche",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared_mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def smtp(shared_mail: MailServer) -> MailServer:
    for state in (shared_mail.replies, shared_mail.refused, shared_mail.mails, shared_mail.recipients):
        state.clear()
    shared_mail.slow = ""
    return shared_mail


@pytest.fixture(scope="module")
def shared_web() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@pytest.fixture
def receiver(shared_web: HttpServer) -> HttpServer:
    shared_web.received.clear()
    shared_web.headers.clear()
    shared_web.answer, shared_web.delay = lambda _: (200, {}, b"ok"), 0.0
    return shared_web


def send(address: str, message: Message = MESSAGE) -> Outcome:
    return channels.send(address, message, IDENTIFIER, DATE)


def test_mail_has_text_html_pictures_and_attachments(smtp: MailServer) -> None:
    assert send(smtp.address(options="&name=Aurora&+X-List=reports")) == Outcome("sent", TAKEN)
    (received,) = smtp.mails
    assert received["Subject"] == "Weekly: Umsätze – Aurora"
    assert received["From"] == "Aurora <reports@takings.example>"
    assert received["To"] == "owner@shop.example"
    assert received["Message-ID"] == f"<{IDENTIFIER}@takings.example>"
    assert received["Date"].datetime == DATE
    assert (received["Auto-Submitted"], received["X-List"]) == ("auto-generated", "reports")
    assert received.get_content_type() == "multipart/mixed"
    text, page = received.get_body(("plain",)), received.get_body(("html",))
    assert text and text.get_content().replace("\r\n", "\n") == MESSAGE.text, "also a line of one dot arrives"
    assert page and page.get_content().strip() == MESSAGE.html
    (picture,) = (part for part in received.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content()) == ("<logo.png>", LOGO)
    assert [(part.get_filename(), part.get_content()) for part in received.iter_attachments()] == [("a.csv", "a,b\r\n")]


def test_two_attempts_send_the_same_bytes(smtp: MailServer) -> None:
    send(smtp.address())
    send(smtp.address())
    assert smtp.mails[0].as_bytes() == smtp.mails[1].as_bytes()


def test_mail_without_html_is_plain_text(smtp: MailServer) -> None:
    assert send(smtp.address(), Message("Title", "text")).result == "sent"
    assert smtp.mails[0].get_content_type() == "text/plain"


def test_line_break_in_a_name_is_no_header_and_no_obstacle(smtp: MailServer) -> None:
    message = Message("Title\r\nBcc: x@x.example", "text", sender="Shop\r\nBcc: x@x.example")
    assert send(smtp.address(), message).result == "sent"
    assert smtp.mails[0]["Bcc"] is None
    assert smtp.mails[0]["Subject"] == "Title Bcc: x@x.example"
    assert smtp.recipients == [["owner@shop.example"]]


def test_sender_is_the_tenant_where_the_address_names_nobody(smtp: MailServer) -> None:
    send(smtp.address())
    assert smtp.mails[0]["From"] == "Nordlicht Küche <reports@takings.example>"


@pytest.mark.parametrize(
    ("stage", "reply", "result", "detail"),
    [
        ("EHLO", "drop", "later", "no connection to the mail server"),
        ("MAIL", "451 4.3.0 busy", "later", "the sender was refused: 451 4.3.0 busy"),
        ("MAIL", "550 5.7.1 go away", "failed", "the sender was refused: 550 5.7.1 go away"),
        ("MAIL", "drop", "later", "the mail server ended the connection before it had the mail"),
        ("RCPT", "450 4.2.1 grey-listed", "later", "the recipient was refused: 450 4.2.1 grey-listed"),
        ("RCPT", "550 5.1.1 <owner@shop.example>: no such user", "failed",
         "the recipient was refused: 550 5.1.1 …: no such user"),
        ("RCPT", "drop", "later", "the mail server ended the connection before it had the mail"),
        ("DATA", "452 4.3.1 disk full", "later", "the mail was refused: 452 4.3.1 disk full"),
        ("DATA", "554 5.7.1 spam", "failed", "the mail was refused: 554 5.7.1 spam"),
        ("DATA", "drop", "unknown", "the connection ended before the server answered to the mail"),
        ("DATA", "garbage", "unknown", "the server's answer to the mail is no SMTP"),
    ],
)  # fmt: skip
def test_each_stage_of_smtp(smtp: MailServer, stage: str, reply: str, result: str, detail: str) -> None:
    smtp.replies[stage] = reply
    outcome = send(smtp.address())
    assert (outcome.result, outcome.detail[: len(detail)]) == (result, detail)
    assert len(smtp.mails) == (result == "unknown"), "only what is unknown can have arrived"


def test_one_of_two_addresses_that_is_refused_is_listed_and_the_other_has_the_mail(smtp: MailServer) -> None:
    smtp.refused["gone@shop.example"] = "550 5.1.1 gone@shop.example is unknown"
    outcome = send(smtp.address("gone", "&to=owner@shop.example&bcc=boss@shop.example"))
    assert outcome == Outcome("unknown", "1 of 3 addresses were refused (550 5.1.1 … is unknown); the others have it")
    assert smtp.recipients == [["owner@shop.example", "boss@shop.example"]]
    assert "boss" not in smtp.mails[0].as_string()


def test_mail_server_that_is_down_is_asked_later() -> None:
    outcome = send(f"mailto://127.0.0.1:{free_port()}/owner@shop.example?from=reports@takings.example")
    assert outcome == Outcome("later", "no connection to the mail server (connection refused)")


def test_mail_server_that_never_answers_is_asked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "SECONDS_TO_ANSWER", 0.05)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        outcome = send(f"mailto://127.0.0.1:{port}/owner@shop.example?from=reports@takings.example")
    assert outcome == Outcome("later", "no connection to the mail server (no answer in time)")


@pytest.mark.parametrize(
    ("stage", "result", "detail"),
    [("MAIL", "later", "the mail server ended the connection before it had the mail (no answer in time)"),
     ("DATA", "unknown", "the connection ended before the server answered to the mail (no answer in time)")],
)  # fmt: skip
def test_mail_server_that_is_slow_is_not_waited_for(
    smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str, result: str, detail: str
) -> None:
    monkeypatch.setattr(mail, "SECONDS_TO_ANSWER", 0.3)
    smtp.slow = stage
    outcome = send(smtp.address())
    assert (outcome.result, outcome.detail) == (result, detail)


@pytest.mark.parametrize("kind", ["mailto", "json"])
def test_server_that_sends_a_byte_from_time_to_time_is_left_in_the_end(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(deadline, "SECONDS", 0.3)
    with dripping_server() as port:
        address = f"{kind}://127.0.0.1:{port}/owner@shop.example?from=reports@takings.example"
        outcome = send(address)
    assert outcome.result == ("later" if kind == "mailto" else "unknown"), "HTTP: the request was sent"


def test_certificate_that_nobody_vouches_for_gets_no_mail(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    with mail_server(tls_context=context) as server:
        address = server.address().replace("mailto", "mailtos")
        outcome = send(address)
        assert outcome.result == "later" and "its certificate is not valid: self-signed" in outcome.detail
        assert server.mails == []
        assert send(f"{address}&verify=no") == Outcome("sent", TAKEN)
        assert send(f"{address}&mode=ssl").result == "later", "encrypted from the first byte, which this server is not"


def test_mail_that_cannot_be_written_was_not_sent(smtp: MailServer) -> None:
    assert send(smtp.address(), Message("T", "\udc80")).result == "failed"


def test_server_without_encryption_or_login_gets_no_mail(smtp: MailServer) -> None:
    for address in (
        f"mailtos://127.0.0.1:{smtp.port}/owner@shop.example?from=reports@takings.example",
        f"mailto://user:password@127.0.0.1:{smtp.port}/owner@shop.example?from=reports@takings.example",
    ):
        outcome = send(address)
        assert outcome.result == "failed" and "does not offer the encryption or the login" in outcome.detail
    assert smtp.mails == []


def test_wrong_password_fails_and_is_not_shown() -> None:
    with mail_server(auth_require_tls=False, authenticator=_refuse) as server:
        outcome = send(f"mailto://maria:secret@127.0.0.1:{server.port}/owner@shop.example?from=reports@takings.example")
    assert outcome == Outcome("failed", "the connection or the login was refused: 535 no … with …")


def _refuse(*_: object) -> object:
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=False, handled=False, message="535 no maria with secret")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that it signed itself, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.mark.parametrize(
    ("status", "headers", "result", "wait"),
    [
        (204, {}, "sent", None),
        (400, {}, "failed", None),
        (401, {}, "failed", None),
        (404, {}, "failed", None),
        (302, {"Location": "/elsewhere"}, "failed", None),
        (429, {"Retry-After": "90"}, "later", timedelta(seconds=90)),
        (429, {"Retry-After": "soon"}, "later", None),
        (500, {}, "later", None),
        (503, {"Retry-After": "120"}, "later", timedelta(seconds=120)),
        (502, {}, "unknown", None),
        (504, {}, "unknown", None),
    ],
)  # fmt: skip
def test_each_answer_of_a_webhook(
    receiver: HttpServer, status: int, headers: dict[str, str], result: str, wait: timedelta | None
) -> None:
    receiver.answer = lambda _: (status, headers, b"")
    outcome = send(receiver.address())
    assert (outcome.result, outcome.wait, f"HTTP {status}" in outcome.detail) == (result, wait, True)
    assert len(receiver.received) == 1


def test_webhook_gets_title_text_and_files_with_a_key_for_repetitions(receiver: HttpServer) -> None:
    assert send(receiver.address()) == Outcome("sent", "HTTP 200 OK")
    (body,), (headers,) = receiver.received, receiver.headers
    assert (body["title"], body["message"]) == (MESSAGE.title, MESSAGE.chat)
    assert [file["filename"] for file in body["attachments"]] == ["logo.png", "a.csv"]
    assert headers["Idempotency-Key"] == IDENTIFIER


def test_name_in_any_script_is_no_obstacle(receiver: HttpServer) -> None:
    message = Message("売上 – 日本", "売上: ¥1,000", sender="日本商店")
    for address in (receiver.address(), f"ntfy://127.0.0.1:{receiver.port}/topic"):
        assert send(address, message).result == "sent"
    assert receiver.received[0]["message"] == "売上: ¥1,000"


def test_mistake_of_apprise_before_the_first_byte_is_certain(
    receiver: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.send", lambda *_, **__: 1 // 0)
    outcome = send(receiver.address())
    assert outcome == Outcome("failed", "Apprise cannot write the message for this channel (ZeroDivisionError)")


def test_webhook_that_received_and_never_answers_is_unknown(
    receiver: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "SECONDS_TO_ANSWER", 0.05)
    receiver.delay = 0.3
    outcome = send(receiver.address())
    assert outcome == Outcome("unknown", "the connection ended without an answer of the receiver (ReadTimeout)")
    assert len(receiver.received) == 1


def test_webhook_that_received_and_ends_the_connection_is_unknown(receiver: HttpServer) -> None:
    receiver.answer = lambda _: None
    assert send(receiver.address()).result == "unknown"
    assert len(receiver.received) == 1


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "no-such-host.invalid"])
def test_webhook_that_cannot_be_reached_is_asked_later(host: str) -> None:
    outcome = send(f"json://{host.format(port=free_port())}/hook")
    assert outcome == Outcome("later", "no connection (ConnectionError)")


def test_webhook_without_the_encryption_that_is_asked_for_receives_nothing(receiver: HttpServer) -> None:
    assert send(receiver.address(kind="jsons")).result == "later"
    assert receiver.received == []


def test_part_of_a_message_that_arrived_is_not_sent_again(
    receiver: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ntfy takes the text in one request and each file in another."""
    monkeypatch.setattr("apprise.plugins.ntfy.NotifyNtfy.request_rate_per_sec", 0)
    receiver.answer = lambda number: (200, {}, b"{}") if number == 1 else (413, {}, b"{}")
    two = Message(
        "T", "text", attachments=(Attachment("a.csv", "text/csv", b"1"), Attachment("b.csv", "text/csv", b"2"))
    )
    outcome = send(f"ntfy://127.0.0.1:{receiver.port}/topic", two)
    assert outcome.result == "unknown" and outcome.detail.startswith("a part of it arrived, another did not (HTTP 413")


@pytest.mark.parametrize(
    ("body", "result"),
    [(b'{"ok": false, "error": "channel_not_found"}', "failed"), (b'{"ok": false, "error": "ratelimited"}', "later"),
     (b"<html>", "unknown"), (b'{"ok": true}', "unknown"), (b'["ok"]', "unknown")],
)  # fmt: skip
def test_answer_200_that_refuses_is_read_as_the_platform_means_it(
    receiver: HttpServer, body: bytes, result: str
) -> None:
    import requests

    receiver.answer = lambda _: (200, {}, body)
    with web.watched() as exchanges:
        requests.post(f"http://127.0.0.1:{receiver.port}/", data=b"{}", timeout=5)
    assert web.outcome(False, exchanges).result == result


def test_watch_is_gone_afterwards_and_sees_no_other_thread(receiver: HttpServer) -> None:
    import threading

    import requests

    before = HTTPAdapter.send, http.client.HTTPConnection.send
    with web.watched() as exchanges:
        url = f"http://127.0.0.1:{receiver.port}/"
        other = threading.Thread(target=lambda: requests.post(url, data=b"{}", timeout=5))
        other.start()
        other.join()
        assert exchanges == [] and len(receiver.received) == 1
    assert (HTTPAdapter.send, http.client.HTTPConnection.send) == before


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mailto://user:secret@mail.example.com/owner@shop.example?from=reports@takings.example", ""),
        ("json://hooks.example.com/1", ""),
        ("discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789", ""),
        ("owner@shop.example", "it does not begin with a channel, such as mailtos://"),
        ("mailtos://me@shop.example:secret@mail.example.com/owner@shop.example", "an @ is written %40"),
        ("mailto://", "Apprise does not understand it"),
        ("mailto://u:p@mail.example.com/owner@shop.example?pgp=sign", "remove `pgp`"),
        ("syslog://", "it is neither mail nor HTTP"),
    ],
)  # fmt: skip
def test_address_that_nothing_can_be_sent_to_is_named_without_itself(address: str, why: str) -> None:
    problem = channels.problem(address)
    assert why in problem and bool(problem) == bool(why) and "secret" not in problem


def test_long_chat_text_keeps_its_link() -> None:
    text = "A\n" * 2000 + "https://example.com/r/1"
    short = channels.compact(text, 200)
    assert len(short) <= 200 and short.startswith("A\nA") and short.endswith("…\nhttps://example.com/r/1")
    assert channels.compact("short", 200) == "short"
