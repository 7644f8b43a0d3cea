"""An alert in words, as mails and chats say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from semantic.reports import texts
from semantic.reports.brand import Brand
from serving.alerts.book import Change
from serving.alerts.state import Event, Status

MARKS: Mapping[Event, str] = {"begin": "!", "end": "✓", "lost": "?"}
RULE = "One message is sent when an alert begins and one when it ends."
LOST = "A number that the rule needs has been unknown since then, so the rule can neither fire nor end."
WORDS: Mapping[Event, str] = {"begin": "", "end": "Over: ", "lost": "Cannot be checked: "}


@dataclass(frozen=True)
class Link:
    """Where a reader finds more."""

    label: str
    url: str


@dataclass(frozen=True)
class Reader:
    """Whose message it is, and how its links are found: of an alert, and of all alerts together (`more`)."""

    tenant_name: str
    time_zone: str
    brand: Brand
    link: Callable[[Status], Link]
    more: Link


@dataclass(frozen=True)
class Number:
    """A number that a rule compares. `compared`: with what, for a change; else empty."""

    label: str
    value: str
    compared: str
    days: str
    limit: str

    @property
    def text(self) -> str:
        """MRR: $812.00, 14.2 % less than $946.00 (1 – 20 Nov 2026; limit: more than 5.0 % less than before)"""
        compared = f", {self.compared}" if self.compared else ""
        return f"{self.label}: {self.value}{compared} ({self.days}; limit: {self.limit})"


@dataclass(frozen=True)
class Picture:
    """A picture of a mail: the name of its attachment, its title, its width in pixels, and what it shows in words."""

    name: str
    title: str
    width: int
    text: str


@dataclass(frozen=True)
class Part:
    """One alert in words. `sentence`: what there is to say in place of numbers. `facts`: (name, text)."""

    event: Event
    title: str
    numbers: tuple[Number, ...]
    sentence: str
    facts: tuple[tuple[str, str], ...]
    why: str
    advice: str
    link: Link
    picture: Picture | None = None

    @property
    def word(self) -> str:
        """Began, Over, Cannot be checked."""
        return {"begin": "Began", "end": "Over", "lost": "Cannot be checked"}[self.event]

    @property
    def tone(self) -> str:
        """The meaning of the event in the palette."""
        return {"begin": "bad", "end": "good", "lost": "watch"}[self.event]

    @property
    def heading(self) -> str:
        """The title, with what happened where it did not begin."""
        return f"{WORDS[self.event]}{self.title}"


def title(changes: Sequence[Change], reader: Reader) -> str:
    """Aurora Outdoor: MRR fell (MRR $812.00); or Aurora Outdoor: 2 alerts began, 1 is over"""
    if len(changes) == 1:
        change = changes[0]
        readings = change.status.facts.get("readings", [])
        number = f" ({readings[0]['label']} {readings[0]['value']})" if readings and change.event != "lost" else ""
        return f"{reader.tenant_name}: {WORDS[change.event]}{change.status.title}{number}"
    counts = {event: sum(change.event == event for change in changes) for event in MARKS}
    words = [
        f"{counts['begin']} alert{'s' * (counts['begin'] > 1)} began" if counts["begin"] else "",
        f"{counts['end']} {'are' if counts['end'] > 1 else 'is'} over" if counts["end"] else "",
        f"{counts['lost']} cannot be checked" if counts["lost"] else "",
    ]
    return f"{reader.tenant_name}: {', '.join(word for word in words if word)}"


def part(change: Change, reader: Reader, picture: Picture | None) -> Part:
    """One alert in words."""
    status, facts = change.status, change.status.facts
    rows = []
    if change.event == "end" and status.fired_at:
        rows.append(("Fired last", when(status.fired_at, reader.time_zone)))
    if change.event == "begin" and status.since and status.since != status.seen_at:
        rows.append(("Since", f"data of {when(status.since, reader.time_zone)}"))
    if change.event == "lost" and status.known_at:
        rows.append(("Last known", when(status.known_at, reader.time_zone)))
    numbers = () if change.event == "lost" else tuple(map(_number, facts.get("readings", [])))
    sentence = LOST if change.event == "lost" else "" if numbers else status.text
    is_end = change.event == "end"
    return Part(
        change.event, status.title, numbers, sentence, tuple(rows),
        status.reason if is_end else str(facts.get("why", "")), "" if is_end else str(facts.get("advice", "")),
        reader.link(status), picture,
    )  # fmt: skip


def _number(reading: Mapping[str, str]) -> Number:
    compared = f"{reading['change']} {reading['before']}" if reading["change"] else ""
    return Number(reading["label"], reading["value"], compared, reading["days"], reading["limit"])


def plain(part: Part) -> Iterator[str]:
    """The lines of one alert."""
    yield f"{MARKS[part.event]} {part.heading}"
    yield from (number.text for number in part.numbers)
    if part.sentence:
        yield part.sentence
    yield from (f"{name}: {text}" for name, text in part.facts)
    if part.why:
        yield part.why
    if part.advice:
        yield f"What to do: {part.advice}"
    yield f"{part.link.label}: {part.link.url}"


def line(part: Part) -> str:
    """One alert in a chat."""
    numbers = "; ".join(number.text for number in part.numbers) or part.sentence
    return f"{MARKS[part.event]} {part.heading}. {numbers}"


def footer(changes: Sequence[Change], reader: Reader) -> str:
    """How fresh the numbers are, and how the person who runs Takings has fewer messages."""
    as_of = {change.status.seen_at for change in changes if change.status.family == "rule" and change.status.seen_at}
    fresh = f"Data as of {when(max(as_of), reader.time_zone)}. " if as_of else ""
    first = next((change.status for change in changes if change.event == "begin"), None)
    if first is None:
        return f"{fresh}{RULE}"
    command = f"takings alerts --acknowledge {first.name} --tenant {first.tenant}"
    return f"{fresh}{RULE} Whoever runs Takings can say that it is known: {command}"


def when(instant: datetime, time_zone: str) -> str:
    """20 Nov 2026, 04:00 (America/New_York)"""
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{texts.day(local.date())}, {local:%H:%M} ({time_zone})"
