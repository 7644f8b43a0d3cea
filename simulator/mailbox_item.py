"""A message of the mailbox: a mail, or what a webhook brought, read from its file."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

CONTENT_ID = re.compile(r"cid:([^\"'\s)>]+)", re.IGNORECASE)
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True)
class File:
    """An attachment. `content_id`: the name under which the HTML shows it; empty where it does not."""

    name: str
    media_type: str
    body: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Item:
    """A message. `html` has its pictures inside (data: addresses). `source`: the headers, or the JSON."""

    number: int
    kind: str
    title: str
    sender: str
    recipient: str
    received: datetime | None
    text: str
    html: str
    files: tuple[File, ...]
    source: str


def read(path: Path) -> Item:
    """The message of a file that Mailbox wrote."""
    content = path.read_bytes()
    return _webhook(int(path.stem), content) if path.suffix == ".json" else _mail(int(path.stem), content)


def _mail(number: int, content: bytes) -> Item:
    mail: EmailMessage = email.message_from_bytes(content, policy=email.policy.default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    bodies = [part for part in (plain, html) if part is not None]
    files = tuple(_files(mail, bodies))
    inline = {file.content_id: file for file in files if file.content_id}
    page = _text(html)
    shown = set(CONTENT_ID.findall(page))
    return Item(
        number, "Mail", str(mail["subject"] or "(no subject)"), str(mail["from"] or ""),
        str(mail["x-recipients"] or mail["to"] or ""), _instant(mail["x-received"]), _text(plain),
        CONTENT_ID.sub(lambda match: _inside(match[0], inline.get(match[1])), page),
        tuple(file for file in files if file.content_id not in shown),
        "\n".join(f"{name}: {value}" for name, value in mail.items() if not name.lower().startswith("x-rec")),
    )  # fmt: skip


def _files(mail: EmailMessage, bodies: list[Any]) -> Iterator[File]:
    for part in mail.walk():
        if part.is_multipart() or any(part is body for body in bodies):
            continue
        body = part.get_payload(decode=True)
        content_id = str(part["content-id"] or "").strip("<> ")
        name = part.get_filename() or content_id or "attachment"
        yield File(name, part.get_content_type(), body if isinstance(body, bytes) else b"", content_id)


def _text(part: Any) -> str:
    """The text of a part; letters that its charset does not have are replaced."""
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _inside(address: str, file: File | None) -> str:
    """The address of a picture that holds its bytes."""
    if file is None or file.media_type not in PICTURES:
        return address
    return f"data:{file.media_type};base64,{base64.b64encode(file.body).decode()}"


def _webhook(number: int, content: bytes) -> Item:
    received = json.loads(content)
    payload = received["payload"]
    fields = payload if isinstance(payload, dict) else {}
    title = str(fields.get("title") or fields.get("subject") or f"Message to {received['hook']}")
    text = str(fields.get("message") or fields.get("text") or fields.get("content") or "")
    files = tuple(_hook_files(fields.get("attachments")))
    return Item(
        number, "Webhook", title, "", f"/mailbox/hooks/{received['hook']}",
        _instant(received["received"]), text, "", files, json.dumps(_shortened(payload), indent=2, ensure_ascii=False),
    )  # fmt: skip


def _hook_files(attachments: Any) -> Iterator[File]:
    for entry in attachments if isinstance(attachments, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("base64"), str):
            try:
                body = base64.b64decode(entry["base64"])
            except binascii.Error:
                continue
            yield File(str(entry.get("filename") or "attachment"), str(entry.get("mimetype") or ""), body)


def _shortened(value: Any) -> Any:
    """JSON for people: long texts, such as files in base64, are cut."""
    if isinstance(value, dict):
        return {name: _shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return f"{value[:120]}… ({len(value):,} characters)" if isinstance(value, str) and len(value) > 2000 else value


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
