"""Answers carry the facts about their numbers into JSON, CSV and Arrow."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from semantic import answers
from semantic.answers import Answer, Question
from semantic.errors import TooManyRowsError
from semantic.query import ask, render
from semantic.subject import Subject
from semantic.warehouse import open_build
from tests.semantic import synthetic

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
SUBJECT = Subject("Acme Tools", "UTC", {"shopify": "Shopify", "stripe": "Stripe"})
WEEK = (date(2026, 3, 2), date(2026, 3, 8))


def answer(published: Path, *metrics: str, tenant: str = "acme", most: int | None = None, **question: Any) -> Answer:
    with open_build(published, tenant) as build:
        return answers.ask(build, Question(metrics, **question), subject=SUBJECT, now=NOW, most_rows=most)


def test_document_names_the_facts_beside_the_numbers(published: Path) -> None:
    result = answer(published, "net_sales", "orders_placed", "refund_rate", by=("day",), days=WEEK)
    document = json.loads(json.dumps(answers.document(result), allow_nan=False))
    assert document["rows"] == [
        {"day": "2026-03-02", "net_sales": "42.50", "orders_placed": 3, "refund_rate": 0.333333},
        {"day": "2026-03-04", "net_sales": "-10.01", "orders_placed": 0, "refund_rate": None},
    ]
    day, money, count, ratio = document["columns"]
    assert (day["kind"], day["type"]) == ("period", "date")
    assert (money["unit"], money["type"], money["digits"], money["label"]) == ("USD", "money", 2, "Net sales")
    assert (count["type"], count["digits"], ratio["type"], ratio["format"]) == ("count", 0, "ratio", ".1%")
    assert document["currency"] == {"code": "USD", "digits": 2}
    assert (document["as_of"], document["run_id"]) == ("2026-03-09T06:00:00Z", "run-1")
    assert document["definitions_version"] == result.table.schema.metadata[b"definitions"].decode()
    assert document["tenant"] == {"id": "acme", "name": "Acme Tools", "time_zone": "UTC"}
    assert (document["question"]["from"], document["question"]["to"]) == ("2026-03-02", "2026-03-08")
    assert document["reconciliation"]["state"] == "not compared"
    assert (document["blocked"], document["notes"], document["row_count"]) == (None, [], 2)


def test_rows_are_those_of_a_query_in_each_format(awkward: Path) -> None:
    question: dict[str, Any] = {"by": ("week", "channel"), "days": (date(2026, 2, 1), date(2026, 4, 30))}
    result = answer(awkward, "net_sales", "aov", "refund_rate", tenant="aurora", **question)
    expected = ask(awkward, ["net_sales", "aov", "refund_rate"], ["week", "channel"], start=date(2026, 2, 1),
                   end=date(2026, 4, 30), tenant="aurora")  # fmt: skip
    assert answers.csv(result) == render(expected, "csv")
    assert answers.document(result)["rows"] == json.loads(render(expected, "json"))
    table = pa.ipc.open_stream(io.BytesIO(answers.arrow(result))).read_all()
    assert table.equals(expected)
    assert json.loads(table.schema.metadata[b"takings"]) == answers.about(result)
    assert table.schema.field("net_sales").metadata[b"unit"] == b"money"


def test_yen_are_text_without_decimals_and_parts_of_a_cent_have_six(published: Path, awkward: Path) -> None:
    (row,) = answers.document(answer(published, "order_revenue", tenant="hinode"))["rows"]
    assert row == {"order_revenue": "12345"}
    (row,) = answers.document(answer(awkward, "campaign_spend", tenant="aurora"))["rows"]
    with duckdb.connect(str(awkward / "current" / "tenant-aurora.duckdb"), read_only=True) as db:
        ((micros,),) = db.execute("select sum(spend_micros) from marts.spend").fetchall()
    assert row == {"campaign_spend": f"{Decimal(micros).scaleb(-6):.6f}"}


def test_answer_that_is_longer_than_its_reader_takes_is_an_error_and_no_part(published: Path) -> None:
    assert answer(published, "net_sales", by=("day",), most=2).table.num_rows == 2
    with pytest.raises(TooManyRowsError, match="more than 1 rows"):
        answer(published, "net_sales", by=("day",), most=1)
    assert answer(published, "net_sales", by=("day",), limit=1, most=1).table.num_rows == 1
    with pytest.raises(TooManyRowsError):
        answer(published, "net_sales", by=("day",), limit=10, most=1)


def test_note_says_that_rows_may_be_missing_behind_a_limit(published: Path) -> None:
    first = answer(published, "net_sales", by=("day",), days=WEEK, limit=1)
    assert first.notes == ("The limit of 1 is reached: there may be more rows.",)
    assert answer(published, "net_sales", by=("day",), days=WEEK, limit=3).notes == ()


def test_notes_say_which_days_are_not_over_not_known_or_before_the_first_number(published: Path) -> None:
    days = (date(2026, 1, 1), date(2026, 3, 12))
    notes = answer(published, "net_sales", days=days).notes
    assert [note.split(":")[0] for note in notes] == [
        "2026-03-09 was not over when the sources were last read",
        "Nothing is known yet of the days after 2026-03-09.",
        "The first day with any number is 2026-03-02.",
    ]
    (note, *_) = answer(published, "retention", by=("month", "month_number"), days=WEEK).notes
    assert note == "What is counted by month is of March 2026, which is not over."


@pytest.mark.parametrize(
    ("grain", "first", "last", "words"),
    [
        ("week", "2026-03-02", "2026-03-08", []),
        ("week", "2026-03-03", "2026-03-07", ["week of 2026-03-03", "week of 2026-03-07"]),
        ("month", "2026-02-01", "2026-02-28", []),
        ("month", "2026-02-02", "2026-03-06", ["month of 2026-02-02", "month of 2026-03-06"]),
        ("quarter", "2026-01-01", "2026-03-09", ["2026-03-09 was not over"]),
        ("year", "2025-12-31", "2026-03-08", ["year of 2025-12-31", "year of 2026-03-08"]),
        ("day", "2026-03-03", "2026-03-07", []),
    ],
)
def test_notes_say_which_period_is_not_whole(
    published: Path, grain: str, first: str, last: str, words: list[str]
) -> None:
    days = (date.fromisoformat(first), date.fromisoformat(last))
    notes = [note for note in answer(published, "net_sales", by=(grain,), days=days).notes if "first day" not in note]
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


def test_note_names_a_filter_that_no_row_has(published: Path) -> None:
    result = answer(published, "net_sales", days=WEEK, filters={"channel": ("Onlne store", "Point of sale")})
    assert result.notes == ("No row has channel = 'Onlne store'. Did you mean Online store?",)
    assert answers.document(result)["rows"] == [{"net_sales": "12.50"}]


def test_similar_values_are_looked_up_for_few_unknown_ones_among_few(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters = {"channel": tuple(f"Online store{number}" for number in range(answers.NEAR_FOR + 5))}
    notes = answer(published, "net_sales", days=WEEK, filters=filters).notes
    assert ["Did you mean Online store" in note for note in notes] == [True] * answers.NEAR_FOR + [False] * 5
    monkeypatch.setattr(answers, "NEAR_AMONG", 1)
    (note,) = answer(published, "net_sales", days=WEEK, filters={"channel": ("Onlne store",)}).notes
    assert note == "No row has channel = 'Onlne store'."


def test_what_the_tenant_lacks_is_named(published: Path) -> None:
    result = answer(published, "mrr", "net_sales", by=("month",), days=WEEK)
    assert [text.split(" (")[0] for text in result.unknown] == ["Unknown without payments"]


def test_blocked_tenant_and_differing_totals_are_named(published: Path, tmp_path: Path) -> None:
    changed = synthetic.copy(published, tmp_path / "published")
    with duckdb.connect(str(changed / "run-1" / "tenant-acme.duckdb")) as db:
        db.execute("update marts.build_info set blocked_since = '2026-03-08 10:00', blocked_reason = 'A doubt.'")
        db.execute(
            "insert into marts.reconciliation by name select 'acme' as tenant_id, 'shopify' as source, 'a' as "
            "source_account, date '2026-03-02' as date_day, 1 as difference_minor"
        )
    document = answers.document(answer(changed, "net_sales", days=WEEK))
    assert document["blocked"] == (
        "These are older numbers: newer data are not published since 2026-03-08 10:00 UTC. A doubt."
    )
    assert document["reconciliation"] == {
        "state": "differs", "sentence": "The numbers differ from the source: Shopify on 1 day.",
        "compared": ["Shopify"], "differences": ["Shopify on 1 day"], "not_compared": ["Stripe"],
    }  # fmt: skip


def test_questions_are_equal_when_their_filters_are() -> None:
    one = Question(("net_sales",), filters={"channel": ("a", "b"), "source": ("x",)})
    same = Question(("net_sales",), filters={"source": ("x",), "channel": ("b", "a", "a")})
    assert one.key == same.key
    assert one.key != Question(("net_sales",), filters={"channel": ("a",), "source": ("b", "x")}).key
