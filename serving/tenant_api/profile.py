"""The settings of a store's assistant: what the store is, how the assistant speaks, and how many products it shows.

Takings stores them, with their history, for the assistant that reads them; it runs no assistant. Every field may be
unknown (None). A change names some fields, and every mistake of it is found at once.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from common.numbers import whole
from serving.api.problems import Mistake

MOST_LETTERS = 2_000
"""Of the description and of the brand voice."""
LONGEST_URL = 2_000
HOTTEST, PLACES = Decimal(2), 3
MOST_PRODUCTS = 100
SHOWN = 60  # letters of an unknown name in a message
HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
NUMBER = re.compile(r"[0-9]{1,3}([.,][0-9]{1,6})?")


@dataclass(frozen=True)
class Profile:
    """The settings. temperature: 0 (always the most likely answer) to 2. max_products: shown in one answer."""

    description: str | None = None
    brand_voice: str | None = None
    store_url: str | None = None
    logo_url: str | None = None
    temperature: Decimal | None = None
    max_products: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain objects for JSON: the temperature is a number, what is unknown is null."""
        heat = self.temperature
        return asdict(self) | {"temperature": None if heat is None else float(heat) if heat % 1 else int(heat)}

    def changed(self, other: Profile) -> list[str]:
        """The names of the fields that differ."""
        return [name for name in NAMES if getattr(self, name) != getattr(other, name)]

    def text(self) -> str:
        """All fields as JSON, to be stored."""
        return json.dumps({**asdict(self), "temperature": None if self.temperature is None else str(self.temperature)})


NAMES = tuple(field.name for field in fields(Profile))


def stored(text: str) -> Profile:
    """The profile of a stored text."""
    content = json.loads(text)
    heat = content["temperature"]
    return Profile(**{**content, "temperature": None if heat is None else Decimal(heat)})


def change(profile: Profile, sent: object) -> tuple[Profile, list[Mistake]]:
    """The profile with what was sent in place of what it had; a field that is not sent keeps its value, null clears it.

    With mistakes, the profile that is returned is the one before.
    """
    if not isinstance(sent, Mapping):
        return profile, [
            Mistake("body", "The body is not a JSON object", "", 'Send {"brand_voice": "Friendly, brief"}')
        ]
    mistakes = [_unknown(str(name)) for name in sent if name not in NAMES]
    if not sent:
        mistakes.append(Mistake("body", "The body names no setting", "", f"Send one of: {', '.join(NAMES)}"))
    values: dict[str, Any] = {}
    for name in NAMES:
        if name in sent:
            try:
                values[name] = None if sent[name] is None else _READERS[name](name, sent[name])
            except _WrongError as error:
                mistakes.append(Mistake(name, *error.args))
    return (profile, mistakes) if mistakes else (replace(profile, **values), [])


def from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """What a form of a page sends: an empty field is unknown, numbers are those that people write."""
    sent: dict[str, Any] = {name: form.get(name, "").strip() or None for name in NAMES}
    heat, most = sent["temperature"], sent["max_products"]
    if heat is not None and NUMBER.fullmatch(heat):
        sent["temperature"] = Decimal(heat.replace(",", "."))
    if most is not None:
        with suppress(ValueError):  # a text, which is named as a mistake
            sent["max_products"] = whole(most)
    return sent


class _WrongError(Exception):
    """What is wrong, why, and what to send."""


def _unknown(name: str) -> Mistake:
    near = tuple(difflib.get_close_matches(name[:SHOWN], NAMES, 3, 0.5))
    advice = f"Did you mean {' or '.join(near)}" if near else f"Choose from: {', '.join(NAMES)}"
    return Mistake(name[:SHOWN], f"Unknown setting {name[:SHOWN]!r}", "", advice, near)


def _words(name: str, value: object) -> str | None:
    """A text of some lines, without blanks around it; an empty one is unknown."""
    if not isinstance(value, str):
        raise _WrongError(f"{name} is not a text", "", f'Send {{"{name}": "…"}}')
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n").strip()
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in text):
        raise _WrongError(f"{name} has a character that is not a letter", "it cannot be shown", "Remove it")
    if len(text) > MOST_LETTERS:
        why = f"it has {len(text):,} letters, and at most {MOST_LETTERS:,} are stored"
        raise _WrongError(f"{name} is too long", why, "Shorten it")
    return text or None


def _url(name: str, value: object) -> str | None:
    """An address that begins with https and names a host of the public internet; no login is in it."""
    advice = 'Send an address such as "https://shop.example.com"'
    if not isinstance(value, str):
        raise _WrongError(f"{name} is not a text", "", advice)
    text = value.strip()
    if not text:
        return None
    if len(text) > LONGEST_URL:
        raise _WrongError(f"{name} is too long", f"at most {LONGEST_URL:,} letters are stored", "Shorten it")
    if not text.isascii() or any(letter <= " " or letter in '"<>\\^`{|}\x7f' for letter in text):
        raise _WrongError(f"{name} is not an address", "it has a blank or a letter that addresses write as %…", advice)
    try:
        parts = urlsplit(text)
        host, port, login = parts.hostname or "", parts.port, parts.username or parts.password
    except ValueError:
        raise _WrongError(f"{name} is not an address", "", advice) from None
    if parts.scheme != "https":
        raise _WrongError(f"{name} is not an address that begins with https://", "", advice)
    if login is not None or "@" in parts.netloc:
        raise _WrongError(f"{name} has a login in it", "everybody who reads the settings would see it", "Remove it")
    if not HOST.fullmatch(host) or port == 0:
        raise _WrongError(f"{name} names no host", f"{host[:SHOWN]!r} is not the name of one", advice)
    return text


def _temperature(name: str, value: object) -> Decimal:
    """A number with few places: as it is written, not what a float makes of it."""
    advice = "Send a number such as 0.7"
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _WrongError(f"{name} is not a number", "", advice)
    try:
        number = Decimal(value)
        number = number.quantize(Decimal(1).scaleb(-PLACES)) if number.is_finite() else number
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_nan() or not 0 <= number <= HOTTEST:
        raise _WrongError(f"{name} is not a number from 0 to {HOTTEST}", "", advice)
    if number != Decimal(value):
        raise _WrongError(f"{name} has more than {PLACES} places", "", advice)
    return number.normalize() + 0


def _count(name: str, value: object) -> int:
    if isinstance(value, Decimal) and -1_000 < value < 1_000 and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_PRODUCTS:
        raise _WrongError(f"{name} is not a whole number from 1 to {MOST_PRODUCTS}", "", "Send a number such as 5")
    return value


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "description": _words,
    "brand_voice": _words,
    "store_url": _url,
    "logo_url": _url,
    "temperature": _temperature,
    "max_products": _count,
}
