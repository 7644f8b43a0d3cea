"""A link opens one report until it ends; no forged or mutated token ever does; keys rotate."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from semantic.errors import RangeError
from serving import links
from serving.errors import RefusedError, StateError
from serving.keys import Keys
from serving.links import Link

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
DAYS = (date(2026, 11, 1), date(2026, 11, 30))
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "serving")


def link(keys: Keys, rolling: str | None = None) -> Link:
    days = None if rolling else DAYS
    return links.new(keys, "revenue-overview", "aurora", days, rolling, lifetime=WEEK, now=NOW)


def refused(token: str, keys: Keys) -> bool:
    try:
        links.verify(token, keys)
    except RefusedError:
        return True
    return False


@pytest.mark.parametrize("rolling", [None, "30d", "this-month"])
def test_link_says_what_was_signed(keys: Keys, rolling: str | None) -> None:
    original = link(keys, rolling)
    read = links.verify(links.sign(original, keys), keys)
    assert read == original
    assert (read.report, read.tenant, read.expiry) == ("revenue-overview", "aurora", NOW + WEEK)


def test_days_are_fixed_and_rolling_days_move_with_the_tenants_calendar(keys: Keys) -> None:
    late = datetime(2026, 12, 6, 3, tzinfo=UTC)  # the 5th in New York
    assert link(keys).shown_days("America/New_York", late) == DAYS
    assert link(keys, "7d").shown_days("America/New_York", late) == (date(2026, 11, 28), date(2026, 12, 4))
    assert link(keys, "7d").shown_days("Europe/Berlin", late) == (date(2026, 11, 29), date(2026, 12, 5))


@pytest.mark.parametrize(("days", "rolling"), [((DAYS[1], DAYS[0]), None), (None, "30 weeks")])
def test_link_without_a_range_is_not_made(keys: Keys, days: links.Days | None, rolling: str | None) -> None:
    with pytest.raises(RangeError):
        links.new(keys, "revenue-overview", "aurora", days, rolling, lifetime=WEEK, now=NOW)


def mutations(token: str, dice: random.Random) -> Iterator[str]:
    """Without end: one character changed, removed, added, moved or in the other case; parts cut, doubled, exchanged."""
    text, _, signature = token.partition(".")
    while True:
        at, letter = dice.randrange(len(token)), dice.choice(ALPHABET)
        yield token[:at] + letter + token[at + 1 :]
        yield token[:at] + token[at + 1 :]
        yield token[:at] + dice.choice(ALPHABET + ".=%+/ \n\0é") + token[at:]
        yield token[:at] + token[at].swapcase() + token[at + 1 :]
        yield token[:at]
        bits = bytearray(token.encode())
        bits[at] ^= 1 << dice.randrange(7)
        yield bits.decode("latin-1")
        one, other = sorted((at, dice.randrange(len(token))))
        yield token[:one] + token[other:] + token[one:other]
        last = dice.choice((len(text) - 1, len(token) - 1))  # where base64 has bits that no byte needs
        yield token[:last] + letter + token[last + 1 :]
        yield f"{text}.{''.join(dice.choices(ALPHABET, k=len(signature)))}"


def forgeries(keys: Keys, other: Keys, dice: random.Random) -> Iterator[str]:
    """Without end: contents of the forger's choice, with signatures of other contents, other keys or none."""
    own = links.sign(link(keys), keys)
    text, _, signature = own.partition(".")
    fields = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    while True:
        changed = list(fields)
        at = dice.randrange(len(changed))
        choices = ["nordlicht", "k2", "", None, 1, 2**36, "2020-01-01", "9999-12-31", "365d", [], {}, True, "k1"]
        changed[at] = dice.choice([item for item in choices if item != fields[at]])
        for content in (changed, fields[:at], [*fields, "x"], [*changed[:-2], "30d"], fields[::-1]):
            written = json.dumps(content, separators=(",", ":")).encode()
            claim = base64.urlsafe_b64encode(written).rstrip(b"=").decode()
            foreign = other.signature(other.newest(), links.PURPOSE, claim.encode()) or b""
            purpose = keys.signature(keys.newest(), "form", claim.encode()) or b""
            yield from (f"{claim}.{tail}" for tail in (signature, foreign.decode(), purpose.decode(), "", claim))
        canonical = json.dumps(fields, separators=(",", ":"))
        spelled = dice.choice((
            json.dumps(fields), json.dumps(fields, separators=(" ,", ":")), f" {canonical}", f"{canonical}\n",
            canonical.replace("aurora", "\\u0061urora"), canonical.replace("-11-01", "1101"),
        ))  # fmt: skip
        same = base64.urlsafe_b64encode(spelled.encode()).decode()
        yield f"{same}.{signature}"
        yield f"{same.rstrip('=')}.{signature}"
        yield f"{text}{'=' * (-len(text) % 4)}.{signature}="
        yield f"{own}{dice.choice(('', ' ', '.', '=', '%00', own))}x"


@pytest.mark.parametrize("number", [20_000, pytest.param(1_000_000, marks=pytest.mark.deep)])
def test_no_forged_or_mutated_token_opens_anything(keys: Keys, tmp_path: Path, number: int) -> None:
    dice = random.Random(number)  # noqa: S311 (a test's own dice)
    tokens = [links.sign(link(keys, rolling), keys) for rolling in (None, "30d", "ytd")]
    tried = accepted = 0
    sources = [*(mutations(token, dice) for token in tokens), forgeries(keys, Keys(tmp_path / "other"), dice)]
    while tried < number:
        for source in sources:
            token = next(source)
            if token not in tokens:
                tried += 1
                accepted += not refused(token, keys)
    assert (tried >= number, accepted) == (True, 0)
    assert not any(refused(token, keys) for token in tokens)


def test_every_other_spelling_of_the_last_characters_is_refused(keys: Keys) -> None:
    """Base64 of a length that is no multiple of three bytes has several spellings."""
    token = links.sign(link(keys), keys)
    text, _, signature = token.partition(".")
    others = [f"{text}.{signature[:-1]}{letter}" for letter in ALPHABET if letter != signature[-1]]
    others += [f"{text[:-1]}{letter}.{signature}" for letter in ALPHABET if letter != text[-1]]
    raw = base64.urlsafe_b64decode(signature + "=")
    same = [other for other in others if base64.urlsafe_b64decode(other.partition(".")[2] + "=") == raw]
    assert len(same) > 60, "some of them decode to the same signature"
    assert all(refused(other, keys) for other in others)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "é.é", "." * 999, "A" * 100_000, "W10.W10", "bnVsbA.", "MQ.MQ"]
)
def test_malformed_token_is_refused(keys: Keys, token: str) -> None:
    assert refused(token, keys)


def test_links_of_an_older_key_open_until_no_link_needs_it(keys: Keys) -> None:
    old = link(keys)
    token = links.sign(old, keys)
    assert keys.rotate({old.key}) == ("k2", [])
    assert not refused(token, keys)
    assert links.verify(links.sign(link(keys), keys), keys).key == "k2"
    assert keys.rotate({"k2"}) == ("k3", ["k1"])
    assert refused(token, keys)


def test_rotation_is_seen_by_a_process_that_has_the_keys_already(keys: Keys) -> None:
    other = Keys(keys.path.parent)
    assert other.newest() == "k1"
    keys.rotate({"k1"})
    assert other.newest() == "k2"
    assert not refused(links.sign(link(keys), keys), other)


def test_keys_are_readable_by_their_owner_alone(keys: Keys) -> None:
    keys.newest()
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert keys.path.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in keys.path.parent.iterdir() if path.suffix == ".partial"] == []


def test_keys_that_were_put_back_readable_for_all_are_protected(keys: Keys) -> None:
    keys.newest()
    keys.path.chmod(0o644)
    assert Keys(keys.path.parent).newest() == "k1"
    assert keys.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"k1": 1}', '{"k1": ""}', '{"../k": "%s"}' % ("a" * 43), '{"zz": "%s"}' % ("a" * 43)],
)
def test_damaged_keys_are_named_and_not_replaced(keys: Keys, content: str) -> None:
    keys.newest()
    keys.path.write_text(content)
    with pytest.raises(StateError, match=r"keys\.json is damaged"):
        keys.newest()
    assert keys.path.read_text() == content
