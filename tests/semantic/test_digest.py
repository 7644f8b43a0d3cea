"""Numbers in words, and the days of the first page's periods at awkward instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from common.presets import PRESETS
from semantic.catalog import Catalog
from semantic.digest import outlook, words
from semantic.digest.movers import _distinct
from semantic.digest.periods import Case, cases


@pytest.mark.parametrize(
    ("metric", "value", "currency", "text"),
    [
        ("net_sales", "16095.49", "USD", "$16,095"),
        ("net_sales", "-16095.50", "USD", "−$16,096"),
        ("net_sales", "999.49", "EUR", "€999.49"),
        ("net_sales", "0", "EUR", "€0.00"),
        ("net_sales", "999", "JPY", "¥999"),
        ("net_sales", "1234567", "JPY", "¥1,234,567"),
        ("net_sales", "12.345", "KWD", "KWD\N{NO-BREAK SPACE}12.345"),
        ("net_sales", "1200", "CHF", "CHF\N{NO-BREAK SPACE}1,200"),
        ("net_sales", "12.5", None, "12.50"),
        ("orders_placed", "12345", "USD", "12,345"),
        ("roas", "16.27", "USD", "16.3×"),
        ("refund_rate", "0.0312", "USD", "3.1 %"),
        ("net_sales", None, "USD", "–"),
    ],
)
def test_value_in_words(catalog: Catalog, metric: str, value: str | None, currency: str | None, text: str) -> None:
    assert words.amount(value and Decimal(value), catalog.metric(metric), currency) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "previous", "text", "tone"),
    [
        ("112.30", "100", "▲ 12.3 % from $100.00", "good"),
        ("50", "100", "▼ 50.0 % from $100.00", "bad"),
        ("0", "100", "▼ 100.0 % from $100.00", "bad"),
        ("100", "100", "same as before, $100.00", "neutral"),
        ("5000", "10", "▲ from $10.00", "good"),
        ("20", "0", "▲ $20.00 from $0.00", "good"),
        ("-50", "-100", "▲ $50.00 from −$100.00", "good"),
        (None, "100", "nothing to compare with", "neutral"),
        ("100", None, "nothing to compare with", "neutral"),
    ],
)
def test_change_in_words_and_its_tone(
    catalog: Catalog, value: str | None, previous: str | None, text: str, tone: str
) -> None:
    now, before = (None if part is None else Decimal(part) for part in (value, previous))
    assert words.change(now, before, catalog.metric("net_sales"), "USD") == text
    assert words.tone(now, before, "up") == tone
    assert words.tone(now, before, "down") == {"good": "bad", "bad": "good"}.get(tone, tone)
    assert words.tone(now, before, "none") == "neutral"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"1": ("Tent", "T-1,T-2"), "2": ("Tent", "T-9"), "3": ("Cup", "C")}, ["Tent · T-1", "Tent · T-9", "Cup"]),
        ({"1": ("Tent", ""), "2": ("Tent", "T-9")}, ["Tent · 1", "Tent · T-9"]),
        ({"7": ("Sale",), "8": ("Sale",), "9": ("",)}, ["Sale · 7", "Sale · 8", "(no name)"]),
        ({"Online store": (), "Point of sale": ()}, ["Online store", "Point of sale"]),
    ],
)
def test_two_of_one_name_have_sku_or_key_behind_it(names: dict[str, tuple[str, ...]], shown: list[str]) -> None:
    assert list(_distinct(names).values()) == shown


def case(at: datetime, zone: str, period: str, kind: str = "prior") -> Case:
    (item,) = (item for item in cases(at, zone) if (item.period, item.kind) == (period, kind))
    return item


def test_every_period_has_every_comparison_on_every_day_of_a_year_with_its_ends() -> None:
    for day in (date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1), date(2028, 2, 29), date(2026, 12, 31)):
        listed = list(cases(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), "Europe/Berlin"))
        assert len(listed) == 2 * len(PRESETS), day
        for item in listed:
            assert item.days.before[1] < item.days.now[0], (day, item)


def test_today_begins_at_the_shops_midnight() -> None:
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert case(at, "Europe/Berlin", "Today").days.now == (date(2026, 11, 21), date(2026, 11, 21))
    assert case(at, "America/New_York", "Today").days.now == (date(2026, 11, 20), date(2026, 11, 20))
    assert case(at, "Europe/Berlin", "7d").days.now == (date(2026, 11, 14), date(2026, 11, 20))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 11, 20, 11, 0, tzinfo=UTC), datetime(2026, 11, 19, 11, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 11, 0, tzinfo=UTC), datetime(2026, 10, 24, 10, 0, tzinfo=UTC)),  # summer time ended
        (datetime(2026, 3, 29, 10, 0, tzinfo=UTC), datetime(2026, 3, 28, 11, 0, tzinfo=UTC)),  # summer time began
    ],
)
def test_today_is_compared_up_to_the_same_time_of_the_clock(at: datetime, until: datetime) -> None:
    assert case(at, "Europe/Berlin", "Today").until == until


def test_on_its_first_day_a_month_is_today_so_far() -> None:
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    month = case(at, "Europe/Berlin", "This month")
    assert month.days.now == (date(2026, 11, 1), date(2026, 11, 1))
    assert month.until == datetime(2026, 10, 31, 12, tzinfo=UTC)
    assert case(at, "Europe/Berlin", "Last month").days.now == (date(2026, 10, 1), date(2026, 10, 31))


NOVEMBER = date(2026, 11, 1)
BURNT = outlook.Month(NOVEMBER, Decimal(90000), Decimal("16095.4"), Decimal("5.59"), Decimal(154190), date(2027, 3, 1))


@pytest.mark.parametrize(
    ("month", "shown"),
    [
        (
            BURNT,
            [
                ("Cash in the bank", "$90,000", "neutral"),
                ("Cash falls by", "$16,095 a month", "bad"),
                ("Runway", "5.6 months", "bad"),
                ("Break-even", "Mar 2027", "neutral"),
            ],
        ),
        (
            replace(BURNT, trailing_burn=Decimal("-16095.4"), runway_months=None, break_even_month=NOVEMBER),
            [
                ("Cash in the bank", "$90,000", "neutral"),
                ("Cash grows by", "$16,095 a month", "good"),
                ("Cash runs out", "not in sight", "good"),
                ("Break-even", "reached", "good"),
            ],
        ),
        (
            replace(BURNT, break_even_month=None),
            [
                ("Cash in the bank", "$90,000", "neutral"),
                ("Cash falls by", "$16,095 a month", "bad"),
                ("Runway", "5.6 months", "bad"),
                ("Break-even", "not in sight", "bad"),
            ],
        ),
        (
            outlook.Month(NOVEMBER),
            [
                ("Cash in the bank", "–", "neutral"),
                ("Cash per month", "–", "neutral"),
                ("Runway", "–", "neutral"),
                ("Break-even", "–", "neutral"),
            ],
        ),
    ],
    ids=["burns", "grows", "never breaks even", "nothing known"],
)
def test_cash_in_sentences(catalog: Catalog, month: outlook.Month, shown: list[tuple[str, str, str]]) -> None:
    texts = outlook.sentences(month, catalog, "USD")
    assert [(label, value, tone) for label, value, _, tone in texts] == shown
