"""Fields that the token may not read: which may stay empty, and a query without them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

GRANT = (
    "Grant it to the app (Dev Dashboard: its scopes; for names, addresses and e-mail addresses its access request "
    "for protected customer data, level 2), approve the app in the shop again, then run again"
)
NEEDED = re.compile(  # without these, numbers would be wrong without an error
    r"(__typename|id|customer|lineItem|refunds?|order|product|variant|test|quantity|currentQuantity|actionType|lineType"
    r"|kind|status|amount|currencyCode|\w+Set|total\w*Amount\w*|\w+At)$"
)
WRAPPERS = frozenset({"nodes", "edges", "node"})
WORD = re.compile(r'\.\.\.\s*on\s+\w+|\w+|\((?:"[^"]*"|[^()"])*\)|[{}]')

Path = tuple[str, ...]
"""The fields from the root to one, without what wraps lists."""


def path_of(reported: str) -> Path:
    """The fields of a path such as `orders.nodes.email`."""
    return tuple(name for name in reported.split(".") if name not in WRAPPERS)


def needed(denied: Mapping[str, str]) -> list[str]:
    """The denied paths without which numbers would be wrong."""
    return sorted(reported for reported in denied if NEEDED.fullmatch(reported.rsplit(".", 1)[-1]))


@dataclass
class _Field:
    text: str
    below: list[_Field] = field(default_factory=list)
    has_braces: bool = False


def without(query: str, denied: Collection[Path]) -> str:
    """A query without the denied fields; a field of which nothing is left is left out too."""
    words: Iterator[str] = iter(WORD.findall(query))
    return " ".join(_written(_parsed(words), (), denied))


def _parsed(words: Iterator[str]) -> list[_Field]:
    fields: list[_Field] = []
    for word in words:
        if word == "}":
            break
        if word == "{":
            if not fields:
                fields.append(_Field(""))  # the query's own braces
            fields[-1].below, fields[-1].has_braces = _parsed(words), True
        elif word.startswith("("):
            fields[-1].text += word
        else:
            fields.append(_Field(word))
    return fields


def _written(fields: list[_Field], above: Path, denied: Collection[Path]) -> Iterator[str]:
    for one in fields:
        name = one.text.partition("(")[0]
        is_step = name and name not in WRAPPERS and not name.startswith("...")
        path = (*above, name) if is_step else above
        if is_step and path in denied:
            continue
        below = list(_written(one.below, path, denied))
        if not one.has_braces:
            yield one.text
        elif below:
            yield " ".join([one.text, "{", *below, "}"]).strip()
