"""A large file whose every row is plain is converted in one piece: to the same rows, and never where a row is not."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.contracts import CONTRACTS, Contract, Kind
from connectors.contracts.values import Clock
from connectors.files import plain_files, record_files
from connectors.sync.line_forms import form_of
from connectors.sync.plain_records import Lines, PlainRecords
from tests.connectors.contracts.test_faults import faults, valid
from tests.connectors.files.pulling import Place
from tests.sampling import sample

NOW = datetime(2026, 3, 20, 10, tzinfo=UTC)


def variants(contract: Contract) -> list[dict[str, Any]]:
    """Records that can be loaded: whole, without the fields that may be missing, and with other forms of values."""
    whole = valid(contract)
    records = [whole, {field.name: whole[field.name] for field in contract.fields if field.required}]
    for field in contract.fields:
        values = {
            Kind.INSTANT: ["2025-11-02T01:30:00", "2025-03-09 02:30:00", "2026-03-01T12:00:00.5+01:00",
                           "2025-07-01T00:00:00.000000"],
            Kind.USD: [0, 50, 12.5, 1234567.125],
            Kind.COST: [0.0125005, 0.25],
            Kind.SECONDS: [1.2345678, 0],
            Kind.TEXT: ["a, \"b\" ü 日本", "gpt-4"],
            Kind.ID: ["v-1", 42],
        }.get(field.kind, [])  # fmt: skip
        if field.name in ("started_at", "ended_at", "text"):
            continue  # an end would lie before a start
        records += [whole | {field.name: value} for value in values]
    return [record | ({contract.key: f"k{number}"} if contract.key else {}) for number, record in enumerate(records)]


def plain_lines(contract: Contract, path: Path) -> list[int]:
    """The lines of a file that are converted in one piece."""
    target = path.with_suffix(".parquet")
    form = form_of([(written([valid(contract)], "jsonl"), valid(contract))])
    plain = PlainRecords(contract, Clock(ZoneInfo("UTC"), NOW), False, "f")
    converted = plain.convert_lines(Lines(path, 1), form, target)
    lines = [line for line, _ in converted.others]
    count = path.read_bytes().count(b"\n")
    assert converted.rows == count - len(lines) and target.exists() == bool(converted.rows)
    return [line for line in range(1, count + 1) if line not in lines]


def written(records: list[dict[str, Any]], kind: str) -> bytes:
    if kind == "jsonl":
        return "".join(f"{json.dumps(record)}\n" for record in records).encode()
    text = io.StringIO()
    rows = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    rows.writeheader()
    rows.writerows(records)
    return text.getvalue().encode()


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_plain_files_give_the_rows_that_a_reading_row_by_row_gives(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = []
    for small in (10**9, 0):
        monkeypatch.setattr(record_files, "SMALL", small)
        place = Place(tmp_path / str(small))
        for contract in CONTRACTS:
            place.write(f"{contract.name}.{kind}", written(variants(contract), kind))
        assert sum(result.rejected for result in place.pull().values()) == 0
        columns = {contract.name: ", ".join(contract.columns) for contract in CONTRACTS}
        tables.append(
            {name: place.rows(f"select {listed} from files.{name} order by all") for name, listed in columns.items()}
        )
        parts = list((place.root / "landing").rglob("*.parquet"))
        assert len(parts) == (len(CONTRACTS) if small == 0 else 0)
    assert tables[0] == tables[1]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_no_row_with_a_fault_is_plain(contract: Contract, tmp_path: Path) -> None:
    """Each of them alone, beside a row that is plain."""
    records = [valid(contract) | {field.name: value} for field in contract.fields for value in faults(field)
               if not (value is True and field.kind in (Kind.WORD, Kind.COUNTRY))]  # fmt: skip
    records += [valid(contract) | {field.name: value} for field in contract.fields if field.kind is Kind.ID
                for value in ("undefined", " a", 6000042.0)]  # fmt: skip
    records += [valid(contract) | {field.name: None} for field in contract.fields if field.required]
    records = [record for record in records if record != valid(contract)]
    path = tmp_path / "all.jsonl"
    path.write_bytes(written([valid(contract), *records], "jsonl"))
    assert plain_lines(contract, path) == [1]


@pytest.mark.parametrize(
    "written_time", ["2026-03-01  2:00:00", "2026-03-01T12: 1:00Z", "2026-03-01T 1:00:00Z", "2026-03-01T12:00:00+24:00"]
)
def test_a_time_that_only_a_database_takes_is_not_plain(written_time: str, tmp_path: Path) -> None:
    log, path = CONTRACTS[-1], tmp_path / "log.jsonl"
    path.write_bytes(written([valid(log), valid(log) | {"sale_datetime": written_time}], "jsonl"))
    assert plain_lines(log, path) == [1]


def test_a_session_within_one_second_is_plain(tmp_path: Path) -> None:
    sessions, path = CONTRACTS[0], tmp_path / "chat_sessions.jsonl"
    path.write_bytes(written([valid(sessions) | {"ended_at": "2026-03-01T12:00:00.5Z"}], "jsonl"))
    assert plain_lines(sessions, path) == [1]


@pytest.mark.parametrize(
    "line",
    [
        b'{"vault_id": "v", "vault_id": "w"',
        b'{"sale_amount": 0.1000000000000000055511151231257827',
        b'{"niche": "a",',
        b'{"mood": {"a": 1, "a": 2}',
        b'{"mood": 1',
        b'{"sale_amount": 1234567890.123456789',
        b'{"niche": 1.10',
        b'{"niche": Infinity',
    ],
)
def test_a_row_that_only_a_slow_reading_gets_right_is_not_plain(line: bytes, tmp_path: Path) -> None:
    log, path = CONTRACTS[-1], tmp_path / "log.jsonl"
    rest = b', "vault_id": "v"' if b"vault_id" not in line else b""
    path.write_bytes(line + rest + b', "sale_datetime": "2026-03-01T12:00:00Z", "funnel_stage": "cart"}\n')
    assert plain_lines(log, path) == []


def odd_lines(contract: Contract, kind: str, count: int) -> bytes:
    """Lines of a file: each fifth has a value of any kind, some repeat an id, some are no row."""
    chance = random.Random(f"{contract.name} {kind}")  # noqa: S311 - rows, not secrets
    usual, whole = variants(contract), valid(contract)
    odd: list[Any] = ["", " ", " a ", "true", "NaN", "-1", "007", "1e2", "1.50", "6000042.0", "\u00a0x", "\U0001f600",
                      "a\nb", "2026-03-01 2:00:00", "2027-01-01", "null", "User", "us", 10**13, "9" * 30]  # fmt: skip
    odd += [None, True, 1.10, 0.1 + 0.2, 12, [], {"a": 1}] if kind == "jsonl" else []
    lines = [] if kind == "jsonl" else [written([whole], kind).splitlines(keepends=True)[0]]
    for number in range(count):
        record = whole | chance.choice(usual)
        if contract.key:
            record[contract.key] = f"k{chance.randrange(count)}"
        if number % 5 == 0:
            record[chance.choice(list(whole))] = chance.choice(odd)
        line = written([record], kind)
        line = line if kind == "jsonl" else line.partition(b"\n")[2]
        odd_bytes = chance.choice([b"\xff\n", b"{\n", b"\n", b" \n", b'"\x01"\n'])
        lines.append(odd_bytes if number % 37 == 0 else line)
    return b"".join(lines)


@pytest.mark.parametrize("block", sample([3_000, 10**9], 3_000))
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_the_quick_and_the_slow_reading_give_the_same_rows_and_rejects(
    kind: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the values are; in the quick reading most rows are converted."""
    results = []
    monkeypatch.setattr(plain_files, "BLOCK", block)
    for small in (10**9, 0):
        monkeypatch.setattr(record_files, "SMALL", small)
        place = Place(tmp_path / str(small))
        for contract in CONTRACTS:
            place.write(f"{contract.name}.{kind}", odd_lines(contract, kind, 100))
        place.pull()
        for contract in CONTRACTS:
            identity = "" if contract.key else ", row_hash, occurrence"
            listed = ", ".join(contract.columns)
            results.append(place.rows(f"select {listed}{identity} from files.{contract.name} order by all"))
        results.append(sorted(place.rejects()))
        assert bool(list((place.root / "landing").rglob("*.parquet"))) == (small == 0)
    half = len(results) // 2
    for slow, quick in zip(results[:half], results[half:], strict=True):
        assert [row for row in slow if row not in quick] == [row for row in quick if row not in slow] == []
        assert len(slow) == len(quick)
