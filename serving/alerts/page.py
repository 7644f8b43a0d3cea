"""The HTML of a mail about alerts."""

from __future__ import annotations

from collections.abc import Sequence

from semantic.reports.brand import Brand
from serving.alerts.words import Link, Part
from serving.deliveries import frame
from serving.deliveries.message import Attachment

TEMPLATE = "alert.html.j2"


def html(title: str, parts: Sequence[Part], foot: str, brand: Brand, logo: Attachment | None) -> str:
    """The mail of all that began or ended at once."""
    preview = " · ".join(" ".join((part.title, *(number.text for number in part.numbers))) for part in parts)
    return frame.html(
        TEMPLATE,
        brand,
        logo=logo,
        title=title,
        preview=preview,
        heading="",
        lines=(),
        parts=parts,
        link=None,
        foot=foot,
    )


def note(title: str, lines: Sequence[str], link: Link, foot: str, brand: Brand, logo: Attachment | None) -> str:
    """A mail of some lines and a link."""
    return frame.html(
        TEMPLATE, brand, logo=logo, title=title, preview=" ".join(lines), heading=title, lines=lines, parts=(),
        link=link, foot=foot,
    )  # fmt: skip
