"""Every field of every contract with every fault: the record is rejected with a reason that names the field, or the
field counts as absent where it may be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.contracts import CONTRACTS, Contract, Field, Kind, RecordReader, Rejected, Row
from connectors.postgres.streams import MAPPED

NOW = datetime(2026, 3, 20, 10, tzinfo=UTC)
EXAMPLES = {
    Kind.ID: "a1",
    Kind.TEXT: "a text",
    Kind.COUNTRY: "US",
    Kind.FLAG: True,
    Kind.INSTANT: "2026-03-01T12:00:00Z",
    Kind.COUNT: 3,
    Kind.MILLISECONDS: 812.5,
    Kind.SECONDS: 1.25,
    Kind.USD: 49.99,
    Kind.COST: 0.0123,
    Kind.DECIMAL: 0.7,
    Kind.AMOUNT: -12.5,
    Kind.CURRENCY: "EUR",
    Kind.DAY: "2026-12-31",
    Kind.MONTH: "2026-11",
}
NUMBERS = (Kind.COUNT, Kind.MILLISECONDS, Kind.SECONDS, Kind.USD, Kind.COST, Kind.DECIMAL, Kind.AMOUNT)
FIELDS = [(contract, field) for contract in MAPPED.values() for field in contract.fields]
named = [f"{contract.name}-{field.name}" for contract, field in FIELDS]


def valid(contract: Contract) -> dict[str, Any]:
    values = {field.name: field.words[-1] if field.words else EXAMPLES[field.kind] for field in contract.fields}
    return values | {field.name: 12.5 for field in contract.fields if field.kind is Kind.AMOUNT and field.least >= 0}


def read(contract: Contract, record: dict[str, Any]) -> Row | Rejected:
    return RecordReader(contract, ZoneInfo("UTC"), NOW).read_json(json.dumps(record).encode())


def faults(field: Field) -> list[Any]:
    """Values that no record may have in a field."""
    wrong: list[Any] = [{"of": "another type"}, ["a list"]]
    if field.kind is not Kind.FLAG:
        wrong.append(True)
    if field.kind in NUMBERS:
        wrong += ["many", "1,234.50", "1_000", "NaN", 10**30, "1e99", "١٢"]
    if field.kind in NUMBERS and field.least >= 0:
        wrong += [-1]
    if field.kind is Kind.COUNT:
        wrong += [2.5]
    if field.kind in (Kind.USD, Kind.AMOUNT):
        wrong += [0.1234567]
    if field.kind in (Kind.ID, Kind.TEXT):
        wrong += ["x" * (field.longest + 1)] if field.longest < 10_000 else []
    if field.kind is Kind.INSTANT:
        wrong += ["2027-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2199-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
                  "01/02/2026 10:00", "2026-03-01", 1772366400, "2026-03-01T25:00:00Z"]  # fmt: skip
    if field.kind is Kind.DAY:
        wrong += ["2026-02-30", "20261231", "2026-W53-4", "31.12.2026", "2026-12", "1999-12-31", "2100-01-01", 20261231,
                  "2026-12-31T00:00:00"]  # fmt: skip
    if field.kind is Kind.MONTH:
        wrong += ["2026-13", "202611", "2026-11-02", "11/2026", "1999-12", "2026-11-01T00:00:00", 202611]
    if field.kind is Kind.CURRENCY:
        wrong += ["$", "EURO", "ABC", "XAU", 978]
    if field.kind in (Kind.WORD, Kind.COUNTRY, Kind.FLAG):
        wrong += ["another word", 1]
    return wrong


@pytest.mark.parametrize("contract", MAPPED.values(), ids=lambda contract: contract.name)
def test_a_record_with_every_field_is_loaded(contract: Contract) -> None:
    row = read(contract, valid(contract))
    assert isinstance(row, Row) and not row.unknown
    assert set(row.columns) == set(contract.columns) - {contract.private}


@pytest.mark.parametrize(("contract", "field"), FIELDS, ids=named)
def test_a_fault_in_a_field_is_named(contract: Contract, field: Field) -> None:
    for value in faults(field):
        result = read(contract, valid(contract) | {field.name: value})
        assert isinstance(result, Rejected), f"{value!r} was read as {result}"
        assert result.reason.startswith(f"{field.name} "), result
        assert len(result.reason) < 200
    if field.required and field.kind is not Kind.TEXT:
        assert isinstance(read(contract, valid(contract) | {field.name: "undefined"}), Rejected)


@pytest.mark.parametrize(("contract", "field"), FIELDS, ids=named)
def test_a_field_that_is_missing_null_or_blank_is_a_fault_only_where_it_is_required(
    contract: Contract, field: Field
) -> None:
    record = valid(contract)
    if field.name == "text_length":  # what the text says comes first
        del record["text"]
    without = {name: value for name, value in record.items() if name != field.name}
    results = [read(contract, without), *(read(contract, record | {field.name: value}) for value in (None, "", "  "))]
    if field.required:
        assert results == [Rejected(f"{field.name} is missing", key=result.key) for result in results if
                           isinstance(result, Rejected)]  # fmt: skip
    else:
        assert all(isinstance(result, Row) and field.loaded_as not in result.columns for result in results)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("chat_sessions", {"ended_at": "2026-03-01T11:59:59Z"}, "ended_at lies before started_at"),
        ("chat_sessions", {"started_at": "2026-03-01T12:00:00.5Z"}, "ended_at lies before started_at"),
        ("chat_messages", {"cached_tokens": 4}, "cached_tokens is more than input_tokens"),
        ("chat_messages", {"reasoning_tokens": 4}, "reasoning_tokens is more than output_tokens"),
        ("annotations", {"until": "2026-12-30"}, "until is before day"),
        ("event_log", {"funnel_stage": "purchase", "sale_amount": None}, "sale_amount is missing"),
    ],
)
def test_values_that_contradict_each_other_are_a_fault(name: str, change: dict[str, Any], reason: str) -> None:
    contract = MAPPED[name]
    result = read(contract, valid(contract) | change)
    assert isinstance(result, Rejected) and result.reason.startswith(reason)


@pytest.mark.parametrize(
    ("written", "loaded"),
    [("49.99", "49.99"), ("1234567890.123456", "1234567890.123456"), ("0.30", "0.3"), ("5e1", "50"), ("0", "0")],
)
def test_an_amount_in_json_is_read_from_its_text(written: str, loaded: str) -> None:
    """1234567890.123456 has no float of its own: through one it would be another amount."""
    log = CONTRACTS[-1]
    record = json.dumps(valid(log) | {"sale_amount": "AMOUNT"}).replace('"AMOUNT"', written)
    row = RecordReader(log, ZoneInfo("UTC"), NOW).read_json(record.encode())
    assert isinstance(row, Row) and row.columns["sale_amount"] == loaded


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"null", b'"text"', b'{"session_id": "s"', b"{'session_id': 1}", b'{"session_id": NaN}', b"\xff\xfe{}",
     b'{"session_id": 01}', b"[" * 100_000],
)  # fmt: skip
def test_a_line_that_is_no_object_of_json_is_a_fault(line: bytes) -> None:
    assert isinstance(RecordReader(CONTRACTS[0], ZoneInfo("UTC"), NOW).read_json(line), Rejected)


def test_half_an_emoji_is_replaced_and_counted() -> None:
    line = b'{"session_id": "s", "started_at": "2026-03-01T12:00:00Z", "language": "\\ud83d"}'
    row = RecordReader(CONTRACTS[0], ZoneInfo("UTC"), NOW).read_json(line)
    assert isinstance(row, Row) and row.halves == 1 and row.columns["language"] == "\N{REPLACEMENT CHARACTER}"
