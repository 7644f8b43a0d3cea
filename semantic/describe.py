"""What a metric is, as text for people: `takings metrics NAME` and the reference."""

from __future__ import annotations

from semantic.catalog import Catalog, Metric
from semantic.compiler import GRAINS, expression


def describe(catalog: Catalog, name: str) -> str:
    """A metric's unit, description, inputs, dimensions and SQL. Raises UnknownNameError or CompileError."""
    metric = catalog.metric(name)
    sql = expression(catalog, name)
    mart = catalog.marts[metric.mart]
    grain = mart.time_grain or "day"
    periods = GRAINS[GRAINS.index(grain) :] if mart.time_column else ()
    lines = [f"{metric.name}: {metric.label} ({metric.unit})", metric.description, made_of(metric)]
    if metric.non_additive_over:
        columns = [grain if column == mart.time_column else column for column in metric.non_additive_over]
        lines.append(f"Not additive: ask by {' and '.join(columns)} too.")
    lines += [f"Dimensions: {', '.join((*periods, *mart.dimensions))}", f"SELECT {sql} FROM marts.{mart.name}"]
    return "\n  ".join(lines) + "\n"


def made_of(metric: Metric) -> str:
    """What a metric is computed from, in one line: a column, or other metrics."""
    inputs = " ÷ ".join(f"`{name}`" for name in metric.inputs)
    match metric.kind:
        case "sum":
            return f"Sum of `{metric.expr}`."
        case "ratio":
            return f"{metric.expr} × {inputs}." if metric.expr else f"{inputs}."
        case "percentile":
            return f"{100 * (metric.percentile or 0):.0f}th percentile of `{metric.expr}`."
        case "derived":
            return f"`{metric.expr}`."
        case _:
            return f"No expression over one mart: {metric.expr}."
