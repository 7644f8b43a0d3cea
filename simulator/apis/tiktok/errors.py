"""Errors of the Business API: HTTP 200 with a code."""

from __future__ import annotations


class TikTokError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(parameter: str, message: str) -> TikTokError:
    return TikTokError(40002, f"{parameter}: {message}")
