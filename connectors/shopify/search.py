"""Shopify's search syntax for a window of a stream's cursor."""

from __future__ import annotations

from datetime import timedelta

from connectors.base import Stream, Window, iso


def conditions(stream: Stream, window: Window) -> list[str]:
    """The conditions that select a window, half-open: from its start, before its end.

    Where the API knows whole days only, a day more is asked for below and the end stays open: what comes twice
    changes nothing in staging.
    """
    if stream.cursor is None:
        return []
    found = []
    if window.start:
        start = window.start - timedelta(days=1) if stream.whole_days else window.start
        found.append(f"{stream.cursor}:>='{iso(start)}'")
    if not stream.whole_days:
        found.append(f"{stream.cursor}:<'{iso(window.end)}'")
    return found
