"""Events: one JSON object per line, one row per event id, in whichever file and however often it comes."""

from __future__ import annotations

from connectors.base import Column, Stream, Table
from connectors.contracts import Contract, Field, Kind

TEXTS = (
    "event_name",
    "user_id",
    "anonymous_id",
    "session_id",
    "order_id",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "feature",
    "endpoint",
)
FIELDS = ("event_id", "occurred_at", "received_at", *TEXTS, "status_code", "properties")
IDS = ("event_id", "user_id", "anonymous_id", "session_id", "order_id")
_KINDS = dict.fromkeys(IDS, Kind.ID) | {
    "occurred_at": Kind.INSTANT,
    "received_at": Kind.INSTANT,
    "status_code": Kind.COUNT,
}
_REQUIRED = ("event_id", "occurred_at", "event_name")
CONTRACT = Contract(
    name="events",
    key="event_id",
    version="received_at",
    fields=tuple(
        Field(
            name,
            _KINDS.get(name, Kind.TEXT),
            required=name in _REQUIRED,
            longest=1_000_000 if name == "properties" else 500,
        )
        for name in FIELDS
    ),
)
"""The same for a table of a database, where a time without a zone is the tenant's."""

EVENTS = Stream(
    name="events",
    query="events/*.jsonl, events/*.jsonl.gz",
    record={
        "kind": "VARCHAR",  # line, or file for the file itself
        "file": "VARCHAR",
        "line": "VARCHAR",
        "broken": "VARCHAR",
        "size": "VARCHAR",
        "modified": "VARCHAR",
        "again_at": "VARCHAR",
        "event": f"STRUCT({', '.join(f'{name} VARCHAR' for name in FIELDS)})",
    },
    tables=(
        Table(
            name="events",
            key=("event_id",),
            where="r.kind = 'line'",
            version="received_at",
            place=("r.file", "r.line"),
            broken="r.broken",
            columns=(
                Column("event_id", "VARCHAR", "r.event.event_id"),
                Column("occurred_at", "INSTANT", "r.event.occurred_at"),
                Column("received_at", "INSTANT", "r.event.received_at"),
                *(Column(name, "VARCHAR", f"r.event.{name}") for name in TEXTS),
                Column("status_code", "BIGINT", "r.event.status_code"),
                Column("properties", "VARCHAR", "r.event.properties"),
            ),
        ),
        Table(  # what has been read: a file of the same size and time is not opened again
            name="files_read",
            key=("file",),
            where="r.kind = 'file'",
            columns=(
                Column("file", "VARCHAR", "r.file"),
                Column("size", "BIGINT", "r.size"),
                Column("modified", "BIGINT", "r.modified"),  # nanoseconds since 1970
                Column("again_at", "BIGINT", "r.again_at"),  # seconds since 1970: lines of the future may be right then
            ),
        ),
    ),
)
