"""Ad and Stripe accounts in another currency or zone than their tenant's: converted with rates, refused without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.simulator import SimulatorServer, World, demo_world, serve
from connectors.simulator.world import seconds
from orchestration.errors import Problem
from tests.orchestration.installation import Installation

START, NOW = date(2026, 1, 20), datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOURCES = ("stripe", "meta_ads", "tiktok_ads")


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=3, start=START, end=NOW, orders=120)


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world) as running_server:
        yield running_server


def rates(rate: str, since: date = START) -> str:
    """A rate of dollars to euros for every day, the same one."""
    days = ((since + timedelta(days=number)) for number in range((NOW.date() - since).days + 2))
    return "day,from,to,rate\n" + "".join(f"{day},USD,EUR,{rate}\n" for day in days)


@pytest.mark.parametrize("source", SOURCES)
def test_an_account_in_another_currency_without_rates_publishes_nothing_and_names_the_pair(
    source: str, tmp_path: Path, server: SimulatorServer
) -> None:
    place = Installation(tmp_path)
    place.configure(server, {"aurora": "EUR"}, kinds=[source], shops=["aurora"])
    with pytest.raises(Problem, match=r"nothing was published") as caught:
        place.run()
    assert "rate" in str(caught.value)
    assert "USD" in str(caught.value)
    assert not (place.home.published / "current").exists()


def test_an_account_in_another_currency_is_converted_and_one_in_another_zone_says_so(
    tmp_path: Path, server: SimulatorServer, world: World
) -> None:
    place = Installation(tmp_path)
    early = date(2025, 1, 1)  # subscriptions are older than the shop
    place.configure(server, {"aurora": "EUR"}, rates("2", early), kinds=SOURCES, shops=["aurora"])
    place.run()
    books = world.ad_account("aurora", "meta")
    told = [books.total(day, seconds(NOW)) for day in books.days(seconds(NOW))]
    own = sum(each.spend for each in told if each)
    assert place.ask("select sum(own_spend_micros), sum(spend_micros) from marts.spend where platform = 'Meta'") == [
        (own, own * 2)
    ]
    assert place.ask("select distinct currency, account_currency from marts.spend") == [("EUR", "USD")]
    zones = dict(place.ask("select distinct platform, (account_time_zone, zone_differs) from marts.spend"))
    assert zones == {"Meta": ("America/Los_Angeles", True), "TikTok": ("America/New_York", False)}
    net, moved = place.ask("select sum(balance_change_minor), count(*) from marts.cash")[0]
    assert moved > 50
    assert net
