"""What happens at a source. The branches (retry, configuration, skip, stop) are those of common/errors.py."""

from __future__ import annotations

from common.errors import ConfigurationError, RetryError, SkipError, StopError, TakingsError

__all__ = [
    "ConfigurationError",
    "ContractError",
    "GoneError",
    "IncompleteError",
    "RetryError",
    "SkipError",
    "TakingsError",
]


class IncompleteError(RetryError):
    """The source delivered less than it announced; what came is discarded and fetched again."""


class GoneError(IncompleteError):
    """A result file can no longer be downloaded; the source has to produce it again."""


class ContractError(StopError):
    """The source answered something that its documented contract excludes; Takings has to change."""
