"""Typed staging over a small invented source: baskets with their items, and prices with their history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from connectors.base import Account, Column, Stream, Table, Window
from connectors.errors import ContractError, IncompleteError
from connectors.sync.cursors import Cursors
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.merge import Merge
from connectors.sync.staging import Staging

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = Account("acme", "market", "shop-1", "http://127.0.0.1:9", "secret")
OTHER = Account("rival", "market", "shop-2", "http://127.0.0.1:9", "secret")

BASKETS = Stream(
    name="baskets",
    query="",
    cursor="updated",
    record={"kind": "VARCHAR", "__parentId": "VARCHAR", "id": "VARCHAR", "updated": "VARCHAR", "amount": "VARCHAR",
            "open": "VARCHAR", "day": "VARCHAR", "count": "VARCHAR"},
    tables=(
        Table(
            name="baskets",
            key=("basket_id",),
            version="updated_at",
            where="r.kind = 'basket'",
            columns=(
                Column("basket_id", "VARCHAR", "r.id"),
                Column("updated_at", "INSTANT", "r.updated"),
                Column("amount", "MONEY", "r.amount"),
                Column("is_open", "BOOLEAN", "r.open"),
                Column("day", "DATE", "r.day"),
            ),
        ),
        Table(
            name="items",
            key=("basket_id", "item_id"),
            parent="basket_id",
            where="r.kind = 'item'",
            columns=(
                Column("basket_id", "VARCHAR", 'r."__parentId"'),
                Column("item_id", "VARCHAR", "r.id"),
                Column("quantity", "BIGINT", "r.count"),
            ),
        ),
    ),
)  # fmt: skip
PRICES = Stream(
    name="prices",
    query="",
    record={"id": "VARCHAR", "cost": "VARCHAR"},
    tables=(
        Table(
            name="prices",
            key=("item_id",),
            where="true",
            history=("cost",),
            columns=(
                Column("item_id", "VARCHAR", "r.id"),
                Column("known_from", "INSTANT", "r.landed_until"),
                Column("cost", "MONEY", "r.cost"),
            ),
        ),
    ),
)
Load = Callable[..., tuple[int, int, int]]
Record = dict[str, Any]


def basket(name: str, version: int, amount: str | None = "10.00", **more: Any) -> Record:
    updated = (T0 + timedelta(minutes=version)).isoformat().replace("+00:00", "Z")
    return {
        "kind": "basket",
        "id": name,
        "updated": updated,
        "amount": amount,
        "open": True,
        "day": "2026-03-01",
    } | more


def item(of: str, name: str, count: Any = 1) -> Record:
    return {"kind": "item", "__parentId": of, "id": name, "count": count}


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    with Staging(tmp_path / "staging.duckdb") as staging:
        staging.prepare("market", (BASKETS, PRICES))
        yield staging


@pytest.fixture
def load(staging: Staging, tmp_path: Path) -> Load:
    """Land parts as a window that ends `hour` hours after T0, and load it."""
    landing = Landing(tmp_path / "landing")

    def run(
        *parts: list[Record], hour: int = 0, run_id: str = "run", account: Account = SHOP, stream: Stream = BASKETS
    ) -> tuple[int, int, int]:
        landed = landing.begin(account, stream.name, Window(None, T0 + timedelta(hours=hour)))
        for records in parts:
            landed.write_part(map(msgspec.json.encode, records))
        landed.seal()
        return staging.load(account, stream, landed, run_id)

    return run


def rows(staging: Staging, table: str = "baskets", columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
    return staging.db.execute(f"select {columns} from market.{table} where {where} order by all").fetchall()


def state(staging: Staging) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in staging except the times of loading."""
    return {
        "baskets": rows(staging),
        "items": rows(staging, "items"),
        "prices": rows(staging, "prices"),
        "cursors": staging.db.execute("select * exclude (loaded_at) from takings.cursors order by all").fetchall(),
        "rejects": staging.db.execute("select * exclude (rejected_at) from takings.rejects order by all").fetchall(),
    }


def test_rows_are_typed_exactly_and_have_run_and_part(staging: Staging, load: Load) -> None:
    assert load([basket("b1", 0, "604214.45"), item("b1", "i1", 3)], run_id="run-1") == (2, 2, 0)
    part = "acme/market/shop-1/baskets/20260301T120000Z_from_00000000T000000Z/part-00000.ndjson.zst"
    assert rows(staging) == [
        ("acme", "shop-1", "run-1", part, "b1", T0.replace(tzinfo=None), Decimal("604214.45"), True, T0.date())
    ]
    assert rows(staging, "items", "basket_id, item_id, quantity") == [("b1", "i1", 3)]


@pytest.mark.parametrize("text", ["43.0", "0.0", "-0.01", "604214.45", "123456789012345678.123456", "0.001"])
def test_money_is_never_a_float(text: str, staging: Staging, load: Load) -> None:
    load([basket("b1", 0, text)])
    assert rows(staging, columns="amount") == [(Decimal(text),)]


def test_instants_are_stored_in_utc_for_any_offset(staging: Staging, load: Load) -> None:
    load([basket("b1", 0, updated="2026-03-29T03:30:00+02:00"), basket("b2", 0, updated="2026-03-29T01:30:00Z")])
    assert rows(staging, columns="distinct updated_at") == [(datetime(2026, 3, 29, 1, 30),)]


def test_repeated_load_changes_neither_rows_nor_their_lineage(staging: Staging, load: Load) -> None:
    records = [basket("b1", 0), item("b1", "i1"), item("b1", "i2"), basket("b2", 0, None)]
    load(records, run_id="first")
    before = {name: rows(staging, name) for name in ("baskets", "items")}
    assert load(records, hour=1, run_id="second") == (4, 0, 0)
    assert {name: rows(staging, name) for name in ("baskets", "items")} == before


def test_only_changed_rows_are_written_again(staging: Staging, load: Load) -> None:
    load([basket("b1", 0), item("b1", "i1", 1), item("b1", "i2", 1)], run_id="first")
    load([basket("b1", 1), item("b1", "i1", 1), item("b1", "i2", 5)], hour=1, run_id="second")
    assert rows(staging, "items", "item_id, quantity, run_id") == [("i1", 1, "first"), ("i2", 5, "second")]
    assert rows(staging, columns="run_id") == [("second",)]


def test_older_version_overwrites_neither_a_newer_one_nor_its_children(staging: Staging, load: Load) -> None:
    load([basket("b1", 5, "20.00"), item("b1", "i1", 2)])
    before = rows(staging), rows(staging, "items")
    assert load([basket("b1", 4, "10.00"), item("b1", "i1", 1), item("b1", "i9", 1)], hour=1)[1:] == (0, 0)
    assert (rows(staging), rows(staging, "items")) == before


def test_same_version_with_other_values_is_loaded(staging: Staging, load: Load) -> None:
    load([basket("b1", 5, "20.00")])
    load([basket("b1", 5, "21.00")], hour=1)
    assert rows(staging, columns="amount") == [(Decimal("21.00"),)]


def test_removed_child_rows_vanish_and_those_of_other_parents_stay(staging: Staging, load: Load) -> None:
    load([basket("b1", 0), item("b1", "i1"), item("b1", "i2"), basket("b2", 0), item("b2", "i1")])
    load([basket("b1", 1), item("b1", "i2")], hour=1)
    assert rows(staging, "items", "basket_id, item_id") == [("b1", "i2"), ("b2", "i1")]
    load([basket("b1", 2)], hour=2)
    assert rows(staging, "items", "basket_id, item_id") == [("b2", "i1")]


def test_row_twice_in_one_window_is_stored_once_in_its_newest_version(staging: Staging, load: Load) -> None:
    old, new = [basket("b1", 1, "10.00"), item("b1", "i1", 1)], [basket("b1", 2, "30.00"), item("b1", "i1", 3)]
    load(old, new)
    load([record | {"__parentId": "b2"} if "__parentId" in record else record | {"id": "b2"} for record in new],
         [record | {"__parentId": "b2"} if "__parentId" in record else record | {"id": "b2"} for record in old],
         hour=1)  # fmt: skip
    assert rows(staging, columns="basket_id, amount") == [("b1", Decimal(30)), ("b2", Decimal(30))]
    assert rows(staging, "items", "basket_id, quantity") == [("b1", 3), ("b2", 3)]


def test_children_of_the_older_of_two_versions_in_one_window_are_not_loaded(staging: Staging, load: Load) -> None:
    load([basket("b1", 1), item("b1", "gone"), item("b1", "kept", 1)], [basket("b1", 2), item("b1", "kept", 1)])
    assert rows(staging, "items", "item_id") == [("kept",)]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (basket("bad", 0, "12,50"), "amount is not MONEY: 12,50"),
        (basket("bad", 0, "1_000"), "amount is not MONEY: 1_000"),
        (basket("bad", 0, updated="yesterday"), "updated_at is not INSTANT: yesterday"),
        (basket("bad", 0, open="perhaps"), "is_open is not BOOLEAN: perhaps"),
        (basket("bad", 0, day="31/12/2026"), "day is not DATE: 31/12/2026"),
        (basket("bad", 0, "NaN", day="soon"), "amount is not MONEY: NaN; day is not DATE: soon"),
    ],
)
def test_row_that_cannot_be_typed_is_rejected_with_reason_and_place(
    broken: Record, reason: str, staging: Staging, load: Load
) -> None:
    assert load([basket("b1", 0), broken, basket("b2", 0)], run_id="run-1") == (3, 2, 1)
    assert rows(staging, columns="basket_id") == [("b1",), ("b2",)]
    (reject,) = staging.rejects()
    place = "acme/market/shop-1/baskets/20260301T120000Z_from_00000000T000000Z/part-00000.ndjson.zst"
    assert {name: reject[name] for name in ("row_key", "reason", "landing_part", "run_id", "table_name")} == {
        "row_key": "bad", "reason": reason, "landing_part": place, "run_id": "run-1", "table_name": "baskets",
    }  # fmt: skip


@pytest.mark.parametrize("count", ["2.5", "two", "9223372036854775808", "", True])
def test_quantity_is_never_rounded(count: Any, staging: Staging, load: Load) -> None:
    assert load([basket("b1", 0), item("b1", "i1", count), item("b1", "i2", "-3"), item("b1", "i3", "2.0")])[2] == 1
    assert rows(staging, "items", "item_id, quantity") == [("i2", -3), ("i3", 2)]


def test_row_without_its_key_is_rejected(staging: Staging, load: Load) -> None:
    assert load([basket("b1", 0), {"kind": "basket", "updated": "2026-03-01T12:00:00Z"}]) == (2, 1, 1)
    assert staging.rejects()[0]["reason"] == "basket_id is missing"


def test_corrected_row_clears_its_reject(staging: Staging, load: Load) -> None:
    load([basket("b1", 0, "12,50"), basket("b2", 0), item("b2", "i1", "many")])
    assert len(staging.rejects()) == 2
    load([basket("b1", 1, "12.50"), basket("b2", 1), item("b2", "i1", 4)], hour=1)
    assert staging.rejects() == []
    assert rows(staging, columns="basket_id, amount") == [("b1", Decimal("12.50")), ("b2", Decimal(10))]


def test_reject_of_a_child_is_cleared_when_the_source_removes_the_child(staging: Staging, load: Load) -> None:
    load([basket("b1", 0), item("b1", "i1", "many"), basket("b2", 0), item("b2", "i1", "some")])
    load([basket("b1", 1)], hour=1)
    assert [reject["row_key"] for reject in staging.rejects()] == ["b2/i1"]


def test_broken_new_version_keeps_the_last_good_one_and_its_children(staging: Staging, load: Load) -> None:
    load([basket("b1", 0), item("b1", "i1", 1)])
    load([basket("b1", 1, "12,50"), item("b1", "i1", 2)], hour=1)
    assert rows(staging, columns="amount") == [(Decimal(10),)]
    assert rows(staging, "items", "quantity") == [(1,)]
    assert len(staging.rejects()) == 1


def test_new_column_is_added_to_an_existing_table(staging: Staging, load: Load) -> None:
    load([basket("b1", 0)])
    table = BASKETS.tables[0]
    wider = Table(**{**vars(table), "columns": (*table.columns, Column("note", "VARCHAR", "r.note"))})
    newer = Stream(**{**vars(BASKETS), "record": {**BASKETS.record, "note": "VARCHAR"},
                      "tables": (wider, BASKETS.tables[1])})  # fmt: skip
    staging.prepare("market", (newer, PRICES))
    assert rows(staging, columns="basket_id, note") == [("b1", None)]
    load([basket("b2", 0, note="gift")], hour=1, stream=newer)
    assert rows(staging, columns="basket_id, note") == [("b1", None), ("b2", "gift")]


def test_undeclared_field_stays_in_the_landing_zone(staging: Staging, load: Load) -> None:
    assert load([basket("b1", 0, brandNew={"deep": [1, 2]})]) == (1, 1, 0)


def test_history_has_a_row_only_for_a_change(staging: Staging, load: Load) -> None:
    for hour, cost in enumerate(["5.00", "5.00", "6.00", None, None, "5.00"]):
        load([{"id": "i1", "cost": cost}, {"id": "i2", "cost": "1.00"}], hour=hour, stream=PRICES)
    history = rows(staging, "prices", "known_from, cost", "item_id = 'i1'")
    hours = [0, 2, 3, 5]
    costs = [Decimal(5), Decimal(6), None, Decimal(5)]
    assert history == [
        (T0.replace(tzinfo=None) + timedelta(hours=hour), cost) for hour, cost in zip(hours, costs, strict=True)
    ]
    assert len(rows(staging, "prices", where="item_id = 'i2'")) == 1


def test_empty_window_moves_only_the_cursor(staging: Staging, load: Load) -> None:
    load([basket("b1", 0)])
    before = rows(staging)
    assert load([], hour=3) == (0, 0, 0)
    assert load(hour=4) == (0, 0, 0)
    assert rows(staging) == before
    assert staging.cursors(SHOP).loaded_until("baskets") == T0 + timedelta(hours=4)


@pytest.mark.parametrize(("room", "step"), [(Merge, "_merge"), (Cursors, "move")])
def test_failure_during_a_load_changes_nothing(
    room: type, step: str, staging: Staging, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([basket("b1", 0), item("b1", "i1"), basket("bad", 0, "x")], run_id="first")
    before = state(staging)
    real, calls = getattr(room, step), []

    def second_time_fails(self: Any, *args: Any) -> Any:
        calls.append(step)
        if step == "move" or len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, *args)

    monkeypatch.setattr(room, step, second_time_fails)
    with pytest.raises(KeyboardInterrupt):
        load([basket("b1", 1, "99.00"), item("b1", "i2"), basket("bad", 1)], hour=1, run_id="second")
    assert state(staging) == before
    monkeypatch.undo()
    load([basket("b1", 1, "99.00"), item("b1", "i2"), basket("bad", 1)], hour=1, run_id="third")
    assert rows(staging, columns="amount, run_id", where="basket_id = 'b1'") == [(Decimal(99), "third")]


def test_only_a_large_window_is_loaded_by_all_threads(
    staging: Staging, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sync.staging.ROWS_FOR_ONE_THREAD", 1)
    columns = (Column("item_id", "VARCHAR", "r.id"), Column("threads", "BIGINT", "current_setting('threads')::varchar"))
    table = Table(name="threads", key=("item_id",), where="true", columns=columns)
    stream = Stream(name="threads", query="", record={"id": "VARCHAR"}, tables=(table,))
    staging.prepare("market", (stream,))
    with duckdb.connect() as other:
        (every,) = other.execute("select current_setting('threads')").fetchall()[0]
    load([{"id": "small"}], stream=stream)
    load([{"id": "large"}, {"id": "larger"}], stream=stream, hour=1)
    load([{"id": "then"}], stream=stream, hour=2)
    assert rows(staging, "threads", "item_id, threads") == [
        ("large", every), ("larger", every), ("small", 1), ("then", 1)
    ]  # fmt: skip


def test_accounts_and_tenants_do_not_change_each_others_rows_cursors_or_rejects(staging: Staging, load: Load) -> None:
    load([basket("b1", 5, "1.00"), item("b1", "i1", 1), basket("bad", 0, "x")])
    load([{"id": "i1", "cost": "5.00"}], stream=PRICES)
    mine = {name: rows(staging, name, where="tenant_id = 'acme'") for name in ("baskets", "items", "prices")}
    load([basket("b1", 1, "2.00"), basket("bad", 1)], hour=7, account=OTHER)
    load([{"id": "i1", "cost": "7.00"}], hour=7, account=OTHER, stream=PRICES)
    assert {name: rows(staging, name, where="tenant_id = 'acme'") for name in mine} == mine
    assert rows(staging, columns="amount", where="tenant_id = 'rival' and basket_id = 'b1'") == [(Decimal(2),)]
    assert rows(staging, "items", where="tenant_id = 'rival'") == []
    assert staging.cursors(SHOP).loaded_until("baskets") == T0
    assert staging.cursors(OTHER).loaded_until("baskets") == T0 + timedelta(hours=7)
    assert [reject["tenant_id"] for reject in staging.rejects()] == ["acme"]


def sealed(folder: Path, records: list[Record], rows: int | None, roots: int | None) -> LandedWindow:
    landed = Landing(folder / "landing").begin(SHOP, "baskets", Window(None, T0))
    landed.write_part(map(msgspec.json.encode, records))
    landed.seal(rows, roots)
    return landed


@pytest.mark.parametrize(("announced", "roots"), [(3, 1), (1, 1), (2, 2)])
def test_fewer_or_more_records_than_announced_are_never_loaded(
    announced: int, roots: int, staging: Staging, tmp_path: Path
) -> None:
    landed = sealed(tmp_path, [basket("b1", 0), item("b1", "i1")], announced, roots)
    with pytest.raises(IncompleteError, match="2 records arrived"):
        staging.load(SHOP, BASKETS, landed, "run")
    assert rows(staging) == []
    assert staging.cursors(SHOP).loaded_until("baskets") is None


@pytest.mark.parametrize("record", [basket("b2", 0), item("b1", "i1") | {"__typename": None}], ids=["no", "null"])
def test_record_that_does_not_say_what_it_is_loads_nothing(record: Record, staging: Staging, tmp_path: Path) -> None:
    """Each table takes the records of its type: no table would take it, and it would be missing in silence."""
    typed = replace(BASKETS, record={**BASKETS.record, "__typename": "VARCHAR"})
    landed = sealed(tmp_path, [basket("b1", 0) | {"__typename": "Basket"}, record], 2, None)
    with pytest.raises(ContractError, match="1 of 2 records have no __typename"):
        staging.load(SHOP, typed, landed, "run")
    assert rows(staging) == []


@pytest.mark.parametrize("first", [True, False], ids=["first load", "later load"])
def test_object_in_place_of_a_key_is_rejected_and_not_stored_as_text(first: bool, staging: Staging, load: Load) -> None:
    if not first:
        load([basket("b0", 0)])
    assert load([basket("b1", 0), basket("b2", 0) | {"id": {"value": "b2"}}], hour=1)[2] == 1
    assert rows(staging, columns="basket_id") == ([("b1",)] if first else [("b0",), ("b1",)])
    [reject] = staging.rejects()
    assert reject["reason"] == "basket_id is an object"


def test_truncated_part_on_disk_is_never_loaded(staging: Staging, tmp_path: Path) -> None:
    landed = sealed(tmp_path, [basket(f"b{number}", 0) for number in range(2000)], None, None)
    part = landed.paths[0]
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    with pytest.raises(IncompleteError, match="baskets"):
        staging.load(SHOP, BASKETS, landed, "run")
    assert rows(staging) == []


def test_missing_part_on_disk_is_never_loaded(staging: Staging, tmp_path: Path) -> None:
    landed = sealed(tmp_path, [basket("b1", 0)], None, None)
    landed.paths[0].unlink()
    with pytest.raises(IncompleteError):
        staging.load(SHOP, BASKETS, landed, "run")


def test_record_of_another_shape_is_a_contract_error_and_not_incomplete(staging: Staging, tmp_path: Path) -> None:
    landed = sealed(tmp_path, [basket("b1", 0)], None, None)
    odd = Stream(**{**vars(BASKETS), "record": {**BASKETS.record, "amount": "STRUCT(value VARCHAR)"}})
    with pytest.raises(ContractError, match="another shape than the API documents"):
        staging.load(SHOP, odd, landed, "run")


def test_committed_rows_survive_a_staging_file_that_was_not_closed(tmp_path: Path) -> None:
    path = tmp_path / "staging.duckdb"
    left = Staging(path)
    left.prepare("market", (BASKETS,))
    left.db.execute("insert into market.baskets (basket_id) values ('b1')")
    for name in ("staging.duckdb", "staging.duckdb.wal"):  # as a kill would leave them
        (tmp_path / f"killed-{name}").write_bytes((tmp_path / name).read_bytes())
    left.close()
    (tmp_path / "killed-staging.duckdb.wal").rename(tmp_path / "killed.duckdb.wal")
    (tmp_path / "killed-staging.duckdb").rename(tmp_path / "killed.duckdb")
    with Staging(tmp_path / "killed.duckdb") as again:
        assert rows(again, columns="basket_id") == [("b1",)]
    with duckdb.connect(str(tmp_path / "killed.duckdb"), read_only=True) as db:
        assert db.execute("select count(*) from market.baskets").fetchone() == (1,)


def test_files_opened_one_after_the_other_share_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "first.duckdb", tmp_path / "second.duckdb"
    with Staging(first) as staging:
        staging.db.execute("create table kept as select 1 as x; create temp table passing as select 2 as x")
        staging.db.execute("set TimeZone = 'Asia/Tokyo'; set threads = 3")
        staging.db.execute("begin; insert into kept values (3)")
        staging.db.execute("rollback")
    with Staging(second) as staging:
        names = staging.db.execute("select table_name from duckdb_tables() where table_name in ('kept', 'passing')")
        assert names.fetchall() == []
        settings = staging.db.execute("select current_setting('TimeZone'), current_setting('threads')").fetchone()
        assert settings == ("UTC", 1)
        with duckdb.connect(str(first)) as other:  # closed: another connection writes
            other.execute("insert into kept values (4)")
    with Staging(first) as staging:
        assert staging.db.execute("select x from kept order by x").fetchall() == [(1,), (4,)]


def test_file_of_a_load_that_failed_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "staging.duckdb"
    with pytest.raises(ZeroDivisionError), Staging(path) as staging, staging.transaction():
        staging.db.execute("create temp table landed as select 1 as x; create table half as select 1 as x")
        raise ZeroDivisionError
    with Staging(path) as staging:
        assert (
            staging.db.execute("select 1 from duckdb_tables() where table_name in ('landed', 'half')").fetchall() == []
        )
