"""One bad file costs bounded memory and bounded rejects, and only its own lines."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from connectors.errors import ConfigurationError
from connectors.files import pull, reading, record_files, validation
from tests.connectors.files.pulling import EXPENSES, Place, event, jsonl


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 1_000)
    monkeypatch.setattr(reading, "MOST_UNCOMPRESSED", 50_000_000)
    monkeypatch.setattr(pull, "MOST_REJECTS", 3)
    monkeypatch.setattr(validation, "MOST_REJECTS", 3)


@pytest.mark.parametrize("name", ["events/a.jsonl", "events/a.jsonl.gz"])
def test_huge_line_costs_only_itself_and_hardly_any_memory(name: str, place: Place) -> None:
    huge = b'{"event_id": "' + b"x" * 30_000_000 + b'"}\n'
    place.write(name, jsonl(event("e1")) + huge + jsonl(event("e2")))
    del huge
    place.write("events/z.jsonl", jsonl(event("z")))
    tracemalloc.start()
    place.pull()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    assert place.ids() == ["e1", "e2", "z"]
    assert [(where, reason) for _, where, reason in place.rejects()] == [(f"{name}:2", "longer than 1000 bytes")]
    assert sum(path.stat().st_size for path in (place.root / "landing").rglob("part-*")) < 10_000


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_line_of_exactly_the_most_bytes_is_read(ending: bytes, place: Place) -> None:
    line = jsonl(event("e1", pad="")).rstrip()
    whole = line.replace(b'"pad": ""', b'"pad": "' + b"x" * (1_000 - len(line)) + b'"')
    place.write("events/a.jsonl", whole + ending)
    place.write("events/b.jsonl", whole.replace(b"xx", b"xxx", 1) + ending)
    place.pull()
    assert place.ids() == ["e1"]
    assert [where for _, where, _ in place.rejects()] == ["events/b.jsonl:1"]


@pytest.mark.parametrize("bomb", [b"x", b"\n"], ids=["one line", "empty lines"])
def test_file_that_unpacks_to_too_much_is_read_up_to_the_limit(
    bomb: bytes, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_UNCOMPRESSED", 500_000)
    place.write("events/a.jsonl.gz", gzip.compress(jsonl(event("e1")) + bomb * 20_000_000 + jsonl(event("e2"))))
    place.write("events/z.jsonl", jsonl(event("z")))
    place.pull()
    assert place.ids() == ["e1", "z"]
    assert "more than 500000 bytes uncompressed: the rest is not read" in place.rejects()[-1][2]


def test_many_bad_lines_of_a_file_are_counted_and_only_the_first_are_named(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1"), *["broken"] * 500, event("e2")))
    place.write("events/b.jsonl", jsonl("broken", event("e3")))
    assert place.pull()["events"].rejected == 5
    assert place.ids() == ["e1", "e2", "e3"]
    by_place = {where: reason for _, where, reason in place.rejects()}
    assert [*by_place] == [*(f"events/a.jsonl:{number}" for number in (2, 3, 4, 5)), "events/b.jsonl:1"]
    assert by_place["events/a.jsonl:5"] == "497 lines, this one the first of them, cannot be loaded either"
    place.write("events/a.jsonl", jsonl(event("e1")))
    place.pull()
    assert [where for _, where, _ in place.rejects()] == ["events/b.jsonl:1"]


def test_part_of_the_landing_zone_is_bounded_in_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_files, "BYTES_A_PART", 2_000)
    place.write(
        "events/a.jsonl", jsonl(*(event(f"e{number:02d}", properties={"x": "y" * 500}) for number in range(20)))
    )
    place.pull()
    landed = place.landing.newest(place.known_as, "events")
    assert landed is not None
    assert len(landed.paths) > 5
    assert len(place.ids()) == 20


def test_csv_that_is_too_large_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "LARGEST", 100)
    place.write("operating_expenses.csv", EXPENSES + "2026-03-01,Rent,fixed,1,EUR\n" * 5)
    with pytest.raises(ConfigurationError, match=r"operating_expenses.csv is larger than 100 bytes"):
        place.pull()


def test_many_bad_rows_of_a_csv_are_counted_and_only_the_first_are_named(place: Place) -> None:
    rows = ["2026-03-01,Rent,fixed,1,EUR", *["2026-03-01,Rent,fixed,much,EUR"] * 50, "2026-04-01,Rent,fixed,1,EUR"]
    place.write("operating_expenses.csv", EXPENSES + "\n".join(rows))
    pulled = place.pull()["operating_expenses"]
    assert (pulled.landed, pulled.rejected) == (7, 4), "two rows, four rejects and the file"
    assert place.rejects()[-1][1:] == (
        "operating_expenses.csv:6", "47 lines, this one the first of them, cannot be loaded either")  # fmt: skip
