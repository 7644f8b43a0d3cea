"""A creator's event log, from its files to every cell of its marts and every metric, against the oracle."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestration import event_log, reports, settings
from orchestration.settings import Settings
from semantic.compiler import compile_query
from semantic.reports.pictures import draw
from semantic.warehouse import open_build
from simulator.apis.event_log import write_costs, write_event_log
from simulator.scenarios.creator import Creator, creator
from simulator.world import seconds
from tests import shared_cache
from tests.oracle import creator as oracle
from tests.oracle import creator_answers
from tests.orchestration.installation import Installation

pytestmark = pytest.mark.worlds
SAMPLE = Path(__file__).parents[1] / "event_log_sample.json"
GROUPS = ", ".join(oracle.GROUPS)
TOML = """
[[tenants]]
id = "lumen"
name = "Lumen Studio"
time_zone = "Europe/Lisbon"
currency = "{currency}"
[[tenants.sources]]
kind = "files"
account = "lumen"
path = "log"
"""


@dataclass(frozen=True)
class Recipe:
    """A seeded creator over some days, in a currency: euros change their rate each day."""

    seed: int
    start: date
    days: int
    currency: str = "USD"

    @property
    def at(self) -> datetime:
        return datetime(self.start.year, self.start.month, self.start.day, 12, tzinfo=UTC) + timedelta(days=self.days)

    def rate(self, day: date) -> Decimal:
        return Decimal(1) if self.currency == "USD" else Decimal("0.9") - Decimal(day.toordinal() % 7) / 1000


SPRING = Recipe(21, date(2026, 3, 1), 45)
WORLDS = [
    pytest.param(SPRING, id="45 days in dollars"),
    pytest.param(Recipe(22, date(2025, 5, 1), 400), id="400 days", marks=pytest.mark.deep),
    pytest.param(Recipe(23, date(2025, 9, 1), 90, "EUR"), id="90 days in euros", marks=pytest.mark.deep),
]


@cache
def books(recipe: Recipe) -> tuple[Creator, list[oracle.Logged]]:
    world = creator(recipe.seed, recipe.start, 12)
    rows = [entry.row for entry in world.entries(seconds(recipe.at))]
    return world, oracle.logged(rows, world.zone)


@cache
def installed(recipe: Recipe) -> Settings:
    """The installation of a recipe's log, built and published."""

    def make(folder: Path) -> None:
        place = Installation(folder)
        place.prepare()
        text = TOML.format(currency=recipe.currency)
        if recipe.currency != "USD":
            days = [recipe.start + timedelta(days=number) for number in range(-2, recipe.days + 2)]
            lines = [f"{day},USD,{recipe.currency},{recipe.rate(day)}" for day in days]
            (folder / "rates.csv").write_text("\n".join(["day,from,to,rate", *lines]) + "\n")
            text += '[exchange_rates]\nfile = "rates.csv"\n'
        (folder / "takings.toml").write_text(text)
        write_event_log(books(recipe)[0], folder / "log", recipe.at)
        write_costs(books(recipe)[0], folder / "log", recipe.at)
        place.run()

    folder = shared_cache.entry(f"creator-{recipe.seed}", repr(recipe), make)
    return settings.load(folder / "takings.toml").model_copy(update={"home": folder / "state"})


def published(recipe: Recipe) -> Path:
    return installed(recipe).home / "published"


def ask(recipe: Recipe, sql: str) -> list[tuple[Any, ...]]:
    with open_build(published(recipe), "lumen") as build:
        return build.rows(sql)


@pytest.mark.parametrize("recipe", WORLDS)
def test_every_purchase_and_refund_equals_the_log(recipe: Recipe) -> None:
    rows = ask(
        recipe,
        f"select entry, date_day, hour_of_day, {GROUPS}, country_code, region, customer_type, customer_type_computed, "
        "refund_reason, refund_age, days_since_sale, revenue_minor, refunded_minor, orders_refunded, deliveries_made, "
        "contradicted_orders from marts.vault_sales",
    )
    expected = oracle.sales(books(recipe)[1], recipe.rate)
    assert Counter(rows) == expected
    assert {row[0] for row in rows} == {"purchase", "refund"}


@pytest.mark.parametrize("recipe", WORLDS)
def test_every_profit_equals_the_log_less_the_costs(recipe: Recipe) -> None:
    names = ", ".join(oracle.PROFIT)
    rows = ask(
        recipe, f"select {names}, revenue_minor, refunded_minor, costs_minor, profit_minor from marts.vault_profit"
    )
    world, log = books(recipe)
    sales, costs = oracle.sales(log, recipe.rate), world.costs(seconds(recipe.at))
    assert {tuple(row[:5]): tuple(row[5:]) for row in rows} == oracle.profit(sales, costs, recipe.rate)
    assert {"(unknown)", "AI Tools", "Wellness"} == {row[2] for row in rows if row[7]}
    assert any(row[7] < 0 for row in rows)


@pytest.mark.parametrize("recipe", WORLDS)
def test_every_step_of_the_funnel_equals_the_log(recipe: Recipe) -> None:
    rows = ask(recipe, "select vault_id, niche, date_day, step, step_count, previous_count from marts.vault_funnel")
    assert Counter(rows) == oracle.funnel(books(recipe)[1])


@pytest.mark.parametrize("recipe", WORLDS)
def test_every_generation_equals_the_log(recipe: Recipe) -> None:
    rows = ask(
        recipe,
        f"select substr(visit_key, 7), {GROUPS}, date_day, is_success, cast(round(latency_seconds * 100) as bigint) "
        "from marts.ai_generations",
    )
    assert Counter(rows) == oracle.generations(books(recipe)[1])


def numbers(rows: oracle.Rows, column: int) -> Mapping[str, Counter[str]]:
    """The sums of the cells of `vault_sales` by the values of a column, from the oracle's rows."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row, count in rows.items():
        *_, revenue, refunded, orders_refunded, delivered, contradicted = row
        purchase = row[0] == "purchase"
        for name, value in {
            "revenue": revenue, "refunded": refunded, "orders": purchase, "refunds": not purchase,
            "orders_refunded": orders_refunded, "delivered": delivered, "contradicted": contradicted,
            "first": purchase and row[12] == "first_time", "repeat": purchase and row[12] == "repeat",
            "lost": row[-7] == "(sale not in the log)", "undated": row[-7] == "(day not in the log)",
        }.items():  # fmt: skip
            sums[str(row[column])][name] += int(value) * count  # type: ignore[call-overload]
    return sums


METRICS: dict[str, Callable[[Counter[str]], Any]] = {
    "vault_revenue": lambda n: Fraction(n["revenue"], 100),
    "vault_orders": lambda n: n["orders"],
    "vault_aov": lambda n: Fraction(n["revenue"], 100 * n["orders"]) if n["orders"] else None,
    "vault_refunded_amount": lambda n: Fraction(n["refunded"], 100),
    "vault_refunds": lambda n: n["refunds"],
    "net_after_refunds": lambda n: Fraction(n["revenue"] - n["refunded"], 100),
    "vault_orders_refunded": lambda n: n["orders_refunded"],
    "vault_refund_rate": lambda n: Fraction(n["orders_refunded"], n["orders"]) if n["orders"] else None,
    "vault_refunds_without_sale": lambda n: n["lost"],
    "vault_refunds_without_day": lambda n: n["undated"],
    "vault_deliveries_known": lambda n: n["orders"],
    "vault_deliveries_made": lambda n: n["delivered"],
    "vault_delivery_rate": lambda n: Fraction(n["delivered"], n["orders"]) if n["orders"] else None,
    "first_time_orders": lambda n: n["first"],
    "repeat_orders": lambda n: n["repeat"],
    "customer_typed_orders": lambda n: n["first"] + n["repeat"],
    "repeat_order_rate": lambda n: Fraction(n["repeat"], n["first"] + n["repeat"]) if n["orders"] else None,
    "contradicted_customer_types": lambda n: n["contradicted"],
}
COLUMNS = {"date_day": 1, "hour_of_day": 2, "vault_id": 3, "niche": 4, "product_name": 5, "ai_style": 6,
           "ai_prompt_version": 7, "language": 9, "country_code": 10, "region": 11, "customer_type": 12,
           "refund_reason": 14, "refund_age": 15}  # fmt: skip


@pytest.mark.parametrize("recipe", WORLDS)
@pytest.mark.parametrize("column", ["niche", *(pytest.param(name, marks=pytest.mark.deep) for name in COLUMNS
                                               if name != "niche")])  # fmt: skip
def test_every_metric_of_sales_equals_the_log_by_each_group(recipe: Recipe, column: str) -> None:
    expected = numbers(oracle.sales(books(recipe)[1], recipe.rate), COLUMNS[column])
    by = "day" if column == "date_day" else column
    with open_build(published(recipe), "lumen") as build:
        known = {name for name, metric in build.catalog.metrics.items() if metric.mart == "vault_sales"}
        assert set(METRICS) == known
        rows = build.rows(compile_query(build.catalog, list(METRICS), by=[by], tenant="lumen"))
    assert {str(row[0]) for row in rows} == set(expected)
    for group, *values in rows:
        formulas = {name: formula(expected[str(group)]) for name, formula in METRICS.items()}
        shown = dict(zip(METRICS, values, strict=True))
        assert {name: -1.0 if value is None else float(value) for name, value in shown.items()} == pytest.approx(
            {name: -1.0 if value is None else float(value) for name, value in formulas.items()}, rel=1e-12
        ), group


@pytest.mark.parametrize("recipe", WORLDS)
def test_latency_and_success_equal_the_log_by_version(recipe: Recipe) -> None:
    latencies: dict[str, list[int]] = defaultdict(list)
    successes: Counter[str] = Counter()
    for row in oracle.generations(books(recipe)[1]):
        version = str(row[6])
        latencies[version].append(int(row[-1]))  # type: ignore[call-overload]
        successes[version] += bool(row[-2])
    names = ["ai_generation_count", "ai_generation_failures", "ai_generation_success_rate", "ai_latency_p50",
             "ai_latency_p95"]  # fmt: skip
    with open_build(published(recipe), "lumen") as build:
        rows = build.rows(compile_query(build.catalog, names, by=["ai_version"], tenant="lumen"))
    assert {row[0] for row in rows} == set(latencies)
    for version, count, failures, rate, median, most in rows:
        values = latencies[version]
        assert (count, failures) == (len(values), len(values) - successes[version])
        assert float(rate) == pytest.approx(successes[version] / len(values), rel=1e-12)
        assert median == pytest.approx(float(oracle.percentile(values, Fraction(1, 2)) / 100), rel=1e-12)
        assert most == pytest.approx(float(oracle.percentile(values, Fraction(19, 20)) / 100), rel=1e-12)


@pytest.mark.parametrize("recipe", WORLDS)
def test_conversion_equals_the_log_by_vault(recipe: Recipe) -> None:
    visits, bought = Counter[str](), Counter[str]()
    for vault, _niche, _day, step, count, _before in oracle.funnel(books(recipe)[1]):
        if step == "Visit":
            visits[str(vault)] += int(count)  # type: ignore[call-overload]
        if step == "Purchase":
            bought[str(vault)] += int(count)  # type: ignore[call-overload]
    names = ["vault_visits", "vault_conversions", "vault_conversion_rate"]
    with open_build(published(recipe), "lumen") as build:
        rows = build.rows(compile_query(build.catalog, names, by=["vault_id"], tenant="lumen"))
    assert {row[0]: (row[1], row[2]) for row in rows} == {name: (visits[name], bought[name]) for name in visits}
    assert all(float(row[3]) == pytest.approx(bought[row[0]] / visits[row[0]], rel=1e-12) for row in rows)


PICTURES = {
    "revenue_by_niche": ("niche", ("revenue",)),
    "refunds_by_niche": ("niche", ("refunded",)),
    "ai_style_vs_revenue": ("ai_style", ("revenue",)),
    "sales_vs_refunds_by_language": ("language", ("revenue", "refunded")),
    "sales_over_time_daily": ("date_day", ("revenue",)),
    "geo_based_sales": ("country_code", ("revenue",)),
    "customer_type_breakdown": ("customer_type", ("revenue",)),
}
"""The document's seven pictures: of which groups, and which sums."""


@pytest.mark.parametrize("name", PICTURES)
def test_picture_shows_the_numbers_of_the_log(name: str) -> None:
    configuration = installed(SPRING)
    first, last = event_log.days(configuration, "lumen")
    assert event_log.PICTURES.keys() == PICTURES.keys()
    report, title = event_log.PICTURES[name]
    content = reports.content(configuration, report, first, last)
    data = next(chart for chart in content.charts if chart.chart.title == title)
    drawn = draw.spec(data, draw.look(data, content, reports.brand(configuration, content)))["layer"]
    cells = [row for layer in drawn for row in layer["data"]["values"] if row.get("value")]
    column, names = PICTURES[name]
    sums = numbers(oracle.sales(books(SPRING)[1], SPRING.rate), COLUMNS[column])
    words = {**creator_answers.LANGUAGES, **creator_answers.BUYERS}
    expected = [
        (words.get(group, group), values[each] / 100)
        for group, values in sums.items()
        for each in names
        if values[each]
    ]
    if column == "country_code":  # the picture has names, and the twelve largest
        assert [row["value"] for row in cells] == sorted((value for _, value in expected), reverse=True)[:12]
    else:
        assert sorted((row.get("name") or row["day"], row["value"]) for row in cells) == sorted(expected)
    assert len(cells) >= 2


def test_build_says_that_the_tenant_has_an_event_log() -> None:
    about = json.loads((published(SPRING) / "current" / "build.json").read_text())
    assert about["records"] == {"lumen": ["event_log"]}


@pytest.mark.parametrize("form", ["event_log.json", pytest.param("event_log.jsonl", marks=pytest.mark.deep)])
def test_sample_entry_of_the_document_reaches_its_row_byte_for_byte(tmp_path: Path, form: str) -> None:
    """49.99 USD at 15:04:32 of a day without a zone, which is Lisbon's."""
    place = Installation(tmp_path)
    place.prepare()
    (tmp_path / "takings.toml").write_text(TOML.format(currency="USD"))
    entry = SAMPLE.read_text()
    (tmp_path / "log").mkdir()
    line = " ".join(part.strip() for part in entry.splitlines())
    (tmp_path / "log" / form).write_text(f"[\n{entry}]\n" if form.endswith("json") else f"{line}\n")
    place.run()
    assert settings.load(tmp_path / "takings.toml").tenants[0].id == "lumen"
    with open_build(place.home.published, "lumen") as build:
        rows = build.table("select * from marts.vault_sales").to_pylist()
        generations = build.table("select * from marts.ai_generations").to_pylist()
    (sale,), (generation,) = rows, generations
    assert sale | {
        "entry": "purchase", "vault_id": "vault_3", "niche": "AI Tools", "product_name": "AI Tools Toolkit",
        "ai_prompt_version": "v2", "ai_style": "corporate", "ai_version": "gpt-4", "language": "en",
        "country_code": "US", "country": "United States", "region": "Northern America", "customer_type": "first_time",
        "delivery_success": True, "is_refunded": False, "refund_reason": None, "visit_id": "visit_123",
        "happened_at": datetime(2025, 6, 19, 14, 4, 32), "date_day": date(2025, 6, 19), "hour_of_day": "15:00",
        "own_amount_minor": 4999, "revenue_minor": 4999, "refunded_minor": 0, "orders": 1, "currency": "USD",
    } == sale  # fmt: skip
    assert (generation["latency_seconds"], generation["is_success"]) == (1.23, True)
