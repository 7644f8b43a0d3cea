"""Filters: the values of dimensions that the rows of a question must have, as conditions of SQL.

    {"channel": ["Online store", "Point of sale"]}  ──conditions──▶  channel IN ('Online store', 'Point of sale')

An empty value stands for rows without a value: NULL, or an empty text. Values come from strangers: each becomes a
literal of its column's type, or is refused.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from common.numbers import whole
from semantic.catalog import Mart
from semantic.errors import CompileError

Filters = Mapping[str, Sequence[str]]
"""Accepted values by dimension; several dimensions must hold together."""
TEXTS, WHOLE_NUMBERS = ("varchar", "text", "string"), ("smallint", "integer", "bigint")
LARGEST = 2**63 - 1


def parse(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The filters of texts such as `channel=Online store,Retail`; a value with a comma is in double quotes.

    Texts of the same dimension add their values. Raises CompileError.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name.strip():
            raise CompileError(f"Cannot filter by {text[:80]!r}", "it is not name=value", "Write country=DE,FR")
        try:
            (row,) = csv.reader([values], strict=True, skipinitialspace=True) if values else [[""]]
        except (csv.Error, ValueError):
            why = "a quote is not closed, or a value has a line break"
            raise CompileError(
                f"Cannot filter by {text[:80]!r}", why, 'Write product_title="Tent, blue",Lamp'
            ) from None
        chosen = [value.strip() for value in row]
        if len(chosen) > 1 and "" in chosen:
            advice = f"Remove a comma; rows without a value are a filter of their own: {name.strip()}="
            raise CompileError(f"Cannot filter by {text[:80]!r}", "one of its values is empty", advice)
        filters[name.strip()] = tuple(dict.fromkeys((*filters.get(name.strip(), ()), *chosen)))
    return filters


def conditions(mart: Mart, filters: Filters) -> list[str]:
    """The conditions of a mart that has all these dimensions. Raises CompileError for values that no row can have."""
    return [_condition(name, _type(mart, name), values) for name, values in filters.items()]


def is_single(filters: Filters, name: str) -> bool:
    """Whether only rows with one value of this dimension are left."""
    values = set(filters.get(name, ()))
    return len(values) == 1 and "" not in values


def literal(text: str) -> str:
    """A text as an SQL literal that DuckDB, Postgres and Spark read alike: for Spark, a backslash would escape."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "(" + quoted.replace("\\", "' || CHR(92) || '") + ")" if "\\" in text else quoted


def _condition(name: str, kind: str, values: Sequence[str]) -> str:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        why, advice = "its values are not a list of texts", f'Send {{"{name}": ["value"]}}, and "" for rows without one'
        raise CompileError(f"Cannot filter by {name}", why, advice)
    if not values:
        raise CompileError(f"Cannot filter by {name}", "it has no value", f"Name one: {name}=value")
    literals = ", ".join(_literal(name, kind, value) for value in dict.fromkeys(values) if value != "")
    parts = [f"{name} IN ({literals})"] if literals else []
    if "" in values:
        parts.append(f"{name} IS NULL")
        parts += [f"{name} = ''"] if kind in TEXTS else []
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def _literal(name: str, kind: str, value: str) -> str:
    if kind in TEXTS:
        if "\x00" in value or not _is_unicode(value):
            raise _refused(name, value, "it holds characters that no text has", "Copy the value from an answer")
        return literal(value)
    if kind == "boolean":
        if value not in ("true", "false"):
            raise _refused(name, value, "the dimension is yes or no", "Write true or false")
        return value
    try:
        if kind in WHOLE_NUMBERS:
            return str(max(-LARGEST, min(LARGEST, whole(value))))  # no row has a number beyond
        return f"DATE '{date.fromisoformat(value).isoformat()}'"
    except ValueError:
        what, example = ("whole numbers", "3") if kind in WHOLE_NUMBERS else ("days", "2026-11-28")
        raise _refused(name, value, f"the dimension has {what}", f"Write it as {example}") from None


def _type(mart: Mart, name: str) -> str:
    kind = next((column.type.lower() for column in mart.columns if column.name == name), "")
    if kind not in (*TEXTS, *WHOLE_NUMBERS, "boolean", "date"):
        why = f"{mart.name} has it as {kind or 'nothing'}, and filters are texts, whole numbers, days, true or false"
        raise CompileError(f"Cannot filter by {name}", why, "Ask by it, and choose rows of the answer")
    return kind


def _refused(name: str, value: str, why: str, next_step: str) -> CompileError:
    return CompileError(f"Cannot filter by {name} = {value[:80]!r}", why, next_step)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
