"""Every collected record is in staging once: while it is written, after kills, with lines that were cut off."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from common import collected
from connectors.collector import pull as module
from connectors.sync.cursors import Cursors
from connectors.sync.landing import LandedWindow
from connectors.sync.staging import Staging
from tests.connectors.collector.collecting import NOW, Place, event, message, stored
from tests.sampling import sample_of_sets


def test_records_of_each_list_are_typed_and_a_local_time_is_the_tenants(tmp_path: Path) -> None:
    place = Place(tmp_path)
    session = {"session_id": "c1", "started_at": "2026-11-20T05:59:00", "customer_id": 77, "variant": "B"}
    click = {"event_id": "p1", "occurred_at": "2026-11-20T11:01:00Z", "event_type": "clicked", "product_id": "SKU-1"}
    place.write(1, stored("events", event(1)), stored("chat_sessions", session), stored("chat_messages", message(1)),
                stored("product_events", click))  # fmt: skip
    result = place.pull()
    assert (result.landed, result.rejected, result.warnings) == (5, 0, ())
    (day, received), = place.rows("select occurred_at, received_at from collector.events")  # fmt: skip
    assert str(day) == "2026-11-20 11:00:00" and received == NOW.replace(tzinfo=None)
    assert place.rows(
        "select customer_id, variant, started_at::varchar, started_at_text from collector.chat_sessions"
    ) == [("77", "B", "2026-11-20 10:59:00", "2026-11-20T05:59:00")]
    assert place.rows(
        "select model, input_tokens, latency_ms, text, created_at::varchar from collector.chat_messages"
    ) == [("gpt-5-mini", 120, 812, None, "2026-11-20 11:00:00")]
    assert place.rows("select event_type, product_id, is_deleted from collector.product_events") == [
        ("clicked", "SKU-1", False)
    ]


def test_pull_takes_whole_lines_while_a_file_is_written_and_the_rest_later(tmp_path: Path) -> None:
    place, line = Place(tmp_path), stored("events", event(2))
    with place.writing(1):
        place.write(1, stored("events", event(1)), line[:40])
        assert place.pull().landed == 2
        assert place.ids() == ["e1"]
        assert place.pull().changed == 0, "nothing is new"
        place.write(1, line[40:], stored("events", event(3)))
        place.pull()
        assert place.ids() == ["e1", "e2", "e3"]
        assert place.file(1).exists(), "somebody still writes it"


def test_line_that_was_cut_off_is_not_loaded_and_said_when_its_file_is_removed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(1, stored("events", event(1)), stored("events", event(2))[:-5])
    place.write(2, stored("events", event(2)), stored("events", event(3)))
    first, second, third = place.pull(), place.pull(), place.pull()
    assert place.ids() == ["e1", "e2", "e3"]
    assert not first.warnings and not third.warnings
    (warning,) = second.warnings
    assert str(place.file(1)) in warning and "after line 1" in warning
    assert collected.files(place.folder) == []


def test_file_is_removed_by_the_pull_after_the_one_that_loaded_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(1, stored("events", event(1)))
    place.write(2)
    place.pull()
    assert collected.files(place.folder) == [place.file(1)], "an empty file holds nothing"
    place.pull()
    assert collected.files(place.folder) == []
    assert place.pull().landed == 0 and place.ids() == ["e1"]


def test_file_that_its_server_removes_meanwhile_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in which nothing was confirmed: the disk was full."""
    place, removed = Place(tmp_path), Path("20261120T120000000000Z-bbbbbb.jsonl")
    place.write(1, stored("events", event(1)))
    monkeypatch.setattr(collected, "files", lambda folder: [place.file(1), folder / removed])
    place.pull()
    assert place.ids() == ["e1"] and not place.pull().warnings


def test_file_that_cannot_be_read_to_its_end_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected, "LONGEST_LINE", 500)
    place = Place(tmp_path)
    place.write(1, stored("events", event(1)), b"\0" * 2000)
    place.pull()
    (warning,) = place.pull().warnings
    assert "cannot be read after line 1" in warning and place.file(1).exists()


def test_damaged_line_is_rejected_with_its_place_and_the_others_are_loaded(tmp_path: Path) -> None:
    place = Place(tmp_path)
    damaged = stored("events", event(2)).replace(b"page_view", b"page_vieW")
    place.write(1, stored("events", event(1)), damaged, stored("events", event(3)))
    assert place.pull().rejected == 1
    place.write(1, stored("events", event(4)))
    place.pull()
    assert place.ids() == ["e1", "e3", "e4"]
    (key, reason), = place.rows("select row_key, reason from takings.rejects")  # fmt: skip
    assert key == f"{place.file(1).name}:2" and "checksum" in reason


def test_record_that_is_sent_again_counts_once_in_its_newest_version(tmp_path: Path) -> None:
    place, later = Place(tmp_path), NOW.replace(second=30)
    place.write(1, stored("chat_messages", message(1)), stored("events", event(1)), stored("events", event(1), later))
    place.pull()
    place.write(2, stored("chat_messages", message(1, output_tokens=31), later), stored("events", event(1)))
    place.pull()
    assert place.ids() == ["e1"]
    assert place.rows("select output_tokens from collector.chat_messages") == [(31,)]
    assert place.rows("select received_at from collector.events") == [(later.replace(tzinfo=None),)]


class _KilledError(BaseException):
    """Stands for whatever ends a process."""


STEPS = ("restart", "write_part", "seal", "move", "commit")


def _fails(monkeypatch: pytest.MonkeyPatch, step: str, after: bool) -> None:
    """End the process before or after a step of the next pull."""
    owner = Cursors if step == "move" else Staging if step == "commit" else LandedWindow
    name = "load" if step == "commit" else step
    whole = getattr(owner, name)

    def failing(*arguments: object) -> object:
        if after:
            whole(*arguments)
        raise _KilledError

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize(
    ("step", "after"),
    sample_of_sets(product(STEPS, (False, True)), ("write_part", True), ("commit", True)),
)
def test_pull_that_ends_at_any_step_loses_and_doubles_nothing(
    step: str, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.write(1, stored("events", event(1)))
    place.pull()
    place.write(1, stored("events", event(2)))
    place.write(2, stored("events", event(3)), stored("chat_messages", message(1)))
    with monkeypatch.context() as patch:
        _fails(patch, step, after)
        with pytest.raises(_KilledError):
            place.pull()
    place.write(2, stored("events", event(4)))
    for _ in range(3):
        place.pull()
    assert place.ids() == ["e1", "e2", "e3", "e4"]
    assert place.rows("select count(*) from collector.chat_messages") == [(1,)]
    assert collected.files(place.folder) == []


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # a fork beside idle threads
def test_pull_that_is_killed_is_repeated(tmp_path: Path) -> None:
    """kill -9 of a real process, early, in the middle and late in a pull, while records arrive."""
    place, sent = Place(tmp_path), 0
    place.pull()
    for number in range(1, 4):
        lines = [stored("events", event(sent + offset)) for offset in range(400)]
        sent += len(lines)
        place.write(number, *lines)
        child = os.fork()
        if child == 0:
            _pull_and_die(place, (0.1, 0.5, 0.9)[number - 1])
        os.waitpid(child, 0)
    for _ in range(2):
        place.pull()
    assert len(place.ids()) == len(set(place.ids())) == sent
    assert collected.files(place.folder) == []


def _pull_and_die(place: Place, share: float) -> None:
    """In the child: end without any clean-up at one of the places where a pull writes."""
    writes, count = 12, [0]
    fsync = os.fsync

    def dying(descriptor: int) -> None:
        count[0] += 1
        if count[0] >= share * writes:
            os._exit(9)
        fsync(descriptor)

    os.fsync = dying
    try:
        place.pull()
    finally:
        os._exit(9)


def test_landing_zone_gives_the_positions_again_when_staging_is_lost(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(1, stored("events", event(1)))
    place.pull()
    place.write(1, stored("events", event(2)))
    place.pull()
    place.staging.unlink()
    place.write(1, stored("events", event(3)))
    place.pull()
    assert place.ids() == ["e1", "e2", "e3"]
    assert place.rows("select lines from collector.collected_files") == [(3,)]


def test_many_lines_are_landed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_A_PART", 2)
    place = Place(tmp_path)
    place.write(1, *(stored("events", event(number)) for number in range(5)))
    assert place.pull().landed == 6
    assert place.ids() == [f"e{number}" for number in range(5)]
