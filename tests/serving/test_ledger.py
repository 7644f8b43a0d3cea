"""The ledger ends links, lists them, and takes writers of several processes at once."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving import links
from serving.errors import EndedError, StateError, UnknownLinkError
from serving.keys import Keys
from serving.ledger import Ledger
from serving.links import Link

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def new_link(folder: Path, tenant: str = "aurora", days: int = 7) -> Link:
    lifetime = timedelta(days=days)
    return links.new(Keys(folder), "revenue-overview", tenant, None, "30d", lifetime=lifetime, now=NOW)


def ended(ledger: Ledger, link: Link, now: datetime = NOW) -> str:
    try:
        ledger.check(link, now)
    except EndedError as error:
        return "expired" if error.expired else "revoked"
    return "live"


def test_link_is_live_until_the_instant_of_its_expiry(tmp_path: Path) -> None:
    ledger, link = Ledger(tmp_path), new_link(tmp_path)
    ledger.add(link, "aurora", NOW)
    assert ended(ledger, link, link.expiry - timedelta(seconds=1)) == "live"
    assert ended(ledger, link, link.expiry) == "expired"


def test_revoked_link_ends_at_once_also_for_other_processes(tmp_path: Path) -> None:
    ledger, other, link = Ledger(tmp_path), Ledger(tmp_path), new_link(tmp_path)
    ledger.add(link, "aurora", NOW)
    assert ended(other, link) == "live"
    entry = ledger.revoke(link.id, "ola", NOW)
    assert (entry.revoked_by, entry.revoked_at) == ("ola", NOW)
    assert ended(other, link) == "revoked"
    assert other.revoke(link.id, "somebody else", NOW + timedelta(days=1)).revoked_by == "ola"


def test_link_that_the_ledger_does_not_know_is_closed(tmp_path: Path) -> None:
    assert ended(Ledger(tmp_path), new_link(tmp_path)) == "revoked"


def test_tenant_lists_and_revokes_its_own_links_only(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    own, foreign, old = new_link(tmp_path), new_link(tmp_path, "nordlicht"), new_link(tmp_path, days=-1)
    for number, link in enumerate((own, foreign, old)):
        ledger.add(link, link.tenant, NOW + timedelta(seconds=number))
    assert [entry.link for entry in ledger.entries("aurora")] == [old, own]
    assert [entry.link for entry in ledger.live(NOW, "aurora")] == [own]
    messages = set()
    for number in (foreign.id, "nothing"):
        with pytest.raises(UnknownLinkError) as error:
            ledger.revoke(number, "aurora", NOW, "aurora")
        messages.add(str(error.value).replace(number, "…"))
    assert len(messages) == 1, "the message does not say whether another tenant has such a link"
    assert ended(ledger, foreign) == "live"


def add_many(folder: Path, tenant: str) -> None:
    ledger = Ledger(folder)
    for _ in range(40):
        link = new_link(folder, tenant)
        ledger.add(link, tenant, NOW)
        if int(link.id, 16) % 2:
            ledger.revoke(link.id, tenant, NOW)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=add_many, args=(tmp_path, name)) for name in ("aurora", "nordlicht", "third")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    entries = Ledger(tmp_path).entries()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(entries) == 120
    assert all((entry.state(NOW) == "revoked") == bool(int(entry.link.id, 16) % 2) for entry in entries)


def test_ledger_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "serving")
    ledger.add(new_link(tmp_path), "aurora", NOW)
    files = list(ledger.path.parent.iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_damaged_ledger_opens_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "links.db").write_bytes(b"no database at all, but longer than a header" * 100)
    with pytest.raises(StateError, match=r"links\.db cannot be used"):
        Ledger(tmp_path).check(new_link(tmp_path), NOW)
