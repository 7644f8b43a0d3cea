"""The colours of pages, documents and pictures: those of the dashboards, and the tenant's accent.

The palette is that of superset_assets/palette.yaml; a test compares both. `var(--…)` colours are for pictures inside a
page, whose style sheet gives them their light and dark values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Mode = Literal["light", "dark"]
LAB = tuple[float, float, float]
GOOD, WATCH, BAD, NEUTRAL, COMPARISON = "#2a9469", "#b87a00", "#cf3f33", "#75839a", "#5b7fb5"
KINDS = ("#3a6fdc", "#cc7000", "#a04a9c", "#94663f", "#2e986e")  # without its slate: grey is the earlier period
SERIES = 4
"""Colours beside the accent."""
LOSSES = frozenset(
    (
        "api_error_rate",
        "api_errors",
        "cash_refunded",
        "churned_mrr",
        "disputes",
        "refunded_order_value",
        "returns",
        "vault_refunded_amount",
    )
)
"""Metrics that are drawn in the colour of a loss, as on the dashboards."""
MODES: tuple[Mode, ...] = ("light", "dark")
PLAIN: Mapping[Mode, Mapping[str, str]] = {
    "light": {"background": "#ffffff", "panel": "#f6f8fa", "text": "#1b2430", "muted": "#566273", "grid": "#e2e7ed",
              "zero": "#8b97a6", "earlier": "#8a94a3"},
    "dark": {"background": "#151a21", "panel": "#1d242d", "text": "#e8ecf1", "muted": "#a6b1bf", "grid": "#2e3844",
             "zero": "#6f7d8d", "earlier": "#8793a1"},
}  # fmt: skip
"""What is the same for all tenants."""
NAMES = (*PLAIN["light"], "accent", "good", "watch", "bad")
ACCENT_CONTRAST: Mapping[Mode, float] = {"light": 4.5, "dark": 6.0}
"""With the background: a text in the accent colour can be read, and a line on black is bright enough."""
TINTS: Mapping[Mode, float] = {"light": 0.46, "dark": 0.42}
TEXT_CONTRAST = 4.5  # WCAG AA
DISTINCT = 25  # in CIELAB, where 2 is just visible side by side
# what people without red or green cones see, in linear light (Machado, Oliveira and Fernandes 2009)
EYES = (
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
)


@dataclass(frozen=True)
class Theme:
    """The colours of one mode. `good`, `watch` and `bad` can be read as text; `series` are those after the accent.

    `tint`: the opacity of the accent behind a text, at most.
    """

    background: str
    panel: str
    text: str
    muted: str
    grid: str
    zero: str
    earlier: str
    accent: str
    good: str
    watch: str
    bad: str
    series: tuple[str, ...]
    tint: float


def theme(accent: str, mode: Mode) -> Theme:
    """The colours of a mode for a tenant's accent colour (#rrggbb)."""
    plain = PLAIN[mode]
    own = readable(accent, plain["background"], least=ACCENT_CONTRAST[mode])
    good, watch, bad = (readable(colour, plain["background"], plain["panel"]) for colour in (GOOD, WATCH, BAD))
    return Theme(
        **plain,
        accent=own,
        good=good,
        watch=watch,
        bad=bad,
        series=_series(own, plain["background"]),
        tint=TINTS[mode],
    )


def inside_a_page() -> Theme:
    """Colours that are variables of the page's style sheet, for pictures that follow its mode."""
    names = {name: f"var(--{name})" for name in NAMES}
    series = tuple(f"var(--series-{number})" for number in range(SERIES))
    return Theme(**names, series=series, tint=min(TINTS.values()))


def variables(own: Theme) -> dict[str, str]:
    """The variables of a style sheet and their values in one mode."""
    series = {f"--series-{number}": colour for number, colour in enumerate(own.series)}
    return {f"--{name}": getattr(own, name) for name in NAMES} | series


def _series(accent: str, background: str) -> tuple[str, ...]:
    """Four colours of the palette, those first that nobody mistakes for the accent."""
    ordered = sorted(KINDS, key=lambda colour: distance(colour, accent) < DISTINCT)
    return tuple(readable(colour, background, least=3) for colour in ordered[:SERIES])


def readable(colour: str, *backgrounds: str, least: float = TEXT_CONTRAST) -> str:
    """The colour, mixed with black or white until its contrast with each background is large enough."""
    end = "#000000" if luminance(backgrounds[0]) > 0.5 else "#ffffff"
    steps = (mixed(colour, 1 - share / 50, end) for share in range(51))
    return next((step for step in steps if all(contrast(step, back) >= least for back in backgrounds)), end)


def on(colour: str) -> str:
    """Black or white: what is better read on a colour."""
    return max(("#ffffff", "#000000"), key=lambda text: contrast(text, colour))


def mixed(colour: str, share: float, other: str) -> str:
    """So much of a colour over another one, as color-mix in srgb."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(one * share + two * (1 - share)) for one, two in pairs).hex()


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance, from 0 to 1."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def distance(one: str, other: str) -> float:
    """How far two colours are apart in CIELAB for the eyes that tell them apart least."""
    return min(math.dist(_lab(one, eyes), _lab(other, eyes)) for eyes in range(len(EYES)))


def _linear(colour: str) -> LAB:
    parts = (byte / 255 for byte in bytes.fromhex(colour[1:]))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def _lab(colour: str, eyes: int) -> LAB:
    light = _linear(colour)
    red, green, blue = (
        min(1.0, max(0.0, sum(factor * part for factor, part in zip(row, light, strict=True)))) for row in EYES[eyes]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
