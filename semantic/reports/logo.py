"""What a logo may be: a PNG or an SVG that can be shown to strangers inside our pages.

An SVG may have shapes and texts only: no script, no link to a file of somebody else.
"""

from __future__ import annotations

import re
import zlib
from xml.etree import ElementTree

MOST_BYTES = 200_000
PNG = b"\x89PNG\r\n\x1a\n"
MOST_PIXEL_BYTES = 4000 * 4001 * 8
MOST_LEVELS = 100
MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
FORBIDDEN = frozenset(
    ("script", "foreignobject", "iframe", "embed", "object", "audio", "video", "handler", "listener", "set", "animate",
     "animatetransform", "animatemotion", "discard")
)  # fmt: skip
STARTS = {
    "<!doctype": "remove it, since it can read other files",
    "<!entity": "remove it, since it can read other files",
    "<?xml-stylesheet": "put the styles into the file's attributes",
}
INSIDE = re.compile(r"#|data:image/(png|jpeg|gif|webp);base64,")
OUTSIDE = re.compile(r"\\|@import|expression\(|javascript:|url\(\s*['\"]?(?!['\"]?#)", re.IGNORECASE)


def problem_of(content: bytes, media_type: str) -> str:
    """Why a picture cannot be a logo; empty where it can."""
    return _png_problem(content) if media_type == "image/png" else svg_problem(content)


def _png_problem(content: bytes) -> str:
    if not content.startswith(PNG) or content[12:16] != b"IHDR":
        return "is not a PNG file: save it as PNG, whatever its name was before"
    width, height = (int.from_bytes(content[start : start + 4]) for start in (16, 20))
    if not (0 < width <= 4000 and 0 < height <= 4000):
        return f"has {width:,} × {height:,} pixels: make it at most 4,000 wide and high"
    return "" if _is_whole(content) else "is a damaged PNG file: save it again"


def _is_whole(content: bytes) -> bool:
    """Whether all parts of a PNG are there with their checksums, and its pixels can be unpacked."""
    place, pixels, kind = len(PNG), b"", b""
    while place + 12 <= len(content) and kind != b"IEND":
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        body = content[place + 4 : place + 8 + length]
        if zlib.crc32(body) != int.from_bytes(content[place + 8 + length : place + 12 + length]):
            return False
        pixels += body[4:] * (kind == b"IDAT")
        place += 12 + length
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(pixels, MOST_PIXEL_BYTES)
    except zlib.error:
        return False
    return kind == b"IEND" and unpacking.eof


def svg_problem(content: bytes) -> str:
    """Why an SVG cannot be shown inside our pages; empty where it can."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "is not UTF-8 text: save the SVG as UTF-8"
    for start, advice in STARTS.items():
        if start in text.lower():
            return f"has {start}: {advice}"
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (without DOCTYPE there are no entities to expand)
    except ElementTree.ParseError as error:
        return f"is not a valid SVG ({error})"
    return _size_problem(root) or next(filter(None, (_root_problem(root), *map(_element_problem, root.iter()))), "")


def _size_problem(root: ElementTree.Element) -> str:
    """More than a logo needs, which would stop the programs that draw it."""
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
    if depth > MOST_LEVELS:
        return f"has {depth:,} elements within each other: make it at most {MOST_LEVELS}"
    uses = {element for element in root.iter() if str(element.tag).endswith("}use")}
    named = {f"#{element.get('id')}": element for element in root.iter() if element.get("id")}
    for use in uses:
        target = named.get(next((value for key, value in use.attrib.items() if key.endswith("href")), ""))
        if target is not None and not uses.isdisjoint(target.iter()):
            return "repeats with <use> what has a <use> itself: save it without symbols"
    return ""


def _root_problem(root: ElementTree.Element) -> str:
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        return 'is not an SVG: its first element has to be <svg xmlns="http://www.w3.org/2000/svg">'
    if not (root.get("viewBox") or (root.get("width") and root.get("height"))):
        return "has neither viewBox nor width and height: save it with its size"
    return ""


def _element_problem(element: ElementTree.Element) -> str:
    """What an element of an SVG has that shapes and texts do not need."""
    tag = str(element.tag).rpartition("}")[2]
    if tag.lower() in FORBIDDEN:
        return f"has a <{tag}>: save it as a plain SVG, of shapes and texts only"
    for key, value in element.attrib.items():
        name = key.rpartition("}")[2].lower()
        if name.startswith("on"):
            return f"has a script in the attribute {name}: remove it"
        if name in ("href", "src") and not INSIDE.match(value.strip()):
            return f"links to {value[:80]!r}: put what it needs into the file"
        if OUTSIDE.search(value):
            return f"loads something in the attribute {name}: put what it needs into the file"
    if tag == "style" and OUTSIDE.search("".join(element.itertext())):
        return "loads something in its <style>: put what it needs into the file"
    return ""
