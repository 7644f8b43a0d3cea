"""One event line: what is loaded of it, or why nothing is.

The same reading decides both. A line that says something in a form that a loader could read in two ways is rejected; an
id that one program writes as 6000042 and another as 6000042.0 is landed as 6000042.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from common.numbers import whole
from connectors.base import iso
from connectors.files.streams.events import FIELDS, IDS

YEARS = range(2000, 2100)
OUT_OF_RANGE = f"is not between the years {YEARS[0]} and {YEARS[-1]}"
TOLERANCE = timedelta(hours=1)  # how far an event may lie after its receipt or after now: clocks differ
OLDEST = timedelta(days=20 * 365)  # an older event comes from a device whose clock was reset
NO_ID = frozenset({"null", "none", "undefined", "nan", "[object object]"})
"""What programs write where they have no id, in lower case."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(?P<zone>Z|[+-]\d\d:\d\d)?", re.ASCII)
_WHOLE_FLOAT = re.compile(r"^(-?[0-9]{1,18})\.0+$")
_EXACT = json.JSONDecoder(object_pairs_hook=list, parse_float=Decimal)  # keeps a key that comes twice


@dataclass(frozen=True)
class Event:
    """A line that can be loaded: its JSON with the declared fields as they are loaded.

    `is_changed` when a field is not as it was written; `no_ids` are the fields that held a word for no id, with it.
    """

    json: bytes
    is_changed: bool
    no_ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Rejected:
    """Why a line cannot be loaded. `again_at`: when the clock says so much, the line may be right."""

    reason: str
    again_at: datetime | None = None


class _RejectedError(Exception):
    def __init__(self, reason: str, again_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.rejected = Rejected(reason, again_at)


def read_event(line: bytes, now: datetime) -> Event | Rejected:
    """Read one line. `now` (UTC) decides whether it lies in the future."""
    try:
        written = _decoded(line)
        no_ids: list[tuple[str, str]] = []
        loaded = {name: _value(name, value, no_ids) for name, value in written.items() if name in FIELDS}
        _check_required(written, loaded)
        _check_times(loaded, now)
    except _RejectedError as error:
        return error.rejected
    changed = {name: value for name, value in loaded.items() if not _is_as_written(value, written[name])}
    if not changed:
        return Event(line, is_changed=False)
    fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])  # undeclared fields stay as they were written
    return Event(msgspec.json.encode({**fields, **changed}), is_changed=True, no_ids=tuple(no_ids))


def _decoded(line: bytes) -> dict[str, Any]:
    """The fields of a line, numbers exact; what is inside a list or an object is of no use."""
    try:
        text = line.decode()
        objects = msgspec.json.decode(line, type=dict[str, Any])
        pairs: list[tuple[str, Any]] = _EXACT.decode(text)
    except msgspec.ValidationError as error:
        raise _RejectedError(str(error)) from None
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise _RejectedError(f"not JSON in UTF-8 ({str(error)[:200]})") from None
    names = [name for name, _ in pairs if name in FIELDS]
    if len(names) > len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise _RejectedError(f"{twice} is there twice: it is not known which one is right")
    return {name: objects[name] if isinstance(value, list) else value for name, value in pairs}


def _value(name: str, value: Any, no_ids: list[tuple[str, str]]) -> Any:
    """A declared field as it is loaded; a word for no id is added to `no_ids`."""
    if value is None:
        return None
    if name == "properties":
        return msgspec.Raw() if isinstance(value, dict) else _wrong_type(name, "object | null", value)
    if name in ("occurred_at", "received_at", "event_name"):
        return value if isinstance(value, str) else _wrong_type(name, "str", value)
    if name == "status_code":
        return _status(value)
    text = _text(name, value)
    if name not in IDS:
        return text if text.strip() else None
    text = text.strip()
    if text.lower() in NO_ID:
        no_ids.append((name, text))
        text = ""
    return _WHOLE_FLOAT.sub(r"\1", text) or None


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        _wrong_type(name, "str | int | null", value)
    return str(_whole(name, value) if isinstance(value, Decimal) else value)


def _status(value: Any) -> int:
    if isinstance(value, Decimal):
        return _whole("status_code", value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        _wrong_type("status_code", "int | null", value)
    try:
        return whole(value)
    except ValueError as error:
        raise _RejectedError(f"{error} - at `$.status_code`") from None


def _whole(name: str, number: Decimal) -> int:
    """The whole number that a data frame wrote as 6000042.0."""
    if number.adjusted() > 17 or number != number.to_integral_value():
        raise _RejectedError(f"{name} is a number that is not whole, or too large to be exact: {str(number)[:40]}")
    return int(number)


def _wrong_type(name: str, expected: str, value: Any) -> Any:
    got = {bool: "bool", str: "str", int: "int", Decimal: "float", list: "array", dict: "object"}[type(value)]
    raise _RejectedError(f"Expected `{expected}`, got `{got}` - at `$.{name}`")


def _is_as_written(loaded: Any, written: Any) -> bool:
    """Whether a loader reads the same from what was written."""
    if isinstance(loaded, msgspec.Raw):
        return True
    return bool(loaded == written or (type(written) is int and loaded == str(written)))


def _check_required(written: dict[str, Any], loaded: dict[str, Any]) -> None:
    for name in ("event_id", "occurred_at", "event_name"):
        if name not in written:
            raise _RejectedError(f"Object missing required field `{name}`")
        if written[name] is None:
            raise _RejectedError(f"Expected a value, got `null` - at `$.{name}`")
    if loaded["event_id"] is None and str(written["event_id"]).strip():
        raise _RejectedError(f"event_id is not an id: {written['event_id']}")
    if loaded["event_id"] is None or not loaded["event_name"].strip():
        raise _RejectedError("event_id or event_name is empty")


def _check_times(loaded: dict[str, Any], now: datetime) -> None:
    occurred = _instant("occurred_at", loaded["occurred_at"])
    received = _instant("received_at", loaded["received_at"]) if loaded.get("received_at") is not None else None
    for name, at in (("occurred_at", occurred), ("received_at", received)):
        if at is not None and at > now + TOLERANCE:
            raise _RejectedError(
                f"{name} lies in the future: {loaded[name]}, and the clock says {iso(now)}", again_at=at - TOLERANCE
            )
    if received is not None and occurred > received + TOLERANCE:
        raise _RejectedError(f"occurred_at lies after received_at: {loaded['occurred_at']}, {loaded['received_at']}")
    if occurred < now - OLDEST:
        raise _RejectedError(f"occurred_at lies more than {OLDEST.days // 365} years back: {loaded['occurred_at']}")


def _instant(name: str, text: str) -> datetime:
    match = _INSTANT.fullmatch(text)
    if match is None:
        reason = "is not an instant such as 2026-11-20T16:50:00Z"
    elif match["zone"] is None:
        reason = "has no time zone, neither Z nor an offset such as +01:00"
    else:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            reason = "does not exist"
        else:
            if instant.year in YEARS:
                return instant
            reason = OUT_OF_RANGE
    raise _RejectedError(f"{name} {reason}: {text[:40]}")
