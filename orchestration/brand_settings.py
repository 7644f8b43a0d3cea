"""The table [tenants.brand] of takings.toml: name, logo and accent colour on pages, documents and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from connectors.settings import Table
from semantic.reports import colours
from semantic.reports.brand import ACCENT, Brand
from semantic.reports.logo import MEDIA_TYPES, MOST_BYTES, problem_of


class BrandSettings(Table):
    """How a tenant's pages, documents and pictures look."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)] | None = Field(
        default=None, description="The name on them. Without it: the tenant's name."
    )
    logo: Path | None = Field(
        default=None,
        description="An SVG or PNG file of at most 200 kB (relative to takings.toml). An SVG without scripts, "
        "animations and links to other files.",
    )
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        default=ACCENT,
        description="The colour of links, bars and the first line. Its contrast with white is at least 4.5; for dark "
        "pages a lighter one is derived.",
    )

    @field_validator("accent")
    @classmethod
    def _readable(cls, accent: str) -> str:
        contrast = colours.contrast(accent, "#ffffff")
        if contrast < colours.TEXT_CONTRAST:
            raise ValueError(
                f"the contrast of {accent} with white is {contrast:.1f}, and text below {colours.TEXT_CONTRAST} cannot "
                f"be read: choose a darker colour, such as {colours.readable(accent, '#ffffff')}"
            )
        return accent.lower()

    def brand(self, tenant_name: str, folder: Path) -> Brand:
        """The brand of a tenant. `folder`: that of takings.toml. Raises ValueError where the logo cannot be used."""
        if self.logo is None:
            return Brand(self.name or tenant_name, self.accent)
        path = folder / self.logo
        return Brand(self.name or tenant_name, self.accent, read_logo(path), MEDIA_TYPES[path.suffix.lower()])


def read_logo(path: Path) -> bytes:
    """The bytes of a logo. Raises ValueError that names the file and what is wrong with it."""
    if path.suffix.lower() not in MEDIA_TYPES:
        raise ValueError(f"the logo {path} is neither an .svg nor a .png file")
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise ValueError(f"the logo {path} cannot be read ({error.strerror})") from None
    if size > MOST_BYTES:
        raise ValueError(f"the logo {path} has {size / 1000:,.0f} kB: make it at most {MOST_BYTES // 1000} kB")
    problem = problem_of(content, MEDIA_TYPES[path.suffix.lower()])
    if problem:
        raise ValueError(f"the logo {path} {problem}")
    return content
