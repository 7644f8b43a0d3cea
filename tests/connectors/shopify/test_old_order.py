"""An order that was imported with a day of long ago: its total counts, and the quiet years cost no request per day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from connectors.shopify.pull import QUIET, _stretches
from connectors.sync.staging import Staging
from simulator import World, serve
from simulator.books import Line, Order, Shop
from simulator.history import ShopHistory
from tests.connectors.shopify.pulling import Place

NOW = datetime(2026, 3, 20, 10, tzinfo=UTC)
UNTIL = date(2026, 3, 21)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def imported(*days: str) -> World:
    """A shop of New York with imported orders of 5.00 and 7.00 at these instants, and one of 12.00 of its own."""
    shop = Shop("old", "Old", "America/New_York", "USD", taxes_included=False, token="shpat_simulated_old")
    orders, own = [], "2026-03-02T12:00:00"
    imports = [("2026-02-01T12:00:00", day, price) for day, price in zip(days, (500, 700), strict=False)]
    for number, (created, day, price) in enumerate([*imports, (own, own, 1200)], 1):
        order = Order(number, f"#{number}", at(created), at(day), "web", 10 + number, taxes_included=False)
        order.lines = [Line(20 + number, "product", "Cup", None, "C", None, None, 1, price)]
        orders.append(order)
    return World([ShopHistory(shop, orders)], NOW)


def pulled(world: World, root: Path) -> Place:
    place = Place(root, account="old")
    with serve(world, now=NOW) as server:
        place.pull(server)
        place.pull(server)
    return place


def test_order_of_1970_is_reconciled_and_the_quiet_years_are_not_read_day_by_day(tmp_path: Path) -> None:
    place = pulled(imported("1970-01-01T03:00:00"), tmp_path)
    rows = place.rows("select day, total_sales from shopify.sales_totals where total_sales <> 0 order by day")
    assert [(str(day), total) for day, total in rows] == [("1969-12-31", 5), ("2026-03-02", 12)]
    ((days,),) = place.rows("select count(*) from shopify.sales_totals")
    assert days == 3 + 50, "three days around the old one, and all since the day before the import"
    ((first,),) = place.rows("select min(day) from shopify.sessions_totals")
    assert first is None or first >= date(2025, 2, 1)


def test_quiet_stretch_with_sales_in_the_report_is_read_day_by_day(tmp_path: Path) -> None:
    """A sale that Shopify reports and staging does not hold has to differ, not to be skipped."""
    place, world = Place(tmp_path, account="old"), imported("2022-01-10T12:00:00", "2024-01-05T12:00:00")
    with serve(world, now=NOW) as server:
        place.pull(server)
        with Staging(place.staging) as staging:  # as if the order of 2024 had never arrived
            for table in ("orders", "agreements", "sales"):
                staging.db.execute(f"delete from shopify.{table} where order_id = '2'")
        server.set_now(NOW + timedelta(days=1))
        place.pull(server)
    rows = place.rows("select day, total_sales from shopify.sales_totals where total_sales <> 0 order by day")
    assert [(str(day), total) for day, total in rows] == [
        ("2022-01-10", 5), ("2024-01-05", 7), ("2026-03-02", 12),
    ]  # fmt: skip
    ((days,),) = place.rows("select count(*) from shopify.sales_totals")
    assert days > 1000


def test_stretches_join_without_a_gap_and_name_the_quiet_ones() -> None:
    days = [date(1970, 1, 1), date(2025, 1, 1), date(2026, 1, 2), date(2026, 3, 1)]
    stretches = _stretches(days, UNTIL)
    assert [quiet for _, _, quiet in stretches] == [False, True, False]
    assert stretches[0][0] == date(1969, 12, 31)
    assert stretches[-1][1] == UNTIL
    for (_, last, _), (first, _, _) in pairwise(stretches):
        assert first == last + timedelta(days=1)
    for first, last, quiet in stretches:
        assert quiet == (not any(first <= day <= last for day in days))
        assert not quiet or last - first >= QUIET
    assert _stretches([], UNTIL) == []
    assert _stretches([UNTIL - timedelta(days=400)], UNTIL)[-1] == (UNTIL - timedelta(days=1), UNTIL, False)
