"""Turns a metric into one SQL expression and a question into one query, for Superset, exports, alerts and API alike.

The SQL runs on DuckDB, Postgres and Spark. Money is summed in minor units (advertising: micros) and converted to
currency units in the last step, exactly (a decimal of three places; micros: six), and only where all rows have one
currency: a sum over two currencies is NULL. A ratio divides sums; ratios are never added up. A metric is NULL over
several values of a column in its `non_additive_over`, and where the sum lacks something (`unknown_with`): a sum of
costs of which one is unknown must not look whole. A percentile is interpolated over the rows of
its group, to six places: engines differ in the last digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from common.comparison import Comparison
from semantic.catalog import Catalog, Mart, Metric
from semantic.errors import CompileError, RangeError, UnknownNameError
from semantic.filters import Filters, conditions, is_single, literal

ONE = "EXP(0)"
"""A one that makes a double of what it multiplies, in every engine: each has another name for this type."""
GRAINS = ("day", "week", "month", "quarter", "year")
NO_FILTERS: Filters = MappingProxyType({})


def expression(catalog: Catalog, metric_name: str) -> str:
    """The metric as one aggregate over its mart: money in currency units, NULL where it has no meaning.

    Raises UnknownNameError or CompileError.
    """
    metric = catalog.metric(metric_name)
    mart = _mart_of(catalog, metric)
    if metric.kind == "ratio":
        value, money = _ratio(catalog, metric)
        if metric.in_parts_of_a_cent:
            value = f"CAST(ROUND({value}) AS DECIMAL(32, 0)) * 0.000001"  # a half of a millionth is exact in a double
    elif metric.kind == "percentile":
        interpolated = f"PERCENTILE_CONT({metric.percentile}) WITHIN GROUP (ORDER BY {metric.expr})"
        value, money = f"CAST({interpolated} AS DECIMAL(38, 6)) * {ONE}", False
    elif metric.unit == "money" and metric.micros:
        value, money = f"CAST({_sum(catalog, metric)} AS DECIMAL(32, 0)) * 0.000001", True
    elif metric.unit == "money":
        scale = "CAST(1000 / MAX(minor_units) AS BIGINT)"
        value, money = f"CAST({_sum(catalog, metric)} * {scale} AS DECIMAL(34, 0)) * 0.001", True
    else:
        value, money = f"CAST({_sum(catalog, metric)} AS BIGINT)", False
    guards = ["currency"] * money + list(metric.non_additive_over)
    lacking = [metric.unknown_with] if metric.unknown_with else []
    for column in (*guards, *lacking):
        if not mart.has(column):
            why = f"{mart.name} has no column {column}"
            raise CompileError(f"Cannot compile {metric.name}", why, "Add the column to the mart")
    conditions = [f"MIN({column}) = MAX({column})" for column in guards]
    conditions += [f"COALESCE(SUM({column}), 0) = 0" for column in lacking]
    if not conditions:
        return value
    condition = " AND ".join(conditions)
    return f"CASE WHEN {condition} THEN {value} END"


def badge_expression(catalog: Catalog, metric_name: str) -> str:
    """'green', 'yellow' or 'red' by the metric's thresholds, on the unrounded value; NULL where the metric is."""
    limits = catalog.metric(metric_name).thresholds
    if not limits or set(limits) != {"green", "yellow"}:
        raise CompileError(
            f"Metric {metric_name} has no badge",
            "its config.meta.thresholds have no green and yellow limits",
            "Add them to its YAML under semantic/metrics",
        )
    value = expression(catalog, metric_name)
    green, yellow = limits["green"], limits["yellow"]
    cases = f"WHEN {value} <= {green} THEN 'green' WHEN {value} <= {yellow} THEN 'yellow'"
    return f"CASE {cases} WHEN {value} > {yellow} THEN 'red' END"


def compile_query(
    catalog: Catalog,
    metrics: Sequence[str],
    *,
    by: Sequence[str] = (),
    labels: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
    tenant: str | None = None,
    filters: Filters = NO_FILTERS,
    order: Sequence[str] = (),
    limit: int | None = None,
    only: str | None = None,
    beside: Comparison | None = None,
) -> str:
    """One query for metrics of one or several marts. Raises a SemanticError where the question has no answer.

    `by` names dimensions that all the marts share and at most one period (day, week from Monday, month, quarter,
    year); a period is a column with the period's first day. Rows between `start` and `end`, both included, with the
    values of `filters`. Each mart is aggregated before the results are joined, so no row is counted twice. `labels` are
    dimensions that depend on those of `by` (a product's title): of several values in a group, the last in order. Sorted
    by `order` (a leading "-" for descending), then by the columns of `by`. `only` keeps the groups in which that metric
    is above zero; it must be among the metrics, all of one mart. `beside`: the rows are of earlier days, and a period
    is the one that they are compared with.
    """
    _check_types({"metrics": metrics, "by": by, "order": order}, {"start": start, "end": end}, limit)
    if start and end and start > end:
        raise RangeError(f"No days from {start} to {end}", "the first day is after the last", "Swap the two dates")
    if not metrics:
        raise CompileError("The question is empty", "no metric is named", "Name at least one metric")
    requested = {name: catalog.metric(name) for name in metrics}
    marts = {item.name: item for item in (_mart_of(catalog, metric) for metric in requested.values())}
    _check_by(list(marts.values()), list(requested.values()), [*by, *labels])
    _check_filters(list(marts.values()), filters)
    single = [name for name in filters if is_single(filters, name)]
    for metric in requested.values():
        _check_non_additive(catalog.marts[metric.mart], metric, [*by, *single], start, end)
    having = f"\nHAVING {expression(catalog, only)} > 0" if only in requested and len(marts) == 1 else ""
    if only and not having:
        why = "it is not among the metrics, or they come from several marts"
        raise CompileError(
            f"Cannot keep only rows with {only}", why, "Ask for metrics of one mart, this one among them"
        )
    parts = []
    for mart in marts.values():
        columns = [f"{_key(mart, name, beside)} AS {name}" for name in by] + [
            f"{_last(mart, name)} AS {name}" for name in labels
        ]
        columns += [
            f"{expression(catalog, name) if metric.mart == mart.name else _nothing(metric)} AS {name}"
            for name, metric in requested.items()
        ]
        text = "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM marts.{mart.name}"
        where = [*_conditions(mart, start, end, tenant), *conditions(mart, filters)]
        text += "\nWHERE " + "\n  AND ".join(where) if where else ""
        parts.append(text + ("\nGROUP BY " + ", ".join(_key(mart, name, beside) for name in by) if by else ""))
    if len(parts) == 1:
        sql = parts[0] + having
    else:
        of_labels = [f"{_last(next(iter(marts.values())), name)} AS {name}" for name in labels]
        outer = ",\n  ".join([*by, *of_labels, *(f"MAX({name}) AS {name}" for name in requested)])
        inner = "\nUNION ALL\n".join(parts)
        sql = f"SELECT\n  {outer}\nFROM (\n{inner}\n) AS parts" + (f"\nGROUP BY {', '.join(by)}" if by else "")
    return sql + _tail(order, by, requested, limit)


def _check_types(lists: Mapping[str, Sequence[str]], days: Mapping[str, date | None], limit: int | None) -> None:
    """Refuse what Python would take for something else: a text for the list of its letters, an instant for a day."""
    for place, names in lists.items():
        if isinstance(names, str):
            raise CompileError(f"{place} is one text", "it is a list of names", f"Send [{names[:80]!r}]")
    for place, day in days.items():
        if day is not None and type(day) is not date:
            raise RangeError(f"{place} is not a day", f"it is {day!r}", "Send a datetime.date")
    if limit is not None and limit < 1:
        raise CompileError(f"Cannot limit to {limit} rows", "an answer has at least one", "Send 1 or more, or no limit")


def compile_ranges(
    catalog: Catalog,
    metrics: Sequence[str],
    ranges: Sequence[tuple[date, date]],
    *,
    by: Sequence[str] = (),
    labels: Sequence[str] = (),
    tenant: str | None = None,
) -> str:
    """One query for metrics of one mart over several ranges of days, which may overlap.

    A row per range that has rows: `range_number` from 0, then the columns of `by`, `labels` and the metrics. Raises a
    SemanticError where a range has no answer.
    """
    requested = [catalog.metric(name) for name in metrics]
    marts = {item.name: item for item in (_mart_of(catalog, metric) for metric in requested)}
    if len(marts) != 1 or not ranges:
        raise CompileError("Cannot ask for several ranges", "the metrics come from several marts", "Ask for one mart")
    (mart,) = marts.values()
    _check_by([mart], requested, [*by, *labels])
    for metric in requested:
        for start, end in ranges:
            _check_non_additive(mart, metric, by, start, end)
    listed = ",\n  ".join(f"({number}, DATE '{start}', DATE '{end}')" for number, (start, end) in enumerate(ranges))
    columns = ["range_number", *by, *(f"{_last(mart, name)} AS {name}" for name in labels)]
    columns += [f"{expression(catalog, name)} AS {name}" for name in metrics]
    where = "".join(f"\nWHERE {condition}" for condition in _conditions(mart, None, None, tenant))
    keys = ", ".join(["range_number", *(_key(mart, name) for name in by)])
    return (
        f"WITH ranges (range_number, range_start, range_end) AS (VALUES\n  {listed})\nSELECT\n  "
        + ",\n  ".join(columns)
        + f"\nFROM marts.{mart.name}\nINNER JOIN ranges ON {mart.time_column} BETWEEN range_start AND range_end"
        + f"{where}\nGROUP BY {keys}"
    )


def _mart_of(catalog: Catalog, metric: Metric) -> Mart:
    if metric.kind == "other":
        raise CompileError(
            f"Metric {metric.name} is not one expression over one mart",
            metric.expr,
            "Compute it in a mart of dbt_project and sum that column",
        )
    return catalog.marts[metric.mart]


def _ratio(catalog: Catalog, metric: Metric) -> tuple[str, bool]:
    """The division, and whether money is in it. Money divided by money needs the same scale on both sides."""
    top, bottom = (catalog.metric(name) for name in metric.inputs)
    money = [part for part in (top, bottom) if part.unit == "money"]
    if len({part.micros for part in money}) > 1:
        why = "one of its inputs is in minor units, the other in micros"
        raise CompileError(f"Cannot compile {metric.name}", why, "Divide amounts of one scale")
    above, below = _sum(catalog, top), _sum(catalog, bottom)
    if metric.expr:
        above = f"{metric.expr} * {above}"
    if money == [top] and not metric.in_parts_of_a_cent:  # which is divided in micros
        below = f"{below} * {1_000_000 if top.micros else 'MAX(minor_units)'}"
    double = "" if metric.in_parts_of_a_cent else f" * {ONE}"  # decimals would be divided to other last digits
    return f"CAST({above} AS DECIMAL(38, 4)){double} / NULLIF({below}, 0)", bool(money)


def _nothing(metric: Metric) -> str:
    """NULL for a metric of another mart. PostgreSQL takes a bare one for a text, where several marts have none."""
    kind = "BIGINT" if metric.unit == "count" and metric.adds_up else "DECIMAL(38, 6)"
    if metric.unit == "money" and metric.adds_up and not metric.micros:
        kind = "DECIMAL(38, 3)"
    return f"CAST(NULL AS {kind})"


def _sum(catalog: Catalog, metric: Metric) -> str:
    """The metric in minor units (money) or as a count, before any division."""
    if metric.kind == "sum":
        return f"SUM({metric.expr})"
    if metric.kind != "derived":
        why = f"it is a {metric.kind}"
        raise CompileError(f"Metric {metric.name} cannot be an input", why, "Use the inputs of that ratio")
    known = re.fullmatch(r"COALESCE\((.+)\)", metric.expr)  # the first one of these sums of which all parts are known
    sums = [re.split(r"\s*([+-])\s*", text) for text in (known[1].split(", ") if known else [metric.expr])]
    names = [name for parts in sums for name in parts[::2]]
    if set(names) != set(metric.inputs) or {catalog.metric(name).unit for name in names} != {metric.unit}:
        raise CompileError(
            f"Metric {metric.name} cannot be compiled",
            f"{metric.expr!r} is not a sum or difference of its input metrics, all of its own unit",
            "Add and subtract metrics of one unit; divide with `type: ratio`",
        )
    texts = (
        " ".join(part if part in "+-" else _sum(catalog, catalog.metric(part)) for part in parts) for parts in sums
    )
    return f"{'COALESCE' if known else ''}({', '.join(texts)})"


def _check_by(marts: Sequence[Mart], metrics: Sequence[Metric], by: Sequence[str]) -> None:
    """Refuse dimensions and periods that the marts do not share or do not have."""
    together = ", ".join(metric.name for metric in metrics)
    shared = shared_dimensions(marts)
    if len([name for name in by if name in GRAINS]) > 1 or len(set(by)) < len(by):
        why = "it names two periods, or a dimension twice"
        raise CompileError(f"Cannot ask by {', '.join(by)}", why, "Name one period and each dimension once")
    for name in by:
        if name in GRAINS:
            for mart in marts:
                if not mart.time_column or GRAINS.index(name) < GRAINS.index(mart.time_grain or "day"):
                    raise CompileError(
                        f"Cannot ask {together} by {name}",
                        f"{mart.name} has {f'one row per {mart.time_grain}' if mart.time_grain else 'no dates'}",
                        f"Ask by {mart.time_grain} or longer" if mart.time_grain else "Ask without a period",
                    )
        elif name not in shared:
            raise UnknownNameError(
                "dimension", name, [*shared, *GRAINS], f"{together} cannot be grouped by it together"
            )


def shared_dimensions(marts: Sequence[Mart]) -> list[str]:
    """The dimensions that all these marts have."""
    return [name for name in marts[0].dimensions if all(name in mart.dimensions for mart in marts)]


def _check_filters(marts: Sequence[Mart], filters: Filters) -> None:
    """Refuse filters by what the marts do not share."""
    shared = shared_dimensions(marts)
    for name in filters:
        if name in GRAINS:
            raise CompileError(f"Cannot filter by {name}", "it is a period", "Choose a first and a last day")
        if name not in shared:
            why = (
                f"{' and '.join(mart.name for mart in marts)} cannot be filtered by it{' together' * (len(marts) > 1)}"
            )
            raise UnknownNameError("dimension", name, shared, why)


def _check_non_additive(mart: Mart, metric: Metric, by: Sequence[str], start: date | None, end: date | None) -> None:
    """Refuse to add up a metric over a column where it is not additive. One single period of a time column is fine."""
    for column in metric.non_additive_over:
        period = column
        if column == mart.time_column:
            period = mart.time_grain or "day"
            if start and end and _first(period, start) == _first(period, end):
                continue
        if period not in by:
            raise CompileError(
                f"Cannot add up {metric.name} over several {period}s",
                f"the same things are counted again at every {period}",
                f"Ask by {period} too" + (f", or filter by one {period}" if period == column else ""),
            )


def _first(grain: str, day: date) -> date:
    """The first day of a period; marts have days or months."""
    return day.replace(day=1) if grain == "month" else day


def _key(mart: Mart, name: str, beside: Comparison | None = None) -> str:
    """The SQL expression of a column of `by`."""
    if name not in GRAINS:
        return name
    column = str(mart.time_column)
    if beside:
        number, unit = beside.shift(name, of_months=mart.time_grain == "month")
        column = f"CAST({column} + INTERVAL '{number}' {unit} AS DATE)"
    if name == mart.time_grain:
        return column
    return f"CAST(DATE_TRUNC('{name}', {column}) AS DATE)"


def _last(mart: Mart, label: str) -> str:
    """The last value of a label in its group. PostgreSQL has no order of truth values."""
    is_boolean = any(column.name == label and column.type == "boolean" for column in mart.columns)
    return f"{'BOOL_OR' if is_boolean else 'MAX'}({label})"


def _conditions(mart: Mart, start: date | None, end: date | None, tenant: str | None) -> list[str]:
    result = [f"tenant_id = {literal(tenant)}"] if tenant is not None else []
    if (start or end) and not mart.time_column:
        raise CompileError(f"{mart.name} has no days", "it has no time column", "Ask without a range")
    if start:
        first = start.replace(day=1) if mart.time_grain == "month" else start
        result.append(f"{mart.time_column} >= DATE '{first.isoformat()}'")
    if end:
        result.append(f"{mart.time_column} <= DATE '{end.isoformat()}'")
    return result


def _tail(order: Sequence[str], by: Sequence[str], metrics: Iterable[str], limit: int | None) -> str:
    """ORDER BY and LIMIT. The columns of `by` break ties, so that a top ten is always the same."""
    known = [*by, *metrics]
    for name in order:
        if name.removeprefix("-") not in known:
            raise UnknownNameError("column to sort by", name.removeprefix("-"), known)
    terms = [f"{name[1:]} DESC NULLS LAST" if name.startswith("-") else f"{name} NULLS LAST" for name in order]
    terms += [f"{name} NULLS LAST" for name in by if name not in {item.removeprefix("-") for item in order}]
    return ("\nORDER BY " + ", ".join(terms) if terms else "") + (f"\nLIMIT {limit:d}" if limit is not None else "")
