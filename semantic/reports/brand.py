"""How a tenant's pages, documents and pictures look: its name, logo and accent colour."""

from __future__ import annotations

from dataclasses import dataclass

ACCENT = "#0f766e"


@dataclass(frozen=True)
class Brand:
    """`accent`: a colour #rrggbb. `logo`: the bytes of an SVG or PNG file, `logo_type` its media type; None without."""

    name: str
    accent: str = ACCENT
    logo: bytes | None = None
    logo_type: str = "image/svg+xml"
