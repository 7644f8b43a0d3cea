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

    @property
    def text(self) -> str:
        """MRR: $812.00, 14.2 % less than $946.00 (1 – 20 Nov 2026)"""
        return f"{self.label}: {self.value}{', ' * bool(self.compared)}{self.compared} ({self.days})"


@dataclass(frozen=True)
class Part:
    """One alert in words. `sentence`: what there is to say in place of numbers. `facts`: (name, text). `picture`: a
    name, or empty."""

    event: Event
    heading: str
    numbers: tuple[Number, ...]
    sentence: str
    facts: tuple[tuple[str, str], ...]
    why: str
    advice: str
    link: Link
    picture: str = ""
    picture_text: str = ""


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


def part(change: Change, reader: Reader, picture: str) -> Part:
    """One alert in words. `picture`: the name of its picture, or empty."""
    status, facts = change.status, change.status.facts
    readings: list[dict[str, str]] = facts.get("readings", [])
    rows = [(f"Limit of {each['label']}" if len(readings) > 1 else "Limit", each["limit"]) for each in readings]
    if change.event == "end" and status.fired_at:
        rows.append(("Fired last", when(status.fired_at, reader.time_zone)))
    if change.event == "begin" and status.since and status.since != status.seen_at:
        rows.append(("Since", f"data of {when(status.since, reader.time_zone)}"))
    if change.event == "lost" and status.known_at:
        rows.append(("Last known", when(status.known_at, reader.time_zone)))
    numbers = () if change.event == "lost" else tuple(_number(each) for each in readings)
    sentence = LOST if change.event == "lost" else "" if numbers else status.text
    picture_text = f"{facts['picture']['title']}, with the limit." if picture else ""
    return Part(
        change.event, f"{WORDS[change.event]}{status.title}", numbers, sentence, tuple(rows),
        status.reason if change.event == "end" else str(facts.get("why", "")),
        "" if change.event == "end" else str(facts.get("advice", "")), reader.link(status), picture, picture_text,
    )  # fmt: skip


def _number(reading: Mapping[str, str]) -> Number:
    compared = f"{reading['change']} {reading['before']}" if reading["change"] else ""
    return Number(reading["label"], reading["value"], compared, reading["days"])


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
    limits = "; ".join(f"{name.lower()} {text}" for name, text in part.facts if name.startswith("Limit"))
    numbers = "; ".join(number.text for number in part.numbers) or part.sentence
    return f"{MARKS[part.event]} {part.heading}: {numbers}" + (f"; {limits}" if limits else "")


def footer(changes: Sequence[Change], reader: Reader) -> str:
    """How fresh the numbers are, and how the person who runs Takings has fewer messages."""
    as_of = {change.status.seen_at for change in changes if change.status.family == "rule" and change.status.seen_at}
    fresh = f"Data as of {when(max(as_of), reader.time_zone)}. " if as_of else ""
    first = next((change.status for change in changes if change.event == "begin"), None)
    rule = "One message is sent when an alert begins and one when it ends."
    if first is None:
        return f"{fresh}{rule}"
    command = f"takings alerts --acknowledge {first.name} --tenant {first.tenant}"
    return f"{fresh}{rule} Whoever runs Takings can say that it is known: {command}"


def when(instant: datetime, time_zone: str) -> str:
    """20 Nov 2026, 04:00 (America/New_York)"""
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{texts.day(local.date())}, {local:%H:%M} ({time_zone})"
