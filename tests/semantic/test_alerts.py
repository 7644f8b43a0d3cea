"""Alert rules over hand-made builds: both sides of every limit, missing numbers, calendars, wrong rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from semantic.alerts import rules
from semantic.alerts.evaluate import Alert, evaluate
from semantic.alerts.rules import Condition, Rule
from semantic.catalog import Catalog
from semantic.errors import CatalogError, UnknownNameError
from semantic.warehouse import Build, open_build
from tests.semantic import synthetic

TODAY = date(2026, 11, 20)  # a Friday
YESTERDAY = TODAY - timedelta(days=1)
SHARED = {"tenant_id": "acme", "source": "shopify", "channel": "Online store", "currency": "USD", "minor_units": 100}


@contextmanager
def built(folder: Path, catalog: Catalog, days: Mapping[date, Mapping[str, int]]) -> Iterator[Build]:
    rows = {
        "metrics_daily": [{**SHARED, "date_day": day, **values} for day, values in days.items()],
        "build_info": [{"tenant_id": "acme", "run_id": "run-1", "as_of": datetime(2026, 11, 20, 9)}],
    }
    published = synthetic.publish(folder / "published", catalog, rows)
    with open_build(published, "acme") as build:
        yield build


def a_rule(*conditions: Condition, running: bool = False) -> Rule:
    return Rule(name="a_rule", title="t", why="w", advice="a", running=running, conditions=conditions)


def only(build: Build, rule: Rule, **limits: Decimal) -> Alert:
    (alert,) = evaluate(build, [rule], today=TODAY, limits=limits)
    return alert


NET_SALES_OVER_100 = Condition(metric="net_sales", period="day", above=Decimal(100))


@pytest.mark.parametrize(("minor", "state"), [(10_000, "quiet"), (10_001, "firing"), (-5, "quiet")])
def test_value_fires_beyond_its_limit_and_not_at_it(tmp_path: Path, catalog: Catalog, minor: int, state: str) -> None:
    with built(tmp_path, catalog, {YESTERDAY: {"net_sales_minor": minor}}) as build:
        assert only(build, a_rule(NET_SALES_OVER_100)).state == state


def test_current_day_is_not_evaluated(tmp_path: Path, catalog: Catalog) -> None:
    days = {YESTERDAY: {"net_sales_minor": 1}, TODAY: {"net_sales_minor": 99_999}}
    with built(tmp_path, catalog, days) as build:
        alert = only(build, a_rule(NET_SALES_OVER_100))
    assert alert.state == "quiet"
    assert alert.readings[0].days == (YESTERDAY, YESTERDAY)


@pytest.mark.parametrize(("now", "state"), [(15_000, "quiet"), (15_001, "firing"), (100, "quiet")])
def test_change_compares_the_last_whole_week_with_the_week_before(
    tmp_path: Path, catalog: Catalog, now: int, state: str
) -> None:
    rule = a_rule(Condition(metric="net_sales", period="week", change=True, above=Decimal("0.5")))
    days = {
        date(2026, 11, 15): {"net_sales_minor": now},  # Sunday of the last whole week
        date(2026, 11, 8): {"net_sales_minor": 6_000},
        date(2026, 11, 2): {"net_sales_minor": 4_000},  # Monday of the week before
        date(2026, 11, 1): {"net_sales_minor": 70_000},
        date(2026, 11, 16): {"net_sales_minor": 70_000},
    }
    with built(tmp_path, catalog, days) as build:
        alert = only(build, rule)
    assert alert.state == state
    assert alert.readings[0].days == (date(2026, 11, 9), date(2026, 11, 15))
    assert alert.readings[0].before == Decimal(100)


def test_running_rule_evaluates_the_current_and_the_last_month(tmp_path: Path, catalog: Catalog) -> None:
    fell = Condition(metric="net_sales", period="month", change=True, below=Decimal("-0.05"))
    now, last, before = date(2026, 11, 3), date(2026, 10, 3), date(2026, 9, 3)
    with built(
        tmp_path / "a", catalog, {now: {"net_sales_minor": 94}, last: {"net_sales_minor": 100}, before: {}}
    ) as build:
        assert only(build, a_rule(fell, running=True)).state == "firing"
        assert only(build, a_rule(fell)).state == "unknown"  # September is not known
    days = {now: {"net_sales_minor": 500}, last: {"net_sales_minor": 94}, before: {"net_sales_minor": 100}}
    with built(tmp_path / "b", catalog, days) as build:
        assert only(build, a_rule(fell, running=True)).state == "firing"
    days = {now: {"net_sales_minor": 95}, last: {"net_sales_minor": 100}, before: {"net_sales_minor": 100}}
    with built(tmp_path / "c", catalog, days) as build:
        assert only(build, a_rule(fell, running=True)).state == "quiet"


def test_all_conditions_must_hold_and_several_days_are_one_number(tmp_path: Path, catalog: Catalog) -> None:
    rule = a_rule(
        NET_SALES_OVER_100,
        Condition(metric="refund_rate", period="day", over=3, below=Decimal("0.5")),
    )
    days = {
        YESTERDAY: {"net_sales_minor": 20_000, "orders_placed": 2, "orders_paid_back": 2},
        YESTERDAY - timedelta(days=2): {"orders_placed": 3, "orders_paid_back": 0},
        YESTERDAY - timedelta(days=3): {"orders_placed": 90, "orders_paid_back": 90},
    }
    with built(tmp_path / "a", catalog, days) as build:
        alert = only(build, rule)
    assert (alert.state, alert.readings[1].value) == ("firing", Decimal("0.4"))  # 2 of 5, not the mean of 1 and 0
    days[YESTERDAY] |= {"net_sales_minor": 100}
    with built(tmp_path / "b", catalog, days) as build:
        assert only(build, rule).state == "quiet"


def test_missing_number_makes_a_rule_unknown_unless_another_condition_decides(tmp_path: Path, catalog: Catalog) -> None:
    nothing = Condition(metric="refund_rate", period="day", above=Decimal(0))
    with built(tmp_path, catalog, {YESTERDAY: {"net_sales_minor": 1}}) as build:
        assert only(build, a_rule(nothing)).state == "unknown"
        assert only(build, a_rule(nothing, NET_SALES_OVER_100)).state == "quiet"
        for_others, for_shops = (
            a_rule(nothing).model_copy(update={"only_with": names})
            for names in (("vault_orders", "mrr"), ("mrr", "net_sales"))
        )
        assert [alert.rule for alert in evaluate(build, [for_others, for_shops], today=TODAY)] == [for_shops]


def test_days_without_rows_are_zero_where_the_tenant_had_numbers_before(tmp_path: Path, catalog: Catalog) -> None:
    few = Condition(metric="orders_placed", period="day", over=3, below=Decimal(1))
    one = few.model_copy(update={"over": 1})
    with built(tmp_path / "a", catalog, {YESTERDAY - timedelta(days=3): {"orders_placed": 5}}) as build:
        assert [only(build, a_rule(each)).state for each in (few, one)] == ["firing", "firing"]
        assert only(build, a_rule(few)).readings[0].now == 0
    with built(tmp_path / "b", catalog, {YESTERDAY: {"net_sales_minor": 1}, TODAY: {"orders_placed": 1}}) as build:
        assert [only(build, a_rule(each)).state for each in (few, one)] == ["unknown", "unknown"]


def test_tenants_limit_replaces_the_rules_limit_and_unknown_rule_is_refused(tmp_path: Path, catalog: Catalog) -> None:
    with built(tmp_path, catalog, {YESTERDAY: {"net_sales_minor": 5_000}}) as build:
        assert only(build, a_rule(NET_SALES_OVER_100), a_rule=Decimal("49.99")).state == "firing"
        with pytest.raises(UnknownNameError, match="a_rule"):
            only(build, a_rule(NET_SALES_OVER_100), a_rul=Decimal(1))


SPENT_OVER_10_000_USD = Condition(metric="ad_spend", period="day", above=Decimal(10_000), currency="USD")
RATES = [  # of a dollar: the newest of the week counts, not a later one, nor that of another pair
    (date(2026, 11, 11), "USD", "EUR", Decimal("0.5")),
    (date(2026, 11, 13), "USD", "EUR", Decimal("0.91")),
    (YESTERDAY - timedelta(days=1), "USD", "EUR", Decimal("0.92")),
    (YESTERDAY, "EUR", "USD", Decimal("1.1")),
    (YESTERDAY, "USD", "JPY", Decimal("155.5")),
    (TODAY, "USD", "EUR", Decimal("0.1")),
]


@pytest.mark.parametrize(
    ("currency", "minor_units", "spend", "state"),
    [
        ("USD", 100, 10_000_00, "quiet"), ("USD", 100, 10_000_01, "firing"),
        ("EUR", 100, 9_200_00, "quiet"), ("EUR", 100, 9_200_01, "firing"),
        ("JPY", 1, 1_555_000, "quiet"), ("JPY", 1, 1_555_001, "firing"),
        ("CHF", 100, 90_000_00, "unknown"),
    ],
)  # fmt: skip
def test_limit_in_a_currency_is_converted_at_the_rate_of_the_day(
    tmp_path: Path, catalog: Catalog, currency: str, minor_units: int, spend: int, state: str
) -> None:
    money = {"currency": currency, "minor_units": minor_units}
    with built(tmp_path, catalog, {YESTERDAY: {**money, "ad_spend_minor": spend}}) as build:
        (alert,) = evaluate(build, [a_rule(SPENT_OVER_10_000_USD)], today=TODAY, rates=RATES)
        assert alert.state == state, alert.text
        own = {"a_rule": Decimal(spend) / minor_units - 1}  # in the reporting currency, whatever the rule's is
        (alert,) = evaluate(build, [a_rule(SPENT_OVER_10_000_USD)], today=TODAY, limits=own, rates=RATES)
        assert alert.state == "firing"


@pytest.mark.parametrize(("newest", "state"), [(date(2026, 11, 13), "firing"), (date(2026, 11, 12), "unknown")])
def test_rate_is_at_most_six_days_old(tmp_path: Path, catalog: Catalog, newest: date, state: str) -> None:
    money = {"currency": "EUR", "minor_units": 100, "ad_spend_minor": 9_100_01}
    with built(tmp_path, catalog, {YESTERDAY: money}) as build:
        rates = [(newest, "USD", "EUR", Decimal("0.91"))]
        (alert,) = evaluate(build, [a_rule(SPENT_OVER_10_000_USD)], today=TODAY, rates=rates)
    assert alert.state == state
    assert ("10,000.00 USD, unknown in the reporting currency: no exchange rate" in alert.text) == (state == "unknown")


def test_currency_at_a_limit_that_is_no_amount_is_refused(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "rules.yml"
    change = "{metric: ad_spend, period: day, change: true, above: 1, currency: USD}"
    path.write_text("- {name: a, title: t, why: w, advice: a, conditions: [" + change + "]}")
    with pytest.raises(CatalogError, match="belongs to an amount"):
        rules.load(path)
    ratio = Condition(metric="roas", period="day", below=Decimal(1), currency="USD")
    with pytest.raises(CatalogError, match="roas is not an amount"):
        rules.check((a_rule(ratio),), catalog)


def test_alert_text_has_numbers_days_and_limit(tmp_path: Path, catalog: Catalog) -> None:
    rule = a_rule(Condition(metric="net_sales", period="week", change=True, below=Decimal("-0.05")))
    days = {date(2026, 11, 9): {"net_sales_minor": 75_000}, date(2026, 11, 2): {"net_sales_minor": 100_000}}
    with built(tmp_path, catalog, days) as build:
        text = only(build, rule).text
    assert text == "Net sales 750.00, 25.0 % less than 1,000.00 (2026-11-09 to 2026-11-15; limit -5.0 %)"


def test_shipped_rules_name_existing_metrics(catalog: Catalog) -> None:
    shipped = rules.load()
    rules.check(shipped, catalog)
    assert [rule.name for rule in shipped] == [
        "mrr_drop", "churn", "cac_spike", "api_errors", "ad_spend_without_revenue", "vault_sales_missing",
        "vault_refunds", "vault_deliveries_fail", "ai_generations_fail", "assistant_cost_spike",
        "messages_without_price", "assistant_silent",
    ]  # fmt: skip
    assert [(rule.conditions[0].metric, str(rule.conditions[0].limit)) for rule in shipped] == [
        ("mrr", "-0.05"), ("churn_rate", "0.08"), ("cac", "0.5"), ("api_error_rate", "0.01"), ("ad_spend", "10000"),
        ("vault_orders", "1"), ("vault_refund_rate", "0.2"), ("vault_delivery_rate", "0.9"),
        ("ai_generation_success_rate", "0.9"), ("assistant_cost_known", "0.5"), ("messages_without_cost", "0"),
        ("chat_sessions", "1"),
    ]  # fmt: skip
    assert [rule.name for rule in shipped if rule.conditions[0].currency] == ["ad_spend_without_revenue"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {name: a, title: t, why: w, advice: a, conditions: []}", "conditions"),
        ("- {name: a, title: t, why: w, advice: a, conditions: [{metric: m, period: day}]}", "above"),
        ("- {name: a, title: t, why: w, advice: a, conditions: [{metric: m, period: hour, above: 1}]}", "period"),
        ("- {name: A b, title: t, why: w, advice: a, conditions: [{metric: m, period: day, above: 1}]}", "name"),
        ("- [", "Cannot read"),
    ],
)
def test_mistake_in_a_rule_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(text)
    with pytest.raises(CatalogError, match=message):
        rules.load(path)


def test_rule_with_a_repeated_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    one = "- {name: a, title: t, why: w, advice: a, conditions: [{metric: m, period: day, above: 1}]}\n"
    path.write_text(one * 2)
    with pytest.raises(CatalogError, match="they name a more than once"):
        rules.load(path)
