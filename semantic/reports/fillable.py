"""Which reports a tenant's sources can fill: those with a number that is known on any day."""

from __future__ import annotations

from collections.abc import Iterable

from semantic.reports import numbers
from semantic.reports.declaration import Report
from semantic.warehouse import Build


def fillable(build: Build, reports: Iterable[Report]) -> frozenset[str]:
    """The names of the reports of which the tenant has a number; a report without metrics is one of them."""
    metrics = {report.name: [name for name in report.metrics() if name in build.catalog.metrics] for report in reports}
    known = numbers.known(build, {name for names in metrics.values() for name in names})
    return frozenset(report for report, names in metrics.items() if not names or any(known[name] for name in names))
