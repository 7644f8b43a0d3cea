"""Evaluates the alert rules over the published build, for one tenant.

    with open_build(published, "aurora") as build:
        for alert in evaluate(build, rules.load(), today=date(2026, 11, 20)):
            print(alert.state, alert.text)

Every value is one answer of the semantic layer; nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from semantic import query
from semantic.alerts.rules import Condition, Rule, check
from semantic.catalog import Metric
from semantic.reports import numbers
from semantic.warehouse import Build

State = Literal["firing", "quiet", "unknown"]
Range = tuple[date, date]
Rate = tuple[date, str, str, Decimal]
"""(day, from, to, rate)"""
RATE_AGE = timedelta(days=6)  # as in dbt's int_exchange_rates


@dataclass(frozen=True)
class Reading:
    """A condition with its numbers. `value` is compared with the limit, None where it is unknown. `now` and `before`
    are the metric's values over `days` and over the periods before them (`before` only for a change). The condition
    has its limit in the reporting currency; it still has a currency of its own where no rate is known."""

    condition: Condition
    metric: Metric
    days: Range
    now: Decimal | None
    before: Decimal | None
    value: Decimal | None

    @property
    def text(self) -> str:
        """Monthly recurring revenue 812.00, 14.2 % less than 946.00 (2026-11-01 to 2026-11-20; limit -5.0 %)"""
        limit = _percent(self.condition.limit) if self.condition.change else _shown(self.condition.limit, self.metric)
        if self.condition.currency:
            limit += f" {self.condition.currency}, unknown in the reporting currency: no exchange rate"
        text = f"{self.metric.label} {_shown(self.now, self.metric)}"
        if self.condition.change:
            size = "unknown change from" if self.value is None else _compared(self.value)
            text += f", {size} {_shown(self.before, self.metric)}"
        first, last = self.days
        return f"{text} ({first if first == last else f'{first} to {last}'}; limit {limit})"


@dataclass(frozen=True)
class Alert:
    """The state of a rule for a tenant. unknown: a number is missing, so the rule can neither fire nor be quiet."""

    tenant_id: str
    rule: Rule
    state: State
    readings: tuple[Reading, ...]

    @property
    def text(self) -> str:
        """The numbers behind the state, in one line."""
        return "; ".join(reading.text for reading in self.readings)


def evaluate(
    build: Build,
    rules: Sequence[Rule],
    *,
    today: date,
    limits: Mapping[str, Decimal] | None = None,
    rates: Sequence[Rate] = (),
) -> list[Alert]:
    """One alert per rule that is for the tenant (`only_with`).

    `today` is the tenant's calendar day at the build's `as_of`; it is never a whole day.
    `limits` are the tenant's own, by rule. `rates` convert a limit in another currency than the tenant's: that of the
    period's last day, or the newest of the six days before. Raises UnknownNameError for a metric or a rule that does
    not exist.
    """
    check(tuple(rules), build.catalog, limits)
    known = numbers.known(build, {name for rule in rules for name in rule.only_with})
    return [
        _evaluate(build, rule.limited((limits or {}).get(rule.name)), today, rates)
        for rule in rules
        if not rule.only_with or any(known[name] for name in rule.only_with)
    ]


def _evaluate(build: Build, rule: Rule, today: date, rates: Sequence[Rate]) -> Alert:
    """The alert of the first period that fires; else of the first that is quiet, else of the last."""
    alerts = []
    for running in (True, False) if rule.running else (False,):
        readings = tuple(_read(build, condition, today, running, rates) for condition in rule.conditions)
        alerts.append(Alert(build.tenant or "", rule, _state(readings), readings))
    return next((alert for state in ("firing", "quiet") for alert in alerts if alert.state == state), alerts[-1])


def _state(readings: Sequence[Reading]) -> State:
    """Firing where all conditions hold; quiet where one does not hold; unknown where values are missing for that."""
    held = [reading.value is not None and reading.condition.holds(reading.value) for reading in readings]
    if all(held):
        return "firing"
    decided = any(reading.value is not None and not holds for reading, holds in zip(readings, held, strict=True))
    return "quiet" if decided else "unknown"


def _read(build: Build, condition: Condition, today: date, running: bool, rates: Sequence[Rate]) -> Reading:
    days = _days(condition, today, running)
    now = _ask(build, condition, days)
    if not condition.change:
        condition = _converted(condition, build, days[1], rates)
        value = None if condition.currency else now
        return Reading(condition, build.catalog.metric(condition.metric), days, now, None, value)
    before = _ask(build, condition, _days(condition, days[0], running=False))
    value = None if now is None or not before else (now - before) / abs(before)
    return Reading(condition, build.catalog.metric(condition.metric), days, now, before, value)


def _ask(build: Build, condition: Condition, days: Range) -> Decimal | None:
    """The metric over the days; grouped by the period where it is a single one, as non-additive metrics require.

    Days without any row are zero of what is added up, where the tenant had a number before: no sale, no chat.
    """
    by = [condition.period] if condition.over == 1 else []
    table = query.answer(build, [condition.metric], by=by, start=days[0], end=days[1])
    values = table.column(condition.metric).to_pylist()
    if len(values) == 1 and values[0] is not None:
        return Decimal(str(values[0]))
    metric = build.catalog.metric(condition.metric)
    if numbers.empty(metric, is_known=True) is None or _has_rows(build, condition, *days):
        return None
    return Decimal(0) if _has_rows(build, condition, None, days[0] - timedelta(days=1)) else None


def _has_rows(build: Build, condition: Condition, start: date | None, end: date) -> bool:
    by = [condition.period]
    return bool(query.answer(build, [condition.metric], by=by, start=start, end=end, limit=1).num_rows)


def _converted(condition: Condition, build: Build, day: date, rates: Sequence[Rate]) -> Condition:
    """The condition with its limit in the reporting currency; unchanged where the rate of the day is not known."""
    if condition.currency is None:
        return condition
    reporting = build.currency()
    if reporting is None:
        return condition
    if reporting.code == condition.currency:
        return condition.limited(condition.limit)
    pair = (condition.currency, reporting.code)
    known = {at: rate for at, *of, rate in rates if tuple(of) == pair and day - RATE_AGE <= at <= day}
    return condition.limited(condition.limit * known[max(known)]) if known else condition


def _days(condition: Condition, today: date, running: bool) -> Range:
    """First and last day of the newest `over` whole periods, or with `running` of those that end today."""
    first = _begin(today, condition.period)
    end = today if running else first - timedelta(days=1)
    if running:
        back = condition.over - 1
    else:
        first, back = _begin(end, condition.period), condition.over - 1
    for _ in range(back):
        first = _begin(first - timedelta(days=1), condition.period)
    return first, end


def _begin(day: date, period: str) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def _shown(value: Decimal | None, metric: Metric) -> str:
    if value is None:
        return "unknown"
    return query.shown(round(value, 2) if metric.unit == "money" else value, metric.unit, metric.format)


def _percent(change: Decimal) -> str:
    return f"{change * 100:.1f} %"


def _compared(change: Decimal) -> str:
    return f"{_percent(abs(change))} {'less' if change < 0 else 'more'} than"
