"""Ad and Stripe accounts in another currency or time zone than their tenant: converted with rates, refused without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from common.errors import TakingsError
from orchestration import pipeline
from simulator import SimulatorServer, World, demo_world, serve, write_files
from simulator.world import seconds
from tests.oracle import cash, subscriptions
from tests.orchestration.installation import Installation
from tests.sampling import sample

pytestmark = pytest.mark.worlds
START, NOW = date(2026, 1, 20), datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVENINGS = (datetime(2026, 1, 31, 23, 0, tzinfo=UTC), datetime(2026, 2, 28, 23, 0, tzinfo=UTC))
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
SOURCES = ("stripe", "meta_ads", "tiktok_ads", "files")


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=3, start=START, end=NOW, orders=120)


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world) as running_server:
        yield running_server


def rates(until: str, after: str) -> str:
    """A rate of dollars to euros for every day, which changes in February. Subscriptions are older than the shop."""
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range((NOW.date() - date(2025, 1, 1)).days + 2)]
    lines = [f"{day},USD,EUR,{until if day < FEBRUARY else after}\n" for day in days]
    return "day,from,to,rate\n" + "".join(lines)


@pytest.mark.parametrize("source", sample(SOURCES, "stripe"))
def test_account_in_another_currency_without_rates_blocks_the_publish(
    source: str, tmp_path: Path, server: SimulatorServer
) -> None:
    place = Installation(tmp_path)
    place.configure(server, {"aurora": "EUR"}, kinds=[source], shops=["aurora"])
    with pytest.raises(TakingsError, match=r"nothing was published") as caught:
        place.run()
    assert "rate" in str(caught.value)
    assert "USD" in str(caught.value)
    assert not (place.home.published / "current").exists()


@pytest.fixture(scope="module")
def place(world: World, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A tenant in euros whose accounts are in dollars: two euros per dollar until January, three from February on.

    Pulled in the evening of each month's last day too: what is not seen then is an estimate.
    """
    place = Installation(tmp_path_factory.mktemp("euros"))
    with serve(world, now=EVENINGS[0]) as server:
        place.configure(server, {"aurora": "EUR"}, rates("2", "3"), kinds=SOURCES, shops=["aurora"])
        for evening in EVENINGS:
            server.set_now(evening)
            pipeline.pull_all(place.settings)
        server.set_now(NOW)
        write_files(world, "aurora", place.root / "files" / "aurora", NOW)
        place.run()
    return place


def rate(day: date) -> int:
    return 2 if day < FEBRUARY else 3


@pytest.mark.parametrize(("platform", "name"), [("meta", "Meta"), ("tiktok", "TikTok")])
def test_ad_spend_is_converted_at_the_rate_of_its_day(
    platform: str, name: str, place: Installation, world: World
) -> None:
    books = world.ad_account("aurora", platform)
    totals = {day: books.total(day, seconds(NOW)) for day in books.days(seconds(NOW))}
    spend = {day: total.spend for day, total in totals.items() if total and total.spend}
    rows = place.ask(
        "select date_day, sum(own_spend_micros)::bigint, sum(spend_micros)::bigint from marts.spend "
        "where platform = ? group by all having sum(own_spend_micros) <> 0", [name]
    )  # fmt: skip
    assert {rate(day) for day in spend} == {2, 3}
    assert {day: (own, ours) for day, own, ours in rows} == {day: (own, own * rate(day)) for day, own in spend.items()}


def test_spend_names_accounts_in_another_time_zone_or_currency(place: Installation) -> None:
    assert place.ask("select distinct currency, account_currency from marts.spend") == [("EUR", "USD")]
    zones = dict(place.ask("select distinct platform, (account_time_zone, zone_differs) from marts.spend"))
    assert zones == {"Meta": ("America/Los_Angeles", True), "TikTok": ("America/New_York", False)}


def test_balance_entry_is_converted_at_the_rate_of_its_day(place: Installation, world: World) -> None:
    names = [f"{name}_minor" for name in (*cash.NAMES, "balance_change")]
    own = {key: [int(row[name]) for name in names] for key, row in cash.cash_rows(world, "aurora", NOW).items()}  # type: ignore[call-overload]
    rows = place.ask(f"select balance_transaction_id, date_day, {', '.join(names)} from marts.cash")
    assert len(rows) > 50
    assert {rate(row[1]) for row in rows} == {2, 3}
    assert {row[0]: list(row[2:]) for row in rows} == {
        row[0]: [amount * rate(row[1]) for amount in own[row[0]]] for row in rows
    }


def test_expenses_and_bank_balances_are_converted_at_the_rates_of_their_days(place: Installation, world: World) -> None:
    visits, at = world.visits("aurora"), seconds(NOW)
    spent = sum(expense.amount for expense in visits.expenses(at) if expense.month == FEBRUARY)
    held = {row.bank_account: row.balance for row in visits.balances(at) if row.day < FEBRUARY}
    now = {row.bank_account: row.balance for row in visits.balances(at)}
    assert spent > 0 and held and held != now
    rows = place.ask(
        "select date_month, operating_expenses_minor, cash_balance_minor from marts.finance_monthly "
        "where date_month in ('2026-01-01', '2026-02-01') order by all"
    )
    assert [row[2] for row in rows] == [sum(held.values()) * 2, sum(now.values()) * 3]
    assert rows[1][1] == spent * 3


def test_change_of_mrr_by_the_exchange_rate_is_a_separate_movement(place: Installation, world: World) -> None:
    worths = subscriptions.mrr_by_month(world, "aurora", NOW, EVENINGS[0])
    january, february = worths[JANUARY], worths[FEBRUARY]
    stayed = sum(worth for customer, worth in january.items() if customer in february)
    ((opening, closing, fx, movements),) = place.ask(
        "select opening_mrr_minor, closing_mrr_minor, fx_mrr_minor, new_mrr_minor + reactivation_mrr_minor "
        "+ expansion_mrr_minor - contraction_mrr_minor - churned_mrr_minor from marts.mrr_monthly "
        "where date_month = '2026-02-01'"
    )
    assert stayed > 0
    assert (opening, closing, fx) == (sum(january.values()) * 2, sum(february.values()) * 3, stayed)
    assert opening + movements + fx == closing
