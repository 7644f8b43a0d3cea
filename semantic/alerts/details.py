"""What a message says of an alert: its numbers in words, and the metric's last weeks for a picture, as plain data.

They are taken from the build that was evaluated, so that a message that is sent later, or once more, says the same.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from common.presets import Days, months_before
from semantic import query
from semantic.alerts.evaluate import Alert, Reading
from semantic.alerts.rules import Condition
from semantic.periods import local_day
from semantic.reports import shown, texts
from semantic.reports.shown import Style
from semantic.subject import Subject
from semantic.warehouse import Build, Currency

NO_CURRENCY = Currency("USD", 100)  # of numbers that are not money
PERIODS = {"day": 28, "week": 13, "month": 13}
"""How many of them a picture shows."""
MOST_PLACES = 9


def details(build: Build, alert: Alert, subject: Subject) -> dict[str, Any]:
    """Plain data of JSON: texts, ISO days and decimals as texts; `picture.table` is an Arrow stream in base64.

    readings: one per condition, with what the rule compares: `value` over `days` (`before` only for a change).
    report: the report that shows more, with the days of the first condition.
    """
    currency = build.currency() or NO_CURRENCY
    first = alert.readings[0]
    as_of = build.as_of()
    return {
        "readings": [
            reading(each, currency, as_of and local_day(as_of.replace(tzinfo=UTC), subject.time_zone))
            for each in alert.readings
        ],
        "why": alert.rule.why,
        "advice": alert.rule.advice,
        "report": alert.rule.report,
        "report_days": [day.isoformat() for day in _report_days(first)],
        "picture": _picture(build, first),
        "tenant_name": subject.name,
        "time_zone": subject.time_zone,
        "currency": [currency.code, currency.minor_units],
        "as_of": as_of.isoformat() if as_of else None,
        "run": build.run_id,
    }


def reading(reading: Reading, currency: Currency, today: date | None) -> dict[str, Any]:
    """A condition in words. `today`: the day that was not over when the sources were read."""
    metric, condition = reading.metric, reading.condition
    style = _fine_enough(shown.of_metric(metric, currency), reading)
    percent_places = _places(1, condition.limit * 100, reading.value and reading.value * 100)
    over = f", {condition.over} {condition.period}s together" if condition.over > 1 else ""
    over += ", so far" if reading.days[1] == today else ""
    return {
        "metric": metric.name,
        "label": metric.label,
        "value": style.text(reading.now),
        "exact": None if reading.now is None else str(reading.now),
        "before": style.text(reading.before) if condition.change else "",
        "change": _change(reading.value, percent_places) if condition.change else "",
        "limit": limit(condition, style, percent_places),
        "days": texts.days(reading.days) + over,
        "from": reading.days[0].isoformat(),
        "to": reading.days[1].isoformat(),
    }


def limit(condition: Condition, style: Style, percent_places: int = 1) -> str:
    """above 8.0 %, below 1.00×, more than 5.0 % less than before. `percent_places`: of the limit of a change."""
    is_above = condition.above is not None
    if condition.change:
        is_rise = condition.limit > 0 or (condition.limit == 0 and is_above)
        beyond = "more" if is_above == is_rise else "less"
        return f"{beyond} than {_percent(condition.limit, percent_places)} {'more' if is_rise else 'less'} than before"
    amount = f"{condition.limit:,} {condition.currency}" if condition.currency else style.text(condition.limit)
    return f"{'above' if is_above else 'below'} {amount}"


def _fine_enough(style: Style, reading: Reading) -> Style:
    """The style with so many decimal places that a number beyond its limit is not shown as equal to it."""
    if style.unit == "money" or style.places is None or reading.condition.change:
        return style
    factor = 100 if style.format.endswith("%") else 1
    places = _places(style.places, reading.condition.limit * factor, reading.now and reading.now * factor)
    return replace(style, format=f"{style.format[:-2]}{places}{style.format[-1]}")


def _places(least: int, limit: Decimal, value: Decimal | None) -> int:
    """The fewest decimal places, from `least` on, that show a limit exactly and another number as another one."""
    for places in range(least, MOST_PLACES):
        text = query.rounded(limit, places)
        if text == limit and (value in (None, limit) or query.rounded(value, places) != text):
            return places
    return MOST_PLACES


def table_of(picture: Mapping[str, Any]) -> pa.Table:
    """The numbers of a picture."""
    with pa.ipc.open_stream(base64.b64decode(picture["table"])) as stream:
        return stream.read_all()


def _change(value: Decimal | None, places: int) -> str:
    if value is None:
        return "compared with an unknown number"
    return f"{_percent(value, places)} {'less' if value < 0 else 'more'} than"


def _percent(share: Decimal, places: int) -> str:
    return f"{query.rounded(abs(share) * 100, places):,} %"


def _picture(build: Build, reading: Reading) -> dict[str, Any] | None:
    """The metric by period up to the days that were evaluated, and where the limit is in its unit."""
    condition, last = reading.condition, reading.days[1]
    first = _start(condition.period, reading.days[0])
    table = query.answer(build, [condition.metric], by=[condition.period], start=first, end=last)
    if table.column(condition.metric).null_count == table.num_rows:
        return None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    at = _limit_of(reading)
    return {
        "title": f"{reading.metric.label} by {condition.period}",
        "metric": condition.metric,
        "by": condition.period,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "limit": None if at is None else str(at),
        "table": base64.b64encode(sink.getvalue().to_pybytes()).decode(),
    }


def _limit_of(reading: Reading) -> Decimal | None:
    """The limit in the metric's own unit: of a change, what the newest period is compared with."""
    condition = reading.condition
    if not condition.change:
        return None if condition.currency else condition.limit
    return None if reading.before is None else reading.before + abs(reading.before) * condition.limit


def _start(period: str, day: date) -> date:
    """The first day of the periods before the one that begins on `day`."""
    if period == "month":
        return months_before(day.replace(day=1), PERIODS["month"] - 1)
    return day - timedelta(days=(PERIODS[period] - 1) * (7 if period == "week" else 1))


def _report_days(reading: Reading) -> Sequence[date]:
    """The days of the report: those that were evaluated; of a single day, the week that ends with it."""
    first, last = reading.days
    days: Days = (last - timedelta(days=6), last) if reading.condition.period == "day" else (first, last)
    return days
