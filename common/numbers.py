"""Numbers that are written as text: the one strict reader for files, responses and headers.

Python's own `int`, `float` and `Decimal` also take `1_000`, `nan`, `inf` and the digits of other scripts. In a file
each of these is a mistake, so each of them is an error here.
"""

from __future__ import annotations

import re
from decimal import Decimal

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")


def decimal(text: str, *, exponent: bool = True) -> Decimal:
    """The number in a text such as -1234.50 or, with `exponent`, 6.1E-05. Raises ValueError for any other text."""
    if not (_SCIENTIFIC if exponent else _PLAIN).fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number (such as 0.8512)")
    return Decimal(text)


def whole(text: str | int) -> int:
    """The number in a text such as 42. Raises ValueError for any other text."""
    if isinstance(text, str) and not _WHOLE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a whole number (such as 42)")
    return int(text)
