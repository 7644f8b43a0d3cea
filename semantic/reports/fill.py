"""Fills a report from the published build: declaration + build + days → Content.

    content = fill(published, "revenue-overview", first, last, tenant="aurora", now=datetime.now(UTC))

`subject` has the tenant's name, zone and sources for people; without it the build's own facts are used. `period` is the
name of the period (30d, this-month) where the days come from it: it is then compared as `takings query --period 30d
--compare prior` does; days that were chosen freely as with --from and --to. `rolling` says that the days move with the
calendar, as on a page that shows the last 30 days whenever it is opened. `custom` is the folder of one's own reports.
`fill_build` does the same for a build that is open and a declared report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from common import comparison as rules
from common.comparison import Comparison
from common.presets import Days, first_of
from semantic import periods
from semantic.comparison import newest_day
from semantic.errors import NoDataError
from semantic.reports import charts, facts, figures, library, numbers, table
from semantic.reports.check import check
from semantic.reports.content import Content
from semantic.reports.declaration import Declared, Report
from semantic.subject import Subject
from semantic.warehouse import Build, Currency, Published, open_build


def fill(
    published: Published,
    name: str,
    start: date,
    end: date,
    *,
    tenant: str | None = None,
    now: datetime,
    subject: Subject | None = None,
    period: str | None = None,
    rolling: bool = False,
    custom: Path | None = None,
) -> Content:
    """A report of one tenant from `start` to `end`, both included. Raises a SemanticError that says what to do."""
    declared = library.find(name, custom)
    periods.check(start, end)
    with open_build(published, tenant) as build:
        return fill_build(build, declared, start, end, now=now, subject=subject, period=period, rolling=rolling)


def fill_build(
    build: Build,
    declared: Declared,
    start: date,
    end: date,
    *,
    now: datetime,
    subject: Subject | None = None,
    period: str | None = None,
    rolling: bool = False,
) -> Content:
    """The same for an open build of one tenant, and a report of the library: `library.find(name, custom)`."""
    check(declared, build.catalog)
    report = declared.report
    days = periods.check(start, end)
    currency = currency_of(build)
    subject = subject or facts.subject(build)
    today = newest_day(build, subject.time_zone, now)
    comparison = _compared(days, period, today)
    whole = comparison.now if comparison else (days[0], max(days[0], min(days[1], today)))
    names = [name for name in dict.fromkeys(report.metrics()) if name in build.catalog.metrics]
    known = numbers.known(build, names)
    past = known if days[0] <= today else dict.fromkeys(known, False)  # nothing is known of days to come
    rows = table.fill(build, report, days, today, currency, past)
    single = [*report.figures, *(name for chart in report.charts if chart.kind == "figure" for name in chart.metrics)]
    every = figures.fill(build, list(dict.fromkeys(single)), whole, comparison, today, currency.digits, past)
    drawn = tuple(
        charts.fill(build, chart, days, whole, comparison, currency.digits, past, rows, every)
        for chart in report.charts
    )
    blocked = facts.blocked(build)
    return Content(
        name=report.name,
        title=report.title,
        question=report.question,
        tenant=build.tenant or "",
        tenant_name=subject.name,
        time_zone=subject.time_zone,
        currency=currency,
        days=days,
        comparison=comparison,
        figures=every[: len(report.figures)],
        table=rows,
        charts=drawn,
        definitions={build.catalog.metric(name).label: build.catalog.metric(name).description for name in names},
        caveats=tuple(_caveats(build, report, days, whole, today, names, known, blocked, comparison)),
        as_of=build.as_of(),
        reconciliation=facts.reconciliation(build, subject.sources),
        run_id=build.run_id,
        definitions_version=build.catalog.version,
        rolling=period if rolling else None,
        columns={field.name: field.metadata[b"label"].decode() for field in rows.schema},
        blocked=blocked,
    )


def currency_of(build: Build) -> Currency:
    """The currency of the tenant's rows. Raises NoDataError where they have none, or several."""
    currency = build.currency()
    if currency is None:
        why = "the published build has no amounts of this tenant, or some in several currencies"
        raise NoDataError(
            f"No report for {build.tenant}", facts.blocked(build) or why, "Load its sources with `takings run`"
        )
    return currency


def _compared(days: Days, period: str | None, today: date) -> Comparison | None:
    """The whole days and those before them; None where no day is over."""
    if period:
        return rules.of_preset(periods.preset(period), "prior", today)
    return rules.of_days(days, "prior", today)


def _caveats(
    build: Build,
    report: Report,
    days: Days,
    whole: Days,
    today: date,
    names: Sequence[str],
    known: dict[str, bool],
    blocked: str,
    comparison: Comparison | None,
) -> Iterator[str]:
    """What is old, unknown, of other days, and what the report's file says."""
    if blocked:
        yield blocked
    yield from facts.unknown(build.catalog, names, known)
    monthly = [name for name in names if build.catalog.marts[build.catalog.metric(name).mart].time_grain == "month"]
    if monthly:
        yield facts.months(days, today)
    of_month = [
        build.catalog.metric(name)
        for name in report.figures
        if figures.is_monthly(build.catalog, build.catalog.metric(name))
    ]
    if of_month:
        first = figures.newest_month(whole, today)[0]
        state = (
            "which is not over" if first == first_of("month", today) else "the newest month of these days that is over"
        )
        yield f"{facts.listed([metric.label for metric in of_month])}: of {first:%B %Y}, {state}."
    if whole[1] < today and whole != days:
        newest = "today" if days[1] == today else str(today)  # the sources may have been read on an earlier day
        so_far = f", {newest} so far included" if days[0] <= today <= days[1] else ""
        yield (
            f"Figures and charts are of whole days, {whole[0]} to {whole[1]}; the table is of {days[0]} to {days[1]}"
            f"{so_far}."
        )
    if days[1] > today:
        yield f"Nothing is known yet of the days after {today}: the sources were last read then."
    began = facts.first_day(build, names)
    earliest = comparison.before[0] if comparison else days[0]
    if began and min(days[0], earliest) < began:
        also = ", also in the period before" if days[0] >= began else ""
        yield f"The first day with any number is {began}. Amounts and counts of earlier days are zero{also}."
    yield from report.caveats
