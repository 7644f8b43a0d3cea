"""The warning about halves of characters that were replaced (common/surrogates.py)."""

from __future__ import annotations

from common.surrogates import without_halves

__all__ = ["warning", "without_halves"]


def warning(stream: str, account: str, count: int) -> str:
    """What a person should know of replaced halves."""
    return (
        f"stream {stream} of {account}: {count} broken character{'s' * (count > 1)} in a text (half an emoji) "
        f"{'were' if count > 1 else 'was'} replaced with \N{REPLACEMENT CHARACTER}; correct the text at the source"
    )
