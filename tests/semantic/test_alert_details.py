"""An alert in words: a number beyond its limit is never shown as equal to it, and each sentence is true."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from semantic.alerts import details
from semantic.alerts.evaluate import Reading
from semantic.alerts.rules import Condition
from semantic.catalog import Catalog
from semantic.warehouse import Currency

DAY = date(2026, 11, 19)
DOLLARS, YEN = Currency("USD", 100), Currency("JPY", 1)


def words(
    catalog: Catalog, metric: str, now: str | None, *, before: str = "", currency: Currency = DOLLARS, **limit: str
) -> dict[str, str]:
    condition = Condition(
        metric=metric, period="day", change=bool(before), **{side: Decimal(text) for side, text in limit.items()}
    )
    number, earlier = now and Decimal(now), Decimal(before) if before else None
    value = (Decimal(number) - earlier) / abs(earlier) if number and earlier else number
    reading = Reading(condition, catalog.metric(metric), (DAY, DAY), number or None, earlier, value or None)
    shown = details.reading(reading, currency, today=None)
    return {name: shown[name] for name in ("value", "change", "limit")}


@pytest.mark.parametrize(
    ("now", "limit", "value", "words_of_limit"),
    [
        ("0.0284", "0.01", "2.8 %", "above 1.0 %"),
        ("0.0104", "0.01", "1.04 %", "above 1.00 %"),
        ("0.0127", "0.0125", "1.27 %", "above 1.25 %"),
        ("0.01", "0.01", "1.0 %", "above 1.0 %"),
        ("0.0100000004", "0.01", "1.00000004 %", "above 1.00000000 %"),
        (None, "0.0125", "unknown", "above 1.25 %"),
    ],
)  # fmt: skip
def test_share_above_its_limit_has_the_places_that_show_it(
    catalog: Catalog, now: str | None, limit: str, value: str, words_of_limit: str
) -> None:
    shown = words(catalog, "churn_rate", now, above=limit)
    assert (shown["value"], shown["limit"]) == (value, words_of_limit)


@pytest.mark.parametrize(
    ("now", "side", "limit", "change", "words_of_limit"),
    [
        ("812", "below", "-0.05", "14.2 % less than", "more than 5.0 % less than before"),
        ("898.5", "below", "-0.05", "5.02 % less than", "more than 5.00 % less than before"),
        ("1500", "above", "0.5", "58.6 % more than", "more than 50.0 % more than before"),
        ("950", "above", "0", "0.4 % more than", "more than 0.0 % more than before"),
        ("940", "below", "0", "0.6 % less than", "more than 0.0 % less than before"),
        ("940", "below", "0.5", "0.6 % less than", "less than 50.0 % more than before"),
    ],
)  # fmt: skip
def test_change_beyond_its_limit(
    catalog: Catalog, now: str, side: str, limit: str, change: str, words_of_limit: str
) -> None:
    shown = words(catalog, "mrr", now, before="946", **{side: limit})
    assert (shown["change"], shown["limit"]) == (change, words_of_limit)


def test_money_has_the_places_of_its_currency(catalog: Catalog) -> None:
    assert words(catalog, "ad_spend", "10845", above="10000", currency=YEN) == {
        "value": "¥10,845", "change": "", "limit": "above ¥10,000",
    }  # fmt: skip
    assert words(catalog, "roas", "0.999", below="1")["limit"] == "below 1.000×"
