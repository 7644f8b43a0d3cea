"""Amounts in another currency than the tenant's, daily rates, and currencies with no or three decimals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from common.errors import TakingsError
from simulator import World, serve
from simulator.books import Line, Order, Product, Refund, Reversal, ShippingLine, Shop, Transaction, Variant
from simulator.history import ShopHistory
from tests.orchestration.installation import Installation

pytestmark = pytest.mark.worlds
END = datetime(2026, 3, 20, 12, tzinfo=UTC)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def shop(account: str, currency: str, exponent: int, price: int) -> ShopHistory:
    """Three orders of three units and shipping of a third of a price; one unit of the first comes back in March."""
    history = ShopHistory(
        Shop(account, account.title(), "UTC", currency, False, f"shpat_simulated_{account}", exponent)
    )
    opened = at("2025-12-01T00:00:00")
    product = Product(10, [(opened, "Cup")], "Maker", "Cups", [(opened, "ACTIVE")], opened)
    product.variants.append(Variant(11, product, "One", "CUP", [(opened, price)], [(opened, None)], opened))
    history.products.append(product)
    for number, when in enumerate(["2026-02-10T12:00:00", "2026-02-14T12:00:00", "2026-03-02T12:00:00"]):
        order = Order(100 + number, f"#{number}", at(when), at(when), "web", 1000 + number, False)
        order.lines = [Line(200 + number, "product", "Cup", "One", "CUP", "Maker", product.variants[0], 3, price)]
        order.shipping = [ShippingLine(300 + number, "Post", price // 3)]
        order.transactions = [Transaction(400 + number, "SALE", "card", 3 * price + price // 3, at(when))]
        history.orders.append(order)
    first, back = history.orders[0], at("2026-03-10T12:00:00")
    first.refunds = [Refund(500, 501, back, back, [Reversal(502, first.lines[0], 1, price, 0, 0)])]
    first.refunds[0].transactions = [Transaction(503, "REFUND", "card", price, back)]
    return history


@pytest.fixture(scope="module")
def world() -> World:
    """Yen have no cents, dinars have thousandths; a cup costs 1,001 yen, 10.01 dollars or 10.007 dinars."""
    shops = [shop("kyoto", "JPY", 0, 1001), shop("boston", "USD", 2, 1001), shop("kuwait", "KWD", 3, 10_007)]
    return World(shops, END)


# A rate counts until the next one, six days at most: 10 February has one of its own, the 14th takes that of the 12th.
RATES = """day,from,to,rate
2026-02-10,JPY,EUR,0.0055
2026-02-12,JPY,EUR,0.0056
2026-03-02,JPY,EUR,0.00601
2026-03-09,JPY,EUR,0.0061
2026-02-10,USD,JPY,149.99
2026-02-14,USD,JPY,150.5
2026-03-01,USD,JPY,151
2026-03-10,USD,JPY,152
"""


@pytest.fixture(scope="module")
def place(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Installation]]:
    with serve(world) as server:

        def make(
            name: str, currencies: dict[str, str], rates: str, shops: tuple[str, ...] = ("kyoto", "boston")
        ) -> Installation:
            installation = Installation(tmp_path_factory.mktemp(name))
            installation.configure(server, currencies, rates, shops=shops)
            return installation

        yield make


@pytest.fixture(scope="module")
def published(place: Callable[..., Installation]) -> Installation:
    installation = place("converted", {"kyoto": "EUR", "boston": "JPY"}, RATES, ("kyoto", "boston", "kuwait"))
    installation.run()
    return installation


def rows(installation: Installation, tenant: str) -> list[tuple[Any, ...]]:
    return installation.ask(
        """select strftime(date_day, '%m-%d'), currency, minor_units, gross_sales_minor, shipping_minor, returns_minor,
            order_revenue_minor, refunded_order_value_minor, refunded_amount_minor
        from marts.metrics_daily where tenant_id = ? order by all""",
        [tenant],
    )


def test_yen_convert_to_euro_cents_at_the_rate_of_each_day(published: Installation) -> None:
    """3 × 1,001 = 3,003 and 333 yen; 0.0055: 1,651.65 and 183.15 cents; 0.0056: 1,681.68 and 186.48;
    0.00601: 1,804.80 and 200.13; the refund of 1,001 on 10 March at the rate of the 9th, 0.0061: 610.61.
    """
    assert rows(published, "kyoto") == [
        ("02-10", "EUR", 100, 1652, 183, 0, 0, 1835, 0),  # 3,336 × 0.55 = 1,834.8
        ("02-14", "EUR", 100, 1682, 186, 0, 1868, 0, 0),  # 3,336 × 0.56 = 1,868.16
        ("03-02", "EUR", 100, 1805, 200, 0, 2005, 0, 0),  # 3,336 × 0.601 = 2,004.9
        ("03-10", "EUR", 100, 0, 0, 611, 0, 0, 611),
    ]


def test_dollars_convert_to_whole_yen(published: Installation) -> None:
    """30.03 and 3.33 dollars; × 149.99: 4,504.20 and 499.47; × 150.5: 4,519.52 and 501.17; × 151: 4,534.53 and
    502.83; 10.01 × 152: 1,521.52.
    """
    assert rows(published, "boston") == [
        ("02-10", "JPY", 1, 4504, 499, 0, 0, 5004, 0),  # 33.36 × 149.99 = 5,003.67
        ("02-14", "JPY", 1, 4520, 501, 0, 5021, 0, 0),  # 33.36 × 150.5 = 5,020.68
        ("03-02", "JPY", 1, 4535, 503, 0, 5037, 0, 0),  # 33.36 × 151 = 5,037.36
        ("03-10", "JPY", 1, 0, 0, 1522, 0, 0, 1522),
    ]


def test_dinars_keep_three_decimals(published: Installation) -> None:
    assert rows(published, "kuwait") == [
        ("02-10", "KWD", 1000, 30_021, 3_335, 0, 0, 33_356, 0),
        ("02-14", "KWD", 1000, 30_021, 3_335, 0, 33_356, 0, 0),
        ("03-02", "KWD", 1000, 30_021, 3_335, 0, 33_356, 0, 0),
        ("03-10", "KWD", 1000, 0, 0, 10_007, 0, 0, 10_007),
    ]


def test_every_ledger_row_names_its_rate_and_the_day_of_the_rate(published: Installation) -> None:
    rows = published.ask(
        "select distinct strftime(date_day, '%m-%d'), rate::varchar, strftime(rate_date, '%m-%d') from marts.revenue "
        "where tenant_id = 'kyoto' order by all"
    )
    assert rows == [
        ("02-10", "0.005500000000", "02-10"),
        ("02-14", "0.005600000000", "02-12"),
        ("03-02", "0.006010000000", "03-02"),
        ("03-10", "0.006100000000", "03-09"),
    ]


def test_amount_in_the_currency_of_the_tenant_is_not_converted(place: Callable[..., Installation]) -> None:
    """Three tenants, three currencies, no rates at all."""
    installation = place("own", {}, "", ("kyoto", "boston", "kuwait"))
    installation.run()
    assert rows(installation, "kyoto")[0][:5] == ("02-10", "JPY", 1, 3003, 333)
    assert rows(installation, "boston")[0][:5] == ("02-10", "USD", 100, 3003, 333)
    assert installation.ask("select max(abs(difference_minor)), count(*) > 10 from marts.reconciliation") == [(0, True)]


@pytest.mark.parametrize(
    ("rates", "day"),
    [
        (RATES.replace("2026-03-09,JPY,EUR", "2026-03-03,JPY,EUR"), "2026-03-10"),  # seven days old: too old
        pytest.param(  # none before the first day
            "day,from,to,rate\n2026-02-11,JPY,EUR,0.0055\n", "2026-02-10", marks=pytest.mark.deep
        ),
    ],
)
def test_day_without_a_rate_blocks_the_tenant_and_names_currencies_and_day(
    rates: str, day: str, place: Callable[..., Installation]
) -> None:
    installation = place("missing", {"kyoto": "EUR"}, rates)
    with pytest.raises(TakingsError) as caught:
        installation.run()
    message = str(caught.value)
    assert "every_amount_has_a_rate" in message
    assert "JPY" in message
    assert "EUR" in message
    assert day in message
    assert installation.marts("tenant-kyoto")["orders"] == []
    assert installation.marts("tenant-boston")["orders"] != []


def test_broken_rates_stop_the_run_before_the_publish(place: Callable[..., Installation], tmp_path: Path) -> None:
    installation = place("broken", {"kyoto": "EUR"}, "day,from,to,rate\n2026-02-10,JPY,EUR,zero\n")
    with pytest.raises(TakingsError, match="line 2: 'zero' is not a number"):
        installation.run()
    assert not (installation.home.published / "current").exists()
