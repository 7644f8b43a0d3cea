"""Numbers, dates and colours of reports as people see them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from common.comparison import Comparison
from semantic.reports import colours, shown, texts
from semantic.reports.content import Figure, Reconciliation
from semantic.reports.pictures import axes
from semantic.reports.shown import Style
from semantic.warehouse import Currency
from superset_assets import defaults
from tests.semantic import contents
from tests.semantic.contents import EUR, JPY, KWD, USD
from tests.superset_assets.test_palette import contrast, mixed

CHF = Currency("CHF", 100)
ACCENTS = ("#0f766e", "#b91c1c", "#1d4ed8", "#7c2d12", "#111111", "#6d28d9", "#a16207", "#2a9469")


@pytest.mark.parametrize(
    ("unit", "format", "currency", "value", "text"),
    [
        ("money", ",.2f", USD, Decimal("48213.55"), "$48,213.55"),
        ("money", ",.2f", USD, Decimal("-0.5"), "−$0.50"),
        ("money", ",.2f", EUR, 12.345, "€12.35"),  # half up, from the shortest decimal that equals the float
        ("money", ",.2f", JPY, Decimal(1500), "¥1,500"),
        ("money", ",.2f", KWD, Decimal("1.5"), "KWD\N{NO-BREAK SPACE}1.500"),
        ("money", ",.2f", CHF, Decimal(1200), "CHF\N{NO-BREAK SPACE}1,200.00"),
        ("money", ",.2f", USD, Decimal("0.004999"), "$0.00"),
        ("count", ",d", USD, 1204, "1,204"),
        ("count", ",d", USD, -3, "−3"),
        ("count", ",.2f", USD, Decimal("3.000000"), "3.00"),  # a pace
        ("ratio", ".1%", USD, 0.0731, "7.3 %"),
        ("ratio", ".2%", USD, 0.0235, "2.35 %"),
        ("ratio", ".1%", USD, 12.5, "1,250.0 %"),
        ("ratio", "$,.1f", USD, 16.28, "16.3×"),
        ("percent", ",.2f", USD, Decimal("7.3089"), "7.31"),
        ("badge", "", USD, "red", "■ too high"),
        ("", "", USD, "=SUM(A1)", "=SUM(A1)"),
        ("", "", USD, date(2026, 11, 29), "2026-11-29"),
        ("money", ",.2f", USD, None, "unknown"),
        ("ratio", ".1%", USD, None, "unknown"),
        ("", "", USD, None, "–"),
        ("", "", USD, True, "yes"),
        ("money", ",.2f", USD, 0, "$0.00"),
    ],
)
def test_number_is_written_with_its_places_and_its_currency(
    unit: str, format: str, currency: Currency, value: Any, text: str
) -> None:
    assert Style(unit, format, currency).text(value) == text


@pytest.mark.parametrize(
    ("unit", "format", "currency", "values", "labels"),
    [
        ("money", ",.2f", USD, (0, 1290), ["$0", "$500", "$1,000", "$1,500"]),
        ("money", ",.2f", EUR, (0, 11900), ["€0", "€2.5k", "€5k", "€7.5k", "€10k", "€12.5k"]),
        ("money", ",.2f", JPY, (0, 1_200_000), ["¥0", "¥0.25M", "¥0.5M", "¥0.75M", "¥1M", "¥1.25M"]),
        ("money", ",.2f", KWD, (0, 90), [f"KWD\N{NO-BREAK SPACE}{n}" for n in (0, 20, 40, 60, 80, 100)]),
        ("money", ",.2f", USD, (-600, 400), ["−$600", "−$400", "−$200", "$0", "$200", "$400"]),
        ("money", ",.2f", USD, (-900, -100), ["−$1,000", "−$800", "−$600", "−$400", "−$200", "$0"]),
        ("money", ",.2f", USD, (0, "0.03"), ["$0.00", "$0.01", "$0.02", "$0.03"]),
        ("money", ",.2f", JPY, (0, 2), ["¥0", "¥1", "¥2"]),
        ("count", ",d", USD, (0, 3), ["0", "1", "2", "3"]),
        ("count", ",d", USD, (0, 0), ["0", "1"]),
        ("ratio", ".1%", USD, (0, "0.058"), ["0 %", "2 %", "4 %", "6 %"]),
        ("ratio", ".1%", USD, (0, "0.004"), ["0 %", "0.1 %", "0.2 %", "0.3 %", "0.4 %"]),
        ("ratio", "$,.1f", USD, (0, 4), ["0×", "1×", "2×", "3×", "4×"]),
    ],
)
def test_axis_has_round_numbers_around_its_values_and_zero(
    unit: str, format: str, currency: Currency, values: tuple[Any, Any], labels: list[str]
) -> None:
    assert [label for _, label in axes.ticks(map(Decimal, values), Style(unit, format, currency))] == labels


@pytest.mark.parametrize("power", range(-2, 10))
@pytest.mark.parametrize("sign", [1, -1])
def test_axis_of_any_size_holds_its_values_with_few_labels_that_differ(power: int, sign: int) -> None:
    for digits in range(10, 100):
        value = sign * Decimal(digits).scaleb(power - 1)
        ticks = axes.ticks([value], Style("money", ",.2f", USD))
        assert min(tick for tick, _ in ticks) <= value <= max(tick for tick, _ in ticks)
        assert 2 <= len(ticks) <= 7
        assert len({label for _, label in ticks}) == len(ticks)
        assert Decimal(0) in [tick for tick, _ in ticks]


def test_days_of_an_axis_fit_every_span_from_a_day_to_three_years() -> None:
    first = date(2026, 10, 19)
    for span in range(1, 1100):
        last = first + timedelta(days=span - 1)
        ticks = axes.date_ticks(first, last, 8)
        assert len(ticks) <= 8
        assert ticks or span < 7
        assert all(first <= day <= last for day, _ in ticks)
        assert len({label for _, label in ticks}) == len(ticks), (span, ticks)
        if span > 1 and first.year != last.year:
            assert any(str(last.year) in label for _, label in ticks) or ticks[-1][0].year == first.year


def test_day_labels_say_their_year_where_there_are_two() -> None:
    labels = [label for _, label in axes.date_ticks(date(2026, 12, 1), date(2027, 1, 29), 9)]
    assert labels == ["7 Dec 2026", "14 Dec", "21 Dec", "28 Dec", "4 Jan 2027", "11 Jan", "18 Jan", "25 Jan"]
    weeks = [date(2026, 11, 2) + timedelta(days=7 * number) for number in range(12)]
    assert axes.date_ticks(weeks[0], weeks[-1], 6, weeks)[1] == (date(2026, 11, 16), "16 Nov")
    months = [date(2026, month, 1) for month in range(1, 13)]
    assert [label for _, label in axes.date_ticks(months[0], months[-1], 4, months)] == [
        "Jan 2026",
        "Apr 2026",
        "Jul 2026",
        "Oct 2026",
    ]


@pytest.mark.parametrize(
    ("figure", "text", "tone"),
    [
        (Figure(contents.NET_SALES, Decimal(112), Decimal(100), 0.12), "▲ 12.0 % from $100.00", "good"),
        (Figure(contents.NET_SALES, Decimal(88), Decimal(100), -0.12), "▼ 12.0 % from $100.00", "bad"),
        (Figure(contents.REFUND_RATE, 0.02, 0.04, -0.5), "▼ 50.0 % from 4.0 %", "good"),
        (Figure(contents.NET_SALES, Decimal(5), Decimal(0)), "▲ $5.00 from $0.00", "good"),
        (Figure(contents.NET_SALES, Decimal(5), Decimal(5), 0.0), "same as before, $5.00", "neutral"),
        (Figure(contents.NET_SALES, Decimal(5), None), "the earlier value is unknown", "neutral"),
        (Figure(contents.NET_SALES, None, Decimal(5)), "nothing to compare with", "neutral"),
        (Figure(contents.metric("sessions", unit="count"), 9, 10, -0.1), "▼ 10.0 % from 10", "neutral"),
    ],
)
def test_change_has_its_direction_and_says_what_is_unknown(figure: Figure, text: str, tone: str) -> None:
    assert shown.change(figure, USD) == text
    assert shown.tone(figure) == tone


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2026-11-29", "2026-11-29", "29 Nov 2026"),
        ("2026-11-01", "2026-11-30", "1 – 30 Nov 2026"),
        ("2026-10-31", "2026-11-29", "31 Oct – 29 Nov 2026"),
        ("2025-12-01", "2026-01-02", "1 Dec 2025 – 2 Jan 2026"),
    ],
)
def test_range_of_days_in_words(first: str, last: str, text: str) -> None:
    assert texts.days((date.fromisoformat(first), date.fromisoformat(last))) == text


def test_a_running_period_says_which_days_its_figures_are_of() -> None:
    now, before = (date(2026, 10, 31), date(2026, 11, 29)), (date(2026, 10, 1), date(2026, 10, 30))
    assert texts.comparison(contents.content(comparison=Comparison(now, before))) == (
        "Figures and charts: 31 Oct – 29 Nov 2026, the days that are over, compared with 1 – 30 Oct 2026."
    )
    assert texts.comparison(contents.content(comparison=None)) == ""


def test_time_of_the_data_is_that_of_the_tenant_and_unknown_is_said() -> None:
    tokyo = contents.content(time_zone="Asia/Tokyo", as_of=datetime(2026, 11, 30, 20, 0))
    assert texts.as_of(tokyo) == "Data as of 1 Dec 2026, 05:00 (Asia/Tokyo)"
    assert "unknown" in texts.as_of(contents.content(as_of=None))


@pytest.mark.parametrize(
    ("result", "tone", "text"),
    [
        (Reconciliation(("Shopify (a)",)), "good", "The numbers equal those of the source: Shopify (a)."),
        (
            Reconciliation(("Shopify (a)",), ("Shopify (a) on 2 days",)),
            "bad",
            "The numbers differ from the source: Shopify (a) on 2 days.",
        ),
        (
            Reconciliation((), (), ("Files",)),
            "neutral",
            "The numbers are not compared with a source. Not compared: Files.",
        ),
    ],
)
def test_reconciliation_in_words(result: Reconciliation, tone: str, text: str) -> None:
    assert texts.reconciliation(contents.content(reconciliation=result)) == (tone, text)


def test_colours_are_those_of_the_dashboards() -> None:
    palette = defaults.load().palette
    meanings = (colours.GOOD, colours.WATCH, colours.BAD)
    assert meanings == tuple(palette.meanings[name] for name in ("good", "watch", "bad"))
    assert set(colours.KINDS) == set(palette.kinds.values()) - {palette.kinds["slate"]}
    assert set(defaults.load().colours["bad"]) == colours.LOSSES


@pytest.mark.parametrize("mode", colours.MODES)
@pytest.mark.parametrize("accent", ACCENTS)
def test_texts_and_lines_can_be_seen_with_any_accent(accent: str, mode: colours.Mode) -> None:
    theme = colours.theme(accent, mode)
    for back in (theme.background, theme.panel):
        for text in (theme.text, theme.muted, theme.good, theme.watch, theme.bad):
            assert contrast(text, back) >= 4.5, (text, back)
    assert contrast(theme.accent, theme.background) >= 4.5
    assert contrast(theme.accent, theme.panel) >= 4.2  # a large text, or a line
    for line in (*theme.series, theme.earlier):
        assert contrast(line, theme.background) >= 3, line
    assert contrast(theme.text, mixed(theme.accent, theme.tint, theme.background)) >= 4.5, "a number on a cell"
    assert contrast(theme.background, theme.watch) >= 4.5, "the word of a badge"


def test_second_line_looks_different_from_the_accent_to_everybody() -> None:
    for accent in ACCENTS:
        first = colours.theme(accent, "light").series[0]
        assert colours.distance(first, accent) >= colours.DISTINCT, (accent, first)


def test_variables_of_a_page_are_all_of_the_theme() -> None:
    names = set(colours.variables(colours.theme("#0f766e", "light")))
    inside = colours.inside_a_page()
    drawn = {inside.background, inside.text, inside.muted, inside.accent, inside.earlier, *inside.series}
    assert {f"var({name})" for name in names} >= drawn
