"""The books of a creator and the event log that is written from them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from simulator import write_event_log
from simulator.apis.event_log import log_csv, sample_form
from simulator.books import DAY
from simulator.scenarios.creator import Creator, Entry, LogRow, creator
from simulator.world import seconds

START, END = date(2025, 6, 1), datetime(2026, 8, 20, 12, tzinfo=UTC)
SAMPLE = (Path(__file__).parents[1] / "event_log_sample.json").read_text().strip()


@pytest.fixture(scope="module")
def books() -> Creator:
    return creator(11, START, 2)


@pytest.fixture(scope="module")
def entries(books: Creator) -> list[Entry]:
    return books.entries(seconds(END))


def test_sample_entry_of_the_document_is_a_row_byte_for_byte(entries: list[Entry]) -> None:
    assert [sample_form(entry.row) for entry in entries if entry.row.visit_id == "visit_123"] == [SAMPLE]


def test_a_later_question_only_adds_rows_and_flags_within_the_month_of_the_sale() -> None:
    asked_often = creator(11, START, 2)
    instants = [datetime(2025, 6, 30, 22, 59, tzinfo=UTC) + timedelta(hours=hour) for hour in (0, 1, 30, 400, 4_000)]
    for before, after in pairwise(instants):
        old, new = asked_often.entries(seconds(before)), asked_often.entries(seconds(after))
        assert creator(11, START, 2).entries(seconds(after)) == new
        month = asked_often.local(seconds(before)).strftime("%Y-%m")
        assert [entry for entry in new if entry.month < month] == [entry for entry in old if entry.month < month]
        unflagged = Counter(_unflagged(entry) for entry in new if entry.at <= seconds(before))
        assert unflagged == Counter(_unflagged(entry) for entry in old)


def _unflagged(entry: Entry) -> Entry:
    return entry._replace(row=entry.row._replace(refund=False, refund_reason=""))


def test_special_cases_occur(books: Creator, entries: list[Entry]) -> None:
    purchases = books.purchases(seconds(END))
    refunds = [
        (purchase, purchase.refund) for purchase in purchases if purchase.refund and purchase.refund.at <= seconds(END)
    ]
    assert {entry.row.funnel_stage for entry in entries} == {"visit", "cart", "purchase", "refund"}
    assert {(refund.flagged, refund.logged) for _, refund in refunds} == {(True, False), (False, True), (True, True)}
    assert any(refund.at - purchase.at > 365 * DAY for purchase, refund in refunds if purchase.logged)
    assert any(not purchase.logged for purchase, _ in refunds)
    assert any(refund.amount < purchase.amount for purchase, refund in refunds)
    assert any(refund.reason == "" for _, refund in refunds)
    assert max(Counter(entry.row for entry in entries if entry.row.funnel_stage == "purchase").values()) == 2
    assert {(purchase.bought_before, purchase.customer_type) for purchase in purchases} == {
        (False, "first_time"), (True, "repeat"), (True, "first_time"),
    }  # fmt: skip
    assert any(entry.row.funnel_stage in ("visit", "cart") and entry.row.sale_amount for entry in entries)
    assert any(not purchase.generation.succeeded and not purchase.delivered for purchase in purchases)
    assert len({purchase.product.vault_id for purchase in purchases}) == 6
    repeated = [entry for entry in entries if entry.row.sale_datetime == "2025-10-26T01:30:00"]
    assert [entry.row.funnel_stage for entry in repeated] == ["visit", "purchase"]
    assert repeated[1].at - repeated[0].at == 3_600
    assert {entry.row.sale_datetime for entry in entries} >= {"2025-06-01T00:00:00", "2026-07-31T23:59:59"}


def test_bought_before_is_true_for_all_but_the_first_purchase_of_a_buyer(books: Creator) -> None:
    seen: set[int] = set()
    for purchase in sorted(books.purchases(seconds(END)), key=lambda purchase: (purchase.at, purchase.bought_before)):
        assert purchase.bought_before == (purchase.buyer in seen)
        seen.add(purchase.buyer)


def test_files_by_month_array_and_csv_hold_the_same_rows(books: Creator, entries: list[Entry], tmp_path: Path) -> None:
    half = datetime(2026, 2, 10, 12, tzinfo=UTC)
    write_event_log(books, tmp_path, half)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "event_log").iterdir()}
    for form in ("months", "json", "csv"):
        write_event_log(books, tmp_path, END, form)
    paths = sorted((tmp_path / "event_log").iterdir())
    assert [path.name for path in paths][::14] == ["2025-06.jsonl", "2026-08.jsonl"]
    changed = [path.name for path in paths if before.get(path.name) != path.stat().st_mtime_ns]
    assert changed == [f"2026-{month:02}.jsonl" for month in range(2, 9)]
    lines = [json.loads(line, parse_float=Decimal) for path in paths for line in path.read_text().splitlines()]
    array = json.loads((tmp_path / "event_log.json").read_text(), parse_float=Decimal)
    assert lines == array == [_object(entry.row) for entry in entries]
    with (tmp_path / "event_log.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["product_name"] for row in table] == [row["product_name"] for row in array]
    assert sum(Decimal(row["sale_amount"]) for row in table) == sum(row["sale_amount"] for row in array)


def _object(row: LogRow) -> dict[str, object]:
    numbers = {"ai_latency": Decimal(row.ai_latency) / 100, "sale_amount": Decimal(row.sale_amount) / 100}
    return row._asdict() | numbers


def test_csv_quotes_commas_and_quotes() -> None:
    row = creator(11, START, 2).entries(seconds(END))[0].row._replace(product_name='Notes, "second brain" edition')
    assert b',"Notes, ""second brain"" edition",' in log_csv([Entry(0, "2025-06", row)])
