"""Answers with the facts that travel with their numbers: for the API, for assistants and for chats.

    question = Question(("net_sales",), by=("month",), days=(date(2026, 10, 1), date(2026, 11, 30)))
    with open_build(published, "aurora") as build:
        result = ask(build, question, subject=subject, now=datetime.now(UTC))
    document(result)   csv(result)   arrow(result)

The numbers are those of `takings query` for the same question. Nobody gets one without its unit, its currency, how old
it is, whether the totals equal those of the sources, and which definitions it was made with.

Money in JSON is text with all decimal places of its currency, "1234.50": a number would become a float in most readers.
Counts are whole numbers, ratios numbers of six places, days ISO 8601 texts; what is unknown, or has no rows, is null.
"""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from common.presets import first_of
from semantic.catalog import Catalog, Column, Mart, Metric
from semantic.comparison import newest_day
from semantic.compiler import GRAINS, NO_FILTERS
from semantic.errors import TooManyRowsError
from semantic.filters import TEXTS, WHOLE_NUMBERS, Filters
from semantic.query import answer, plain, render
from semantic.reports import facts, numbers
from semantic.reports.content import Reconciliation
from semantic.subject import Subject
from semantic.warehouse import Build, Currency

ONE_DAY = timedelta(days=1)
NEAR_FOR, NEAR_AMONG = 10, 2_000  # similar values are looked up for so many unknown ones, among so many: it takes time
OpenDays = tuple[date | None, date | None]
"""First and last day, both included; None where the question has no such end."""


@dataclass(frozen=True)
class Question:
    """Metrics by periods and dimensions, with the arguments of `semantic.query.answer`.

    `period`: the name that the days come from, such as 30d.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    days: OpenDays = (None, None)
    period: str | None = None
    filters: Filters = field(default_factory=lambda: NO_FILTERS)
    order: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from other questions."""
        filters = tuple((name, *sorted(set(values))) for name, values in sorted(self.filters.items()))
        return (self.metrics, self.by, self.days, self.period, filters, self.order, self.limit)


@dataclass(frozen=True)
class Answer:
    """The numbers of a question, with what a reader must know beside them.

    table: as `semantic.query.answer` gives it. newest_day: the last day of which the build can know something.
    blocked: why these are older numbers; empty where they are up to date. unknown: a sentence for each kind of data
    that the tenant lacks. notes: sentences on days and filters. dimensions: those that the metrics share, by name.
    """

    question: Question
    table: pa.Table
    metrics: tuple[Metric, ...]
    tenant: str
    subject: Subject
    currency: Currency | None
    as_of: datetime | None
    newest_day: date
    run_id: str
    definitions_version: str
    reconciliation: Reconciliation
    blocked: str
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    dimensions: Mapping[str, Column]


def ask(build: Build, question: Question, *, subject: Subject, now: datetime, most_rows: int | None = None) -> Answer:
    """The answer from a build that is open for one tenant.

    Raises a SemanticError where the question has no answer, and TooManyRowsError for more than `most_rows` rows: a part
    of the rows would look like the whole.
    """
    start, end = question.days
    limit = question.limit
    if most_rows is not None and (limit is None or limit > most_rows):
        limit = most_rows + 1
    table = answer(
        build, question.metrics, by=question.by, start=start, end=end, filters=question.filters, order=question.order,
        limit=limit,
    )  # fmt: skip
    if most_rows is not None and table.num_rows > most_rows:
        raise TooManyRowsError(most_rows)
    metrics = tuple(build.catalog.metric(name) for name in question.metrics)
    marts = {metric.mart: build.catalog.marts[metric.mart] for metric in metrics}
    today = newest_day(build, subject.time_zone, now)
    known = numbers.known(build, question.metrics)
    return Answer(
        question=question,
        table=table,
        metrics=metrics,
        tenant=build.tenant or "",
        subject=subject,
        currency=build.currency(),
        as_of=build.as_of(),
        newest_day=today,
        run_id=build.run_id,
        definitions_version=build.catalog.version,
        reconciliation=facts.reconciliation(build, subject.sources),
        blocked=facts.blocked(build),
        unknown=tuple(facts.unknown(build.catalog, question.metrics, known)),
        notes=(
            *_notes_on_days(build, question, list(marts.values()), today),
            *_notes_on_filters(build, question),
            *_notes_on_rows(question, table.num_rows),
        ),
        dimensions=dimensions(build.catalog, question.metrics),
    )


def dimensions(catalog: Catalog, metrics: tuple[str, ...]) -> dict[str, Column]:
    """The dimensions that these metrics share, by name. Raises UnknownNameError."""
    marts = [catalog.marts[catalog.metric(name).mart] for name in metrics]
    return {
        column.name: column
        for column in (marts[0].columns if marts else ())
        if all(column.name in mart.dimensions for mart in marts)
    }


def periods_of(catalog: Catalog, metrics: tuple[str, ...]) -> list[str]:
    """The periods by which these metrics can be asked together, the shortest first."""
    marts = [catalog.marts[catalog.metric(name).mart] for name in metrics]
    if not marts or not all(mart.time_column for mart in marts):
        return []
    return list(GRAINS[max(GRAINS.index(mart.time_grain or "day") for mart in marts) :])


def document(result: Answer) -> dict[str, Any]:
    """The answer as plain objects for JSON; the module's docstring says how values are written."""
    columns = [column(result, name) for name in result.table.column_names]
    kinds = [item["type"] for item in columns]
    digits = result.currency.digits if result.currency else 3
    rows = [
        {
            item["name"]: plain(value, kind, digits)
            for item, kind, value in zip(columns, kinds, row, strict=True)
        }
        for row in zip(*(cells.to_pylist() for cells in result.table.columns), strict=True)
    ]  # fmt: skip
    return {"columns": columns, "rows": rows, "row_count": len(rows), **about(result)}


def about(result: Answer) -> dict[str, Any]:
    """The facts about the numbers, as plain objects for JSON."""
    question, (start, end) = result.question, result.question.days
    return {
        "question": {
            "metrics": list(question.metrics),
            "by": list(question.by),
            "from": start and start.isoformat(),
            "to": end and end.isoformat(),
            "period": question.period,
            "filters": {name: list(values) for name, values in question.filters.items()},
            "order": list(question.order),
            "limit": question.limit,
        },
        "tenant": {"id": result.tenant, "name": result.subject.name, "time_zone": result.subject.time_zone},
        "currency": result.currency and {"code": result.currency.code, "digits": result.currency.digits},
        "as_of": instant(result.as_of),
        "definitions_version": result.definitions_version,
        "run_id": result.run_id,
        "reconciliation": result.reconciliation.as_dict(),
        "blocked": result.blocked or None,
        "unknown": list(result.unknown),
        "notes": list(result.notes),
    }


def column(result: Answer, name: str) -> dict[str, Any]:
    """What a column of the answer is: a metric with its unit, a period, or a dimension."""
    metric = next((item for item in result.metrics if item.name == name), None)
    if metric is None:
        dimension = result.dimensions.get(name)
        label, text = (dimension.label, dimension.description) if dimension else (name.capitalize(), _first_day(name))
        return {"name": name, "kind": "dimension" if dimension else "period", "label": label, "description": text,
                "type": _type(result.table.schema.field(name).type)}  # fmt: skip
    money = metric.unit == "money"
    return {
        "name": name,
        "kind": "metric",
        "label": metric.label,
        "description": metric.description,
        "type": metric.unit,
        "unit": result.currency.code if money and result.currency else metric.unit,
        "digits": numbers.places(metric, result.currency.digits if result.currency else 3),
        "format": metric.format,
        "good": metric.good,
    }


def csv(result: Answer) -> str:
    """The rows as RFC 4180, the same text as `takings query --format csv`."""
    return render(result.table, "csv")


def arrow(result: Answer) -> bytes:
    """The typed table as an Arrow IPC stream: money is a decimal, `takings` in its metadata is `about` as JSON."""
    metadata = {
        **(result.table.schema.metadata or {}),
        b"takings": json.dumps(about(result), ensure_ascii=False).encode(),
    }
    table, sink = result.table.replace_schema_metadata(metadata), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def instant(moment: datetime | None) -> str | None:
    """An instant in UTC as ISO 8601 text."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _first_day(period: str) -> str:
    return "The day." if period == "day" else f"The first day of the {period}."


def type_of(column: Column) -> str:
    """What the values of a dimension are in JSON: text, integer, boolean or date."""
    if column.type in TEXTS:
        return "text"
    return "integer" if column.type in WHOLE_NUMBERS else column.type


def _type(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_boolean(kind):
        return "boolean"
    return "integer" if pa.types.is_integer(kind) else "text"


def _notes_on_days(build: Build, question: Question, marts: list[Mart], today: date) -> Iterator[str]:
    """Which days or months the numbers are of, where that is not the days of the question."""
    start, end = question.days
    if not all(mart.time_column for mart in marts):
        return
    if (start is None or start <= today) and (end is None or end >= today):
        yield f"{today} was not over when the sources were last read: its numbers are those up to then."
    if end and end > today:
        yield f"Nothing is known yet of the days after {today}."
    if start and end and any(mart.time_grain == "month" for mart in marts):
        yield facts.months((start, end), today)
    elif grain := next((name for name in question.by if name in GRAINS and name != "day"), ""):
        if start and start != _begin(grain, start):
            yield f"The {grain} of {start} is not whole: it has the days from {start}."
        if end and end < today and end + ONE_DAY != _begin(grain, end + ONE_DAY):
            yield f"The {grain} of {end} is not whole: it has the days to {end}."
    began = facts.first_day(build, question.metrics)
    if began and start and start < began:
        yield f"The first day with any number is {began}."


def _begin(grain: str, day: date) -> date:
    """The first day of the week, month, quarter or year of a day."""
    return day - timedelta(days=day.weekday()) if grain == "week" else first_of(grain, day)


def _notes_on_filters(build: Build, question: Question) -> Iterator[str]:
    """A sentence for each text of a filter that no row has on any day, with similar ones."""
    marts = dict.fromkeys(build.catalog.metric(name).mart for name in question.metrics)
    columns, absent = dimensions(build.catalog, question.metrics), []
    for name, values in question.filters.items():
        if columns[name].type in TEXTS:
            known = {value for mart in marts for value in _texts(build, mart, name)}
            absent += [(name, value, known) for value in dict.fromkeys(values) if value and value not in known]
    for number, (name, value, known) in enumerate(absent):
        is_searched = number < NEAR_FOR and len(known) <= NEAR_AMONG
        near = difflib.get_close_matches(value, sorted(known), n=3, cutoff=0.6) if is_searched else []
        advice = f" Did you mean {' or '.join(near)}?" if near else ""
        yield f"No row has {name} = {value!r}.{advice}"


def _notes_on_rows(question: Question, rows: int) -> Iterator[str]:
    if question.by and rows == question.limit:
        yield f"The limit of {rows:,} is reached: there may be more rows."


def _texts(build: Build, mart: str, dimension: str) -> Iterator[str]:
    """The values of a dimension of texts."""
    rows = build.rows(f"SELECT DISTINCT {dimension} FROM marts.{mart} WHERE {build.own}")
    return (value for (value,) in rows if value is not None)
