"""The books of a shop's chat assistant: sessions, messages and product events, and what is stored at an instant.

Instants are integer seconds since 1970 (UTC), costs are micros (millionths of a US dollar). A session holds all that
happens in it, the future too; ``Assistant.stored(at)`` is what its database has at an instant.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from simulator.books import NEVER, Instant


class ModelPrice(NamedTuple):
    """A price in US dollars per million tokens, as text. ``valid_to`` is the last day, None for one without end."""

    model: str
    token_kind: str  # input, cached, output, reasoning, embedding
    usd_per_million: str
    valid_from: date
    valid_to: date | None


class ChatMessage(NamedTuple):
    """A message as it was written at ``created_at`` and stored at ``stored_at``.

    ``input_tokens`` include ``cached_tokens``, ``output_tokens`` include ``reasoning_tokens``. ``reported_cost`` is
    what the shop's application computed, in micros. None is unknown.
    """

    message_id: str
    session_id: str
    created_at: Instant
    stored_at: Instant
    role: str  # user, assistant, system, tool
    text: str
    model: str | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    embedding_model: str | None = None
    embedding_tokens: int | None = None
    latency_ms: int | None = None
    reported_cost: int | None = None


class ProductEvent(NamedTuple):
    """``product_id`` is the shop's id of the product or the SKU of one of its variants."""

    event_id: str
    occurred_at: Instant
    event_type: str  # recommended, inquired, clicked
    product_id: str
    product_name: str
    session_id: str
    message_id: str | None
    customer_id: str | None
    visitor_id: str | None
    visit_id: str | None
    position: int | None


@dataclass(slots=True)
class ChatSession:
    """``customer_id``, ``visitor_id`` and ``visit_id`` are the ids of the shop and its web events, None if unknown.

    ``link`` names the relation to an order (LINKS in links.py) and ``order_id`` that order; no source shows them.
    """

    session_id: str
    started_at: Instant
    variant: str
    language: str
    customer_id: str | None = None
    visitor_id: str | None = None
    visit_id: str | None = None
    satisfaction: int | None = None
    rated_at: Instant = NEVER
    deleted_at: Instant = NEVER
    link: str | None = None
    order_id: str | None = None
    messages: list[ChatMessage] = field(default_factory=list)
    events: list[ProductEvent] = field(default_factory=list)


class StoredSession(NamedTuple):
    """A session as of an instant. ``reported_cost`` is the sum over its stored messages, in micros."""

    session_id: str
    started_at: Instant
    ended_at: Instant | None
    updated_at: Instant
    customer_id: str | None
    visitor_id: str | None
    visit_id: str | None
    variant: str
    language: str
    satisfaction: int | None
    reported_cost: int | None


class Stored(NamedTuple):
    """What the assistant's database has at an instant, each by time and id."""

    sessions: list[StoredSession]
    messages: list[ChatMessage]
    events: list[ProductEvent]


@dataclass
class Assistant:
    """The chat assistant of a shop over time.

    ``advance(instant)`` adds the sessions that start by an instant, and perhaps later ones; it only appends.
    ``prices`` are the shop's own prices, for models that no public list has.
    """

    account: str
    prices: tuple[ModelPrice, ...]
    advance: Callable[[Instant], None] = lambda instant: None
    _sessions: list[ChatSession] = field(default_factory=list, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def sessions(self, at: Instant) -> list[ChatSession]:
        """Every session that started by an instant, deleted ones too, by start. They hold their future."""
        with self._lock:
            self.advance(at)
            return self._sessions[: bisect_right(self._sessions, at, key=lambda session: session.started_at)]

    def add(self, sessions: list[ChatSession]) -> None:
        """Adds sessions; none of them starts before an instant that was asked for already."""
        with self._lock:
            self._sessions = sorted(
                [*self._sessions, *sessions], key=lambda session: (session.started_at, session.session_id)
            )

    def stored(self, at: Instant) -> Stored:
        """What the assistant's database has at an instant."""
        sessions = [session for session in self.sessions(at) if session.deleted_at > at]
        return Stored(
            [_stored(session, at) for session in sessions],
            sorted(
                (message for session in sessions for message in session.messages if message.stored_at <= at),
                key=lambda message: (message.created_at, int(message.message_id)),
            ),
            sorted(
                (event for session in sessions for event in session.events if event.occurred_at <= at),
                key=lambda event: (event.occurred_at, int(event.event_id)),
            ),
        )


def _stored(session: ChatSession, at: Instant) -> StoredSession:
    messages = [message for message in session.messages if message.stored_at <= at]
    costs = [message.reported_cost for message in messages if message.reported_cost is not None]
    is_rated = session.rated_at <= at
    return StoredSession(
        session_id=session.session_id,
        started_at=session.started_at,
        ended_at=max((message.created_at for message in messages), default=None),
        updated_at=max(_changes(session, at)),
        customer_id=session.customer_id,
        visitor_id=session.visitor_id,
        visit_id=session.visit_id,
        variant=session.variant,
        language=session.language,
        satisfaction=session.satisfaction if is_rated else None,
        reported_cost=sum(costs) if costs else None,
    )


def _changes(session: ChatSession, at: Instant) -> Iterator[Instant]:
    """The instants until ``at`` at which the stored session changed."""
    yield session.started_at
    yield from (message.stored_at for message in session.messages if message.stored_at <= at)
    if session.rated_at <= at:
        yield session.rated_at
