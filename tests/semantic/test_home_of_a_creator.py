"""What the first page says of a creator, who has no shop: the figures, the line, what moved, against the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from orchestration import alerts
from semantic.digest import fill, kpis, movers, trend
from semantic.digest.periods import Case, cases
from semantic.warehouse import Build, open_build
from simulator.scenarios.creator import Purchase
from simulator.world import seconds
from tests.orchestration.installation import Installation
from tests.small_worlds import CREATOR, CREATOR_END, SEEDS, creator_world, published_creator

LAST = date(2026, 8, 19)  # the last whole day
MONTH, EARLIER = (LAST - timedelta(days=29), LAST), (LAST - timedelta(days=59), LAST - timedelta(days=30))


@pytest.fixture(scope="module", params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def place(seed: int) -> Installation:
    return published_creator(seed)


@pytest.fixture(scope="module")
def purchases(seed: int) -> list[Purchase]:
    return creator_world(seed).creator(CREATOR).purchases(seconds(CREATOR_END))


def day_of(at: int) -> date:
    return creator_world(11).creator(CREATOR).local(at).date()


def refunds(purchases: list[Purchase]) -> list[tuple[date, int]]:
    """Day and cents of each refund: the day of its row in the log, without one the day of the sale."""
    return [
        (day_of(purchase.refund.at if purchase.refund.logged else purchase.at), purchase.refund.amount)
        for purchase in purchases
        if purchase.refund and purchase.refund.at <= seconds(CREATOR_END)
    ]


@pytest.fixture(scope="module")
def build(place: Installation) -> Iterator[Build]:
    with open_build(place.home.published, CREATOR) as build:
        yield build


@pytest.fixture(scope="module")
def case() -> Case:
    """Thirty days beside those before, at the end of the world."""
    (item,) = (
        item for item in cases(CREATOR_END, "Europe/Lisbon") if (item.period, item.kind) == ("30d", "prior")
    )  # fmt: skip
    assert (item.days.now, item.days.before) == (MONTH, EARLIER)
    return item


@pytest.mark.parametrize(("column", "days"), [("value", MONTH), ("previous", EARLIER)])
def test_figures_of_30_days_are_those_of_the_books(
    build: Build, case: Case, purchases: list[Purchase], column: str, days: tuple[date, date]
) -> None:
    sold = [purchase for purchase in purchases if purchase.logged and days[0] <= day_of(purchase.at) <= days[1]]
    revenue = sum(purchase.amount for purchase in sold)
    refunded = sum(amount for day, amount in refunds(purchases) if days[0] <= day <= days[1])
    figures = {row["metric"]: row[column] for row in kpis.rows(build, [case])}
    assert list(figures) == list(kpis.OF_VAULTS)
    assert figures["vault_orders"] == len(sold)
    assert figures["vault_revenue"] == Decimal(revenue) / 100
    assert figures["vault_refunded_amount"] == Decimal(refunded) / 100
    assert figures["net_after_refunds"] == Decimal(revenue - refunded) / 100
    assert float(figures["vault_aov"]) == pytest.approx(revenue / 100 / len(sold), abs=1e-6)


def test_today_is_compared_with_the_same_part_of_an_earlier_day(build: Build, purchases: list[Purchase]) -> None:
    until = datetime(2026, 8, 14, 16, 30, tzinfo=UTC)
    (item,) = (item for item in cases(until, "Europe/Lisbon") if (item.period, item.kind) == ("Today", "prior"))
    assert item.until and item.until < until
    part = [
        purchase.amount
        for purchase in purchases
        if purchase.logged and day_of(purchase.at) == item.days.before[0] and purchase.at <= seconds(item.until)
    ]
    before = {row["metric"]: row["previous"] for row in kpis.rows(build, [item])}
    assert before["vault_orders"] == len(part) or (before["vault_orders"] is None and not part)
    assert (before["vault_revenue"] or 0) == Decimal(sum(part)) / 100
    assert before["vault_refund_rate"] is None


def test_line_of_30_days_is_revenue_less_refunds(build: Build, case: Case, purchases: list[Purchase]) -> None:
    by_day: Counter[date] = Counter()
    for purchase in purchases:
        if purchase.logged:
            by_day[day_of(purchase.at)] += purchase.amount
    for day, amount in refunds(purchases):
        by_day[day] -= amount
    rows = list(trend.rows(build, [case], LAST + timedelta(days=1)))
    days = [MONTH[0] + timedelta(days=number) for number in range(30)]
    assert [(row["date_day"], row.get("net_sales_minor")) for row in rows][:30] == [(day, by_day[day]) for day in days]


def test_what_moved_are_products_niches_vaults_and_countries(
    build: Build, case: Case, purchases: list[Purchase]
) -> None:
    moved = list(movers.rows(build, [case]))
    assert {row["kind"] for row in moved} == {"Product", "Niche", "Vault", "Country"}
    for row in moved:
        if row["kind"] == "Niche":
            now, before = (
                sum(
                    purchase.amount
                    for purchase in purchases
                    if purchase.logged
                    and purchase.product.niche == row["name"]
                    and first <= day_of(purchase.at) <= last
                )
                for first, last in (MONTH, EARLIER)
            )
            assert row["difference"] == Decimal(now - before) / 100


def test_the_line_above_says_whose_numbers_these_are(place: Installation) -> None:
    ((trust,),) = place.ask("select trust from marts.build_info where tenant_id = 'lumen'")
    assert trust.startswith("Lumen Studio · updated ")


def test_rules_of_a_creator_are_evaluated_and_those_of_shops_are_not(build: Build, place: Installation) -> None:
    names = {alert.rule.name for alert in alerts.evaluate_tenant(place.settings, place.settings.tenants[0], build)}
    assert names == {"vault_sales_missing", "vault_refunds", "vault_deliveries_fail", "ai_generations_fail"}
    shown = build.rows("select title, numbers from marts.alerts")
    assert fill.WITHOUT_NUMBERS not in {title for title, _ in shown}
    assert not [numbers for _, numbers in shown if "lack a number" in numbers]
