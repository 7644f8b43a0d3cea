"""Answers as pandas frames, for analysts: typed columns, and the facts about the numbers beside them.

    sales = ask(Path(".takings/published"), ["net_sales"], by=["month"], tenant="aurora")
    sales.attrs["as_of"], sales.attrs["reconciliation"]["state"]

pandas is an extra of the package: it is imported by these functions only. docs/guides/analysts.md shows their use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semantic import answers
from semantic.compiler import NO_FILTERS
from semantic.errors import MissingExtraError
from semantic.reports import facts
from semantic.warehouse import Published, open_build

if TYPE_CHECKING:
    from pandas import DataFrame

DIGITS = 18
"""Of an amount in a frame. Arrow multiplies and divides decimals up to 38 digits in all, so both factors need fewer."""


def ask(
    published: Published,
    metrics: str | Sequence[str],
    by: str | Sequence[str] = (),
    *,
    start: date | None = None,
    end: date | None = None,
    filters: Mapping[str, str | Sequence[str]] = NO_FILTERS,
    order: str | Sequence[str] = (),
    limit: int | None = None,
    tenant: str | None = None,
) -> DataFrame:
    """The answer of `semantic.query.ask` for one tenant, as a frame. Its `attrs` are the facts of `answers.about`, and
    what each column is. One name, or one value of a filter, needs no list.

    Raises MissingExtraError without pandas, or a SemanticError.
    """
    _pandas()
    chosen = {name: _several(values) for name, values in filters.items()}
    question = answers.Question(_several(metrics), _several(by), (start, end), None, chosen, _several(order), limit)
    with open_build(published, tenant) as build:
        result = answers.ask(build, question, subject=facts.subject(build), now=datetime.now(UTC))
    columns = [answers.column(result, name) for name in result.table.column_names]
    return frame(result.table, {**answers.about(result), "columns": columns})


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def frame(table: pa.Table, about: dict[str, Any] | None = None) -> DataFrame:
    """A table of `semantic.query.ask`, or of an Arrow stream of the API, as a frame.

    Money is a decimal of its currency's places (Arrow's type), counts and other whole numbers are Int64, days are
    dates, ratios floats, texts strings; what is unknown is NA. `attrs` are `about`, else what the table's metadata
    says. Raises MissingExtraError.
    """
    pandas = _pandas()

    def type_of(kind: pa.DataType) -> Any:
        return pandas.Int64Dtype() if pa.types.is_integer(kind) else pandas.ArrowDtype(kind)

    numbers: DataFrame = _narrow(table).to_pandas(types_mapper=type_of)
    numbers.attrs = about if about is not None else _metadata(table)
    return numbers


def _narrow(table: pa.Table) -> pa.Table:
    """The same amounts with fewer digits where all of them fit, so that they can be multiplied and divided."""
    for number, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.precision > DIGITS:
            kind = pa.decimal128(DIGITS, min(DIGITS, field.type.scale))
            try:
                table = table.set_column(number, field.with_type(kind), table.column(number).cast(kind))
            except pa.ArrowInvalid:  # an amount of more than 18 digits stays as it is
                continue
    return table


def _metadata(table: pa.Table) -> dict[str, Any]:
    """The facts of a table: as the API writes them, else those of `semantic.query.ask`."""
    texts = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if "takings" in texts:
        return dict(json.loads(texts["takings"]))
    return {name: texts[name] for name in ("tenant", "currency", "as_of", "definitions", "run_id") if name in texts}


def _pandas() -> Any:
    try:
        import pandas  # noqa: PLC0415 (an extra: nobody else waits for it)
    except ImportError as error:
        raise MissingExtraError("pandas", str(error)) from None
    return pandas
