"""The HTML of an alert's mail: one card per alert. Styles are in the elements, since mail programs drop the rest."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from semantic.reports import colours
from semantic.reports.brand import Brand
from semantic.reports.colours import Theme
from serving.alerts.words import Link, Number, Part, Reader

FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif"


def html(title: str, parts: Sequence[Part], footer: str, brand: Brand) -> str:
    """The mail of all that began or ended at once."""
    theme = colours.theme(brand.accent, "light")
    return _frame(title, "".join(_card(part, theme) for part in parts), footer, brand, theme)


def note(title: str, lines: Sequence[str], reader: Reader) -> str:
    """A mail of some lines, and a link to all alerts."""
    theme = colours.theme(reader.brand.accent, "light")
    texts = "".join(f'<p style="margin:0 0 6px">{escape(line)}</p>' for line in lines)
    heading = f'<h2 style="margin:0 0 8px;font-size:20px;line-height:1.3">{escape(title)}</h2>'
    card = _panel(heading + texts + _button(reader.more, theme), theme.muted, theme)
    return _frame(title, card, "", reader.brand, theme)


def _card(part: Part, theme: Theme) -> str:
    """An alert: what happened, the numbers, the limit, the picture, advice and a link."""
    tone, word = {"begin": (theme.bad, "Began"), "end": (theme.good, "Over"), "lost": (theme.watch, "Unknown")}[
        part.event
    ]
    heading = part.heading.removeprefix("Over: ").removeprefix("Cannot be checked: ")
    numbers = "".join(_number(number, theme) for number in part.numbers)
    if part.sentence:
        numbers = f'<p style="margin:4px 0 0">{escape(part.sentence)}</p>'
    facts = "".join(
        f'<tr><td style="padding:2px 14px 2px 0;color:{theme.muted};vertical-align:top">{escape(name)}</td>'
        f'<td style="padding:2px 0">{escape(text)}</td></tr>'
        for name, text in part.facts
    )
    picture = (
        f'<img src="cid:{part.picture}" alt="{escape(part.picture_text)}" width="560" '
        f'style="display:block;width:100%;max-width:560px;height:auto;margin:14px 0;border:1px solid {theme.grid};'
        f'border-radius:6px">'
        if part.picture
        else ""
    )
    why = f'<p style="margin:12px 0 0;color:{theme.muted}">{escape(part.why)}</p>' if part.why else ""
    advice = f'<p style="margin:8px 0 0"><b>What to do:</b> {escape(part.advice)}</p>' if part.advice else ""
    return _panel(
        f'<p style="margin:0;color:{tone};font-size:13px;font-weight:700">{word}</p>'
        f'<h2 style="margin:0;font-size:20px;line-height:1.3">{escape(heading)}</h2>{numbers}'
        f'<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:14px;margin:8px 0 0">{facts}'
        f"</table>{picture}{why}{advice}{_button(part.link, theme)}",
        tone,
        theme,
    )


def _panel(content: str, tone: str, theme: Theme) -> str:
    return (
        f'<div style="background:{theme.background};border:1px solid {theme.grid};border-left:4px solid {tone};'
        f'border-radius:8px;padding:16px 18px;margin:0 0 16px">{content}</div>'
    )


def _number(number: Number, theme: Theme) -> str:
    compared = f'<p style="margin:0">{escape(number.compared)}</p>' if number.compared else ""
    name = escape(f"{number.label}, {number.days}")
    return (
        f'<p style="margin:8px 0 0;color:{theme.muted};font-size:14px">{name}</p>'
        f'<p style="margin:0;font-size:26px;line-height:1.3;font-weight:700">{escape(number.value)}'
        f"</p>{compared}"
    )


def _button(link: Link, theme: Theme) -> str:
    return (
        f'<p style="margin:16px 0 0"><a href="{escape(link.url)}" style="display:inline-block;padding:10px 16px;'
        f'background:{theme.accent};color:#ffffff;text-decoration:none;border-radius:6px;font-weight:600">'
        f"{escape(link.label)}</a></p>"
    )


def _frame(title: str, body: str, footer: str, brand: Brand, theme: Theme) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escape(title)}</title></head>'
        f'<body style="margin:0;background:{theme.panel};color:{theme.text};{FONT};font-size:15px;line-height:1.5">'
        f'<div style="max-width:600px;margin:0 auto;padding:20px 12px"><p style="margin:0 0 12px;font-weight:700">'
        f'{escape(brand.name)}</p>{body}<p style="margin:14px 4px;font-size:13px;color:{theme.muted}">'
        f"{escape(footer)}</p></div></body></html>"
    )
