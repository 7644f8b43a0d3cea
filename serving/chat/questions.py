"""What a command asks for: a report by its name or first word, a period by its name; and what exists, as choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from common.presets import PRESETS
from semantic import periods
from semantic.errors import RangeError, SemanticError, UnknownNameError
from serving import pages

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "revenue": "revenue-overview", "sales": "sales-velocity", "products": "product-performance",
        "customers": "customer-spend", "channels": "channel-comparison", "cohorts": "cohort-retention",
        "conversion": "conversion-funnel", "refunds": "refund-health", "marketing": "marketing-performance",
        "finance": "financial-health",
    }
)  # fmt: skip
"""The first words of commands, and the reports that they mean."""
MOST_CHOICES = 25  # Discord's limit
MOST_LETTERS = 100  # of a word that is repeated in an answer
Choice = tuple[str, str]
"""Its text, and the word that it stands for."""


class QuestionError(Exception):
    """A command that asks for something that does not exist. Its text is for the person who asked."""


def report_of(word: str, titles: Mapping[str, object]) -> str:
    """The report that a word means. `titles`: those that exist. Raises QuestionError that names all of them."""
    name = "-".join(word.lower().split())
    known = name if name in titles else ALIASES.get(name, "")
    if known not in titles:
        near = UnknownNameError("report", name, [*ALIASES, *titles]).near
        advice = f" Did you mean {' or '.join(near)}?" if near else ""
        listed = ", ".join(text for text, _ in report_choices("", titles, most=len(titles)))
        raise QuestionError(f"There is no report “{word[:MOST_LETTERS]}”.{advice} Reports: {listed}.")
    return known


def check_period(word: str) -> str:
    """The period's name. Raises QuestionError that names all of them."""
    try:
        periods.preset(word)
    except RangeError:
        raise QuestionError(
            f"There is no period “{word[:MOST_LETTERS]}”. Periods: {', '.join(PRESETS)}, or a number of days up to "
            f"{periods.MOST_DAYS}d, such as 45d."
        ) from None
    return word


def report_choices(letters: str, titles: Mapping[str, object], most: int = MOST_CHOICES) -> list[Choice]:
    """The reports whose word or title has what was typed, the ten with a word of their own first."""
    words = {report: word for word, report in ALIASES.items()}
    named = [*(report for report in ALIASES.values() if report in titles), *(name for name in titles)]
    return _choices(letters, ((words.get(name, name), name) for name in dict.fromkeys(named)), most)


def period_choices(letters: str) -> list[Choice]:
    """The periods whose name has what was typed; a number of days is one as well."""
    offered = _choices(letters, ((name, pages.period_words(name)) for name in PRESETS), MOST_CHOICES)
    try:
        preset = letters and periods.preset(letters)
    except SemanticError:
        preset = ""
    if preset and all(name != letters for _, name in offered):
        offered = [(letters, letters), *offered][:MOST_CHOICES]
    return offered


def _choices(letters: str, known: Iterable[tuple[str, str]], most: int) -> list[Choice]:
    text = letters.strip().lower()
    return [(word, word) for word, words in known if text in word or text in words.lower()][:most]


def help_text(titles: Mapping[str, object]) -> str:
    """How to ask, with what exists."""
    listed = ", ".join(word for _, word in report_choices("", titles, most=len(titles)))
    return (
        f"Ask with a report and a period: revenue 30d. Reports: {listed}. Periods: {', '.join(PRESETS)}, or a number "
        "of days such as 45d. Without a period a report has its usual days."
    )
