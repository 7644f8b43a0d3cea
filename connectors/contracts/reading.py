"""One record of a contract: what is loaded of it, or why nothing is. The one reading for every way that it comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from connectors.contracts import values
from connectors.contracts.fields import Contract, Field, Kind
from connectors.contracts.values import ValueMistakeError
from connectors.surrogates import without_halves


@dataclass(frozen=True)
class Row:
    """A record that can be loaded: the texts of its staging columns, those without a value left out.

    `unknown` are the fields that the contract does not have, as they were written; `no_ids` are fields that held a word
    for no id, with it; `halves` is how many broken characters were replaced.
    """

    columns: dict[str, str]
    unknown: Mapping[str, Any]
    no_ids: tuple[tuple[str, str], ...] = ()
    halves: int = 0


@dataclass(frozen=True)
class Rejected:
    """Why a record cannot be loaded. `again_at`: when the clock says so much, it may be right. `key` is its id, where
    that can be read."""

    reason: str
    again_at: datetime | None = None
    key: str | None = None


class RecordReader:
    """Reads records of one contract. `zone` is that of times without one, `now` (UTC) decides what lies in the future;
    without `keep_text` the contract's private text is left out and only its length is kept."""

    def __init__(self, contract: Contract, zone: tzinfo, now: datetime, *, keep_text: bool = False) -> None:
        self.contract, self.zone, self.now, self.keep_text = contract, zone, now, keep_text
        self._fields = contract.by_name
        self._texts_kept = frozenset(contract.texts_kept)
        self._required = tuple(field for field in contract.fields if field.required)

    def read_json(self, line: bytes) -> Row | Rejected:
        """Read one object of JSON in UTF-8. A key that comes twice is a mistake."""
        line, halves = without_halves(line)
        try:
            pairs = _EXACT.decode(line.decode())
        except _TwiceError as error:
            return Rejected(f"{error} is there twice: it is not known which one is right")
        except (ValueError, RecursionError) as error:
            return Rejected(f"not JSON in UTF-8 ({str(error)[:200]})")
        if not isinstance(pairs, dict):
            return Rejected("not an object of JSON")
        return self.read(pairs, halves)

    def read(self, record: Mapping[str, Any], halves: int = 0) -> Row | Rejected:
        """Read one record: texts, or values of JSON with numbers as int or Decimal; None and blank are no value."""
        no_ids = list[tuple[str, str]]()
        try:
            columns = self._columns(record, no_ids)
        except ValueMistakeError as error:
            return Rejected(str(error), error.again_at, self.key_of(record))
        if reason := self._why_incomplete(columns):
            return Rejected(reason, key=self.key_of(record))
        unknown = {name: value for name, value in record.items() if name not in self._fields}
        return Row(columns, unknown, tuple(no_ids), halves)

    def _columns(self, record: Mapping[str, Any], no_ids: list[tuple[str, str]]) -> dict[str, str]:
        columns: dict[str, str] = {}
        for name, value in record.items():
            if (field := self._fields.get(name)) is not None and value is not None:
                self._read_field(field, value, columns, no_ids)
        return columns

    def _why_incomplete(self, columns: Mapping[str, str]) -> str | None:
        """The required field that is missing, or what contradicts each other."""
        missing = [field.name for field in self._required if field.loaded_as not in columns]
        if missing:
            return f"{missing[0]} is missing"
        return self.contract.check(columns) if self.contract.check else None

    def key_of(self, record: Mapping[str, Any]) -> str | None:
        """The record's id as it is loaded, None where it cannot be read."""
        if self.contract.key is None:
            return None
        field = self._fields[self.contract.key]
        try:
            text = values.written(field, record.get(field.name))
            return None if text is None else values.an_id(field, text.strip())
        except ValueMistakeError:
            return None

    def _read_field(self, field: Field, value: Any, columns: dict[str, str], no_ids: list[tuple[str, str]]) -> None:
        written = values.written(field, value)
        text = (written or "").strip()
        if written is None or not text:
            return
        if field.kind is Kind.ID and text.lower() in values.NO_ID:
            if field.required:
                raise ValueMistakeError(f"{field.name} is not an id: {text}")
            no_ids.append((field.name, text))
        elif field.kind is Kind.INSTANT:
            columns[field.loaded_as] = values.instant(field, text, self.zone, self.now)
            if field.name in self._texts_kept:
                columns[f"{field.name}_text"] = written
        elif field.name == self.contract.private:
            columns[f"{field.name}_length"] = str(len(written))
            if self.keep_text:
                columns[field.loaded_as] = values.a_text(field, written)
        else:
            columns.setdefault(field.loaded_as, values.READERS[field.kind](field, text))


def encoded(record: Mapping[str, Any]) -> bytes:
    """A record as a line of the landing zone; numbers are written as they came."""
    return _ENCODER.encode(record)


class _TwiceError(Exception):
    """A key of an object comes twice."""


def _without_twins(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in pairs:
        if name in record:
            raise _TwiceError(name)
        record[name] = value
    return record


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a number")


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_EXACT = json.JSONDecoder(object_pairs_hook=_without_twins, parse_float=Decimal, parse_constant=_no_number)
