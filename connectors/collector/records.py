"""One posted record: what is stored of it, or every reason why nothing is.

The contracts of the files decide both (`connectors/contracts`, `connectors/files/event_lines.py`). Stored are the
fields of the contract alone, as they are loaded: a local time is resolved in the tenant's zone, the text of a message
is left out unless the settings keep it, and fields that no contract has, which could hold that text, are named and left
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from common.collected import Refused, Taken
from connectors.base import iso
from connectors.collector.streams import CONTRACTS
from connectors.contracts import Contract, RecordReader, Rejected
from connectors.files.event_lines import Event, read_event
from connectors.files.streams import EVENTS
from connectors.files.streams.events import FIELDS
from connectors.sync.merge import OBJECT

ID, TIME, NAME, STATUS = "event_id", "occurred_at", "event_name", "status_code"
LARGEST = 2**63  # of a staging column
RECEIVED, SENT_ID = "received_at", "id"


class Records:
    """Reads the records of one collector. `zone`: of times without one."""

    def __init__(self, zone: tzinfo, *, keep_text: bool) -> None:
        self._zone, self._keep_text = zone, keep_text

    def check(self, name: str, record: bytes, now: datetime) -> Taken | Refused:
        """Read one record of the list `name`. `now` (UTC) is when it was received."""
        record = record.replace(b"\n", b" ").replace(b"\r", b" ")
        result = _event(record, now) if name == EVENTS.name else self._record(CONTRACTS[name], record, now)
        if isinstance(result, Taken) and result.key.startswith(OBJECT):
            return Refused((f"its id is an object: {result.key[:40]}",))  # staging would reject it
        return result

    def _record(self, contract: Contract, record: bytes, now: datetime) -> Taken | Refused:
        reader = RecordReader(contract, self._zone, now, keep_text=self._keep_text)
        row = reader.read_json(record)
        if isinstance(row, Rejected):
            return Refused(_mistakes(reader, record, row))
        columns, unknown = row.columns, row.unknown
        if contract.version:
            columns.setdefault(contract.version, _instant(now))
        key, own = columns.get(contract.key or ""), {}
        if key is None:
            key = _sent_id(unknown)
            own = {"key": key}
        if not key:
            return Refused(
                (f"{SENT_ID} is missing: without an id of its own an entry that is sent again counts twice",)
            )
        ignored = tuple(f"{contract.name}.{name}" for name in unknown if not (own and name == SENT_ID))
        return Taken(key, _stored(contract.name, now, columns, **own), ignored)


def _sent_id(fields: Mapping[str, Any]) -> str:
    """The id of an entry whose contract has none; empty without one."""
    value = fields.get(SENT_ID)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _mistakes(reader: RecordReader, record: bytes, first: Rejected) -> tuple[str, ...]:
    """The mistake of each field, read by itself, and each field that is missing; `first` where only all of them
    together are wrong, or the record is not JSON."""
    contract = reader.contract
    lenient = replace(contract, check=None, fields=tuple(replace(field, required=False) for field in contract.fields))
    alone = RecordReader(lenient, reader.zone, reader.now)
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return (first.reason,)
    reasons, missing = [], []
    for field in contract.fields:
        row = alone.read_json(msgspec.json.encode({field.name: fields.get(field.name)}))
        if isinstance(row, Rejected):
            reasons.append(row.reason)
        elif field.required and not row.columns:
            missing.append(f"{field.name} is missing")
    return tuple(reasons + missing) or (first.reason,)


def _event(record: bytes, now: datetime) -> Taken | Refused:
    """The same for a web event. It is received now, whatever it says."""
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return Refused(("not an object of JSON",))
    if fields.pop(RECEIVED, None) is not None:
        record = msgspec.json.encode(fields)
    event = read_event(record, now)
    if not isinstance(event, Event):
        return Refused(_event_mistakes(fields, now, event.reason))
    loaded = msgspec.json.decode(event.json, type=dict[str, msgspec.Raw])
    if not -LARGEST <= int(msgspec.json.decode(loaded.get(STATUS, b"0")) or 0) < LARGEST:
        return Refused((f"{STATUS} is not a status of HTTP: {bytes(loaded[STATUS])[:40].decode()}",))
    row = {name: value for name, value in loaded.items() if name in FIELDS} | {RECEIVED: _instant(now)}
    unknown = tuple(f"{EVENTS.name}.{name}" for name in fields if name not in FIELDS)
    return Taken(str(msgspec.json.decode(loaded[ID])), _stored(EVENTS.name, now, row), unknown)


def _event_mistakes(fields: Mapping[str, msgspec.Raw], now: datetime, first: str) -> tuple[str, ...]:
    valid = {ID: "1", TIME: iso(now), NAME: "page_view"}
    reasons = []
    for name in dict.fromkeys((*valid, *(name for name in FIELDS if name in fields))):
        tried = {**valid, name: fields[name]} if name in fields else {key: valid[key] for key in valid if key != name}
        event = read_event(msgspec.json.encode(tried), now)
        if not isinstance(event, Event):
            reasons.append(event.reason)
    return tuple(reasons) or (first,)


def _stored(name: str, now: datetime, row: Mapping[str, Any], **own: str) -> bytes:
    """The line of a record."""
    return msgspec.json.encode({"contract": name, RECEIVED: _instant(now), **own, "row": row})


def _instant(at: datetime) -> str:
    """To the microsecond, so that the later one of two requests has the later version."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
