"""The loop of a stream when a clock was wrong, a landed window cannot be loaded, or records are read in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from connectors.base import Account, Column, Pulled, Stream, Table
from connectors.errors import ConfigurationError, ContractError
from connectors.http import Transport
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.loop import PullContext, pull_stream
from connectors.sync.staging import Staging

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SHOP = Account("acme", "market", "shop-1", "http://127.0.0.1:9", "secret")
AMOUNT = Column("amount", "BIGINT", "r.amount")
SALES = Stream(
    name="sales",
    query="",
    cursor="sold_at",
    record={"id": "VARCHAR", "day": "VARCHAR", "amount": "VARCHAR", "fee": "VARCHAR", "sold_at": "VARCHAR"},
    tables=(
        Table(
            name="sales",
            key=("sale_id",),
            where="true",
            columns=(Column("sale_id", "VARCHAR", "r.id"), AMOUNT),
        ),
    ),
)
BY_DAY = replace(
    SALES,
    tables=(
        Table(
            name="sales",
            key=("day",),
            slice="day",
            where="true",
            columns=(Column("day", "DATE", "r.day"), AMOUNT),
        ),
    ),
)


class Market:
    """A source of sales, by the instant of the sale; it may answer with `wrong` records instead."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.sold: dict[str, tuple[datetime, str]] = {}
        self.wrong: list[dict[str, Any]] = []
        self.asked: list[datetime | None] = []

    def land(self, landed: LandedWindow) -> None:
        start = landed.window.start
        self.asked.append(start)
        records = self.wrong or [
            {"id": name, "day": "2026-03-09", "amount": amount, "fee": "1", "sold_at": str(sold)}
            for name, (sold, amount) in self.sold.items()
            if (start is None or sold >= start) and sold <= NOW + timedelta(days=1)
        ]
        if landed.manifest.days is None and self.stream is BY_DAY:
            landed.cover(NOW.date() - timedelta(days=1), NOW.date())
        landed.write_part(map(msgspec.json.encode, records))
        landed.seal()

    def pull(self, stream: Stream = SALES, land: Callable[[LandedWindow], None] | None = None) -> Pulled:
        """`land` answers once in place of this source."""
        self.stream = stream
        with Staging(self.folder / "staging.duckdb") as staging:
            staging.prepare("market", (stream,))
            context = PullContext(SHOP, Landing(self.folder / "landing"), staging, "run", Transport())
            return pull_stream(context, stream, self.now, land or self.land)

    def rows(self, columns: str = "sale_id, amount", table: str = "market.sales") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "staging.duckdb"), read_only=True) as db:
            return db.execute(f"select {columns} from {table} order by all").fetchall()

    def cursor(self) -> datetime:
        return self.rows("loaded_until", "takings.cursors")[0][0].replace(tzinfo=UTC)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    yield Market(tmp_path)


def test_pull_under_a_clock_that_was_days_ahead_loses_nothing_afterwards(market: Market) -> None:
    market.sold["a"] = (NOW - timedelta(days=3), "5")
    market.now = NOW + timedelta(days=2)
    market.pull()
    market.sold["b"] = (NOW, "7")  # happened before the cursor that the wrong clock gave
    market.now = NOW + timedelta(hours=1)
    result = market.pull()
    assert market.rows() == [("a", 5), ("b", 7)]
    assert market.asked == [None, None], "all is read again, since the cursor says nothing"
    (warning,) = result.warnings
    assert "cursor of sales" in warning
    assert "2026-03-12T12:00:00Z" in warning
    assert market.cursor() == market.now
    market.now += timedelta(hours=1)
    assert market.pull().warnings == ()
    assert market.asked[-1] == NOW + timedelta(hours=1)
    before = market.rows(), market.cursor()
    (market.folder / "staging.duckdb").unlink()  # the landing zone keeps the order
    market.pull()
    assert (market.rows(), market.cursor()) == before


def test_interrupted_window_of_the_future_is_begun_again_with_the_right_time(market: Market) -> None:
    market.now, market.sold["a"] = NOW + timedelta(days=2), (NOW, "5")

    def interrupted(landed: LandedWindow) -> None:
        landed.write_part([b'{"id":"half"}'])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        market.pull(land=interrupted)
    market.now = NOW
    market.pull()
    assert (market.rows(), market.cursor()) == ([("a", 5)], NOW)


def test_window_poisoned_by_a_row_of_another_day_is_requested_again_by_the_next_run(market: Market) -> None:
    market.sold["a"], market.wrong = (NOW - timedelta(days=1), "5"), [{"day": "2025-01-01", "amount": "1"}]
    with pytest.raises(ContractError, match="a row of 2025-01-01 arrived"):
        market.pull(BY_DAY)
    with pytest.raises(ContractError, match="a row of 2025-01-01 arrived"):
        market.pull(BY_DAY)
    assert len(market.asked) == 2, "each run asks once"
    market.wrong = []
    result = market.pull(BY_DAY)
    assert market.rows("amount") == [(5,)]
    (warning,) = result.warnings
    assert "sales" in warning
    assert "requested again" in warning
    assert market.pull(BY_DAY).warnings == ()


def test_window_with_a_record_of_another_shape_is_requested_again_by_the_next_run(market: Market) -> None:
    market.wrong = [{"id": "a", "amount": "5", "lines": [{"n": 1}]}, {"id": "b", "amount": "6", "lines": 3}]
    shaped = replace(SALES, record={**SALES.record, "lines": "STRUCT(n VARCHAR)[]"})
    with pytest.raises(ContractError):
        market.pull(shaped)
    market.wrong, market.sold["a"] = [], (NOW, "5")
    market.pull(shaped)
    assert market.rows() == [("a", 5)]


def changed(read: str) -> Stream:
    """SALES as another version of Takings reads it."""
    (table,) = SALES.tables
    columns = (table.columns[0], Column("amount", "BIGINT", read))
    return replace(SALES, tables=(replace(table, columns=columns),))


def test_rows_that_an_earlier_version_read_in_another_way_are_read_again_from_the_landing_zone(market: Market) -> None:
    market.sold |= {"a": (NOW - timedelta(days=9), "5")}
    market.pull()
    market.sold = {"b": (NOW, "7")}  # the source no longer has the first
    market.now += timedelta(hours=1)
    market.pull()
    market.now += timedelta(hours=1)
    net = changed("cast(cast(r.amount as bigint) - cast(r.fee as bigint) as varchar)")
    market.pull(net)
    assert market.rows() == [("a", 4), ("b", 6)]
    requests = len(market.asked)
    market.pull(net)
    assert len(market.asked) == requests
    assert market.rows() == [("a", 4), ("b", 6)]


def test_rows_read_in_another_way_whose_landed_files_are_gone_are_refused_with_what_to_do(market: Market) -> None:
    market.sold["a"] = (NOW, "5")
    market.pull()
    for part in (market.folder / "landing").rglob("part-*"):
        part.unlink()
    with pytest.raises(ConfigurationError, match="takings tenants remove acme/market/shop-1") as caught:
        market.pull(changed("'9'"))
    assert "backup" in str(caught.value)
    assert market.rows() == [("a", 5)], "nothing is lost"


Change = Callable[[Stream], Stream]


@pytest.mark.parametrize(
    "change",
    [
        lambda stream: replace(stream, tables=(replace(stream.tables[0], where="r.id is not null"),)),
        lambda stream: replace(stream, tables=(replace(stream.tables[0], key=("amount",)),)),
        lambda stream: replace(stream, record={**stream.record, "amount": "BIGINT"}),
    ],
    ids=["condition", "key", "type"],
)
def test_each_way_of_reading_has_a_version_of_its_own(change: Change) -> None:
    assert change(SALES).reading != SALES.reading
    assert replace(SALES, query="another request").reading == SALES.reading


def test_part_that_a_kill_left_longer_than_its_manifest_says_counts_to_that_length(market: Market) -> None:
    """A frame that was written, but not recorded, is requested again: it would come twice."""
    sale = {"id": "a", "day": "2026-03-09", "amount": "5", "fee": "1", "sold_at": "2026-03-09 10:00:00"}
    first, second, third, fourth = (msgspec.json.encode(sale | {"id": name}) for name in "abcd")

    def killed(landed: LandedWindow) -> None:
        landed.write_part([first])
        landed.extend_part([second], after="b")
        manifest = (landed.folder / "window.json").read_bytes()
        landed.extend_part([third], after="c")
        (landed.folder / "window.json").write_bytes(manifest)  # as it is if the kill comes before
        raise KeyboardInterrupt

    def resumed(landed: LandedWindow) -> None:
        assert landed.manifest.state == {"after": "b"}
        landed.extend_part([third])  # another process: a part of its own
        landed.extend_part([fourth])
        assert len(landed.manifest.parts) == 2
        landed.seal()

    with pytest.raises(KeyboardInterrupt):
        market.pull(land=killed)
    assert market.pull(land=resumed).landed == 4
    assert market.rows("sale_id") == [("a",), ("b",), ("c",), ("d",)]
    assert market.rows("right(landing_part, 21)") == [("part-00000.ndjson.zst",)] * 2 + [("part-00001.ndjson.zst",)] * 2


def test_window_sealed_right_after_a_kill_has_nothing_of_the_frame_that_was_not_recorded(market: Market) -> None:
    record = {"day": "2026-03-09", "amount": "5", "fee": "1", "sold_at": "2026-03-09 10:00:00"}

    def killed(landed: LandedWindow) -> None:
        landed.write_part([msgspec.json.encode(record | {"id": "a"})])
        with landed.paths[0].open("ab") as part:
            part.write(b"half of a frame")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        market.pull(land=killed)
    assert market.pull(land=lambda landed: landed.seal()).landed == 1
    assert market.rows("sale_id") == [("a",)]
