"""What the creator sells, and the models and prompts that made it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypeVar

from simulator.books import DAY, Instant

T = TypeVar("T")
Weighted = tuple[tuple[T, int], ...]

PRICE_RISE = 90  # days after the first one on which the prices of half of the products rise
REASONS = ("not as described", "bought by mistake", "quality", "found cheaper", "não era o que esperava", "")
GENERATION_FAILED, NOT_DELIVERED = "generation failed", "not delivered"


class Product(NamedTuple):
    """``price`` is in cents. One name can occur in two vaults."""

    vault_id: str
    niche: str
    name: str
    language: str
    price: int
    weight: int


class Generation(NamedTuple):
    """One generation by the AI; ``latency`` is in hundredths of a second."""

    prompt_version: str
    style: str
    succeeded: bool
    latency: int
    version: str


PRODUCTS = (
    Product("vault_1", "Productivity", "Deep Work Planner", "en", 1900, 14),
    Product("vault_1", "Productivity", "Planificador de enfoque", "es", 1700, 6),
    Product("vault_1", "Productivity", "Starter Bundle", "en", 2900, 7),
    Product("vault_2", "Wellness", "Mindful Mornings", "en", 2499, 9),
    Product("vault_2", "Wellness", "Manhãs com atenção", "pt", 1999, 6),
    Product("vault_2", "Wellness", "朝のマインドフルネス", "ja", 2800, 3),
    Product("vault_3", "AI Tools", "AI Tools Toolkit", "en", 4999, 16),
    Product("vault_3", "AI Tools", "Caixa de ferramentas de IA", "pt", 3990, 6),
    Product("vault_3", "AI Tools", "KI-Werkzeugkasten", "de", 4500, 5),
    Product("vault_4", "Personal Finance", "Budget Blueprint", "en", 3500, 8),
    Product("vault_4", "Personal Finance", "Finances, mode d'emploi", "fr", 3290, 4),
    Product("vault_5", "Productivity", "Starter Bundle", "en", 900, 6),
    Product("vault_5", "Productivity", 'Notes, "second brain" edition', "en", 1450, 5),
    Product("vault_6", "Teaching", "Lesson Kit", "en", 9990, 3),
    Product("vault_6", "Teaching", "Unterrichtspaket", "de", 9500, 2),
)  # fmt: skip
COUNTRIES: dict[str, Weighted[str]] = {
    "en": (("US", 46), ("GB", 16), ("CA", 10), ("IN", 8), ("AU", 7), ("IE", 4), ("NG", 4), ("XK", 1)),
    "pt": (("PT", 50), ("BR", 42), ("AO", 8)),
    "es": (("ES", 45), ("MX", 35), ("AR", 20)),
    "de": (("DE", 70), ("AT", 18), ("CH", 12)),
    "fr": (("FR", 70), ("CA", 15), ("BE", 15)),
    "ja": (("JP", 100),),
}
"""The buyers of a language. XK (Kosovo) is used in commerce and no code of ISO 3166-1."""
STYLES: dict[str, Weighted[str]] = {
    "vault_1": (("minimal", 50), ("playful", 30), ("corporate", 20)),
    "vault_2": (("playful", 70), ("minimal", 30)),
    "vault_3": (("corporate", 60), ("minimal", 25), ("academic", 15)),
    "vault_4": (("corporate", 70), ("academic", 30)),
    "vault_5": (("minimal", 60), ("playful", 40)),
    "vault_6": (("academic", 80), ("playful", 20)),
}
CONVERSION = {"playful": 135, "corporate": 100, "minimal": 90, "academic": 70}  # percent of the usual share
REFUND_SHARE = {"en": 5, "pt": 4, "es": 6, "de": 8, "fr": 6, "ja": 12}  # percent of the purchases
PROMPTS = ((0, "v1"), (60, "v2"), (150, "v3"), (290, "v4"))  # first day, version
VERSIONS = ((0, "gpt-4"), (45, "gpt-4o"), (130, "gpt-4o-mini"), (240, "gpt-4.1"))
LATENCY = {"gpt-4": 420, "gpt-4o": 190, "gpt-4o-mini": 95, "gpt-4.1": 150}  # hundredths of a second, in the middle


def choose(weighted: Weighted[T], rng: Random) -> T:
    """One of the values by its weight."""
    values, weights = _cumulative(weighted)
    chosen: T = rng.choices(values, cum_weights=weights)[0]
    return chosen


@cache
def _cumulative(weighted: Weighted[T]) -> tuple[list[T], list[int]]:
    return [value for value, _ in weighted], list(accumulate(weight for _, weight in weighted))


def price_of(product: Product, start: Instant, at: Instant) -> int:
    """The price in cents at an instant; the world begins at ``start``."""
    raised = at >= start + PRICE_RISE * DAY and PRODUCTS.index(product) % 2 == 1
    return product.price + 500 if raised else product.price


def generate(product: Product, number: int, rng: Random) -> Generation:
    """A generation for a product on day ``number``: mostly with the newest prompt and model, sometimes older ones."""
    version, prompt = _of_day(VERSIONS, number, rng), _of_day(PROMPTS, number, rng)
    latency = max(8, int(LATENCY[version] * rng.lognormvariate(0, 0.45)))
    return Generation(prompt, choose(STYLES[product.vault_id], rng), rng.random() >= 0.03, latency, version)


def _of_day(dated: Sequence[tuple[int, str]], number: int, rng: Random) -> str:
    known = [name for first, name in dated if first <= number]
    return known[-1 if rng.random() < 0.75 else max(0, len(known) - 2)]
