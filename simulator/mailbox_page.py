"""The mailbox's page: the list of messages and one of them, as HTML, as plain text, or its source. No script."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote

from simulator.apis.base import Response
from simulator.mailbox_item import File, Item

ROOT = "/mailbox/"
STYLE = Path(__file__).with_name("mailbox.css")
PATH = re.compile(r"/mailbox/(\d{1,9})(?:/(html|files/(\d{1,3})))?")
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
FRAME = "allow-popups allow-popups-to-escape-sandbox"  # a link opens in a tab of its own; nothing else works
FRAME_POLICY = f"sandbox {FRAME}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
VIEWS = {"html": "HTML", "text": "Plain text", "source": "Source"}
HTML = "text/html; charset=utf-8"
ABOUT = "Messages of the demo arrive here; nothing leaves this machine."
CURRENT = ' aria-current="page"'


def respond(path: str, query: str, items: list[Item]) -> Response:
    """The answer to a GET."""
    if path in ("/mailbox", ROOT):
        return _html(_page(items, items[0] if items else None, "", is_list=True))
    match = PATH.fullmatch(path)
    item = next((each for each in items if match and each.number == int(match[1])), None)
    if match is None or item is None:
        return _html(_frame("Not there", '<p class="empty">There is no such message.</p>'), status=404)
    if match[2] == "html":
        return Response(200, _isolated(item.html).encode(), HTML, _headers(FRAME_POLICY, "SAMEORIGIN"))
    if match[3]:
        number = int(match[3])
        if number >= len(item.files):
            return _html(_frame("Not there", '<p class="empty">There is no such file.</p>'), status=404)
        return _download(item.files[number])
    view = parse_qs(query).get("view", [""])[0]
    return _html(_page(items, item, view, is_list=False))


def _download(file: File) -> Response:
    """A file to be saved, never to be opened in the page."""
    name = quote(file.name, safe="")
    headers = _headers("sandbox; default-src 'none'", "DENY")
    return Response(
        200,
        file.body,
        "application/octet-stream",
        headers | {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def _isolated(html: str) -> str:
    """A mail's HTML whose links open in a tab of their own."""
    return f'<!doctype html><meta name="viewport" content="width=device-width"><base target="_blank">{html}'


def _page(items: list[Item], item: Item | None, view: str, *, is_list: bool) -> str:
    """The list beside a message; on a phone one of both."""
    count = f"{len(items)} message{'s' * (len(items) != 1)}" if items else "No message yet"
    entries = "".join(_entry(each, is_open=each is item) for each in items)
    listing = f'<nav class="list" aria-label="Messages"><p class="count">{count}</p><ul>{entries}</ul></nav>'
    body = _message(item, view) if item else '<p class="empty">What is sent to this mailbox appears here.</p>'
    title = item.title if item and not is_list else "Mailbox"
    return _frame(title, f'<main class="{"lists" if is_list else "reads"}">{listing}<article>{body}</article></main>')


def _entry(item: Item, *, is_open: bool) -> str:
    preview = " ".join(item.text.split())[:90]
    files = f'<span class="badge">{len(item.files)} file{"s" * (len(item.files) > 1)}</span>' if item.files else ""
    return (
        f'<li><a href="{ROOT}{item.number}"{CURRENT if is_open else ""}><span class="row">'
        f'<span class="kind">{item.kind}</span>{files}<time>{_when(item.received)}</time></span>'
        f'<strong>{escape(item.title)}</strong><span class="preview">{escape(preview)}</span></a></li>'
    )  # fmt: skip


def _message(item: Item, view: str) -> str:
    """A message with its head, its views and its files."""
    known = [name for name in VIEWS if name == "source" or getattr(item, name)]
    view = view if view in known else known[0]
    tabs = "".join(
        f'<a href="{ROOT}{item.number}?view={name}"{CURRENT if name == view else ""}>{VIEWS[name]}</a>'
        for name in known
    )
    files = "".join(
        f'<a class="file" href="{ROOT}{item.number}/files/{number}" download>{escape(file.name)} '
        f"<span>{_size(len(file.body))}</span></a>"
        for number, file in enumerate(item.files)
    )
    facts = [("From", item.sender), ("To", item.recipient), ("Received", _when(item.received))]
    head = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return (
        f'<header><a class="back" href="{ROOT}">All messages</a><h1>{escape(item.title)}</h1><dl>{head}</dl></header>'
        f'<div class="bar"><nav class="tabs" aria-label="Views">{tabs}</nav>'
        + (f'<div class="files">{files}</div>' if files else "")
        + f"</div>{_body(item, view)}"
    )


def _body(item: Item, view: str) -> str:
    if view == "html":
        return f'<iframe title="The message" sandbox="{FRAME}" src="{ROOT}{item.number}/html"></iframe>'
    return f'<pre tabindex="0">{escape(item.text if view == "text" else item.source)}</pre>'


def _frame(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{STYLE.read_text(encoding="utf-8")}</style></head><body><div class="top">'
        f'<a class="brand" href="{ROOT}">Demo mailbox</a><span class="about">{ABOUT}</span>'
        f'<a class="button" href="{ROOT}">Look for new messages</a></div>{body}</body></html>'
    )  # fmt: skip


def _html(page: str, status: int = 200) -> Response:
    return Response(status, page.encode(), HTML, _headers(PAGE_POLICY, "DENY"))


def _headers(policy: str, frames: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": frames,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _when(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%-d %b %Y %H:%M} UTC" if instant else ""


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 1000 else f"{count / 1000:,.0f} kB"
