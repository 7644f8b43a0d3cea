"""The demo's mailbox: mails by SMTP and webhooks are kept, and shown without running or loading anything of them."""

from __future__ import annotations

import json
import smtplib
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from simulator import Mailbox, SimulatorServer, World
from simulator.apis.base import Request, Response

PNG = b"\x89PNG\r\n\x1a\n-pretend-"
HOSTILE = (
    "<h1>Sales</h1><script>document.title='changed'</script><img src='cid:chart'>"
    "<img src='https://evil.example/pixel.gif'><base href='https://evil.example/'><form action='/x'><input></form>"
)


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mailbox") as running:
        yield running


def mail(subject: str = "Sales of aurora ✓") -> EmailMessage:
    """A mail as reports are sent: plain text, HTML with a picture in it, and a file."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "takings@localhost", "owner@example.com"
    message.set_content("Revenue 1,234.56\n")
    message.add_alternative(HOSTILE, subtype="html")
    html = message.get_payload()[1]  # type: ignore[index]
    html.add_related(PNG, "image", "png", cid="<chart>", filename="chart.png")  # type: ignore[union-attr]
    message.add_attachment(b"day,revenue\n", maintype="text", subtype="csv", filename='sales "é".csv')
    return message


def send(mailbox: Mailbox, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as client:
        client.send_message(message)


def get(mailbox: Mailbox, path: str, query: str = "", host: str = "127.0.0.1:8765") -> Response:
    return mailbox.respond(Request("GET", path, query, {"host": host}, b""))


def page(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


def post(
    mailbox: Mailbox, body: bytes, path: str = "/mailbox/hooks/alerts", kind: str = "application/json"
) -> Response:
    return mailbox.respond(Request("POST", path, "", {"host": "localhost:1", "content-type": kind}, body))


def test_mail_is_shown_with_its_parts_and_its_files_and_survives_a_restart(mailbox: Mailbox) -> None:
    send(mailbox, mail())
    send(mailbox, mail("A second one"))
    (newest, first) = Mailbox(mailbox.folder).items()
    assert (newest.title, first.title, first.number) == ("A second one", "Sales of aurora ✓", 1)
    assert first.recipient == "owner@example.com"
    assert first.text.strip() == "Revenue 1,234.56"
    assert [file.name for file in first.files] == ['sales "é".csv'], "the picture in the page is not an attachment"
    assert "data:image/png;base64," in first.html
    listed = page(get(mailbox, "/mailbox/"))
    assert "2 messages" in listed
    assert listed.index("A second one") < listed.index("Sales of aurora ✓")
    opened = page(get(mailbox, "/mailbox/1", "view=text"))
    assert "Revenue 1,234.56" in opened
    file = get(mailbox, "/mailbox/1/files/0")
    assert (file.body, file.content_type) == (b"day,revenue\n", "application/octet-stream")
    assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''sales%20%22%C3%A9%22.csv"


def test_html_of_a_mail_is_isolated_from_the_page_and_from_other_hosts(mailbox: Mailbox) -> None:
    send(mailbox, mail("<script>title</script>"))
    opened = page(get(mailbox, "/mailbox/1"))
    assert "<script>" not in opened
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in opened, "neither scripts, forms nor same origin"
    body = get(mailbox, "/mailbox/1/html")
    policy = body.headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["sandbox allow-popups allow-popups-to-escape-sandbox", "default-src 'none'"]
    assert "img-src data:" in policy
    assert "base-uri 'none'" in policy
    for path in ("/mailbox/", "/mailbox/1", "/mailbox/1/html", "/mailbox/1/files/0"):
        headers = get(mailbox, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "script-src" not in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_webhook_is_kept_and_shown_as_text(mailbox: Mailbox) -> None:
    payload = {
        "title": "MRR fell",
        "message": "<b>812.00</b>",
        "attachments": [{"filename": "a.png", "base64": "eA=="}],
    }
    assert post(mailbox, json.dumps(payload).encode()).status == 200
    (item,) = mailbox.items()
    assert (item.kind, item.title, item.text) == ("Webhook", "MRR fell", "<b>812.00</b>")
    assert [(file.name, file.body) for file in item.files] == [("a.png", b"x")]
    assert "&lt;b&gt;812.00&lt;/b&gt;" in page(get(mailbox, "/mailbox/1"))


@pytest.mark.parametrize(
    ("body", "path", "kind", "status"),
    [
        (b"no json", "/mailbox/hooks/a", "application/json", 400),
        (b"{}", "/mailbox/hooks/a", "text/plain", 415),  # what a form of another page can send
        (b"{}", "/mailbox/hooks/", "application/json", 404),
        (b"{}", "/mailbox/", "application/json", 404),
    ],
)
def test_what_is_no_webhook_is_refused(mailbox: Mailbox, body: bytes, path: str, kind: str, status: int) -> None:
    assert post(mailbox, body, path, kind).status == status
    assert mailbox.items() == []


@pytest.mark.parametrize("path", ["/mailbox/1", "/mailbox/1/html", "/mailbox/x", "/mailbox/1/files/0", "/mailbox/../a"])
def test_what_is_not_there_is_404(mailbox: Mailbox, path: str) -> None:
    assert get(mailbox, path).status == 404


def test_another_host_name_is_refused(mailbox: Mailbox) -> None:
    assert get(mailbox, "/mailbox/", host="evil.example:8765").status == 421


def test_simulator_serves_the_mailbox_beside_the_shops(world: World, mailbox: Mailbox) -> None:
    server = SimulatorServer(world, mailbox=mailbox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        answer = requests.post(f"{server.url}/mailbox/hooks/chat", json={"text": "Hello"}, timeout=10)
        assert answer.json() == {"received": True}
        assert "Hello" in requests.get(f"{server.url}/mailbox/1", timeout=10).text
    finally:
        server.stop()
