"""Events, which name changed objects, and deletions."""

from __future__ import annotations

from connectors.base import Stream, Table
from connectors.stripe.streams.columns import created, epoch, make_stream, text

EVENTS = make_stream(
    "events",
    (
        Table(
            name="events",
            key=("event_id",),
            where="true",
            columns=(
                text("event_id", "r.id"),
                created(),
                text("type"),
                text("object_type", "r.data.object.object"),
                text("object_id", "r.data.object.id"),
                text("customer_id", "r.data.object.customer"),
                text("subscription_id", "r.data.object.subscription"),
            ),
        ),
    ),
    {
        "data": 'STRUCT("object" STRUCT(id VARCHAR, "object" VARCHAR, customer VARCHAR, subscription VARCHAR))',
    },
)
DELETIONS = Stream(
    name="deletions",
    query="",
    cursor="created",
    record=dict.fromkeys(("object", "id", "deleted_at", "found_by", "restored_at"), "VARCHAR"),
    tables=(
        Table(
            name="deletions",
            key=("object_type", "object_id"),
            where="true",
            columns=(
                text("object_type", "r.object"),
                text("object_id", "r.id"),
                epoch("deleted_at", "r.deleted_at"),
                text("found_by"),
                epoch("restored_at", "r.restored_at"),
            ),
        ),
    ),
)
