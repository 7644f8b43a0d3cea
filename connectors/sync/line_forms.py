"""How a program writes its lines of JSON: its keys in their order, its blanks, and which values have quotes.

A line without a backslash that equals its own values written in this form has each key once and no other key, and each
of its values was read as it is written: one comparison in place of a second reading of the line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sync.load import literal


@dataclass(frozen=True)
class LineForm:
    """The form of most lines. `texts` are the keys whose values have quotes, `nullable` those that may be null;
    `after_key` and `after_value` are a colon and a comma with the blanks that follow them. Without keys there is none.
    """

    keys: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    after_key: str = ":"
    after_value: str = ","

    def line(self, values: Mapping[str, str]) -> str:
        """SQL for the line that has some values, given as the SQL of their texts by key. The value of a key that has
        neither quotes nor a known kind is its JSON."""
        parts, text = list[str](), "{"
        for number, key in enumerate(self.keys):
            value, quote = values[key], '"' if key in self.texts else ""
            text += f'{self.after_value if number else ""}"{key}"{self.after_key}'
            if key in self.nullable:
                value = f"coalesce({literal(quote)} || {value} || {literal(quote)}, 'null')"
                parts += [literal(text), value]
                text = ""
            else:
                parts += [literal(text + quote), value]
                text = quote
        return f"concat({', '.join([*parts, literal(text + '}')])})"


def form_of(lines: Iterable[tuple[bytes, Mapping[str, Any]]], as_json: Iterable[str] = ()) -> LineForm:
    """The form of most of some lines, which come with their objects. `as_json` are keys whose values are taken as
    JSON, quotes included."""
    sample = [(line, record) for line, record in lines if record]
    if not sample:
        return LineForm()
    keys = Counter(tuple(record) for _, record in sample).most_common(1)[0][0]
    usual = [(line, record) for line, record in sample if tuple(record) == keys]
    raw = set(as_json)
    spaced = sum(line.startswith(f'{{"{keys[0]}": '.encode()) for line, _ in usual) * 2 > len(usual)
    return LineForm(
        keys,
        frozenset(key for key in keys if key not in raw and _has_quotes([record[key] for _, record in usual])),
        frozenset(key for key in keys if key in raw or any(record[key] is None for _, record in usual)),
        *((": ", ", ") if spaced else (":", ",")),
    )


def _has_quotes(values: list[Any]) -> bool:
    texts = sum(isinstance(value, str) for value in values)
    return texts * 2 > sum(value is not None for value in values)
