"""Sends a message to an address of Apprise (https://appriseit.com): `mailto://…`, `slack://…`, `ntfy://…`, `json://…`.

Apprise reads the address and speaks the platform's language, but its `notify` says True or False only. A ledger needs
to know whether a message certainly did not arrive, so mail is sent by `mail.py` through the server that Apprise found
in the address, and `web.py` watches the HTTP requests of everything else (docs/decisions/0038).
"""

from __future__ import annotations

import importlib
import logging
import sys
import tempfile
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it looks for Python's imghdr, which ends with Python 3.13
    importlib.import_module("apprise.utils.pgp")
from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat
from apprise.attachment.file import AttachFile
from apprise.common import PersistentStoreMode

from serving.deliveries import mail, web
from serving.deliveries.message import Message, Outcome

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 15.0, 30.0
MAIL = ("mailto", "mailtos")


def problem(address: str) -> str:
    """Why nothing can be sent to an address, without the address; empty where it can."""
    plugin = _plugin(address)
    if plugin is None and "://" not in address:
        return "it does not begin with a channel, such as mailtos:// or slack:// (docs/guides/deliveries.md)"
    if plugin is None:
        return (
            "Apprise does not understand it, or lacks a library for it (https://appriseit.com/services); inside a "
            "part, an @ is written %40 and a / %2F"
        )
    if _is_mail(plugin):
        return mail.problem(plugin)
    return "" if _uses_http(plugin) else "it is neither mail nor HTTP: nobody could say whether a message arrived"


def send(address: str, message: Message, message_id: str, date: datetime) -> Outcome:
    """Send a message and say what came of it; the outcome shows no address.

    `message_id`: 32 hexadecimal digits, the same for every attempt; mail programs and webhooks recognize a repetition
    by it. `date`: when the message was written.
    """
    plugin = _plugin(address, message.sender)
    if plugin is None or problem(address):
        return Outcome("failed", problem(address))
    if _is_mail(plugin):
        return mail.send(plugin, message, message_id, date)
    plugin.socket_connect_timeout, plugin.socket_read_timeout = SECONDS_TO_CONNECT, SECONDS_TO_ANSWER
    plugin.redirects = False  # a POST that is redirected arrives as an empty GET
    if isinstance(headers := getattr(plugin, "headers", None), dict):
        headers.setdefault("Idempotency-Key", message_id)
    with tempfile.TemporaryDirectory() as folder, web.watched() as exchanges:
        try:
            delivered = _notify(plugin, message, Path(folder))
        except Exception as error:  # Apprise's own mistakes: before the first byte they are certain
            if any(exchange.is_sent for exchange in exchanges):
                raise
            return Outcome("failed", f"Apprise cannot write the message for this channel ({type(error).__name__})")
    return web.outcome(delivered, exchanges)


def compact(text: str, most: int) -> str:
    """A chat text of at most `most` characters: where it is longer, its last line (the link) stays."""
    if len(text) <= most:
        return text
    start, _, last = text.rpartition("\n")
    return f"{start[: max(0, most - len(last) - 3)].rstrip()}\n…\n{last}"[-most:]


def _notify(plugin: Any, message: Message, folder: Path) -> bool:
    files = AppriseAttachment()
    shown = [file for file in message.attachments if file.chat and plugin.attachment_support]
    for number, file in enumerate(shown):
        path = folder / str(number)
        path.write_bytes(file.body)
        files.add(AttachFile(str(path), name=file.name, mimetype=file.media_type.partition(";")[0]))
    text = compact(message.chat or message.text, plugin.body_maxlen)
    attach = files if len(files) else None
    return bool(plugin.notify(body=text, title=message.title, body_format=NotifyFormat.TEXT, attach=attach))


def _plugin(address: str, sender: str = "") -> Any:
    """Apprise's object for an address; None where it understands none. Apprise logs addresses: it is kept quiet."""
    name = sender if sender and sender.isascii() and sender.isprintable() else "Takings"  # a header of requests
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    asset = AppriseAsset(
        app_id=name, app_desc=name, app_url="", image_url_mask="", image_url_logo="",
        storage_mode=PersistentStoreMode.MEMORY,
    )  # fmt: skip
    return Apprise.instantiate(address, asset=asset, suppress_exceptions=True)


def _is_mail(plugin: Any) -> bool:
    return bool((plugin.protocol, plugin.secure_protocol) == MAIL)


def _uses_http(plugin: Any) -> bool:
    return hasattr(sys.modules[type(plugin).__module__], "requests")
