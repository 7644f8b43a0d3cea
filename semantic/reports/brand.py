"""How a tenant's pages, documents and pictures look: its name, logo and accent colour."""

from __future__ import annotations

import base64
from dataclasses import dataclass

ACCENT = "#0f766e"


@dataclass(frozen=True)
class Brand:
    """`accent`: a colour #rrggbb. `logo`: the bytes of an SVG or PNG file, `logo_type` its media type; None without."""

    name: str
    accent: str = ACCENT
    logo: bytes | None = None
    logo_type: str = "image/svg+xml"

    @property
    def address(self) -> str | None:
        """The logo as an address that holds its bytes; None without one."""
        if self.logo is None:
            return None
        return f"data:{self.logo_type};base64,{base64.b64encode(self.logo).decode()}"
