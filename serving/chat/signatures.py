"""Proves that a request comes from Discord or Slack, is at most five minutes old, and has not been here before.

Discord signs timestamp and body with Ed25519 (X-Signature-Ed25519, X-Signature-Timestamp), Slack `v0:timestamp:body`
with HMAC-SHA256 (X-Slack-Signature, X-Slack-Request-Timestamp). Both want 401 for a signature that does not fit, and
Discord tries that out whenever the endpoint's address is saved.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from datetime import datetime

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

WINDOW = 300  # seconds, before and after: Slack's rule
TIMESTAMP = re.compile(r"[0-9]{1,12}")


class UnsignedError(Exception):
    """A request that neither platform has sent now: unsigned, forged, late, or repeated. It never says which."""


class Arrivals:
    """The requests of the last minutes, so that none counts twice. For one event loop."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def add(self, timestamp: str, body: bytes, now: datetime) -> None:
        """Note a request whose signature is right. Raises UnsignedError where it was here before.

        Two genuine requests differ in their ids. The signature is not compared: one text may have several.
        """
        instant = now.timestamp()
        while self._until and next(iter(self._until.values())) < instant:
            self._until.popitem(last=False)
        key = hashlib.sha256(timestamp.encode() + b":" + body).digest()
        if key in self._until:
            raise UnsignedError
        self._until[key] = instant + 2 * WINDOW  # as long as its timestamp may still be accepted


def check_discord(public_key: bytes, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Raise UnsignedError unless Discord has signed this body within the window."""
    _check_age(timestamp, now)
    if not is_ed25519(public_key, timestamp.encode() + body, signature):
        raise UnsignedError


def is_ed25519(public_key: bytes, text: bytes, signature: str) -> bool:
    """Whether `signature`, in hexadecimal digits, is that of the key's owner under a text (RFC 8032)."""
    try:
        VerifyKey(public_key).verify(text, bytes.fromhex(signature))
    except (BadSignatureError, ValueError):
        return False
    return True


def check_slack(secret: str, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Raise UnsignedError unless Slack has signed this body within the window."""
    _check_age(timestamp, now)
    if not hmac.compare_digest(slack_signature(secret, timestamp, body).encode(), signature.encode()):
        raise UnsignedError


def slack_signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature that Slack sends with a body."""
    text = b":".join((b"v0", timestamp.encode(), body))
    return "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _check_age(timestamp: str, now: datetime) -> None:
    if not TIMESTAMP.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > WINDOW:
        raise UnsignedError
