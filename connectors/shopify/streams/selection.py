"""The shape of a stream's records, read from its GraphQL query: a field is declared once, where it is requested."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

Selection = dict[str, "Selection"]
"""Field to what is selected of it; empty for a value."""
WORD = re.compile(r"\.\.\. on \w+|\w+|[{}]")
PAGING = re.compile(r"%\(\w+\)s")  # what pages.py and bulk.py put in
ARGUMENTS = re.compile(r"\([^)]*\)")


def record_of(
    query: str, connections: Mapping[str, object] | None = None, lists: Collection[str] = ()
) -> dict[str, str]:
    """Field to DuckDB type of a landed record; values are texts.

    The objects of `connections` are records of their own, whose fields lie beside those of their parent. `lists` names
    the fields that hold more than one object.
    """
    fields_alone = ARGUMENTS.sub(" ", PAGING.sub(" ", query))
    (fields,) = _selection(iter(WORD.findall(fields_alone))).values()
    return _fields(fields, connections or {}, lists)


def _selection(words: Iterator[str]) -> Selection:
    """The fields up to the closing brace; those of a fragment (`... on Refund { … }`) join the fields around it."""
    selection: Selection = {}
    last = ""
    for word in words:
        if word == "}":
            break
        if word == "{":
            inner = _selection(words)
            if last.startswith("..."):
                selection |= inner
            else:
                selection[last] = inner
        elif not word.startswith("..."):
            selection[word] = {}
        last = word
    return selection


def _fields(selection: Selection, connections: Mapping[str, object], lists: Collection[str]) -> dict[str, str]:
    record: dict[str, str] = {}
    for name, inner in selection.items():
        below = connections.get(name)
        if isinstance(below, Mapping):
            record |= {"__parentId": "VARCHAR"} | _fields(inner, below, lists)
        else:
            record[name] = _type(name, inner, lists)
    return record


def _type(name: str, inner: Selection, lists: Collection[str]) -> str:
    fields = ", ".join(f"{field} {_type(field, below, lists)}" for field, below in inner.items() if field != "pageInfo")
    return f"STRUCT({fields}){'[]' * (name in lists)}" if inner else "VARCHAR"
