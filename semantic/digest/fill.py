"""Writes what dashboards say in words into a build: kpis, sales_trend, movers, alerts and their annotations, outlook,
build_info."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from common.comparison import COMPARISONS
from semantic.alerts.evaluate import Alert
from semantic.digest import kpis, movers, outlook, periods, trend, trust
from semantic.filters import literal
from semantic.subject import Subject
from semantic.warehouse import Build

QUIET, WITHOUT_NUMBERS = "Nothing needs you today", "No alert rule could be checked"
"""Where no rule fires: some have their numbers, or none has."""
EARLIER = ("previous_first_day", "previous_last_day", "previous", "previous_minor", "difference", "previous_text",
           "change_text", "good_text", "bad_text", "neutral_text")  # fmt: skip
"""Columns of the earlier period."""


def fill(build: Build, subject: Subject, alerts: Sequence[Alert], problem: str = "") -> None:
    """Write the rows of the build's tenant. The build's engine must be able to write.

    `problem` says why the alert rules could not be evaluated. Raises a SemanticError where a metric cannot be asked.
    """
    as_of = build.as_of()
    if as_of is None:  # nothing was ever synced
        return
    instant = as_of.replace(tzinfo=UTC)
    today = instant.astimezone(ZoneInfo(subject.time_zone)).date()
    cases = list(periods.cases(instant, subject.time_zone))
    tables = {
        "kpis": with_figures_alone(kpis.rows(build, cases)),
        "sales_trend": with_figures_alone(trend.rows(build, cases, today)),
        "movers": movers.rows(build, cases),
        "alerts": _alerts(build, alerts, problem),
        "annotations": _annotations(build, alerts),
        "outlook": outlook.rows(build),
    }
    for mart, rows in tables.items():
        build.engine.insert(mart, list(rows))
    _trust(build, subject)


def follow(build: Build, subject: Subject) -> None:
    """Write again what moves with the instant up to which the build's tenant was read, on the same day: today so far
    beside the same part of an earlier day, and the line that says how fresh the numbers are.
    """
    as_of = build.as_of()
    if as_of is None:
        return
    cases = [case for case in periods.cases(as_of.replace(tzinfo=UTC), subject.time_zone) if case.until]
    rows = list(with_figures_alone(kpis.rows(build, cases)))
    for period, comparison in sorted({(row["period"], row["comparison"]) for row in rows}):
        build.engine.execute(
            f"DELETE FROM marts.kpis WHERE {build.own} AND period = {literal(period)} "
            f"AND comparison = {literal(comparison)}"
        )
    build.engine.insert("kpis", rows)
    _trust(build, subject)


def _trust(build: Build, subject: Subject) -> None:
    line = trust.line(build, subject.name, subject.time_zone, subject.sources)
    build.engine.execute(f"UPDATE marts.build_info SET trust = {literal(line)} WHERE {build.own}")


def with_figures_alone(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The rows, and those of the comparison `none`: the same figures without an earlier period."""
    for row in rows:
        yield row
        if row["comparison"] == COMPARISONS[0]:
            alone = {name: "" if name.endswith("_text") else None for name in EARLIER if name in row}
            yield {**row, **alone, "comparison": "none", **({"tone": "neutral"} if "tone" in row else {})}


def _alerts(build: Build, alerts: Sequence[Alert], problem: str) -> Iterable[dict[str, Any]]:
    firing = [alert for alert in alerts if alert.state == "firing"]
    texts = [(alert.rule.name, alert.rule.title, alert.text, alert.rule.advice) for alert in firing]
    if problem:
        texts = [("", "The alert rules were not evaluated", problem, "")]
    unknown = sum(alert.state == "unknown" for alert in alerts)
    unread = f"{unknown} of {len(alerts)} rules lack a number" if unknown else ""
    if not alerts:
        unread = "no source has brought a number that a rule looks at"
    quiet = WITHOUT_NUMBERS if unknown == len(alerts) else QUIET
    for position, text in enumerate(texts or [("", quiet, unread, "")], start=1):
        columns = zip(("rule", "title", "numbers", "advice"), text, strict=True)
        yield {"tenant_id": build.tenant, "position": position, **dict(columns)}


def _annotations(build: Build, alerts: Sequence[Alert]) -> Iterable[dict[str, Any]]:
    """Each rule that fires marks the last day that it looked at."""
    for alert in alerts:
        if alert.state == "firing":
            day = max(reading.days[1] for reading in alert.readings)
            days = {"first_day": day, "last_day": day}
            yield {"tenant_id": build.tenant, **days, "kind": "alert", "title": alert.rule.title}
