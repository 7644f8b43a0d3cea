"""Repeated pulls of a folder: unchanged, interrupted, late or missing files, and a replay of the landing zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account, Stream
from connectors.errors import ConfigurationError
from connectors.files import record_files
from connectors.files.pull import pull
from connectors.files.streams import STREAMS
from connectors.sync.landing import LandedWindow
from connectors.sync.staging import Staging
from simulator import World, demo_world, write_files
from simulator.world import seconds
from tests.connectors.files.pulling import BALANCES, EXPENSES, Place, event, jsonl
from tests.sampling import sample

START, END = date(2026, 1, 15), datetime(2026, 3, 5, 10, tzinfo=UTC)
EARLIER = END - timedelta(days=10, hours=15)


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=11, start=START, end=END, orders=1_500)


@pytest.fixture(scope="module")
def at_once(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Everything until the end, in one pull."""
    place = Place(tmp_path_factory.mktemp("once"))
    write_files(world, "aurora", place.folder, END)
    place.pull()
    return place


@pytest.fixture(scope="module")
def by_steps(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same folder growing, pulled every few hours or days."""
    place = Place(tmp_path_factory.mktemp("steps"))
    for hours in (700, 340, 339, 170, 100, 48, 30, 20, 5, 0):
        write_files(world, "aurora", place.folder, END - timedelta(hours=hours))
        place.pull()
    return place


def filled(place: Place) -> Place:
    place.write("events/a.jsonl", jsonl(event("e1"), event("e2")))
    place.write("events/b.jsonl.gz", jsonl(event("e3"), "broken"))
    place.write("operating_expenses.csv", EXPENSES + "2026-03-01,Rent,fixed,1,EUR\n2026-03-01,Rent,semi,1,EUR\n")
    place.write("cash_balances.csv", BALANCES + "2026-03-01,Main,1,EUR\n")
    return place


def held(place: Place) -> list[Any]:
    """Everything that staging holds of the folder."""
    return [place.tables(), place.rejects()]


@pytest.mark.parametrize("at", [EARLIER, END], ids=["eleven days before", "the end"])
@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_staging_equals_the_books_of_visits(world: World, place: Place, account: str, at: datetime) -> None:
    write_files(world, account, place.folder, at)
    place.pull()
    visits, exponent = world.visits(account), world.shop(account).exponent
    books = visits.events(seconds(at))
    assert len(books) > 1_000
    names = "event_id, epoch(occurred_at)::bigint, epoch(received_at)::bigint, " + ", ".join(books[0]._fields[3:-1])
    assert place.rows(f"select {names} from files.events order by event_id") == sorted(event[:-1] for event in books)
    assert place.rows("select count(properties) from files.events") == [
        (sum(event.properties is not None for event in books),)
    ]
    staged = place.rows("select month, category, cost_kind, amount * 100, currency from files.operating_expenses")
    assert sorted(staged) == [
        (*expense[:3], Decimal(expense.amount), expense.currency) for expense in visits.expenses(seconds(at))
    ]
    balances = place.rows("select day, bank_account, balance * 100, currency from files.cash_balances order by all")
    assert balances == sorted(
        (*balance[:2], Decimal(balance.balance), balance.currency) for balance in visits.balances(seconds(at))
    )
    staged = place.rows("select day, until, kind, title from files.annotations order by day, kind, title")
    assert staged == sorted(visits.annotations(seconds(at)), key=lambda row: (row.day, row.kind, row.title))
    assert exponent == 2
    assert place.rejects() == []


def test_growing_folder_gives_the_same_rows_as_one_read_at_once(at_once: Place, by_steps: Place) -> None:
    grown, whole = by_steps.tables(), at_once.tables()
    for name in ("events", "operating_expenses", "cash_balances", "annotations"):
        assert grown[name] == whole[name], name
    assert [row[2:4] for row in grown["files_read"]] == [row[2:4] for row in whole["files_read"]]
    assert len(whole["events"]) > 1_000


def test_writing_the_folder_again_changes_no_file_of_a_past_day(world: World, tmp_path: Path) -> None:
    write_files(world, "aurora", tmp_path, EARLIER)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    write_files(world, "aurora", tmp_path, EARLIER)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before
    write_files(world, "aurora", tmp_path, EARLIER + timedelta(hours=2))
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {f"{EARLIER.date()}.jsonl.gz"}


def test_pull_after_an_hour_reads_only_the_newest_day(world: World, place: Place) -> None:
    write_files(world, "aurora", place.folder, EARLIER)
    first = place.pull()["events"]
    write_files(world, "aurora", place.folder, EARLIER + timedelta(hours=1))
    second = place.pull()["events"]
    assert 0 < second.changed <= second.landed < first.landed // 10


def test_repeated_pull_changes_no_row_and_keeps_no_part_in_the_landing_zone(place: Place) -> None:
    filled(place).pull()
    before, rejects = place.tables(lineage=True), place.rejects()
    for run_id in ("again", "later"):
        results = place.pull(run_id)
        assert {name: result.changed for name, result in results.items()} == dict.fromkeys(results, 0)
        assert (place.tables(lineage=True), place.rejects()) == (before, rejects)
    assert results["events"].landed == 0
    parts = list((place.root / "landing/acme/files/exports/events").rglob("part-*"))
    assert len(parts) == 1, "that of the first pull"


def test_two_pulls_within_one_second_lose_nothing(place: Place) -> None:
    filled(place).pull()
    before = held(place)
    place.now -= timedelta(minutes=1)
    place.pull()
    assert held(place) == before
    assert replayed(place, place.root / "replayed") == before


@pytest.mark.parametrize("stream", sample([stream.name for stream in STREAMS], "cash_balances"))
def test_pull_killed_at_any_stream_continues_there_and_gives_the_same_rows(stream: str, tmp_path: Path) -> None:
    whole, place = filled(Place(tmp_path / "whole")), filled(Place(tmp_path / "died"))
    whole.pull()
    with Staging(place.staging) as staging:
        steps: Iterator[Any] = pull(place.context(staging, "first"), place.settings)
        for result in steps:
            if result.stream == stream:
                break
        steps.close()  # type: ignore[attr-defined]
    place.pull()
    assert unmoved(held(place)) == unmoved(held(whole))


def unmoved(tables: list[Any]) -> list[Any]:
    """Without the files' times, which differ between two folders."""
    tables[0]["files_read"] = [row[:4] for row in tables[0]["files_read"]]
    return tables


def test_pull_killed_between_files_reads_each_of_them_once(
    world: World, place: Place, at_once: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(world, "aurora", place.folder, END)
    monkeypatch.setattr(record_files, "LINES_A_PART", 500)
    counts: list[int] = []

    def dies(stream: str, count: int, total: int | None, detail: str) -> None:
        counts.append(count)
        if count == 20:
            raise KeyboardInterrupt

    with Staging(place.staging) as staging, pytest.raises(KeyboardInterrupt):
        list(pull(place.context(staging, "first", dies), place.settings))
    assert place.rows("select * from files.events") == []
    landed = place.landing.newest(place.known_as, "events")
    assert landed is not None
    assert landed.manifest.parts
    assert not landed.manifest.sealed
    place.pull()
    assert place.tables()["events"] == at_once.tables()["events"]


def test_pull_killed_between_landing_and_loading_opens_no_file_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(place)
    real = Staging.load

    def fails(self: Staging, account: Account, stream: Stream, landed: LandedWindow, run_id: str) -> Any:
        if stream.name == "events":
            raise KeyboardInterrupt
        return real(self, account, stream, landed, run_id)

    monkeypatch.setattr(Staging, "load", fails)
    with pytest.raises(KeyboardInterrupt):
        place.pull()
    monkeypatch.undo()
    for path in (place.folder / "events").iterdir():
        path.unlink()
    place.pull()
    assert place.ids() == ["e1", "e2", "e3"]


def replayed(place: Place, into: Path) -> list[Any]:
    """What a staging file holds that is made of the landing zone alone."""
    fresh = Place(into)
    with Staging(fresh.staging) as staging:
        staging.prepare("files", STREAMS)
        for stream in STREAMS:
            for landed in place.landing.windows(place.known_as, stream.name):
                assert landed.manifest.sealed
                staging.load(place.known_as, stream, landed, "replay")
    return held(fresh)


def test_staging_replayed_from_the_landing_zone_is_identical_without_the_folder(
    by_steps: Place, tmp_path: Path
) -> None:
    assert replayed(by_steps, tmp_path) == held(by_steps)


def test_repaired_line_stays_repaired_in_a_replay(place: Place) -> None:
    filled(place).pull()
    place.write("events/b.jsonl.gz", jsonl(event("e3"), event("e4")))
    place.write("operating_expenses.csv", EXPENSES + "2026-04-01,Rent,fixed,1,EUR\n")
    place.pull()
    place.pull()
    assert place.rejects() == []
    assert replayed(place, place.root / "replayed") == held(place)


def test_lost_staging_file_is_rebuilt_from_the_landing_zone_by_the_next_pull(place: Place) -> None:
    filled(place).pull()
    before = held(place)
    place.staging.unlink()
    (place.folder / "events/a.jsonl").unlink()  # rotated away
    place.pull()
    assert held(place) == before


def test_missing_folder_is_named_with_the_next_step(place: Place) -> None:
    place.folder = place.root / "elsewhere"
    with pytest.raises(ConfigurationError, match=r"there is no folder .*elsewhere. Make it, or correct `path`"):
        place.pull()
    assert not (place.root / "landing").exists()


def test_empty_folder_warns_with_the_files_that_it_may_hold(place: Place) -> None:
    (place.folder / "events").rmdir()
    results = place.pull()
    assert {name: (result.landed, result.changed, result.rejected) for name, result in results.items()} == {
        stream.name: (0, 0, 0) for stream in STREAMS}  # fmt: skip
    assert "has nothing to read" in results["events"].warnings[0]


def test_each_file_is_optional(place: Place) -> None:
    place.write("cash_balances.csv", BALANCES + "2026-03-01,Main,1,EUR\n")
    results = place.pull()
    assert {result.warnings for result in results.values()} == {()}
    assert place.rows("select bank_account from files.cash_balances") == [("Main",)]


def test_two_tenants_with_the_same_ids_do_not_share_rows(tmp_path: Path) -> None:
    mine, theirs = Place(tmp_path), Place(tmp_path, tenant="rival")
    theirs.folder = tmp_path / "theirs"
    (theirs.folder / "events").mkdir(parents=True)
    filled(mine).pull()
    theirs.write("events/a.jsonl", jsonl(event("e1", name="theirs"), "broken"))
    theirs.write("operating_expenses.csv", EXPENSES)
    theirs.pull()
    by_tenant = "select tenant_id, event_name from files.events where event_id = 'e1' order by all"
    assert mine.rows(by_tenant) == [("acme", "page_view"), ("rival", "theirs")]
    assert mine.rows("select tenant_id, count(*) from takings.rejects group by all order by all") == [
        ("acme", 2), ("rival", 1)]  # fmt: skip
    assert mine.rows("select tenant_id from files.operating_expenses") == [("acme",)]
