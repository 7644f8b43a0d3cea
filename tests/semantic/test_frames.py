"""Answers as pandas frames: the query's numbers with their types and facts, and the guide for analysts, carried out."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from semantic import answers, frames, query
from semantic.answers import Question
from semantic.errors import MissingExtraError, SemanticError
from semantic.reports import facts
from semantic.warehouse import open_build
from tests.checkout_copy import ROOT, blocks
from tests.orchestration.installation import SHOPS, Installation, published_shops

GUIDE = ROOT / "docs" / "guides" / "analysts.md"
METRICS = ["net_sales", "orders_placed", "aov", "ad_spend"]
DAYS = {"start": date(2026, 1, 1), "end": date(2026, 2, 28)}


@pytest.fixture(scope="module")
def place() -> Installation:
    return published_shops()


@pytest.fixture(scope="module")
def sales(place: Installation) -> pd.DataFrame:
    return frames.ask(place.home.published, METRICS, ["month", "channel"], tenant="aurora", **DAYS)  # type: ignore[arg-type]


def as_of(place: Installation) -> str:
    ((moment,),) = place.ask("select as_of from marts.build_info", file="tenant-aurora")
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def test_frame_has_the_numbers_of_the_query(sales: pd.DataFrame, place: Installation) -> None:
    table = query.ask(place.home.published, METRICS, ["month", "channel"], tenant="aurora", **DAYS)  # type: ignore[arg-type]
    rows = [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in sales.to_dict("records")
    ]
    assert rows == table.to_pylist() and len(rows) > 2


def test_one_name_or_value_needs_no_list(place: Installation) -> None:
    published, channel = place.home.published, "Online store"
    alone = frames.ask(published, "net_sales", "month", filters={"channel": channel}, order="-month", tenant="aurora")
    listed = frames.ask(
        published, ["net_sales"], ["month"], filters={"channel": [channel]}, order=["-month"], tenant="aurora"
    )
    assert alone.equals(listed) and len(alone) > 1 and alone.attrs["notes"] == listed.attrs["notes"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metrics": "net_sales"}, r"metrics is one text: it is a list of names. Send \['net_sales'\]"),
        ({"by": "month"}, "by is one text"), ({"order": "month"}, "order is one text"),
        ({"filters": {"channel": "Online store"}}, "Cannot filter by channel: its values are not a list of texts"),
        ({"filters": {"channel": [3]}}, "not a list of texts"),
        ({"filters": {"channel": [None]}}, "not a list of texts"),
        ({"start": "2026-01-01"}, "start is not a day"), ({"end": datetime(2026, 1, 1)}, "end is not a day"),
        ({"limit": 0}, "Cannot limit to 0 rows"), ({"limit": -1}, "Cannot limit to -1 rows"),
    ],
)  # fmt: skip
def test_argument_of_another_type_is_refused(place: Installation, arguments: dict[str, Any], words: str) -> None:
    sent = {"metrics": ["net_sales"], "by": ["month"], "tenant": "aurora", **arguments}
    with pytest.raises(SemanticError, match=words):
        query.ask(place.home.published, **sent)


def test_columns_are_typed(sales: pd.DataFrame) -> None:
    assert {name: str(kind) for name, kind in sales.dtypes.items()} == {
        "month": "date32[day][pyarrow]", "channel": "string[pyarrow]", "net_sales": "decimal128(18, 2)[pyarrow]",
        "orders_placed": "Int64", "aov": "double[pyarrow]", "ad_spend": "decimal128(18, 2)[pyarrow]",
    }  # fmt: skip
    assert sales["ad_spend"].isna().all(), "the shop has no advertising: it is unknown"


def test_amounts_can_be_calculated_with(sales: pd.DataFrame) -> None:
    total = sales["net_sales"].sum()
    assert isinstance(total, Decimal) and total == sum(sales["net_sales"])
    assert (sales["net_sales"] * 2).sum() == 2 * total
    assert (sales["net_sales"] * sales["orders_placed"]).iloc[0] == sales["net_sales"].iloc[0] * int(
        sales["orders_placed"].iloc[0]
    )
    assert (sales["net_sales"] / sales["orders_placed"]).notna().all()
    assert sales.groupby("month")["net_sales"].sum().sum() == total


def test_facts_are_in_attrs(sales: pd.DataFrame, place: Installation) -> None:
    attrs = sales.attrs
    assert (attrs["tenant"]["id"], attrs["currency"]) == ("aurora", {"code": "USD", "digits": 2})
    assert attrs["reconciliation"]["state"] == "agrees" and attrs["run_id"] == place.current.name
    assert attrs["as_of"] == as_of(place) and len(attrs["definitions_version"]) == 12
    assert attrs["unknown"] == ["Unknown without advertising (connect Meta Ads or TikTok Ads): Ad spend."]
    assert [column["name"] for column in attrs["columns"]] == ["month", "channel", *METRICS]
    assert attrs["columns"][2]["unit"] == "USD"
    assert sales[sales["channel"] == "Online store"].attrs == attrs


def test_table_and_arrow_stream_become_frames(place: Installation) -> None:
    table = query.ask(place.home.published, ["net_sales"], tenant="aurora")
    assert frames.frame(table).attrs["currency"] == "USD"
    with open_build(place.home.published, "aurora") as build:
        subject = facts.subject(build)
        result = answers.ask(build, Question(("net_sales",)), subject=subject, now=SHOPS.end)
    with pa.ipc.open_stream(answers.arrow(result)) as reader:
        streamed = frames.frame(reader.read_all())
    assert streamed.attrs == answers.about(result)
    assert streamed["net_sales"].iloc[0] == table.column(0)[0].as_py()


def test_amount_of_more_than_eighteen_digits_stays_exact() -> None:
    largest = Decimal("123456789012345678901234567890.12")
    table = pa.table({"amount": pa.array([largest], pa.decimal128(38, 2))})
    assert frames.frame(table)["amount"].iloc[0] == largest


def test_without_pandas_the_extra_is_named(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'")
        return genuine(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pandas is not installed.*Install the extra.*\.\[pandas\]"):
        frames.ask(place.home.published, METRICS, tenant="aurora")


def test_guide_for_analysts_can_be_carried_out(place: Installation, tmp_path: Path) -> None:
    first, command, second = blocks(GUIDE)
    assert sum(bool(line.strip()) for line in first.text.splitlines()) <= 10
    assert command.text.strip() == ".venv/bin/python sales.py"
    with open_build(place.home.published, "aurora") as build:
        result = answers.ask(build, Question(("net_sales",)), subject=facts.subject(build), now=SHOPS.end)
    (tmp_path / "answer.arrows").write_bytes(answers.arrow(result))
    environment = os.environ | {"TAKINGS_HOME": str(place.home.root), "PYTHONPATH": str(ROOT)}
    printed = [
        subprocess.run(
            [sys.executable, "-c", block.text],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for block in (first, second)
    ]
    assert printed[0].startswith(f"USD {as_of(place)}") and "equal those of the source" in printed[0]
    assert printed[1].startswith(as_of(place))
    picture = (tmp_path / "sales.svg").read_text()
    assert picture.startswith("<svg") and "2026-01-01" in picture and "net_sales" in picture
