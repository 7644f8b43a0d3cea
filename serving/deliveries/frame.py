"""The HTML of a mail: a template of serving/templates in the tenant's colours, light and dark, with its logo."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from semantic.reports import colours
from semantic.reports.brand import Brand
from semantic.reports.pictures import draw
from serving.deliveries.message import Attachment

TEMPLATES = Path(__file__).parents[1] / "templates"
CLASSES = {"good": "good", "watch": "watch", "bad": "bad", "neutral": "muted"}
LOGO_HEIGHT = 56  # twice what is shown


def logo(brand: Brand) -> Attachment | None:
    """The tenant's logo as a picture of the mail; None without one."""
    body = draw.logo(brand, LOGO_HEIGHT)
    return Attachment("logo.png", "image/png", body, inline=True, chat=False) if body else None


def html(template: str, brand: Brand, *, logo: Attachment | None, **values: Any) -> str:
    """A template that extends mail.html.j2. `logo`: as `logo` gives it.

    `values` have at least `title` and `preview`, what lists of mails show beside the title.
    """
    light, dark = (colours.theme(brand.accent, mode) for mode in colours.MODES)
    tones = {"good": light.good, "watch": light.watch, "bad": light.bad, "neutral": light.muted}
    shared = {"brand": brand, "logo": logo and logo.name, "light": light, "dark": dark, "classes": CLASSES}
    return (
        _environment()
        .get_template(template)
        .render(**shared, tones=tones, on_accent=colours.on(light.accent), **values)
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
