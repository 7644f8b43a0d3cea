"""What a report says beside its numbers, in words: the same in a page and in a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from common.presets import Days
from semantic.digest.words import Tone
from semantic.reports import shown
from semantic.reports.content import Agreement, Content
from semantic.reports.shown import Style

SHORT = 12  # letters
AGREEMENT: Mapping[Agreement, Tone] = {"agrees": "good", "differs": "bad", "not compared": "neutral"}


@dataclass(frozen=True)
class FigureText:
    """A figure in words. `badge`: its word and its meaning in the palette, both empty where it has none."""

    name: str
    label: str
    value: str
    change: str
    tone: Tone
    badge: str
    badge_tone: str


@dataclass(frozen=True)
class TableText:
    """A table in words: headings, whether each column is of numbers, rows."""

    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each column is: of numbers, of short texts such as days, which stay in one line, or of long ones."""
        columns: list[tuple[str, ...]] = list(zip(*self.rows, strict=True)) or [()] * len(self.headings)
        is_short = [max(map(len, column), default=0) <= SHORT for column in columns]
        return tuple(
            "number" if is_number else "short" if short else "long"
            for is_number, short in zip(self.numeric, is_short, strict=True)
        )


def day(value: date) -> str:
    """29 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def days(value: Days) -> str:
    """A range of days: 29 Nov 2026, 1 – 30 Nov 2026, 30 Nov – 2 Dec 2026, 1 Dec 2025 – 2 Jan 2026."""
    first, last = value
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {day(last)}"
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} – {day(last)}"


def period(content: Content) -> str:
    """The report's days and their number."""
    count = (content.days[1] - content.days[0] + timedelta(days=1)).days
    return f"{days(content.days)} ({count:,} {'day' if count == 1 else 'days'})"


def comparison(content: Content) -> str:
    """Which days the figures and charts are of, and those that they are compared with; empty without a comparison."""
    both = content.comparison
    if both is None:
        return ""
    if both.now == content.days:
        return f"Compared with {days(both.before)}."
    return f"Figures and charts: {days(both.now)}, the days that are over, compared with {days(both.before)}."


def rolling(content: Content) -> str:
    """That the days move with the calendar; empty where they are fixed."""
    return f"These days move with the calendar: the period is {content.rolling}." if content.rolling else ""


def as_of(content: Content) -> str:
    """Up to when the sources had been read, in the tenant's time zone."""
    if content.as_of is None:
        return "It is unknown up to when the sources had been read"
    instant = content.as_of if content.as_of.tzinfo else content.as_of.replace(tzinfo=UTC)
    local = instant.astimezone(ZoneInfo(content.time_zone))
    return f"Data as of {day(local.date())}, {local:%H:%M} ({content.time_zone})"


def reconciliation(content: Content) -> tuple[Tone, str]:
    """Whether the numbers equal those of the sources, and the tone of this message."""
    result = content.reconciliation
    return AGREEMENT[result.state], result.sentence


def figures(content: Content) -> tuple[FigureText, ...]:
    """The figures of the summary with their change."""
    texts = []
    for figure in content.figures:
        style = shown.of_metric(figure.metric, content.currency)
        word, meaning = shown.BADGES[figure.badge] if figure.badge else ("", "")
        label = figure.metric.label + (f", {figure.days[0]:%b %Y}" if figure.days else "")
        change = shown.change(figure, content.currency) if content.comparison else ""
        value = style.text(figure.value)
        texts.append(FigureText(figure.metric.name, label, value, change, shown.tone(figure), word, meaning))
    return tuple(texts)


def table(content: Content, first: int = 0, count: int | None = None) -> TableText:
    """The report's rows from number `first`, at most `count` of them."""
    fields = list(content.table.schema)
    styles = [shown.style(field, content.currency) for field in fields]
    part = content.table.slice(first) if count is None else content.table.slice(first, count)
    columns = [
        [cell(style, value) for value in column.to_pylist()] for style, column in zip(styles, part.columns, strict=True)
    ]
    rows: Iterable[Sequence[Any]] = zip(*columns, strict=True)
    return TableText(
        tuple(shown.label(field, content.columns) for field in fields),
        tuple(style.is_number for style in styles),
        tuple(tuple(row) for row in rows),
    )


def cell(style: Style, value: Any) -> str:
    """A value in a table, where an unknown one is a dash: a word in each of many cells would cover the numbers."""
    return "–" if value is None else style.text(value)


def caveats(content: Content) -> tuple[str, ...]:
    """What a reader must know, without the message of a tenant whose newer data are blocked: it is at the top."""
    return tuple(text for text in content.caveats if text != content.blocked)


def meanings(content: Content) -> tuple[tuple[str, str], ...]:
    """Each metric's label with its definition, in the order of the declaration."""
    return tuple(content.definitions.items())


def foot(content: Content) -> str:
    """Where the numbers come from: currency, calendar, run and definitions."""
    parts = (f"amounts in {content.currency.code}", f"days of {content.time_zone}", f"run {content.run_id}",
             f"definitions {content.definitions_version}")  # fmt: skip
    return " · ".join((content.tenant_name, *parts))
