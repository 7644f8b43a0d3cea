"""The parameters of the tenant API: read from an address, every mistake at once, with the values that are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.numbers import whole
from serving.api.problems import ProblemError, bad_parameters
from serving.api.questions import LONGEST, Draft

MOST_DAYS = 365
EVENT_TYPES = ("recommended", "inquired", "clicked")
MOST_LISTED = 100
"""Of products and of sessions."""
NUMBERS = {"days": MOST_DAYS, "limit": MOST_LISTED}
"""The parameters that are whole numbers from 1, with their largest value."""
Values = Mapping[str, int | str]


def read(items: Sequence[tuple[str, str]], defaults: Values) -> dict[str, int | str]:
    """The values of the parameters that have `defaults`. Raises ProblemError that names every mistake."""
    draft, values = Draft(), dict(defaults)
    for name in dict.fromkeys(name for name, _ in items):
        texts = [text for key, text in items if key == name]
        if name not in defaults:
            draft.unknown(name[:LONGEST], "parameter", name, defaults)
        elif len(texts) > 1:
            draft.wrong(name, f"{name} is sent {len(texts)} times", "it has one value", "Send it once")
        elif name in NUMBERS:
            values[name] = _number(draft, name, texts[0])
        elif texts[0] in EVENT_TYPES:
            values[name] = texts[0]
        else:
            draft.unknown(name, "kind of event", texts[0], EVENT_TYPES)
    if draft.mistakes:
        raise ProblemError(bad_parameters(draft.mistakes))
    return values


def _number(draft: Draft, name: str, text: str) -> int:
    try:
        number = whole(text)
    except ValueError:
        number = 0
    if not 1 <= number <= NUMBERS[name]:
        draft.wrong(name, f"{name} is not a whole number from 1 to {NUMBERS[name]}", "", f"Send {name}=7")
    return number
