"""White label: the table [tenants.brand], and logos that must not bring anything along."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import TakingsError
from orchestration import settings
from semantic.reports import page, pdf
from semantic.reports.brand import ACCENT, Brand
from semantic.reports.logo import MOST_BYTES, svg_problem
from semantic.reports.pictures import draw
from tests.semantic import contents

GOOD = """
[[tenants]]
id = "acme"
name = "Acme"
time_zone = "Europe/Berlin"
currency = "EUR"
{}
[[tenants.sources]]
kind = "files"
account = "acme"
path = "files"
"""
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 20">'
SVG = (
    f'{HEAD}<style>.a {{ fill: url(#g) }}</style><linearGradient id="g"/><rect class="a" width="40" height="20"/></svg>'
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6390f5bbf11f0004120243e9"
    "1f09b80000000049454e44ae426082"
)


def load(folder: Path, brand: str) -> settings.Settings:
    path = folder / "takings.toml"
    path.write_text(GOOD.format(f"[tenants.brand]\n{brand}\n" if brand else ""))
    return settings.load(path)


def brand_of(loaded: settings.Settings) -> Brand:
    (tenant,) = loaded.tenants
    return tenant.brand.brand(tenant.name, loaded.config_folder)


def test_without_a_brand_the_tenant_has_its_name_and_our_accent(tmp_path: Path) -> None:
    assert brand_of(load(tmp_path, "")) == Brand("Acme", ACCENT)


@pytest.mark.parametrize(
    ("file", "content", "kind"), [("a.svg", SVG.encode(), "image/svg+xml"), ("a.PNG", PIXEL, "image/png")]
)
def test_brand_has_name_logo_and_accent(tmp_path: Path, file: str, content: bytes, kind: str) -> None:
    (tmp_path / file).write_bytes(content)
    loaded = load(tmp_path, f'name = "Acme Tools"\nlogo = "{file}"\naccent = "#1D4ED8"')
    assert brand_of(loaded) == Brand("Acme Tools", "#1d4ed8", content, kind)


def test_brand_is_on_page_document_and_picture(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(SVG)
    brand = brand_of(load(tmp_path, 'name = "Acme Tools"\nlogo = "a.svg"\naccent = "#1d4ed8"'))
    report = contents.content()
    html = page.render(report, brand)
    for part in ("Acme Tools", "--accent: #1d4ed8", "data:image/svg+xml;base64,"):
        assert part in html
    data = pdf.data(report, brand)
    assert (data["brand"], data["colours"]["accent"], bytes(data["logo"]["bytes"])) == (
        "Acme Tools",
        "#1d4ed8",
        SVG.encode(),
    )
    svg = draw.svg(report.charts[0], report, brand)
    assert 'stroke="#1d4ed8"' in svg
    assert "data:image/svg+xml;base64," in svg
    assert pdf.render(report, brand) != pdf.render(report, Brand("Acme Tools"))


@pytest.mark.parametrize(
    ("brand", "message"),
    [
        ('accent = "#ffcc00"', "the contrast of #ffcc00 with white is 1.5"),
        ('accent = "green"', "tenants[0].brand.accent"),
        ('accent = "#12345"', "tenants[0].brand.accent"),
        ('colour = "#123456"', "tenants[0].brand.colour: Extra inputs are not permitted"),
        ('name = ""', "tenants[0].brand.name"),
        ('logo = "missing.svg"', "missing.svg cannot be read (No such file or directory)"),
        ('logo = "logo.gif"', "logo.gif is neither an .svg nor a .png file"),
        ('logo = "large.png"', "large.png has 200 kB: make it at most 200 kB"),
        ('logo = "not.png"', "not.png is not a PNG file"),
        ('logo = "wide.png"', "wide.png has 5,000 × 10 pixels"),
        ('logo = "cut.png"', "cut.png is a damaged PNG file"),
        ('logo = "changed.png"', "changed.png is a damaged PNG file"),
        ('logo = "script.svg"', "script.svg has a <script>"),
    ],
)
def test_mistake_in_a_brand_is_named(tmp_path: Path, brand: str, message: str) -> None:
    (tmp_path / "large.png").write_bytes(PIXEL + bytes(MOST_BYTES + 1 - len(PIXEL)))
    (tmp_path / "not.png").write_text(SVG)
    (tmp_path / "wide.png").write_bytes(PIXEL[:16] + (5000).to_bytes(4) + (10).to_bytes(4) + PIXEL[24:])
    (tmp_path / "cut.png").write_bytes(PIXEL[:-20])
    (tmp_path / "changed.png").write_bytes(PIXEL[:50] + b"!" + PIXEL[51:])
    (tmp_path / "script.svg").write_text(f"{HEAD}<script>1</script></svg>")
    with pytest.raises(TakingsError) as caught:
        load(tmp_path, brand)
    assert message in str(caught.value)
    assert str(tmp_path / "takings.toml") in str(caught.value)


def test_suggested_colour_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(TakingsError) as caught:
        load(tmp_path, 'accent = "#ffcc00"')
    suggestion = str(caught.value).partition("such as ")[2][:7]
    assert brand_of(load(tmp_path, f'accent = "{suggestion}"')).accent == suggestion


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>", "<SCRIPT/>", '<rect onclick="alert(1)"/>', '<rect ONLOAD="a"/>',
        '<image href="https://example.com/a.png"/>', '<image xlink:href="//example.com/a"/>',
        '<use href="other.svg#a"/>',
        '<a href="javascript:alert(1)"/>', '<image href="file:///etc/passwd"/>', '<image href="data:text/html,x"/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>', "<foreignObject><b/></foreignObject>",
        '<rect style="fill: url(https://example.com/a)"/>', "<rect fill=\"url('//example.com')\"/>",
        "<style>@import 'a.css'</style>", "<style>a { background: url(a.png) }</style>",
        "<style>a { background: u\\72l(a.png) }</style>", '<set attributeName="href" to="javascript:1"/>',
        '<animate attributeName="href" values="javascript:1"/>', '<iframe src="https://example.com"/>',
    ],
)  # fmt: skip
def test_svg_that_loads_or_runs_something_is_refused(inside: str) -> None:
    assert svg_problem(f"{HEAD}{inside}</svg>".encode())


@pytest.mark.parametrize(
    "whole",
    [
        '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + "&a;</svg>",
        '<?xml-stylesheet href="https://example.com/a.css"?>' + HEAD + "</svg>",
        "<svg><rect/></svg>", '<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', "not an svg", "",
        f"{HEAD}<g></svg>",
        '<html xmlns="http://www.w3.org/1999/xhtml"/>',
        f"{HEAD}{'<g>' * 150}{'</g>' * 150}</svg>",
        f'{HEAD}<g id="a"><rect/></g><g id="b"><use href="#a"/><use href="#a"/></g><use href="#b"/></svg>',
    ],
)  # fmt: skip
def test_file_that_is_no_plain_svg_is_refused(whole: str) -> None:
    assert svg_problem(whole.encode())
    assert svg_problem(b"\xff\xfe" + whole.encode("utf-16-le"))


def test_plain_svg_is_accepted() -> None:
    assert not svg_problem(SVG.encode())
    assert not svg_problem(b"\xef\xbb\xbf" + SVG.encode())
    picture = f'{HEAD}<image href="data:image/png;base64,iVBORw0KGgo="/><use href="#a"/></svg>'
    assert not svg_problem(picture.encode())
