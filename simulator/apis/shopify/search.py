"""The ``query:`` argument: ``field:value`` and ``field:>=value`` terms joined by AND.

As with Shopify, a term with an unknown field is ignored with a warning in ``extensions.search``: a typo silently widens
the result. The simulator refuses OR, NOT and brackets, which Shopify allows.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_TERM = re.compile(
    r"""\s*(?:(?P<word>AND|OR|NOT)\b|(?P<bracket>[()])|(?P<minus>-?)(?P<field>\w+):(?P<sign>>=|<=|>|<)?
                       \s*(?P<value>"[^"]*"|'[^']*'|[^\s()]+)|(?P<free>\S+))""",
    re.VERBOSE,
)
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "": operator.eq,
}


class SearchError(ValueError):
    """A search that the simulator cannot read or does not support."""


@dataclass(frozen=True)
class Searchable:
    """A field that can be searched. ``kind`` is time, day (compares whole UTC days), text, bool or id."""

    kind: str
    get: Callable[[Any], Any]


@dataclass
class Search:
    """A compiled search; ``predicate`` takes an object of the connection."""

    predicate: Callable[[Any], bool]
    warnings: list[dict[str, str]] = field(default_factory=list)


def instant_of(text: str) -> int:
    """An ISO 8601 time as an instant. A date is its midnight, a time without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise SearchError(f"Invalid timestamp {text!r} in a search.") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def compile_search(text: str | None, known: Mapping[str, Searchable]) -> Search:
    """The search in a ``query:`` argument. Raises SearchError."""
    tests: list[Callable[[Any], bool]] = []
    search = Search(lambda source: all(test(source) for test in tests))
    position = 0
    text = text or ""
    while position < len(text.rstrip()):
        match = _TERM.match(text, position)
        if match is None:
            raise SearchError(f"Cannot read the search at {text[position:]!r}.")
        position = match.end()
        if match["word"] == "AND":
            continue
        if match["word"] or match["bracket"] or match["minus"] or match["free"]:
            raise SearchError(f"The simulator's search knows terms joined by AND, not {match.group().strip()!r}.")
        name, sign, value = match["field"], match["sign"] or "", match["value"].strip("'\"")
        if name not in known:
            search.warnings.append(
                {"field": name, "message": "Invalid search field for this query.", "code": "invalid_field"}
            )
            continue
        tests.append(_test(known[name], sign, value))
    return search


def _test(searchable: Searchable, sign: str, value: str) -> Callable[[Any], bool]:
    compare, get = _SIGNS[sign], searchable.get
    operand: Any = value.lower()
    if searchable.kind == "time":
        operand = instant_of(value)
        return lambda source: compare(get(source), operand)
    if searchable.kind == "day":
        operand = instant_of(value) // 86_400
        return lambda source: compare(get(source) // 86_400, operand)
    if searchable.kind == "bool":
        operand = value.lower() == "true"
        return lambda source: bool(get(source)) == operand
    if searchable.kind == "id":
        operand = int(value.rsplit("/", 1)[-1])
        return lambda source: compare(get(source), operand)
    return lambda source: compare(str(get(source)).lower(), operand)
