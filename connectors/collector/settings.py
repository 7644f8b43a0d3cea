"""The settings of a collector in takings.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from common.collected import folder_of
from connectors.settings import KIND, Name, Secret, SourceSettings, secret_of

SHORTEST = 16  # characters of a write key
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+$")]


class CollectorSettings(SourceSettings):
    """A site, an app or an assistant that sends its records to `POST /collect` of the web application."""

    kind: Literal["collector"] = Field(description=KIND)
    account: Name = Field(description="A name of your own, such as `web`.")
    secret: Secret = secret_of(f"the write key, of at least {SHORTEST} characters,")
    keep_text: bool = Field(
        default=False,
        description="Whether the text of chat messages is kept. Without it only its length is, and the text reaches no "
        "disk.",
    )
    requests_per_minute: int = Field(
        default=6000,
        ge=1,
        le=10_000_000,
        description="Requests that may be sent with the write key in a minute. More are refused with status 429.",
    )
    origins: tuple[Origin, ...] = Field(
        default=(),
        description="The sites whose pages may send, such as `https://shop.example`. Without it all of them. Programs "
        "and apps, which are no pages, may always.",
    )

    @property
    def secret_reference(self) -> str | None:
        return self.secret

    def check_secret(self, secret: str) -> None:
        if len(secret) < SHORTEST:
            raise LookupError(f"the write key has fewer than {SHORTEST} characters: it could be found by trying")

    def collected(self, folder: Path, tenant: str) -> Path:
        return folder_of(folder, tenant, self.account)
