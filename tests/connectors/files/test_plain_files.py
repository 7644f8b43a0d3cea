"""A large file whose every row is plain is converted in one piece: to the same rows, and never where a row is not."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.contracts import CONTRACTS, Contract, Kind
from connectors.contracts.values import Clock
from connectors.files import record_files
from connectors.sync import plain_records
from tests.connectors.contracts.test_faults import faults, valid
from tests.connectors.files.pulling import Place

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
    for field in contract.fields:
        chosen = [record for record in records if record[field.name] != valid(contract)[field.name]]
        for number, record in enumerate(chosen[:3] + chosen[-1:]):
            path = tmp_path / f"{field.name}{number}.jsonl"
            path.write_bytes(written([valid(contract), record], "jsonl"))
            target = path.with_suffix(".parquet")
            rows = plain_records.convert(path, "f", None, contract, Clock(ZoneInfo("UTC"), NOW), False, target)
            assert rows is None and not target.exists(), record


@pytest.mark.parametrize(
    "written_time", ["2026-03-01  2:00:00", "2026-03-01T12: 1:00Z", "2026-03-01T 1:00:00Z", "2026-03-01T12:00:00+24:00"]
)
def test_a_time_that_only_a_database_takes_is_not_plain(written_time: str, tmp_path: Path) -> None:
    log, path = CONTRACTS[-1], tmp_path / "log.jsonl"
    path.write_bytes(written([valid(log), valid(log) | {"sale_datetime": written_time}], "jsonl"))
    clock = Clock(ZoneInfo("UTC"), NOW)
    assert plain_records.convert(path, "f", None, log, clock, False, tmp_path / "part.parquet") is None


def test_a_session_within_one_second_is_plain(tmp_path: Path) -> None:
    sessions, path = CONTRACTS[0], tmp_path / "chat_sessions.jsonl"
    path.write_bytes(written([valid(sessions) | {"ended_at": "2026-03-01T12:00:00.5Z"}], "jsonl"))
    clock = Clock(ZoneInfo("UTC"), NOW)
    assert plain_records.convert(path, "f", None, sessions, clock, False, tmp_path / "part.parquet") == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"vault_id": "v", "vault_id": "w"',
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
    rows = plain_records.convert(path, "f", None, log, Clock(ZoneInfo("UTC"), NOW), False, tmp_path / "part.parquet")
    assert rows is None
