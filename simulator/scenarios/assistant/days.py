"""The days of a shop's assistant.

Each day draws from its own random stream (seed, shop, day) and from the shop's orders and visits of that day, in order,
so that a later instant only adds days. The sessions of a day's orders may start up to a week before it: the shop is
simulated that far ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

from simulator.books import DAY, HOUR, MINUTE, NEVER, Instant, Order, Product
from simulator.scenarios.assistant.books import Assistant, ChatSession
from simulator.scenarios.assistant.conversation import Conversation
from simulator.scenarios.assistant.links import LINKS, Start, starts
from simulator.scenarios.assistant.models import UNKNOWN_MODEL, Tokens, reported_cost
from simulator.scenarios.visits import Event, Visits

AHEAD = 8 * DAY  # how far a session may be from the order's day
LINKED_TURNS = 3  # how often each link is taken in turn before links are drawn
SHARE_OF_B, SHARE_OF_B_WITH_ORDER = 0.477, 0.63
SPECIAL_CASES = {
    0: "across_midnight", 1: "late_message", 2: "late_rating", 3: "deleted", 4: "unknown_model", 5: "edges_of_the_day",
    6: "utc_midnight", 8: "no_message", 9: "no_tokens",
}  # fmt: skip
"""By the last digit of the day's number; the package's docstring describes them."""
UNPRICED, UNPRICED_DAYS = ("unknown_model", "no_tokens"), 45
"""Costs of a range with one of these are unknown: later days have none, so that the demo also shows whole costs."""
OUTLIER_DAY, OUTLIER_EVERY, OUTLIER_MODEL = 17, 100, "gpt-4o-mini"


class Days:
    """Adds the sessions of a shop's days, from ``first_day`` of the shop on.

    ``sessions_per_day`` is the mean number of sessions that lead to no order, ``order_share`` the share of the web
    orders, in percent, that have a chat, ``outlier_tokens`` the input of the message with a huge number of tokens.
    """

    def __init__(
        self,
        assistant: Assistant,
        visits: Visits,
        seed: int,
        first_day: int,
        sessions_per_day: float,
        order_share: int,
        outlier_tokens: int,
    ) -> None:
        self.assistant, self.visits, self.seed, self.first_day = assistant, visits, seed, first_day
        self.sessions_per_day, self.order_share, self.outlier_tokens = sessions_per_day, order_share, outlier_tokens
        self.number, self.turn = first_day, 0
        self.midnight = visits.visitors.midnight

    def advance(self, instant: Instant) -> None:
        """Adds every day whose sessions can start by ``instant``."""
        if self.midnight(self.number) <= instant + AHEAD:  # at once: the shop indexes its orders whenever it goes on
            self.visits.history.orders_until(instant + AHEAD + 2 * DAY)
        while self.midnight(self.number) <= instant + AHEAD:
            self.assistant.add(self._sessions())
            self.number += 1

    def _sessions(self) -> list[ChatSession]:
        """The sessions of a day, and those before it that lead to its orders."""
        rng = Random(f"{self.seed}:assistant:{self.assistant.account}:{self.number}")
        orders, visits = self.visits.of_day(self.number)
        talk = Conversation(self.number, rng, self._products(self.midnight(self.number)))
        sessions = self._before_orders(orders, visits, talk, rng)
        sessions += self._without_order(visits, talk, rng)
        sessions += self._special_cases(talk, rng)
        return [session for session in sessions if session.started_at >= self.midnight(self.first_day)]

    def _products(self, at: Instant) -> list[Product]:
        """The products that can be recommended: the shop has them on this day and a week ago."""
        products = self.visits.history.products
        return [
            product for product in products if product.created_at <= at - AHEAD and product.deleted_at > at + 2 * DAY
        ]

    # --- sessions by what they lead to

    def _before_orders(
        self, orders: Sequence[Order], visits: Sequence[Sequence[Event]], talk: Conversation, rng: Random
    ) -> list[ChatSession]:
        of_order = {visit[-1].order_id: visit for visit in visits if visit[-1].order_id}
        sessions = []
        for order in orders:
            in_turn = self.turn < LINKED_TURNS * len(LINKS)
            if not in_turn and rng.random() * 100 >= self.order_share:
                continue
            link = list(LINKS)[self.turn % len(LINKS)] if in_turn else rng.choices(list(LINKS), list(LINKS.values()))[0]
            begins = starts(link, order, of_order[str(order.id)], rng.choice(talk.products), rng)
            self.turn += bool(begins)
            sessions += [self._linked(begin, talk, rng) for begin in begins]
        return sessions

    def _linked(self, begin: Start, talk: Conversation, rng: Random) -> ChatSession:
        variant = "B" if rng.random() < SHARE_OF_B_WITH_ORDER else "A"
        session = talk.session(
            begin.at, variant, customer_id=begin.customer_id, visitor_id=begin.visitor_id, visit_id=begin.visit_id,
            link=begin.link, order_id=begin.order_id,
        )  # fmt: skip
        talk.fill(session, turns=1 + int(rng.random() * 3), clicked=begin.product, pause=40)
        return session

    def _without_order(self, visits: Sequence[Sequence[Event]], talk: Conversation, rng: Random) -> list[ChatSession]:
        """Sessions in visits without an order, and some on pages that report no visit."""
        candidates = [visit for visit in visits if not visit[-1].order_id and visit[0].session_id]
        sessions = []
        for _ in range(max(1, round(self.sessions_per_day * rng.uniform(0.7, 1.3)))):
            variant = "B" if rng.random() < SHARE_OF_B else "A"
            if rng.random() < 0.15:
                begin, end = self.midnight(self.number), self.midnight(self.number + 1)
                session = talk.session(begin + int(rng.random() * (end - begin)), variant)
            else:
                first = rng.choice(candidates)[0]
                session = talk.session(
                    first.occurred_at + 5 + int(rng.random() * MINUTE), variant, customer_id=first.user_id,
                    visitor_id=first.anonymous_id, visit_id=first.session_id,
                )  # fmt: skip
            talk.fill(session, turns=1 + min(7, int(rng.expovariate(1 / 1.6))))
            sessions.append(session)
        return sessions

    # --- special cases

    def _special_cases(self, talk: Conversation, rng: Random) -> list[ChatSession]:
        day = self.number - self.first_day
        begin, end = self.midnight(self.number), self.midnight(self.number + 1)
        sessions: list[ChatSession] = []

        def add(at: Instant, *, turns: int = 2, pause: int = 25) -> ChatSession:
            session = talk.session(at, "A" if len(sessions) % 2 else "B")
            talk.fill(session, turns=turns, pause=pause)
            sessions.append(session)
            return session

        case = SPECIAL_CASES.get(day % 10)
        if day >= UNPRICED_DAYS and case in UNPRICED:
            case = None
        if case == "across_midnight":
            add(end - 2 * MINUTE, turns=3, pause=100)
        elif case == "edges_of_the_day":
            add(begin)
            add(end - 1)
        elif case == "utc_midnight":
            utc = (begin // DAY + 1) * DAY
            session = add(utc - 3 * MINUTE)
            session.messages[-2:] = [
                message._replace(created_at=at, stored_at=at)
                for message, at in zip(session.messages[-2:], (utc - 1, utc), strict=True)
            ]
        elif case is not None:
            self._change(case, add(begin + 15 * HOUR, turns=0 if case == "no_message" else 2))
        if day % OUTLIER_EVERY == OUTLIER_DAY:
            tokens = Tokens(self.outlier_tokens, 0, 100, 0)
            self._answer(
                add(begin + 16 * HOUR), model=OUTLIER_MODEL, input_tokens=tokens.input, cached_tokens=None,
                output_tokens=tokens.output, reasoning_tokens=None, reported_cost=reported_cost(OUTLIER_MODEL, tokens),
            )  # fmt: skip
        if end - begin != DAY:
            change = self._clock_change(begin)
            add(change - 30 * MINUTE)
            add(change + 30 * MINUTE)
        return sessions

    def _change(self, case: str, session: ChatSession) -> None:
        """Makes a session of two answers a special case."""
        session.satisfaction, session.rated_at = None, NEVER
        if case == "late_message":
            last = session.messages[-1]
            session.messages[-1] = last._replace(stored_at=last.created_at + 26 * HOUR)
        elif case == "late_rating":
            session.satisfaction, session.rated_at = 4, session.started_at + 3 * DAY
        elif case == "deleted":
            session.deleted_at = session.started_at + 2 * DAY
        elif case == "unknown_model":
            self._answer(session, model=UNKNOWN_MODEL, reported_cost=None)
        elif case == "no_tokens":
            self._answer(
                session, input_tokens=None, cached_tokens=None, output_tokens=None, reasoning_tokens=None,
                reported_cost=None,
            )  # fmt: skip

    def _answer(self, session: ChatSession, **changes: Any) -> None:
        """Changes the last answer of a session."""
        place = max(place for place, message in enumerate(session.messages) if message.role == "assistant")
        session.messages[place] = session.messages[place]._replace(**changes)

    def _clock_change(self, begin: Instant) -> Instant:
        zone = self.visits.visitors.zone
        offsets = [datetime.fromtimestamp(begin + hour * HOUR, zone).utcoffset() for hour in range(26)]
        return begin + next(hour for hour in range(26) if offsets[hour] != offsets[0]) * HOUR
