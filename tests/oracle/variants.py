"""Two variants of an assistant's answers compared, in the textbook's form, and the sentences about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from tests.oracle.answers import Rows
from tests.oracle.assistant import Chat

PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90, "all days": None}


@dataclass(frozen=True)
class Comparison:
    """A variant beside the first one: shares of chats with an order, their difference with its range, the split."""

    control: tuple[int, int]
    variant: tuple[int, int]
    low: float
    high: float
    split: float

    @property
    def shares(self) -> tuple[float, float]:
        return self.control[1] / self.control[0], self.variant[1] / self.variant[0]

    @property
    def difference(self) -> float:
        return self.shares[1] - self.shares[0]

    def verdict(self, control: str, variant: str) -> str:
        winner = f"{variant} wins" if self.low > 0 else f"{control} wins" if self.high < 0 else "no winner yet"
        return "uneven split" if self.split > 10.828 else winner


def compared(counts: Mapping[str, tuple[int, int]], control: str, variant: str) -> Comparison:
    """Newcombe's range of the difference, and the chi-squared of two variants against equal halves."""
    (n1, x1), (n2, x2) = counts[control], counts[variant]
    (low1, high1), (low2, high2) = _wilson(x1, n1), _wilson(x2, n2)
    share1, share2 = x1 / n1, x2 / n2
    even = sum(n for n, _ in counts.values()) / len(counts)
    return Comparison(
        (n1, x1),
        (n2, x2),
        share2 - share1 - sqrt((share2 - low2) ** 2 + (high1 - share1) ** 2),
        share2 - share1 + sqrt((high2 - share2) ** 2 + (share1 - low1) ** 2),
        sum((n - even) ** 2 / even for n, _ in counts.values()),
    )


def _wilson(hits: int, trials: int) -> tuple[float, float]:
    """Both ends of Wilson's interval, in the textbook's form."""
    z, part = 1.959963984540054, hits / trials
    middle, spread = part + z * z / (2 * trials), z * sqrt(part * (1 - part) / trials + z * z / (4 * trials**2))
    return (middle - spread) / (1 + z * z / trials), (middle + spread) / (1 + z * z / trials)


def comparisons(chat: Chat, today: date) -> Rows:
    """The sentences about the two variants, of whole days before today."""
    rows = []
    for period, length in PERIODS.items():
        first = today - timedelta(days=length) if length else date.min
        counts = chat.of_variants(first, today - timedelta(days=1))
        counts.pop("(none)", None)
        control, *others = sorted(counts)
        for variant in others:
            result = compared(counts, control, variant)
            texts = {
                "no winner yet": "No winner yet", "uneven split": "No verdict: the chats are not split evenly",
                f"{variant} wins": f"{variant} leads to more orders",
                f"{control} wins": f"{control} leads to more orders",
            }  # fmt: skip
            one, two = (f"{share * 100:.1f}" for share in result.shares)
            rows.append({
                "period_text": period,
                "verdict_text": texts[result.verdict(control, variant)],
                "shares_text": f"With {variant} {two} % of {result.variant[0]} chats led to an order, "
                               f"with {control} {one} % of {result.control[0]}",
                "difference_text": f"{_points(result.difference)} points, between {_points(result.low)} and "
                                   f"{_points(result.high)}",
            })  # fmt: skip
    return rows


def _points(share: float) -> str:
    return (f"{share * 100:+.1f}" if share else "0.0").replace("-", "−")
