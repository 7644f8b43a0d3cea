"""What an assistant has stored, as rows of its application's tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from simulator.apis.decimals import micros_text
from simulator.books import DAY, Instant
from simulator.scenarios.assistant.books import Stored

Row = tuple[Any, ...]
OTHER_TENANT, OTHER_SESSIONS = "fjordline", 40


def rows_of(account: str, name: str, stored: Stored, shift: int = 0) -> dict[str, list[Row]]:
    """The rows of every table: those of the shop, and of another tenant with sessions of the same ids.

    ``shift``: seconds that are added to every time.
    """
    stored = _shifted(stored, shift) if shift else stored
    rows = dict(_rows_of(account, stored))
    for table, foreign in _rows_of(OTHER_TENANT, _part(stored, OTHER_SESSIONS)):
        rows[table] += foreign
    tenants = [
        (
            account, name, f"Everything for a day outside, by {name}.", "Friendly, short, no exclamation marks.",
            f"https://{account}.example", f"https://{account}.example/logo.svg",
            {"temperature": 0.4, "max_products": 3}, "widget-simulated-1",
        ),
        (
            OTHER_TENANT, "Fjordline Boats", "Boats.", "Salty.", "https://fjordline.example", None,
            {"temperature": 1.1, "max_products": 8}, "widget-simulated-2",
        ),
    ]  # fmt: skip
    since = min((session.started_at for session in stored.sessions), default=0) // DAY * DAY
    return {"tenants": [(*row, _time(since)) for row in tenants], **rows}


def _rows_of(tenant: str, stored: Stored) -> Iterator[tuple[str, list[Row]]]:
    yield "chat_sessions", [
        (
            tenant, row.session_id, _time(row.started_at), _time(row.ended_at), _time(row.updated_at), row.customer_id,
            row.visitor_id, row.visit_id, row.variant, row.language, row.satisfaction, _usd(row.reported_cost),
        )
        for row in stored.sessions
    ]  # fmt: skip
    yield "chat_messages", [
        (
            tenant, int(row.message_id), row.session_id, _time(row.created_at), _time(row.stored_at), row.role,
            row.text, row.model, row.input_tokens, row.cached_tokens, row.output_tokens, row.reasoning_tokens,
            row.embedding_model, row.embedding_tokens, row.latency_ms, _usd(row.reported_cost),
        )
        for row in stored.messages
    ]  # fmt: skip
    yield "product_analytics", [
        (
            tenant, int(row.event_id), _time(row.occurred_at), row.event_type, row.product_id, row.product_name,
            row.session_id, int(row.message_id) if row.message_id else None, row.customer_id, row.visitor_id,
            row.visit_id, row.position, _time(row.occurred_at),
        )
        for row in stored.events
    ]  # fmt: skip


def _shifted(stored: Stored, shift: int) -> Stored:
    return Stored(
        [
            row._replace(
                started_at=row.started_at + shift,
                ended_at=None if row.ended_at is None else row.ended_at + shift,
                updated_at=row.updated_at + shift,
            )
            for row in stored.sessions
        ],
        [row._replace(created_at=row.created_at + shift, stored_at=row.stored_at + shift) for row in stored.messages],
        [row._replace(occurred_at=row.occurred_at + shift) for row in stored.events],
    )


def _part(stored: Stored, count: int) -> Stored:
    """The first sessions with their messages and events."""
    ids = {session.session_id for session in islice(stored.sessions, count)}
    return Stored(
        [row for row in stored.sessions if row.session_id in ids],
        [row for row in stored.messages if row.session_id in ids],
        [row for row in stored.events if row.session_id in ids],
    )


def _time(at: Instant | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


def _usd(micros: int | None) -> str | None:
    return None if micros is None else micros_text(micros)
