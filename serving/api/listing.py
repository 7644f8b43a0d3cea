"""What a tenant can ask for: metrics, reports, alerts, and how fresh its numbers are, as plain objects for JSON.

Each function reads one open build, so what it says belongs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from semantic.answers import dimensions, instant, periods_of, type_of
from semantic.catalog import Column, Metric
from semantic.describe import made_of
from semantic.reports import facts, numbers
from semantic.reports.declaration import Report
from semantic.reports.formats import FORMATS
from semantic.subject import Subject
from semantic.warehouse import Build
from serving import state
from serving.alerts.listing import Listed
from serving.api.questions import HIDDEN

MOST_VALUES = 50
"""Of a dimension: more are counted and not listed."""
REPORT_FORMATS = tuple(name for name in FORMATS if name != "html")
"""Pages are for people, who open a link."""


def build_facts(build: Build) -> dict[str, Any]:
    """Which build the answer is of."""
    as_of = instant(build.as_of())
    return {"as_of": as_of, "run_id": build.run_id, "definitions_version": build.catalog.version}


def all_metrics(build: Build) -> dict[str, Any]:
    """All metrics by name. `known`: whether the tenant has any number of it."""
    metrics = [item for item in build.catalog.metrics.values() if item.kind != "other"]
    known = numbers.known(build, [item.name for item in metrics])
    return {
        "metrics": [
            {
                **_metric(metric),
                "known": known[metric.name],
                "periods": periods_of(build.catalog, (metric.name,)),
                "dimensions": [name for name in dimensions(build.catalog, (metric.name,)) if name != HIDDEN],
            }
            for metric in metrics
        ],
        **build_facts(build),
    }


def one_metric(build: Build, name: str) -> dict[str, Any]:
    """One metric with its dimensions and their values. Raises UnknownNameError."""
    item = build.catalog.metric(name)
    mart = build.catalog.marts[item.mart]
    known = numbers.known(build, [name])
    needed = [mart.time_grain or "day" if column == mart.time_column else column for column in item.non_additive_over]
    columns = dimensions(build.catalog, (name,))
    return {
        **_metric(item),
        "known": known[name],
        "unknown_because": next(facts.unknown(build.catalog, [name], known), None),
        "made_of": made_of(item).replace("`", ""),
        "inputs": list(item.inputs),
        "thresholds": dict(item.thresholds) if item.thresholds else None,
        "ask_by": needed,
        "periods": periods_of(build.catalog, (name,)),
        "dimensions": [_dimension(build, mart.name, column) for key, column in columns.items() if key != HIDDEN],
        "mart": mart.name,
        **build_facts(build),
    }


def all_reports(declared: Sequence[Report]) -> dict[str, Any]:
    """The reports that can be asked for."""
    return {
        "reports": [
            {
                "name": report.name,
                "title": report.title,
                "question": report.question,
                "period": report.period,
                "names_customers": report.names_customers,
                "formats": list(REPORT_FORMATS),
            }
            for report in declared
        ]
    }


def all_alerts(build: Build, listed: Sequence[Listed]) -> dict[str, Any]:
    """The alert rules: firing ones first."""
    ordered = sorted(listed, key=lambda item: ("firing", "unknown", "quiet").index(item.alert.state))
    return {
        "alerts": [item.as_dict(build.currency()) for item in ordered],
        "blocked": facts.blocked(build) or None,
        **build_facts(build),
    }


def freshness(build: Build, subject: Subject, now: datetime) -> dict[str, Any]:
    """How old the numbers are, why newer ones are not published, and whether they equal those of the sources."""
    of_build = state.of_build(build, subject, now)
    (published_at,) = build.rows(f"SELECT MAX(published_at) FROM marts.build_info WHERE {build.own}")[0]
    return {
        "tenant": {"id": build.tenant, "name": subject.name, "time_zone": subject.time_zone},
        "published_at": instant(published_at),
        "fresh": not of_build.is_old,
        "problems": list(of_build.problems),
        "blocked": facts.blocked(build) or None,
        "reconciliation": facts.reconciliation(build, subject.sources).as_dict(),
        **build_facts(build),
    }


def _metric(item: Metric) -> dict[str, Any]:
    return {
        "name": item.name,
        "label": item.label,
        "description": item.description,
        "unit": item.unit,
        "format": item.format,
        "good": item.good,
    }


def _dimension(build: Build, mart: str, column: Column) -> dict[str, Any]:
    """A dimension, and its values where they are few."""
    rows = build.rows(
        f"SELECT DISTINCT {column.name} FROM marts.{mart} WHERE {build.own} "
        f"AND {column.name} IS NOT NULL ORDER BY 1 LIMIT {MOST_VALUES + 1}"
    )
    values = [value for (value,) in rows] if len(rows) <= MOST_VALUES else None
    return {"name": column.name, "label": column.label, "description": column.description, "type": type_of(column),
            "values": values}  # fmt: skip
