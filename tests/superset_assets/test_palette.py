"""Colours that people can see: contrast on light and dark, and none that looks like another to the colour-blind."""

import re
from itertools import combinations

import pytest

from superset_assets import bundle, defaults
from superset_assets.process import SERVER

Colour = tuple[float, float, float]
LIGHT, DARK = "#ffffff", "#141414"  # Superset's background of a tile
TEXT = {LIGHT: "#1f1f1f", DARK: "#dcdcdc"}  # and its text: black or white at 88 or 85 %
PALETTE = defaults.load().palette
ALL = PALETTE.meanings | PALETTE.kinds | PALETTE.parts
# what people without red or green cones see, in linear light (Machado, Oliveira and Fernandes 2009)
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
}
DISTINCT = 14  # in CIELAB, where 2 is just visible side by side


def linear(colour: str) -> Colour:
    """Red, green and blue in linear light."""
    parts = (byte / 255 for byte in bytes.fromhex(colour[1:]))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""
    lights = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(linear, (one, other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def seen(colour: str, eyes: str) -> Colour:
    """A colour in CIELAB as these eyes see it."""
    light = linear(colour)
    red, green, blue = (
        min(1.0, max(0.0, sum(factor * part for factor, part in zip(row, light, strict=True)))) for row in EYES[eyes]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def mixed(colour: str, share: float, other: str) -> str:
    """color-mix(in srgb, colour share, other)."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(one * share + two * (1 - share)) for one, two in pairs).hex()


@pytest.mark.parametrize("background", [LIGHT, DARK])
def test_every_line_stands_out_from_its_background(background: str) -> None:
    assert {name: round(contrast(colour, background), 2) for name, colour in ALL.items()
            if contrast(colour, background) < 3} == {}  # fmt: skip


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("group", ["meanings", "kinds", "parts"])
def test_colours_of_a_group_are_distinct(group: str, eyes: str) -> None:
    colours: dict[str, str] = getattr(PALETTE, group)
    alike = [
        (one, other)
        for one, other in combinations(colours, 2)
        if sum((a - b) ** 2 for a, b in zip(seen(colours[one], eyes), seen(colours[other], eyes), strict=True))
        < DISTINCT**2
    ]
    assert alike == []


@pytest.mark.parametrize("background", [LIGHT, DARK])
def test_text_in_a_colour_can_be_read(background: str) -> None:
    """The style sheet mixes colours of text with the page's text, and puts text on a tint."""
    css = bundle.style_sheet()
    mixes = re.findall(r"(?<!-)color: color-mix\(in srgb, var\(--(\w+)\) (\d+)%, currentColor\)", css)
    assert {name for name, _ in mixes} == {"good", "bad"}
    for name, share in mixes:
        assert contrast(mixed(ALL[name], int(share) / 100, TEXT[background]), background) >= 4.5, name
    tints = re.findall(r"background: color-mix\(in srgb, var\(--(\w+)\) (\d+)%, transparent\)", css)
    assert tints
    for name, share in tints:
        assert contrast(mixed(ALL[name], int(share) / 100, background), TEXT[background]) >= 4.5, name


def test_style_sheet_and_server_take_their_colours_from_the_palette() -> None:
    """Apart from the brand's green, no other file names a colour."""
    sheets = "".join(path.read_text("utf-8") for path in bundle.CSS)
    server = (SERVER / "superset_config.py").read_text("utf-8")
    assert set(re.findall(r"#[0-9a-f]{6}\b", sheets + server)) <= {"#14694f", "#6fd3ae", "#1a7a5b", "#4fbf98"}
    assert {name for names in [defaults.load().colours] for name in names} <= set(ALL)
