"""The models of a shop's assistant: which answer, what they cost, how many tokens they take."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from simulator.scenarios.assistant.books import ModelPrice

OWN_MODEL, UNKNOWN_MODEL = "aurora-chat-1", "mistral-nemo-local"
ANSWERING = (("gpt-4o-mini", 52), ("gpt-4o", 18), (OWN_MODEL, 16), ("gpt-3.5-turbo", 9), ("gpt-4", 5))
EMBEDDING = (("text-embedding-3-small", 80), ("text-embedding-ada-002", 20))
PRICE_CHANGE = 40  # days after the assistant's first one: the own model's prices change
REPORTED = {"gpt-4o-mini": (15, 60), "gpt-4o": (250, 1000), "gpt-4": (3000, 6000), "gpt-3.5-turbo": (50, 150)}
"""Cents per million input and output tokens, as the shop's application has them in its code."""
QUESTIONS = (
    "Do you have {name} in stock?", "How warm is {name}?", "Is {name} waterproof?", "¿Tienen {name} en otro color?",
    "What goes well with {name}?", "Can I return {name}?", "Is {name} a good gift?",
)  # fmt: skip
ANSWERS = (
    "Yes: {name} ships today.", "{name} is made for that – have a look.", "I would take {name}.",
    "{name} fits well. Here are two more.",
)  # fmt: skip


class Tokens(NamedTuple):
    """``cached`` is part of ``input``, ``reasoning`` of ``output``."""

    input: int
    cached: int
    output: int
    reasoning: int


def own_prices(first_day: date) -> tuple[ModelPrice, ...]:
    """The prices of the shop's own model: input and output change on one day, cached and reasoning do not."""
    last = first_day + timedelta(days=PRICE_CHANGE - 1)
    begin, change = date(2024, 1, 1), last + timedelta(days=1)
    return (
        ModelPrice(OWN_MODEL, "input", "0.80", begin, last),
        ModelPrice(OWN_MODEL, "input", "0.55", change, None),
        ModelPrice(OWN_MODEL, "cached", "0.075", begin, None),
        ModelPrice(OWN_MODEL, "output", "3.20", begin, last),
        ModelPrice(OWN_MODEL, "output", "2.1", change, None),
        ModelPrice(OWN_MODEL, "reasoning", "4", begin, None),
    )


def tokens_of(model: str, turn: int, rng: Random) -> Tokens:
    """The tokens of an answer: the conversation so far is part of the input, and cached from the second turn on."""
    size = 380 + 240 * turn + int(rng.random() * 200)
    cached = size // 128 * 64 if turn and rng.random() < 0.6 else 0
    output = 40 + int(rng.expovariate(1 / 90))
    reasoning = output * 2 if model == OWN_MODEL or (model == "gpt-4o" and rng.random() < 0.1) else 0
    return Tokens(size, cached, output + reasoning, reasoning)


def reported_cost(model: str, tokens: Tokens) -> int | None:
    """What the shop's application takes an answer to cost, in micros, halves up: all input at one price."""
    if model not in REPORTED:
        return None
    prices = REPORTED[model]
    return (tokens.input * prices[0] + tokens.output * prices[1] + 50) // 100
