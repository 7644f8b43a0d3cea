"""The table of takings.toml about a tenant's access for programs."""

from __future__ import annotations

from pydantic import Field

from orchestration.server_settings import LastingSettings


class ApiSettings(LastingSettings):
    """How often a tenant's programs may ask, and how long their tokens last."""

    default_days: int = Field(default=90, ge=1, le=3650, description="Days until a token expires.")
    most_days: int = Field(default=365, ge=1, le=3650, description="The most days that may be chosen for a token.")
    requests_per_minute: int = Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="Requests that one token may make in a minute, over the API and by assistants. More are refused "
        "with status 429.",
    )
