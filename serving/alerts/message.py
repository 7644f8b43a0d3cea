"""Writes the message of all that began or ended at once: the number, the limit, the days, a picture, advice and a link.

It is written from what the notice holds, so that it says the same whenever it is written. `text` is the plain part of a
mail, `chat` a compact one whose last line is the link.
"""

from __future__ import annotations

from semantic.alerts import picture
from semantic.reports.brand import Brand
from serving.alerts import page, words
from serving.alerts.book import Change, Notice
from serving.alerts.words import MARKS, WORDS, Reader
from serving.deliveries.message import Attachment, Message

MOST_PICTURES = 5


def compose(notice: Notice, reader: Reader) -> Message:
    """The message of a notice."""
    if notice.is_rest:
        return _rest(notice, reader)
    parts, files = [], []
    for number, change in enumerate(notice.changes):
        content = _picture(change, reader.brand) if number < MOST_PICTURES else None
        name = f"alert-{number + 1}.png" if content else ""
        if content:
            files.append(Attachment(name, "image/png", content, inline=True))
        parts.append(words.part(change, reader, name))
    title, footer = words.title(notice.changes, reader), words.footer(notice.changes, reader)
    text = "\n\n".join([*("\n".join(words.plain(part)) for part in parts), footer]) + "\n"
    link = parts[0].link if len(parts) == 1 else reader.more
    chat = "\n".join([*(words.line(part) for part in parts), link.url])
    return Message(title, text, page.html(title, parts, footer, reader.brand), tuple(files), chat)


def trial(reader: Reader, channel: str, by: str, what: str) -> Message:
    """A message that tries a channel and says so."""
    title = f"Test: alerts of {reader.tenant_name} reach this channel"
    lines = [
        f"This is a test of the alert channel {channel}, sent by {by} with `takings alerts --test-channel`.",
        "No rule fires because of it.",
        what,
    ]
    text = "\n".join([*lines, f"{reader.more.label}: {reader.more.url}"]) + "\n"
    return Message(title, text, page.note(title, lines, reader), (), "\n".join([*lines, reader.more.url]))


def _rest(notice: Notice, reader: Reader) -> Message:
    """The last message of a day: what else began or ended, by name."""
    count = len(notice.changes)
    title = f"{reader.tenant_name}: {count} more alert{'s' * (count > 1)}, and no further message today"
    lines = [f"{MARKS[change.event]} {WORDS[change.event]}{change.status.title}" for change in notice.changes]
    why = (
        "Today's messages have reached the limit that `alert_budget` sets. What else changes today, and is still so "
        "tomorrow, is sent tomorrow."
    )
    more = f"{count} more, see {reader.more.url}"
    text = "\n".join([*lines, "", why, more]) + "\n"
    return Message(title, text, page.note(title, [*lines, why], reader), (), "\n".join([*lines, why, reader.more.url]))


def _picture(change: Change, brand: Brand) -> bytes | None:
    """The PNG of an alert; None where it has no numbers over time."""
    details = change.status.facts
    return None if change.event == "lost" or not details.get("picture") else picture.png(details, brand)
