"""What is written in a chat: questions, answers with their tokens, recommended and clicked products."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simulator.books import HOUR, Instant, Product, value_at
from simulator.scenarios.assistant.books import ChatMessage, ChatSession, ProductEvent
from simulator.scenarios.assistant.models import (
    ANSWERING,
    ANSWERS,
    EMBEDDING,
    QUESTIONS,
    reported_cost,
    tokens_of,
)

LANGUAGES = (("en", 82), ("es", 12), ("fr", 6))
PER_DAY = 100_000  # the most messages or events of a day: their ids are the day's number and their place in it
SKU_SHARE = 0.1  # of the events that name a product by SKU
RATED_SHARE = 0.3
RATINGS = {"A": (45, 25, 15, 8, 7), "B": (70, 18, 7, 3, 2)}  # weights of five stars, four …


def chosen(weighted: tuple[tuple[str, int], ...], rng: Random) -> str:
    return rng.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


@dataclass
class Conversation:
    """The sessions of day ``number`` of a shop; ``products`` are what can be recommended."""

    number: int
    rng: Random
    products: list[Product]
    _sessions: int = 0
    _ids: int = field(default=0, repr=False)

    def session(
        self, at: Instant, variant: str, *, customer_id: str | None = None, visitor_id: str | None = None,
        visit_id: str | None = None, link: str | None = None, order_id: str | None = None,
    ) -> ChatSession:  # fmt: skip
        """A session without messages."""
        self._sessions += 1
        return ChatSession(
            f"chat-{self.number}-{self._sessions}", at, variant, chosen(LANGUAGES, self.rng), customer_id, visitor_id,
            visit_id, link=link, order_id=order_id,
        )  # fmt: skip

    def fill(self, session: ChatSession, *, turns: int, clicked: Product | None = None, pause: int = 25) -> None:
        """Adds ``turns`` questions with answers, about ``pause`` seconds apart, and what happens to products.

        ``clicked`` is recommended and clicked at the end.
        """
        at = session.started_at
        if turns:
            self._message(session, at, "system", "You help customers of the shop. Be short.")
        for turn in range(turns):
            at += 1 + int(self.rng.random() * pause)
            product = clicked if clicked and turn == turns - 1 else self.rng.choice(self.products)
            at = self._turn(session, at, turn, product, clicks=product is clicked)
        if turns and self.rng.random() < RATED_SHARE:
            session.satisfaction = self.rng.choices((5, 4, 3, 2, 1), RATINGS[session.variant])[0]
            session.rated_at = at + 20 + int(self.rng.random() * HOUR)

    def _turn(self, session: ChatSession, at: Instant, turn: int, product: Product, *, clicks: bool) -> Instant:
        """A question and its answer; returns the instant of the last event."""
        rng, title = self.rng, value_at(product.titles, at)
        question = self._message(
            session, at, "user", rng.choice(QUESTIONS).format(name=title),
            embedding_model=chosen(EMBEDDING, rng), embedding_tokens=12 + int(rng.random() * 30),
        )  # fmt: skip
        if rng.random() < 0.55:
            self._event(session, at, "inquired", product, question)
        if rng.random() < 0.2:
            at += 1
            self._message(session, at, "tool", f"search: {title}")
        latency = int(rng.lognormvariate(7.1, 0.5))
        at += 1 + latency // 1000
        model = chosen(ANSWERING, rng)
        tokens = tokens_of(model, turn, rng)
        answer = self._message(
            session, at, "assistant", rng.choice(ANSWERS).format(name=title), model=model, input_tokens=tokens.input,
            cached_tokens=tokens.cached or None, output_tokens=tokens.output, reasoning_tokens=tokens.reasoning or None,
            latency_ms=latency, reported_cost=reported_cost(model, tokens),
        )  # fmt: skip
        if clicks or rng.random() < 0.6:
            others = rng.sample(self.products, rng.randrange(3))
            for position, shown in enumerate([product, *(other for other in others if other is not product)], 1):
                self._event(session, at, "recommended", shown, answer, position)
            if clicks or rng.random() < 0.25:
                at += 3 + int(rng.random() * 30)
                self._event(session, at, "clicked", product, answer, 1)
        return at

    def _message(self, session: ChatSession, at: Instant, role: str, text: str, **values: object) -> str:
        message = ChatMessage(self._id(), session.session_id, at, at, role, text, **values)  # type: ignore[arg-type]
        session.messages.append(message)
        return message.message_id

    def _event(
        self, session: ChatSession, at: Instant, kind: str, product: Product, message: str, position: int | None = None
    ) -> None:
        skus = [variant.sku for variant in product.variants if variant.sku]
        product_id = str(product.id)
        if skus and self.rng.random() < SKU_SHARE:
            product_id = self.rng.choice(skus)
        event = ProductEvent(
            self._id(), at, kind, product_id, value_at(product.titles, at), session.session_id, message,
            session.customer_id, session.visitor_id, session.visit_id, position,
        )  # fmt: skip
        session.events.append(event)

    def _id(self) -> str:
        self._ids += 1
        return str(self.number * PER_DAY + self._ids)
