"""Tables that are replaced by slice, over a small invented source: the takings of a market stall per day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.base import Account, Column, Stream, Table, Window
from connectors.errors import ContractError
from connectors.sync.landing import Landing
from connectors.sync.staging import Staging

T0 = datetime(2026, 3, 10, 12, tzinfo=UTC)
STALL = Account("acme", "market", "stall-1", "http://127.0.0.1:9", "secret")
OTHER = Account("acme", "market", "stall-2", "http://127.0.0.1:9", "secret")
TAKINGS = Stream(
    name="takings",
    query="",
    cursor="day",
    record={"day": "VARCHAR", "item": "VARCHAR", "amount": "VARCHAR"},
    tables=(
        Table(
            name="takings",
            key=("date_day", "item"),
            where="true",
            slice="date_day",
            columns=(
                Column("date_day", "DATE", "r.day"),
                Column("item", "VARCHAR", "r.item"),
                Column("amount_micros", "MICROS", "r.amount"),
            ),
        ),
    ),
)
Load = Callable[..., tuple[int, int, int]]


def day(number: int) -> date:
    return date(2026, 3, number)


def took(number: int, item: str, amount: str = "1.00") -> dict[str, Any]:
    return {"day": str(day(number)), "item": item, "amount": amount}


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    with Staging(tmp_path / "staging.duckdb") as staging:
        staging.prepare("market", (TAKINGS,))
        yield staging


@pytest.fixture
def load(staging: Staging, tmp_path: Path) -> Load:
    """Land records as a window that covers the days `first` to `last`, and load it; `forgotten` deletes its parts."""
    landing = Landing(tmp_path / "landing")

    def run(
        *records: dict[str, Any], days: tuple[int, int] | None, hour: int = 0, account: Account = STALL,
        run_id: str = "run", forgotten: bool = False,
    ) -> tuple[int, int, int]:  # fmt: skip
        landed = landing.begin(account, "takings", Window(None, T0 + timedelta(hours=hour)))
        if days:
            landed.cover(day(days[0]), day(days[1]))
        landed.write_part(map(msgspec.json.encode, records))
        landed.seal()
        if forgotten:
            landed.forget()
        return staging.load(account, TAKINGS, landed, run_id)

    return run


def rows(staging: Staging, account: str = "stall-1") -> list[tuple[int, str, int]]:
    sql = "select day(date_day), item, amount_micros from market.takings where source_account = ? order by all"
    return staging.db.execute(sql, [account]).fetchall()


def test_amounts_become_micros_without_a_float(staging: Staging, load: Load) -> None:
    load(took(1, "tea", "0.000001"), took(1, "rum", "12345678901.123456"), took(1, "rye", "-3.5"), days=(1, 1))
    assert rows(staging) == [(1, "rum", 12345678901123456), (1, "rye", -3500000), (1, "tea", 1)]


@pytest.mark.parametrize("text", ["1.2345678", "1e3", "12,50", "", "NaN"])
def test_amount_that_is_not_a_whole_number_of_micros_is_rejected(text: str, staging: Staging, load: Load) -> None:
    assert load(took(1, "tea", text), took(1, "rum"), days=(1, 1)) == (2, 1, 1)
    assert rows(staging) == [(1, "rum", 1_000_000)]


def test_covered_days_are_replaced_whole_and_other_days_stay(staging: Staging, load: Load) -> None:
    load(took(1, "tea"), took(2, "tea"), took(2, "rum"), took(3, "tea"), days=(1, 3))
    assert load(took(2, "rum", "2.00"), days=(2, 3), hour=1) == (1, 3, 0)
    assert rows(staging) == [(1, "tea", 1_000_000), (2, "rum", 2_000_000)]


def test_window_without_rows_empties_its_days(staging: Staging, load: Load) -> None:
    load(took(1, "tea"), took(2, "tea"), days=(1, 2))
    assert load(days=(2, 2), hour=1) == (0, 1, 0)
    assert rows(staging) == [(1, "tea", 1_000_000)]


def test_window_without_parts_empties_no_day(staging: Staging, load: Load) -> None:
    load(took(1, "tea"), took(2, "tea"), days=(1, 2))
    assert load(days=(1, 2), hour=1, forgotten=True) == (0, 0, 0)
    assert len(rows(staging)) == 2


def test_repeated_load_changes_neither_rows_nor_their_lineage(staging: Staging, load: Load) -> None:
    load(took(1, "tea"), took(2, "tea"), days=(1, 2), run_id="first")
    assert load(took(1, "tea"), took(2, "tea"), days=(1, 2), hour=1, run_id="second") == (2, 0, 0)
    assert staging.db.execute("select distinct run_id from market.takings").fetchall() == [("first",)]


def test_days_of_another_account_stay(staging: Staging, load: Load) -> None:
    load(took(1, "tea"), days=(1, 1))
    load(took(1, "rum"), days=(1, 1), account=OTHER)
    load(days=(1, 1), hour=1)
    assert rows(staging) == []
    assert rows(staging, "stall-2") == [(1, "rum", 1_000_000)]


@pytest.mark.parametrize("days", [(2, 2), None])
def test_row_of_a_day_outside_the_window_stops_the_load(
    days: tuple[int, int] | None, staging: Staging, load: Load
) -> None:
    load(took(1, "tea"), days=(1, 1))
    with pytest.raises(ContractError, match="a row of 2026-03-01 arrived"):
        load(took(1, "rum"), days=days, hour=1)
    assert rows(staging) == [(1, "tea", 1_000_000)]


def test_reject_is_cleared_when_its_day_comes_without_the_row(staging: Staging, load: Load) -> None:
    load(took(1, "tea", "?"), took(2, "rum", "?"), took(2, "tea"), days=(1, 2))
    assert len(staging.rejects()) == 2
    load(took(1, "rum"), days=(1, 1), hour=1)
    assert [reject["row_key"] for reject in staging.rejects()] == ["2026-03-02/rum"]


def test_days_read_hold_the_instant_of_the_last_read(staging: Staging, load: Load) -> None:
    load(took(1, "tea"), days=(1, 3))
    load(took(3, "tea"), days=(3, 4), hour=5)
    rows = staging.db.execute("select day(day), as_of from takings.days_read order by 1").fetchall()
    later = T0.replace(tzinfo=None) + timedelta(hours=5)
    assert rows == [(1, T0.replace(tzinfo=None)), (2, T0.replace(tzinfo=None)), (3, later), (4, later)]


def test_rejects_of_a_first_load_stay_after_a_later_load_of_fewer_days(staging: Staging, load: Load) -> None:
    load(took(1, "tea", "?"), took(20, "tea", "?"), days=(1, 20))
    load(took(20, "tea"), days=(19, 20), hour=1)
    assert [row["row_key"] for row in staging.rejects()] == ["2026-03-01/tea"]
    assert rows(staging) == [(20, "tea", 1_000_000)]


def test_unchanged_window_replaces_an_older_one_only_when_it_covers_its_days(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")

    def quiet(hour: int, first: int, last: int) -> None:
        landed = landing.begin(STALL, "takings", Window(None, T0 + timedelta(hours=hour)))
        landed.cover(day(first), day(last))
        landed.seal()
        landed.forget()

    quiet(0, 1, 5)
    quiet(1, 4, 9)
    quiet(2, 3, 10)
    assert [window.manifest.days for window in landing.windows(STALL, "takings")] == [
        (day(1), day(5)), (day(3), day(10)),
    ]  # fmt: skip
