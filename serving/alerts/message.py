"""Writes the message of all that began or ended at once: the number, the limit, the days, a picture, advice and a link.

It is written from what the notice holds, so that it says the same whenever it is written. `text` is the plain part of a
mail, `chat` a compact one whose last line is the link.
"""

from __future__ import annotations

from semantic.alerts import picture
from semantic.reports.brand import Brand
from semantic.reports.pictures.look import MAIL
from serving.alerts import page, words
from serving.alerts.book import Change, Notice
from serving.alerts.words import MARKS, WORDS, Picture, Reader
from serving.deliveries import frame
from serving.deliveries.message import Attachment, Message

MOST_PICTURES = 5


def compose(notice: Notice, reader: Reader) -> Message:
    """The message of a notice."""
    if notice.is_rest:
        return _rest(notice, reader)
    parts, files = [], []
    for number, change in enumerate(notice.changes, start=1):
        drawn = _picture(change, reader.brand, number) if number <= MOST_PICTURES else None
        files += [drawn[1]] if drawn else []
        parts.append(words.part(change, reader, drawn[0] if drawn else None))
    title, footer = words.title(notice.changes, reader), words.footer(notice.changes, reader)
    text = "\n\n".join([*("\n".join(words.plain(part)) for part in parts), footer]) + "\n"
    link = parts[0].link if len(parts) == 1 else reader.more
    chat = "\n".join([*(words.line(part) for part in parts), f"{link.label}: {link.url}"])
    logo = frame.logo(reader.brand)
    html = page.html(title, parts, footer, reader.brand, logo)
    return Message(title, text, html, (*files, *([logo] if logo else [])), chat, reader.brand.name)


def trial(reader: Reader, channel: str, by: str, what: str) -> Message:
    """A message that tries a channel and says so."""
    lines = [
        f"This is a test of the alert channel {channel}, sent by {by} with `takings alerts --test-channel`.",
        "No rule fires because of it.",
        what,
    ]
    return _note(f"Test: alerts of {reader.tenant_name} reach this channel", lines, reader)


def _rest(notice: Notice, reader: Reader) -> Message:
    """The last message of a day: what else began or ended, by name."""
    count = len(notice.changes)
    title = f"{reader.tenant_name}: {count} more alert{'s' * (count > 1)}, and no further message today"
    lines = [f"{MARKS[change.event]} {WORDS[change.event]}{change.status.title}" for change in notice.changes]
    why = (
        "Today's messages have reached the limit that `alert_budget` sets. What else changes today, and is still so "
        "tomorrow, is sent tomorrow."
    )
    return _note(title, [*lines, why, f"{count} more, see:"], reader)


def _note(title: str, lines: list[str], reader: Reader) -> Message:
    text = "\n".join([*lines, f"{reader.more.label}: {reader.more.url}"])
    logo = frame.logo(reader.brand)
    html = page.note(title, lines, reader.more, words.RULE, reader.brand, logo)
    return Message(title, f"{text}\n", html, (logo,) if logo else (), text, reader.brand.name)


def _picture(change: Change, brand: Brand, number: int) -> tuple[Picture, Attachment] | None:
    """The PNG of an alert; None where it has no numbers over time."""
    details = change.status.facts
    drawn = None if change.event == "lost" else picture.mail(details, brand)
    if drawn is None:
        return None
    name = f"alert-{number}.png"
    about = Picture(name, details["picture"]["title"], MAIL.width, drawn[1])
    return about, Attachment(name, "image/png", drawn[0], inline=True)
