"""Halves of characters in JSON: a program that cuts a text in the middle of an emoji leaves a lone surrogate.

No JSON parser that we use accepts one, so each is replaced with U+FFFD, the replacement character, before it is parsed.
"""

from __future__ import annotations

import re

REPLACEMENT = b"\\ufffd"
_ESCAPED = re.compile(
    rb"\\\\"  # an escaped backslash: what follows is no escape
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # a half
)
_RAW = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # a half in the bytes that UTF-8 forbids


def without_halves(body: bytes) -> tuple[bytes, int]:
    """`body` with each half of a character replaced, and how many there were. `body` itself where there are none."""
    count = 0

    def replaced(match: re.Match[bytes]) -> bytes:
        nonlocal count
        if match.lastindex is None:
            return match[0]
        count += 1
        return REPLACEMENT

    if _may_have(body):
        body = _ESCAPED.sub(replaced, body)
    if b"\xed" in body:
        body, raw = _RAW.subn("\N{REPLACEMENT CHARACTER}".encode(), body)
        count += raw
    return body, count


def _may_have(body: bytes) -> bool:
    """Whether a half may be written as an escape. Few texts have backslashes, and one byte is found quickly."""
    at = body.find(b"\\")
    for _ in range(len(body) // 1024):
        if at < 0:
            return False
        if body[at + 1 : at + 3] in (b"ud", b"uD"):
            return True
        at = body.find(b"\\", at + 1)
    return b"\\ud" in body or b"\\uD" in body
