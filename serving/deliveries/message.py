"""What is sent to people, and what came of sending it."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True)
class Attachment:
    """A file of a message.

    `inline`: a picture that the message's `html` shows as `cid:<name>`. `chat`: whether chats and webhooks get it too.
    """

    name: str
    media_type: str
    body: bytes
    inline: bool = False
    chat: bool = True


@dataclass(frozen=True)
class Message:
    """One message, the same for every channel and recipient.

    `title` is the subject, `sender` whom it is from where the address names nobody. `text` is the part text/plain of a
    mail, and what chats show where `chat` is empty. `html` is the other part; without it a mail is plain text.
    """

    title: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    chat: str = ""
    sender: str = ""

    def dump(self) -> tuple[bytes, dict[str, bytes]]:
        """The message without the bodies of its files, and these by their hashes: equal messages give equal bytes."""
        bodies = {_hash(file.body): file.body for file in self.attachments}
        files = [[file.name, file.media_type, _hash(file.body), file.inline, file.chat] for file in self.attachments]
        content = json.dumps([self.title, self.text, self.html, files, self.chat, self.sender])
        return zlib.compress(content.encode()), bodies

    @staticmethod
    def load(content: bytes, bodies: Mapping[str, bytes]) -> Message:
        """The message that `dump` gave."""
        title, text, html, files, chat, sender = json.loads(zlib.decompress(content))
        attachments = tuple(
            Attachment(name, kind, bodies[body], inline, in_chat) for name, kind, body, inline, in_chat in files
        )
        return Message(title, text, html, attachments, chat, sender)

    @property
    def hash(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        return _hash(self.dump()[0])


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt to send, as a sender returns it. `detail`: the receipt, or why not, without a secret.

    sent     the receiver confirmed it
    later    it certainly did not arrive and may arrive later: try again, not before `wait` where that is given
    failed   it certainly did not arrive and will not: do not try again
    unknown  it may have arrived: never try again without being asked
    """

    result: Literal["sent", "later", "failed", "unknown"]
    detail: str
    wait: timedelta | None = None


@dataclass(frozen=True)
class Waiting:
    """Why a message cannot be written yet, as a renderer returns it in place of the message."""

    why: str


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
