"""One record of a contract: what is loaded of it, or why nothing is. The one reading for every way that it comes."""

from __future__ import annotations

import json
import re
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

FREQUENT = 5_000  # values of a field that are remembered
LONG = 200  # characters of a value that is not
_NO_ID = "\0"
"""Stands for a word for no id; no text that is loaded has this character."""


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
        self._clock = values.Clock(zone, now)
        self._fields = {field.name: _FieldReader(field, contract, self._clock) for field in contract.fields}
        self._required = tuple((field.name, field.loaded_as) for field in contract.fields if field.required)

    def read_json(self, line: bytes) -> Row | Rejected:
        """Read one object of JSON in UTF-8. A key that comes twice is a mistake."""
        line, halves = without_halves(line)
        try:
            record = _decoded(line)
        except _TwiceError as error:
            return Rejected(f"{error} is there twice: it is not known which one is right")
        except (ValueError, RecursionError) as error:
            return Rejected(f"not JSON in UTF-8 ({str(error)[:200]})")
        if not isinstance(record, dict):
            return Rejected("not an object of JSON")
        return self.read(record, halves)

    def read(self, record: Mapping[str, Any], halves: int = 0) -> Row | Rejected:
        """Read one record: texts, or values of JSON with numbers as int or Decimal; None and blank are no value."""
        no_ids = list[tuple[str, str]]()
        try:
            columns = self._columns(record, no_ids)
        except ValueMistakeError as error:
            return Rejected(error.what, error.again_at, self.key_of(record))
        if reason := self._why_incomplete(columns):
            return Rejected(reason, key=self.key_of(record))
        unknown = (
            {name: record[name] for name in record.keys() - self._fields.keys()} if self._has_others(record) else {}
        )
        return Row(columns, unknown, tuple(no_ids), halves)

    def _has_others(self, record: Mapping[str, Any]) -> bool:
        return not record.keys() <= self._fields.keys()

    def _columns(self, record: Mapping[str, Any], no_ids: list[tuple[str, str]]) -> dict[str, str]:
        columns: dict[str, str] = {}
        for name, value in record.items():
            if value is None or (reader := self._fields.get(name)) is None:
                continue
            field = reader.field
            written = value if value.__class__ is str else values.written(field, value)
            if (text := reader.texts.get(written)) is None and (text := reader.read(written)) is None:
                continue
            if text is _NO_ID:
                no_ids.append((name, written.strip()))
            elif reader.is_private:
                columns[f"{name}_length"] = str(len(written))
                if self.keep_text:
                    columns[name] = text
            elif reader.text_column:
                columns[reader.column], columns[reader.text_column] = text, written
            else:
                columns.setdefault(reader.column, text)
        return columns

    def _why_incomplete(self, columns: Mapping[str, str]) -> str | None:
        """The required field that is missing, or what contradicts each other."""
        for name, column in self._required:
            if column not in columns:
                return f"{name} is missing"
        return self.contract.check(columns) if self.contract.check else None

    def key_of(self, record: Mapping[str, Any]) -> str | None:
        """The record's id as it is loaded, None where it cannot be read."""
        if self.contract.key is None:
            return None
        field = self._fields[self.contract.key].field
        value = record.get(field.name)
        try:
            return None if value is None else values.an_id(field, values.written(field, value).strip())
        except ValueMistakeError:
            return None


class _FieldReader:
    """Reads one field. `texts` are what its frequent values are loaded as: most fields of a log have few."""

    def __init__(self, field: Field, contract: Contract, clock: values.Clock) -> None:
        self.field, self.column, self.texts = field, field.loaded_as, dict[str, str]()
        self.is_private = field.name == contract.private
        self.text_column = f"{field.name}_text" if field.name in contract.texts_kept else ""
        self._clock, self._read = clock, values.READERS.get(field.kind)

    def read(self, written: str) -> str | None:
        """What a value is loaded as; None for a blank one, _NO_ID for a word for no id. Raises ValueMistakeError."""
        text = written.strip()
        if not text:
            return None
        if self._read is None:
            return values.instant(self.field, text, self._clock)
        if self.field.kind is Kind.ID and text.lower() in values.NO_ID:
            if self.field.required:
                raise ValueMistakeError(f"{self.field.name} is not an id: {text}")
            loaded = _NO_ID
        else:
            loaded = self._read(self.field, written if self.is_private else text)
        if len(self.texts) < FREQUENT and len(written) < LONG:
            self.texts[written] = loaded
        return loaded


def encoded(record: Mapping[str, Any]) -> bytes:
    """A record as a line of the landing zone; numbers are written as they came."""
    return _ENCODER.encode(record)


def _decoded(line: bytes) -> Any:
    """The value of a text of JSON, numbers exact. Raises _TwiceError, ValueError and RecursionError."""
    text = line.decode()
    record = _QUICK.decode(text)
    if isinstance(record, dict) and (text.count('":') != len(record) or _SPACED.search(text)):
        return _EXACT.decode(text)  # looks for keys that come twice
    return record


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
_QUICK = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_number)
_SPACED = re.compile(r'"\s+:')
_EXACT = json.JSONDecoder(object_pairs_hook=_without_twins, parse_float=Decimal, parse_constant=_no_number)
