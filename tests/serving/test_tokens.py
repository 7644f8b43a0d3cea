"""Tokens end at once, are stored as hashes alone, and are refused alike whatever is wrong with them."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from semantic.errors import UnknownNameError
from serving import tokens
from serving.errors import EndedTokenError, RefusedTokenError, StateError, UnknownTokenError
from serving.tokens import SCOPES, Tokens

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def token_of(book: Tokens, tenant: str = "aurora", lifetime: timedelta = WEEK) -> str:
    return book.make(tenant, SCOPES, lifetime, by="ola", now=NOW)[0]


def state(book: Tokens, text: str, now: datetime = NOW) -> str:
    try:
        book.check(text, now)
    except RefusedTokenError:
        return "refused"
    except EndedTokenError as error:
        return "expired" if error.expired else "revoked"
    return "live"


def test_token_has_the_form_that_scanners_look_for(tmp_path: Path) -> None:
    texts = {token_of(Tokens(tmp_path)) for _ in range(20)}
    assert len(texts) == 20
    for text in texts:
        assert re.fullmatch(r"takings_[0-9a-f]{12}_[0-9A-Za-z]{49}", text)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        number = 0
        for letter in text[-6:]:
            number = number * 62 + digits.index(letter)
        assert number == zlib.crc32(text[:-6].encode())


def test_token_names_its_tenant_and_scopes_until_the_instant_of_its_expiry(tmp_path: Path) -> None:
    book = Tokens(tmp_path)
    text, entry = book.make("aurora", ["reports", "metrics"], WEEK, by="ola", now=NOW, name="till")
    assert (entry.tenant, entry.scopes, entry.name, entry.expires) == (
        "aurora",
        {"metrics", "reports"},
        "till",
        NOW + WEEK,
    )
    assert book.check(text, NOW).id == entry.id
    assert state(book, text, NOW + WEEK - timedelta(seconds=1)) == "live"
    assert state(book, text, NOW + WEEK) == "expired"


def test_revoked_token_ends_at_once_also_for_other_processes(tmp_path: Path) -> None:
    book, other = Tokens(tmp_path), Tokens(tmp_path)
    text = token_of(book)
    assert state(other, text) == "live"
    entry = book.revoke(text.split("_")[1], "ola", NOW)
    assert (entry.revoked_by, entry.revoked_at, state(other, text)) == ("ola", NOW, "revoked")
    assert other.revoke(entry.id, "somebody else", NOW + WEEK).revoked_by == "ola"
    with pytest.raises(UnknownTokenError, match="takings token list"):
        book.revoke("nothing", "ola", NOW)


def test_whatever_is_no_token_of_ours_is_refused_with_one_message(tmp_path: Path) -> None:
    book = Tokens(tmp_path)
    text, other = token_of(book), token_of(book, "nordlicht")
    start, number, rest = text.split("_")
    fresh = f"{start}_{number}_{'A' * 43}"
    foreign = f"{start}_{other.split('_')[1]}_{rest[:43]}"
    unknown = f"{start}_{'0' * 12}_{rest[:43]}"
    wrong = ["", "takings_", text[:-1], text + "A", text.upper(), f" {text}", f"{text}\n", text.title(),
             *(start + tokens._checksum(start) for start in (fresh, foreign, unknown)),
             hashlib.sha256(text.encode()).hexdigest(), "é" * 70, "\x00" + text]  # fmt: skip
    messages = set()
    for item in wrong:
        with pytest.raises(RefusedTokenError) as error:
            book.check(item, NOW)
        messages.add(str(error.value))
    assert len(messages) == 1
    assert state(book, text) == "live"


def test_ledger_holds_no_token_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    book = Tokens(tmp_path / "serving")
    text = token_of(book)
    secret = text.split("_")[2].encode()
    files = list(book.path.parent.iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    content = b"".join(path.read_bytes() for path in files)
    assert hashlib.sha256(text.encode()).digest() in content
    assert not any(secret[start : start + 8] in content for start in range(len(secret) - 8))
    assert not any(part in repr(entry) for entry in book.entries() for part in (text, secret.decode()))


def test_use_is_noted_at_most_once_a_minute(tmp_path: Path) -> None:
    book = Tokens(tmp_path)
    text = token_of(book)
    assert book.entries()[0].used_at is None
    times = [timedelta(seconds=seconds) for seconds in (0, 59, 60, 119, 500)]
    used = []
    for time in times:
        book.check(text, NOW + time)
        used.append(book.entries()[0].used_at)
    assert used == [NOW + timedelta(seconds=seconds) for seconds in (0, 0, 60, 60, 500)]


def test_use_of_a_token_that_cannot_be_noted_ends_no_reading(tmp_path: Path) -> None:
    book = Tokens(tmp_path)
    text = token_of(book)
    with sqlite3.connect(book.path) as db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON tokens BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    db.close()
    assert state(book, text) == "live"
    assert book.entries()[0].used_at is None


def test_tenant_lists_its_own_tokens_the_newest_first(tmp_path: Path) -> None:
    book = Tokens(tmp_path)
    own, foreign, second = token_of(book), token_of(book, "nordlicht"), token_of(book)
    assert [entry.id for entry in book.entries("aurora")] == [second.split("_")[1], own.split("_")[1]]
    assert {entry.id for entry in book.entries()} == {text.split("_")[1] for text in (own, foreign, second)}


def test_unknown_scope_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean reports"):
        Tokens(tmp_path).make("aurora", ["report"], WEEK, by="ola", now=NOW)


def test_damaged_ledger_opens_nothing_and_says_so(tmp_path: Path) -> None:
    text = token_of(Tokens(tmp_path / "other"))
    (tmp_path / "tokens.db").write_bytes(b"no database at all, but longer than a header" * 100)
    with pytest.raises(StateError, match=r"tokens\.db cannot be used"):
        Tokens(tmp_path).check(text, NOW)
