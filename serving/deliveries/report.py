"""A report as a message: a mail with its figures, its first picture and the file, and a short text for chats.

The text part of the mail says the same as the HTML. The numbers in words are those of pages and documents
(semantic.reports.texts): a message computes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from semantic.reports import shown, texts
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.formats import FORMATS, file_name
from semantic.reports.page import drawn_charts
from semantic.reports.pictures import cards, draw
from semantic.reports.pictures.look import MAIL
from serving.deliveries import frame
from serving.deliveries.message import Attachment, Message


@dataclass(frozen=True)
class Link:
    """The address of the full report, and until when it opens (UTC)."""

    url: str
    until: datetime


@dataclass(frozen=True)
class Parts:
    """What all messages of a report share, whoever gets them: the file, and the pictures of the mail."""

    content: Content
    brand: Brand
    file: Attachment
    format: str
    pictures: tuple[Attachment, ...]
    chart: dict[str, str | int] | None


def parts(content: Content, brand: Brand, format: str) -> Parts:
    """Write the file and draw the pictures of a report. `format`: a name of FORMATS."""
    written = FORMATS[format]
    file = Attachment(file_name(content, format), written.media_type, written.dump(content, brand))
    pictures: list[Attachment] = []
    chart: dict[str, str | int] | None = None
    if logo := frame.logo(brand):
        pictures.append(logo)
    for number in drawn_charts(content)[:1]:
        data = content.charts[number]
        if not cards.sentence(data):
            body, text = draw.mail(data, content, brand)
            pictures.append(Attachment("chart.png", "image/png", body, inline=True))
            chart = {"title": data.chart.title, "picture": "chart.png", "text": text, "width": MAIL.width}
    return Parts(content, brand, file, written.title, tuple(pictures), chart)


def message(report: Parts, link: Link, why: str) -> Message:
    """The message of a report. `why`: one sentence or two that say why somebody gets it and how it stops."""
    content = report.content
    title = f"{content.title}, {texts.days(content.days)} · {report.brand.name}"
    until = f"The link opens until {_instant(link.until, content)}."
    attached = f"Attached: {report.file.name} ({report.format}, {_size(len(report.file.body))})."
    return Message(
        title,
        _text(report, link, why, (until, attached)),
        _html(report, link, why, title, (until, attached)),
        (report.file, *report.pictures),
        _chat(report, link, until),
        report.brand.name,
    )


def _html(report: Parts, link: Link, why: str, title: str, notes: tuple[str, str]) -> str:
    content = report.content
    figures = texts.figures(content)
    return frame.html(
        "delivery.html.j2",
        report.brand,
        logo=next((picture for picture in report.pictures if not picture.chat), None),
        title=title,
        preview=" · ".join(f"{figure.label} {figure.value}" for figure in figures[:2]),
        content=content,
        period=texts.period(content),
        comparison=texts.comparison(content),
        figures=figures,
        unknown=shown.UNKNOWN,
        chart=report.chart,
        url=link.url,
        until=notes[0],
        attached=notes[1],
        as_of=texts.as_of(content) + ".",
        reconciliation=texts.reconciliation(content),
        caveats=content.caveats,
        why=why,
        foot=texts.foot(content),
    )


def _text(report: Parts, link: Link, why: str, notes: tuple[str, str]) -> str:
    content = report.content
    blocks = [
        [report.brand.name, content.title, texts.period(content), texts.comparison(content)],
        _figures(content),
        [f"{report.chart['title']} (picture)", str(report.chart["text"])] if report.chart else [],
        ["Open full report:", link.url, *notes],
        [texts.as_of(content) + ".", texts.reconciliation(content)[1]],
        list(content.caveats),
        ["-- ", why, texts.foot(content)],
    ]
    return "\n\n".join("\n".join(line for line in block if line) for block in blocks if any(block)) + "\n"


def _chat(report: Parts, link: Link, until: str) -> str:
    content = report.content
    trust = f"{texts.as_of(content)}. {texts.reconciliation(content)[1]}"
    lines = [texts.period(content), *_figures(content), trust, until, f"Open full report: {link.url}"]
    return "\n".join(lines)


def _figures(content: Content) -> list[str]:
    """One line per figure: Net sales: $48,213.55 (▲ 12.3 % from $42,930)."""
    return [
        f"{figure.label}: {figure.value}" + "".join(f" ({text})" for text in (figure.badge, figure.change) if text)
        for figure in texts.figures(content)
    ]


def _instant(instant: datetime, content: Content) -> str:
    local = instant.astimezone(ZoneInfo(content.time_zone))
    return f"{texts.day(local.date())}, {local:%H:%M} ({content.time_zone})"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1000)):,} kB"
