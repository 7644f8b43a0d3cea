"""A contract: its fields, which of them are required, and what each may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

Check = Callable[[Mapping[str, str]], str | None]
"""check(values): why the values of a record, each valid by itself, contradict each other; None if they do not."""


class Kind(Enum):
    """What a field holds; the value is the type of its staging column (`connectors.base.Column`)."""

    ID = ("id", "VARCHAR")
    TEXT = ("text", "VARCHAR")
    WORD = ("word", "VARCHAR")
    COUNTRY = ("country", "VARCHAR")
    FLAG = ("flag", "BOOLEAN")
    INSTANT = ("instant", "INSTANT")
    COUNT = ("count", "BIGINT")
    MILLISECONDS = ("milliseconds", "BIGINT")
    """A measurement in milliseconds, rounded to a whole number of them."""
    SECONDS = ("seconds", "BIGINT")
    """A measurement in seconds, rounded to microseconds."""
    USD = ("usd", "MONEY")
    """An amount in US dollars with at most six decimals; more of them are a mistake."""
    COST = ("cost", "BIGINT")
    """An amount in US dollars, rounded to micros: a computed cost has more decimals than money."""
    DECIMAL = ("decimal", "DECIMAL")
    AMOUNT = ("amount", "MONEY")
    """An amount of the record's currency with at most six decimals."""
    CURRENCY = ("currency", "VARCHAR")
    DAY = ("day", "DATE")
    """A day of the tenant's calendar, which may be in the future."""
    MONTH = ("month", "DATE")
    """A month of the tenant's calendar, loaded as its first day."""

    @property
    def column_type(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Field:
    """A field of a record. `words` are what it may hold, `least` and `most` the limits of a number, `longest` the
    number of characters of a text. `column` is its staging column where that has another name."""

    name: str
    kind: Kind
    required: bool = False
    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 10**12
    longest: int = 500
    column: str = ""

    @property
    def loaded_as(self) -> str:
        return self.column or self.name


@dataclass(frozen=True)
class Contract:
    """A kind of record. `key` tells records apart, none for records without an id; the newest `version` wins.

    `private` is the field that is kept only where the source's settings say `keep_text`; its length is always kept.
    `check` finds values that contradict each other.
    """

    name: str
    fields: tuple[Field, ...]
    key: str | None
    version: str | None = None
    private: str | None = None
    check: Check | None = None

    @property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @property
    def texts_kept(self) -> tuple[str, ...]:
        """The required times, whose text is kept as it was written in a column of its own."""
        return tuple(field.name for field in self.fields if field.kind is Kind.INSTANT and field.required)

    @property
    def columns(self) -> dict[str, str]:
        """The staging columns and their types, in order."""
        columns: dict[str, str] = {}
        for field in self.fields:
            columns[field.loaded_as] = field.kind.column_type
            if field.name in self.texts_kept:
                columns[f"{field.name}_text"] = "VARCHAR"
        return columns
